#include "messages/apply/field_set.hpp"

#include "messages/json.hpp"
#include "messages/patch/document.hpp"
#include "messages/status.hpp"

namespace kabuki::apply {
namespace {

using patch::Json;

void write(const FieldSet& set, std::string* out) {
  out->push_back('{');
  bool first = true;
  const auto key = [&](std::string_view name) {
    if (!std::exchange(first, false)) out->push_back(',');
    append_json_string(name, out);
    out->push_back(':');
  };
  // A leaf needs no mark of its own: it is in the set because it is there.
  if (set.member && !set.children.empty()) {
    key(".");
    *out += "{}";
  }
  for (const auto& [element, child] : set.children) {
    key(element);
    write(child, out);
  }
  out->push_back('}');
}

Result<> read(const Json& json, FieldSet* set) {
  if (!json.is_object()) return bad_request("fieldsV1: expected an object");
  if (json.empty()) set->member = true;
  for (const auto& [element, child] : json.items()) {
    if (element == ".") {
      set->member = true;
      continue;
    }
    if (element.size() < 2 || element[1] != ':' ||
        std::string_view("fkvi").find(element[0]) == std::string_view::npos) {
      return bad_request("fieldsV1: \"" + element + "\" is no path element");
    }
    if (auto below = read(child, &set->children[element]); !below.ok()) return below;
  }
  return {};
}

}  // namespace

std::string path_text(std::string_view element) {
  const std::string_view rest = element.substr(2);
  if (element[0] == 'f') return "." + std::string(rest);
  if (element[0] == 'v') return "[=" + std::string(rest) + "]";
  if (element[0] == 'i') return "[" + std::string(rest) + "]";
  const Json keys = Json::parse(rest, nullptr, false);
  std::string out;
  for (const auto& [name, value] : keys.items()) out += (out.empty() ? "[" : ",") + name + "=" + value.dump();
  return out + "]";
}

namespace {

void walk(const FieldSet& set, const std::string& path, const std::function<void(const std::string&)>& visit) {
  if (set.member) visit(path);
  for (const auto& [element, child] : set.children) walk(child, path + path_text(element), visit);
}

}  // namespace

const FieldSet* FieldSet::find(std::string_view element) const {
  const auto it = children.find(element);
  return it == children.end() ? nullptr : &it->second;
}

void FieldSet::add(const FieldSet& other) {
  member |= other.member;
  for (const auto& [element, child] : other.children) children[element].add(child);
}

void FieldSet::remove(const FieldSet& other) {
  if (other.member) member = false;
  for (const auto& [element, child] : other.children) {
    const auto own = children.find(element);
    if (own == children.end()) continue;
    own->second.remove(child);
    if (own->second.empty()) children.erase(own);
  }
}

FieldSet FieldSet::both(const FieldSet& other) const {
  FieldSet out;
  out.member = member && other.member;
  for (const auto& [element, child] : other.children) {
    const FieldSet* own = find(element);
    if (!own) continue;
    FieldSet common = own->both(child);
    if (!common.empty()) out.children.emplace(element, std::move(common));
  }
  return out;
}

void FieldSet::each(const std::function<void(const std::string&)>& visit) const { walk(*this, "", visit); }

std::string FieldSet::text() const {
  std::string out;
  write(*this, &out);
  return out;
}

Result<FieldSet> FieldSet::parse(std::string_view json) {
  auto document = patch::parse_document(json, "fieldsV1");
  if (!document.ok()) return document.error();
  FieldSet set;
  if (auto done = read(*document, &set); !done.ok()) return done.error();
  if (document->empty()) set.member = false;
  return set;
}

}  // namespace kabuki::apply
