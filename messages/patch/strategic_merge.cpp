#include "messages/patch/strategic_merge.hpp"

#include <algorithm>
#include <google/protobuf/descriptor.h>
#include <utility>
#include <vector>

#include "messages/patch/document.hpp"
#include "messages/patch/list_order.hpp"
#include "messages/patch/patch_schema.hpp"
#include "messages/status.hpp"

namespace kabuki {
namespace {

using google::protobuf::Descriptor;
using patch::FieldRule;
using patch::Json;

constexpr std::string_view kDirective = "$patch";
constexpr std::string_view kRetainKeys = "$retainKeys";
constexpr std::string_view kSetOrder = "$setElementOrder/";
constexpr std::string_view kDeleteFromList = "$deleteFromPrimitiveList/";

constexpr std::string_view kBadRetainKeys = "invalid patch format of retainKeys";
constexpr std::string_view kBadDeleteList = "invalid patch format of primitive list";
constexpr std::string_view kBadSetOrder = "invalid patch format of setElementOrder list";

bool is_directive(std::string_view key) {
  return key == kDirective || key == kRetainKeys || key.starts_with(kSetOrder) || key.starts_with(kDeleteFromList);
}

// What a patch adds where nothing was: without directives, and without the nulls of what is not there to delete.
Json without_directives(const Json& value) {
  if (value.is_object()) {
    Json clean = Json::object();
    for (const auto& [key, member] : value.items()) {
      if (!is_directive(key) && !member.is_null()) clean[key] = without_directives(member);
    }
    return clean;
  }
  if (value.is_array()) {
    Json clean = Json::array();
    for (const Json& element : value) {
      if (!element.is_object() || !element.contains(kDirective)) clean.push_back(without_directives(element));
    }
    return clean;
  }
  return value;
}

Result<Json> merge_objects(Json original, const Json& changes, const Descriptor* message);

Json without(const Json& list, const Json& removed) {
  Json kept = Json::array();
  for (const Json& element : list) {
    if (std::find(removed.begin(), removed.end(), element) == removed.end()) kept.push_back(element);
  }
  return kept;
}

Json merge_scalars(const Json& original, const Json& changes) {
  Json merged = Json::array();
  for (const Json* list : {&original, &changes}) {
    for (const Json& element : *list) {
      if (std::find(merged.begin(), merged.end(), element) == merged.end()) merged.push_back(element);
    }
  }
  return patch::order_merged(merged, changes, original, "");
}

Result<Json> merge_keyed(Json original, const Json& changes, const FieldRule& rule) {
  const std::string& key = rule.merge_key;
  Json elements = Json::array();
  bool replace = false;
  for (const Json& element : changes) {
    auto directive = element.find(kDirective);
    if (directive == element.end()) {
      elements.push_back(element);
    } else if (*directive == "replace") {
      replace = true;
    } else if (*directive == "delete") {
      if (!element.contains(key)) return patch::unprocessable_patch();
      Json kept = Json::array();
      for (Json& candidate : original) {
        if (candidate.value(key, Json()) != element[key]) kept.push_back(std::move(candidate));
      }
      original = std::move(kept);
    } else {
      return patch::unprocessable_patch();
    }
  }
  if (replace) return without_directives(elements);

  Json merged = original;
  for (const Json& element : elements) {
    if (!element.contains(key)) return patch::unprocessable_patch();
    int at = patch::index_in(merged, element, key);
    if (at < 0) {
      merged.push_back(without_directives(element));
      continue;
    }
    auto result = merge_objects(std::move(merged[at]), element, rule.message);
    if (!result) return result.error();
    merged[at] = std::move(*result);
  }
  return patch::order_merged(merged, elements, original, key);
}

Result<Json> merge_lists(Json original, const Json& changes, const FieldRule& rule) {
  if (!rule.merge_list) return without_directives(changes);
  bool objects = false;
  bool scalars = false;
  for (const Json* list : {&std::as_const(original), &changes}) {
    for (const Json& element : *list) {
      if (element.is_array()) return patch::unprocessable_patch();
      (element.is_object() ? objects : scalars) = true;
    }
  }
  if (objects && scalars) return patch::unprocessable_patch();
  if (!objects) return merge_scalars(original, changes);
  if (rule.merge_key.empty()) return patch::unprocessable_patch();
  return merge_keyed(std::move(original), changes, rule);
}

// The patched fields must be among those that stay; all others of the original go.
Result<> retain_keys(Json* original, Json* changes) {
  auto directive = changes->find(kRetainKeys);
  if (directive == changes->end()) return {};
  Json keys = std::move(*directive);
  changes->erase(directive);
  if (!keys.is_array()) return bad_request(kBadRetainKeys);
  auto retained = [&](const std::string& key) { return std::find(keys.begin(), keys.end(), key) != keys.end(); };
  for (const auto& [key, value] : changes->items()) {
    if (!value.is_null() && !is_directive(key) && !retained(key)) return bad_request(kBadRetainKeys);
  }
  for (auto it = original->begin(); it != original->end();)
    it = retained(it.key()) ? std::next(it) : original->erase(it);
  return {};
}

// Each list of the patch must have the relative order of its $setElementOrder, and nothing that this lacks.
bool follows_order(const Json& list, const Json& order, const std::string& merge_key) {
  int last = -1;
  for (const Json& element : list) {
    if (element.is_object() && element.contains(kDirective)) continue;
    int index = patch::index_in(order, element, merge_key);
    if (index <= last) return false;
    last = index;
  }
  return true;
}

// Merges the lists that $setElementOrder orders, and takes them out of the patch.
Result<> merge_ordered_lists(Json* original, Json* changes, const Descriptor* message) {
  std::vector<std::string> directives;
  for (const auto& [key, value] : changes->items()) {
    if (key.starts_with(kSetOrder)) directives.push_back(key);
  }
  for (const std::string& directive : directives) {
    Json order = std::move((*changes)[directive]);
    changes->erase(directive);
    std::string field = directive.substr(kSetOrder.size());
    if (field.empty() || !order.is_array()) return bad_request(kBadSetOrder);
    FieldRule rule = patch::field_rule(message, field);
    bool in_patch = changes->contains(field);
    bool in_original = original->contains(field);
    Json patched = in_patch ? (*changes)[field] : Json::array();
    if (!in_patch && !in_original) continue;
    if (patched.is_null()) continue;  // the list goes, whatever its order
    Json before = in_original ? (*original)[field] : Json::array();
    if (!patched.is_array() || !before.is_array()) return patch::unprocessable_patch();
    if (in_patch && !order.empty() && !follows_order(patched, order, rule.merge_key)) {
      Error error = internal_error("");
      error.message = "The order in patch list:\n" + patch::print_document(patched) +
                      "\n doesn't match $setElementOrder list:\n" + patch::print_document(order) + "\n";
      return error;
    }
    Json merged = before;
    if (in_patch) {
      auto result = in_original ? merge_lists(before, patched, rule) : Result<Json>(without_directives(patched));
      if (!result) return result.error();
      merged = std::move(*result);
    }
    (*original)[field] = patch::order_merged(merged, order, before, rule.merge_key);
    changes->erase(field);
  }
  return {};
}

Result<> merge_member(Json* original, std::string key, const Json& change, const Descriptor* message) {
  bool delete_from_list = key.starts_with(kDeleteFromList);
  if (delete_from_list) {
    key.erase(0, kDeleteFromList.size());
    if (key.empty() || !change.is_array()) return bad_request(kBadDeleteList);
  }
  if (change.is_null()) {
    original->erase(key);
    return {};
  }
  auto member = original->find(key);
  if (delete_from_list) {
    if (member != original->end() && member->is_array()) *member = without(*member, change);
    return {};
  }
  bool mergeable = member != original->end() &&
                   ((member->is_object() && change.is_object()) || (member->is_array() && change.is_array()));
  if (!mergeable) {
    (*original)[key] = without_directives(change);
    return {};
  }
  FieldRule rule = patch::field_rule(message, key);
  if (change.is_object() && rule.replace) {
    *member = without_directives(change);
    return {};
  }
  auto merged = change.is_object() ? merge_objects(std::move(*member), change, rule.message)
                                   : merge_lists(std::move(*member), change, rule);
  if (!merged) return merged.error();
  *member = std::move(*merged);
  return {};
}

Result<Json> merge_objects(Json original, const Json& patch_object, const Descriptor* message) {
  if (auto directive = patch_object.find(kDirective); directive != patch_object.end()) {
    if (*directive == "replace") return without_directives(patch_object);
    if (*directive == "delete") return Json::object();
    if (*directive != "merge") return patch::unprocessable_patch();
  }
  Json changes = patch_object;
  changes.erase(std::string(kDirective));
  if (auto retained = retain_keys(&original, &changes); !retained) return retained.error();
  if (auto ordered = merge_ordered_lists(&original, &changes, message); !ordered) return ordered.error();
  for (const auto& [key, change] : changes.items()) {
    if (auto merged = merge_member(&original, key, change, message); !merged) return merged.error();
  }
  return original;
}

}  // namespace

Result<std::string> apply_strategic_merge(std::string_view json, std::string_view patch_text,
                                          const Descriptor* descriptor) {
  auto document = patch::parse_document(json, "error decoding object");
  if (!document) return document.error();
  if (!document->is_object()) return bad_request("error decoding object: not a JSON object");
  auto changes = patch::parse_document(patch_text, "");
  if (!changes) return changes.error();
  if (!changes->is_object()) {
    return bad_request("json: cannot unmarshal " + std::string(patch::name_of(*changes)) +
                       " into Go value of type map[string]interface {}");
  }
  auto merged = merge_objects(std::move(*document), *changes, descriptor);
  if (!merged) return merged.error();
  return patch::print_document(*merged);
}

}  // namespace kabuki
