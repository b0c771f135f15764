#include "messages/patch/json_patch.hpp"

#include <charconv>
#include <optional>
#include <vector>

#include "messages/patch/document.hpp"
#include "messages/status.hpp"

namespace kabuki {
namespace {

using patch::Json;
using Pointer = std::vector<std::string>;

// RFC 6901; none when the text is no pointer.
std::optional<Pointer> read_pointer(std::string_view text) {
  Pointer pointer;
  if (text.empty()) return pointer;
  if (text.front() != '/') return std::nullopt;
  for (char c : text) {
    if (c == '/') {
      pointer.emplace_back();
    } else {
      pointer.back() += c;
    }
  }
  for (std::string& token : pointer) {
    for (size_t at = token.find('~'); at != std::string::npos; at = token.find('~', at + 1)) {
      char next = at + 1 < token.size() ? token[at + 1] : '\0';
      if (next != '0' && next != '1') return std::nullopt;
      token.replace(at, 2, next == '0' ? "~" : "/");
    }
  }
  return pointer;
}

std::optional<size_t> read_index(std::string_view token, size_t size) {
  size_t index = 0;
  auto [end, error] = std::from_chars(token.data(), token.data() + token.size(), index);
  if (error != std::errc() || end != token.data() + token.size() || index > size) return std::nullopt;
  return index;
}

Json* child(Json* parent, const std::string& token) {
  if (parent->is_object()) {
    auto it = parent->find(token);
    return it == parent->end() ? nullptr : &*it;
  }
  if (!parent->is_array()) return nullptr;
  auto index = read_index(token, parent->size());
  return index && *index < parent->size() ? &(*parent)[*index] : nullptr;
}

Json* find(Json* document, const Pointer& pointer, size_t length) {
  for (size_t i = 0; document && i < length; ++i) document = child(document, pointer[i]);
  return document;
}
Json* find(Json* document, const Pointer& pointer) { return find(document, pointer, pointer.size()); }

bool add(Json* document, const Pointer& pointer, Json value) {
  if (pointer.empty()) {
    *document = std::move(value);
    return true;
  }
  Json* parent = find(document, pointer, pointer.size() - 1);
  if (!parent) return false;
  const std::string& token = pointer.back();
  if (parent->is_object()) {
    (*parent)[token] = std::move(value);
    return true;
  }
  if (!parent->is_array()) return false;
  auto index = token == "-" ? std::optional(parent->size()) : read_index(token, parent->size());
  if (!index) return false;
  parent->insert(parent->begin() + static_cast<std::ptrdiff_t>(*index), std::move(value));
  return true;
}

bool remove(Json* document, const Pointer& pointer) {
  if (pointer.empty() || !find(document, pointer)) return false;
  Json* parent = find(document, pointer, pointer.size() - 1);
  if (parent->is_object()) {
    parent->erase(pointer.back());
  } else {
    parent->erase(*read_index(pointer.back(), parent->size()));
  }
  return true;
}

bool is_prefix(const Pointer& prefix, const Pointer& pointer) {
  return prefix.size() < pointer.size() && std::equal(prefix.begin(), prefix.end(), pointer.begin());
}

std::string text_member(const Json& operation, const char* name) {
  auto it = operation.find(name);
  return it != operation.end() && it->is_string() ? it->get<std::string>() : std::string();
}

// False when the operation cannot be done.
bool apply(Json* document, const Json& operation) {
  std::string op = text_member(operation, "op");
  auto path_member = operation.find("path");
  if (path_member == operation.end() || !path_member->is_string()) return false;
  auto path = read_pointer(path_member->get_ref<const std::string&>());
  if (!path) return false;

  if (op == "remove") return remove(document, *path);
  if (op == "add" || op == "replace" || op == "test") {
    auto value = operation.find("value");
    if (op == "test") {
      // A member that is not there equals null.
      const Json* found = find(document, *path);
      const Json wanted = value == operation.end() ? Json() : *value;
      return found ? *found == wanted : wanted.is_null();
    }
    if (value == operation.end()) return false;
    if (op == "add") return add(document, *path, *value);
    Json* found = find(document, *path);
    if (found) *found = *value;
    return found != nullptr;
  }
  if (op != "move" && op != "copy") return false;
  auto from_member = operation.find("from");
  if (from_member == operation.end() || !from_member->is_string()) return false;
  auto from = read_pointer(from_member->get_ref<const std::string&>());
  Json* source = from ? find(document, *from) : nullptr;
  if (!source) return false;
  Json value = *source;
  if (op == "move") {
    if (is_prefix(*from, *path)) return false;
    if (*from == *path) return true;
    if (!remove(document, *from)) return false;
  }
  return add(document, *path, std::move(value));
}

}  // namespace

Result<std::string> apply_json_patch(std::string_view json, std::string_view patch_text) {
  auto document = patch::parse_document(json, "error decoding object");
  if (!document) return document.error();
  auto operations = patch::parse_document(patch_text, "error decoding patch");
  if (!operations) return operations.error();
  if (!operations->is_array()) {
    return bad_request("error decoding patch: json: cannot unmarshal " + std::string(patch::name_of(*operations)) +
                       " into Go value of type []interface {}");
  }
  if (operations->size() > kMaxPatchOperations) {
    Error error;
    error.code = 413;
    error.reason = "RequestEntityTooLarge";
    error.message = "Request entity too large: The allowed maximum operations in a JSON patch is " +
                    std::to_string(kMaxPatchOperations) + ", got " + std::to_string(operations->size());
    return error;
  }
  for (const Json& operation : *operations) {
    if (!operation.is_object()) {
      return bad_request("json: cannot unmarshal " + std::string(patch::name_of(operation)) +
                         " into Go value of type jsonpatch.Operation");
    }
    if (!apply(&*document, operation)) return patch::unprocessable_patch();
  }
  return patch::print_document(*document);
}

}  // namespace kabuki
