#include "messages/field_scan.hpp"

#include "messages/wire.hpp"

namespace kabuki {
namespace {

/// The last field `number` of `body`; false where there is none or the bytes are malformed.
bool last_field(std::string_view body, int number, wire::Reader* found) {
  wire::Reader reader(body);
  bool any = false;
  while (reader.next()) {
    if (reader.number() == number) {
      *found = reader;
      any = true;
    }
  }
  return any && reader.sound();
}

/// The message that holds the last number of `path`.
bool descend(std::string_view* body, std::span<const int> path) {
  for (const int number : path.first(path.size() - 1)) {
    wire::Reader found{{}};
    if (!last_field(*body, number, &found) || found.type() != wire::Type::bytes) return false;
    *body = found.bytes();
  }
  return true;
}

bool find(std::string_view body, std::span<const int> path, wire::Reader* found) {
  return !path.empty() && descend(&body, path) && last_field(body, path.back(), found);
}

}  // namespace

std::string_view scan_bytes(std::string_view body, std::span<const int> path) {
  wire::Reader found{{}};
  if (!find(body, path, &found) || found.type() != wire::Type::bytes) return {};
  return found.bytes();
}

std::optional<uint64_t> scan_varint(std::string_view body, std::span<const int> path) {
  wire::Reader found{{}};
  if (!find(body, path, &found) || found.type() != wire::Type::varint) return std::nullopt;
  return found.value();
}

std::string scan_text(std::string_view body, std::span<const int> path, bool is_bool) {
  wire::Reader found{{}};
  const bool any = find(body, path, &found);
  if (is_bool) return any && found.type() == wire::Type::varint && found.value() != 0 ? "true" : "false";
  if (!any) return {};
  if (found.type() == wire::Type::bytes) return std::string(found.bytes());
  if (found.type() == wire::Type::varint) return std::to_string(static_cast<int64_t>(found.value()));
  return {};
}

void scan_string_map(std::string_view body, std::span<const int> path,
                     const std::function<bool(std::string_view key, std::string_view value)>& visit) {
  if (path.empty() || !descend(&body, path)) return;
  wire::Reader reader(body);
  while (reader.next()) {
    if (reader.number() != path.back() || reader.type() != wire::Type::bytes) continue;
    std::string_view key;
    std::string_view value;
    wire::Reader entry(reader.bytes());
    while (entry.next()) {
      if (entry.type() != wire::Type::bytes) continue;
      if (entry.number() == 1) key = entry.bytes();
      if (entry.number() == 2) value = entry.bytes();
    }
    if (!visit(key, value)) return;
  }
}

}  // namespace kabuki
