#include "runtime/membership.hpp"

#include <algorithm>
#include <charconv>
#include <nlohmann/json.hpp>
#include <utility>

#include "messages/status.hpp"

namespace kabuki::runtime {
namespace {

constexpr std::string_view kNamePrefix = "host-";
constexpr const char* kLastNumber = "last_number";
constexpr size_t kMaxName = 63;

Error refused(const std::string& why) { return {.code = 409, .reason = "Conflict", .message = why}; }

Error malformed(const std::string& key) {
  return bad_request("membership: \"" + key +
                     "\" cannot be read; restore it from a snapshot, or delete it and start "
                     "that host again");
}

bool read_number(std::string_view text, uint64_t* out) {
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), *out);
  return error == std::errc() && end == text.data() + text.size();
}

std::string row_text(const MembershipTable::Row& row) {
  nlohmann::ordered_json json;
  json["incarnation"] = row.incarnation;
  json["endpoint"] = row.endpoint;
  json["publicKey"] = row.public_key;
  json["pid"] = row.pid;
  json["nodes"] = row.nodes;
  if (row.control_plane) json["controlPlane"] = true;
  if (row.attempt != 0) json["attempt"] = row.attempt;
  return json.dump();
}

bool read_row(const std::string& text, MembershipTable::Row* row) {
  auto json = nlohmann::json::parse(text, nullptr, /*allow_exceptions=*/false);
  if (!json.is_object()) return false;
  auto number = [&](const char* key, auto* out) {
    auto it = json.find(key);
    if (it == json.end() || !it->is_number_unsigned()) return false;
    *out = it->get<std::remove_pointer_t<decltype(out)>>();
    return true;
  };
  auto string = [&](const char* key, std::string* out) {
    auto it = json.find(key);
    if (it == json.end() || !it->is_string()) return false;
    *out = it->get<std::string>();
    return true;
  };
  if (json.contains("attempt") && !number("attempt", &row->attempt)) return false;
  if (auto it = json.find("controlPlane"); it != json.end()) {
    if (!it->is_boolean()) return false;
    row->control_plane = it->get<bool>();
  }
  return number("incarnation", &row->incarnation) && string("endpoint", &row->endpoint) &&
         string("publicKey", &row->public_key) && number("pid", &row->pid) && number("nodes", &row->nodes);
}

}  // namespace

bool is_host_name(std::string_view name) {
  return !name.empty() && name.size() <= kMaxName && name.front() != '-' && name.back() != '-' &&
         std::ranges::all_of(name,
                             [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-'; });
}

void MembershipTable::count_name(const std::string& host) {
  uint64_t number = 0;
  if (!host.starts_with(kNamePrefix) || !read_number(std::string_view(host).substr(kNamePrefix.size()), &number))
    return;
  last_number_ = std::max(last_number_, number);
}

Result<MembershipTable::Joined> MembershipTable::join(const bus::Join& join) {
  for (const auto& [name, row] : rows_) {
    if (!join.public_key().empty() && row.public_key == join.public_key() && name != join.host() &&
        !join.host().empty()) {
      return refused("this key belongs to host " + name);
    }
  }
  auto host = join.host();
  if (host.empty()) {
    // The answer to an earlier try may have been lost: the same key is the same host.
    auto known = std::ranges::find_if(rows_, [&](const auto& entry) {
      return !join.public_key().empty() && entry.second.public_key == join.public_key();
    });
    host = known != rows_.end() ? known->first : std::string(kNamePrefix) + std::to_string(last_number_ + 1);
  }
  if (!is_host_name(host)) {
    return bad_request("\"" + host + "\" cannot be the name of a host: expected a-z, 0-9 and -, for example host-2");
  }
  auto it = rows_.find(host);
  if (it != rows_.end() && it->second.public_key != join.public_key()) {
    return refused("host " + host + " has joined with another key; choose another name");
  }
  auto before = it == rows_.end() ? Row() : it->second;
  if (join.incarnation() != 0 && join.incarnation() < before.incarnation) {
    return refused("host " + host + " was started again as incarnation " + std::to_string(before.incarnation) +
                   "; incarnation " + std::to_string(join.incarnation()) + " must end");
  }
  const bool starts = join.incarnation() == 0;
  const bool again = starts && join.attempt() != 0 && join.attempt() == before.attempt;
  Row row{.incarnation = starts ? before.incarnation + (again ? 0 : 1) : join.incarnation(),
          .endpoint = join.endpoint(),
          .public_key = join.public_key(),
          .pid = join.pid(),
          .nodes = join.nodes(),
          .control_plane = before.control_plane || join.control_plane(),
          .attempt = starts ? join.attempt() : before.attempt,
          .up = true};
  auto unheard = row;
  unheard.up = before.up;
  // The first try may be on its way to the store: the second is answered no sooner.
  Joined joined{host, row.incarnation, again || unheard != before};
  if (row != before) ++version_;
  rows_[host] = std::move(row);
  count_name(host);
  return joined;
}

bool MembershipTable::set_up(const std::string& host, bool up) {
  auto it = rows_.find(host);
  if (it == rows_.end() || std::exchange(it->second.up, up) == up) return false;
  ++version_;
  return true;
}

void MembershipTable::presume_up() {
  for (auto& [name, row] : rows_) row.up = true;
  ++version_;
}

bool MembershipTable::set_roles(const std::map<std::string, Address>& roles) {
  std::map<std::string, std::string> now;
  for (const auto& [role, holder] : roles) now[role] = holder.text;
  if (now == roles_) return false;
  roles_ = std::move(now);
  ++version_;
  return true;
}

bool MembershipTable::remove(const std::string& host) {
  if (rows_.erase(host) == 0) return false;
  ++version_;
  return true;
}

bus::Members MembershipTable::message() const {
  bus::Members members;
  members.set_version(version_);
  for (const auto& [name, row] : rows_) {
    auto* out = members.add_hosts();
    out->set_name(name);
    out->set_incarnation(row.incarnation);
    out->set_endpoint(row.endpoint);
    out->set_public_key(row.public_key);
    out->set_pid(row.pid);
    out->set_up(row.up);
    out->set_nodes(row.nodes);
    out->set_control_plane(row.control_plane);
  }
  for (const auto& [role, holder] : roles_) {
    auto* out = members.add_roles();
    out->set_role(role);
    out->set_holder(holder);
  }
  return members;
}

std::map<std::string, std::string> MembershipTable::to_data() const {
  std::map<std::string, std::string> data;
  for (const auto& [name, row] : rows_) data[name] = row_text(row);
  data[kLastNumber] = std::to_string(last_number_);
  return data;
}

Result<MembershipTable> MembershipTable::from_data(const std::map<std::string, std::string>& data) {
  MembershipTable table;
  for (const auto& [key, text] : data) {
    if (key == kLastNumber) {
      uint64_t number = 0;
      if (!read_number(text, &number)) return malformed(key);
      table.last_number_ = std::max(table.last_number_, number);
      continue;
    }
    Row row;
    if (!is_host_name(key) || !read_row(text, &row)) return malformed(key);
    table.rows_[key] = std::move(row);
    table.count_name(key);
  }
  table.version_ = 1;
  return table;
}

}  // namespace kabuki::runtime
