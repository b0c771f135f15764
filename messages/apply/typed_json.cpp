#include "messages/apply/typed_json.hpp"

#include <algorithm>
#include <cstdlib>
#include <map>
#include <set>

namespace kabuki::apply {
namespace {

using patch::Json;
using Shape = ValueRule::Shape;

std::string field(std::string_view name) { return "f:" + std::string(name); }

/// A value that has the form its rule expects; anything else is taken as a leaf.
bool is(const ValueRule& rule, const Json& value) {
  return rule.shape == Shape::fields ? value.is_object() : rule.shape != Shape::leaf && value.is_array();
}

/// Which containers are members themselves, beside what is in them.
enum class Marks { elements, nullable, all };

void collect(const Json& value, const ValueRule& rule, Marks marks, bool is_element, FieldSet* set) {
  if (!is(rule, value) || value.empty()) {
    set->member = true;
    return;
  }
  if (is_element || marks == Marks::all || (marks == Marks::nullable && rule.nullable)) set->member = true;
  if (rule.shape == Shape::fields) {
    for (const auto& [name, child] : value.items()) {
      collect(child, field_rule(rule, name), marks, rule.map != nullptr, &set->children[field(name)]);
    }
    return;
  }
  for (const Json& child : value) {
    collect(child, element_rule(rule), marks, true, &set->children[element_of(rule, child)]);
  }
}

FieldSet all_of(const Json& value, const ValueRule& rule, Marks marks, bool is_element) {
  FieldSet set;
  collect(value, rule, marks, is_element, &set);
  return set;
}

std::map<std::string, const Json*> elements(const ValueRule& rule, const Json& list) {
  std::map<std::string, const Json*> out;
  for (const Json& value : list) out.emplace(element_of(rule, value), &value);
  return out;
}

void put(FieldSet* into, const std::string& element, FieldSet child) {
  if (!child.empty()) into->children[element].add(child);
}

void compare(const Json& before, const Json& after, const ValueRule& rule, FieldSet* changed, FieldSet* removed) {
  if (before == after) return;
  if (!is(rule, before) || !is(rule, after)) {
    // A container takes the place of a leaf, or the other way round: all of the old goes.
    if (is(rule, before)) *removed = all_of(before, rule, Marks::all, false);
    changed->add(all_of(after, rule, Marks::nullable, false));
    return;
  }
  const auto pair = [&](const std::string& element, const ValueRule& child, const Json* a, const Json* b, bool item) {
    FieldSet below_changed, below_removed;
    if (!b) {
      below_removed = all_of(*a, child, Marks::all, item);
    } else if (!a) {
      below_changed = all_of(*b, child, Marks::nullable, item);
    } else {
      compare(*a, *b, child, &below_changed, &below_removed);
    }
    put(changed, element, std::move(below_changed));
    put(removed, element, std::move(below_removed));
  };
  if (rule.shape == Shape::fields) {
    for (const auto& [name, a] : before.items()) {
      const auto b = after.find(name);
      pair(field(name), field_rule(rule, name), &a, b == after.end() ? nullptr : &*b, rule.map != nullptr);
    }
    for (const auto& [name, b] : after.items()) {
      if (!before.contains(name)) pair(field(name), field_rule(rule, name), nullptr, &b, rule.map != nullptr);
    }
    return;
  }
  const auto old = elements(rule, before), now = elements(rule, after);
  for (const auto& [element, a] : old) {
    const auto b = now.find(element);
    pair(element, element_rule(rule), a, b == now.end() ? nullptr : b->second, true);
  }
  for (const auto& [element, b] : now) {
    if (!old.contains(element)) pair(element, element_rule(rule), nullptr, b, true);
  }
}

Json merged(const Json& live, const Json& wanted, const ValueRule& rule);

Json merged_list(const Json& live, const Json& wanted, const ValueRule& rule) {
  const auto asked = elements(rule, wanted), there = elements(rule, live);
  Json out = Json::array();
  std::set<std::string> done;
  size_t l = 0;
  const auto live_only = [&] {
    for (; l < live.size(); ++l) {
      const std::string element = element_of(rule, live[l]);
      if (!asked.contains(element)) {
        out.push_back(live[l]);
      } else if (!done.contains(element)) {
        return;
      }
    }
  };
  for (const Json& value : wanted) {
    live_only();
    const std::string element = element_of(rule, value);
    if (!done.insert(element).second) continue;
    const auto own = there.find(element);
    out.push_back(own == there.end() ? value : merged(*own->second, value, element_rule(rule)));
  }
  live_only();
  for (; l < live.size(); ++l) {
    if (!asked.contains(element_of(rule, live[l]))) out.push_back(live[l]);
  }
  return out;
}

Json merged(const Json& live, const Json& wanted, const ValueRule& rule) {
  if (!is(rule, live) || !is(rule, wanted)) return wanted;
  if (rule.shape != Shape::fields) return merged_list(live, wanted, rule);
  Json out = live;
  for (const auto& [name, value] : wanted.items()) {
    if (value.is_null()) continue;
    const auto own = live.find(name);
    out[name] = own == live.end() ? value : merged(*own, value, field_rule(rule, name));
  }
  return out;
}

/// Whether the value itself goes.
bool strip(Json* value, const FieldSet& gone, const ValueRule& rule) {
  if (!is(rule, *value) || gone.children.empty()) return gone.member;
  const bool had = !value->empty();
  if (rule.shape == Shape::fields) {
    for (auto it = value->begin(); it != value->end();) {
      const FieldSet* below = gone.find(field(it.key()));
      if (below && strip(&it.value(), *below, field_rule(rule, it.key()))) {
        it = value->erase(it);
      } else {
        ++it;
      }
    }
  } else {
    Json kept = Json::array();
    for (Json& child : *value) {
      const FieldSet* below = gone.find(element_of(rule, child));
      // An element goes as a whole, or some of its fields do.
      if (below && (below->member || strip(&child, *below, element_rule(rule)))) continue;
      kept.push_back(std::move(child));
    }
    *value = std::move(kept);
  }
  return had && value->empty();
}

std::string check_element(const Json& value, const ValueRule& list) {
  if (value.is_null()) return "associative list with keys may not have null element";
  if (!value.is_object()) return "associative list with keys may not have non-map elements";
  for (const auto& [key, otherwise] : list.keys) {
    if (otherwise.is_null() && (!value.contains(key) || value[key].is_null())) {
      return "associative list with keys has an element that omits key field \"" + key +
             "\" (and doesn't have default value)";
    }
  }
  return {};
}

std::string check_below(const Json& value, const ValueRule& rule, const std::string& path) {
  if (!is(rule, value)) return {};
  if (rule.shape == Shape::fields) {
    for (const auto& [name, child] : value.items()) {
      if (std::string why = check_below(child, field_rule(rule, name), path + "." + name); !why.empty()) return why;
    }
    return {};
  }
  std::set<std::string> seen;
  for (size_t i = 0; i < value.size(); ++i) {
    if (rule.shape == Shape::map) {
      const std::string why = check_element(value[i], rule);
      if (!why.empty()) return path + ": element " + std::to_string(i) + ": " + why;
    }
    const std::string element = element_of(rule, value[i]);
    if (!seen.insert(element).second) return path + ": duplicate entries for key " + path_text(element);
    std::string why = check_below(value[i], element_rule(rule), path + path_text(element));
    if (!why.empty()) return why;
  }
  return {};
}

}  // namespace

std::string check_keys(const Json& object, const google::protobuf::Descriptor* type) {
  return check_below(object, root_rule(type), "");
}

std::string written_path(const Json& object, const google::protobuf::Descriptor* type, std::string_view path) {
  std::string out;
  ValueRule rule = root_rule(type);
  const Json* value = &object;
  while (!path.empty()) {
    const bool index = path.front() == '[';
    if (path.front() == '.' || index) path.remove_prefix(1);
    const size_t end = std::min(path.find_first_of(index ? "]" : ".["), path.size());
    const std::string step(path.substr(0, end));
    path.remove_prefix(index ? std::min(end + 1, path.size()) : end);
    if (!index) {
      out += "." + step;
      const bool known = value && value->is_object() && value->contains(step);
      value = known ? &(*value)[step] : nullptr;
      rule = rule.shape == Shape::fields ? field_rule(rule, step) : ValueRule{};
      continue;
    }
    const size_t at = std::strtoul(step.c_str(), nullptr, 10);
    const bool listed = value && is(rule, *value) && rule.shape != Shape::fields && at < value->size();
    out += listed ? path_text(element_of(rule, (*value)[at])) : "[" + step + "]";
    value = value && value->is_array() && at < value->size() ? &(*value)[at] : nullptr;
    rule = listed ? element_rule(rule) : ValueRule{};
  }
  return out;
}

FieldSet paths_of(const Json& object, const google::protobuf::Descriptor* type) {
  return all_of(object, root_rule(type), Marks::elements, false);
}

Difference difference(const Json& before, const Json& after, const google::protobuf::Descriptor* type) {
  Difference out;
  compare(before, after, root_rule(type), &out.changed, &out.removed);
  return out;
}

Json merge(const Json& live, const Json& wanted, const google::protobuf::Descriptor* type) {
  return merged(live, wanted, root_rule(type));
}

Json without(const Json& object, const FieldSet& gone, const google::protobuf::Descriptor* type) {
  Json out = object;
  strip(&out, gone, root_rule(type));
  return out;
}

}  // namespace kabuki::apply
