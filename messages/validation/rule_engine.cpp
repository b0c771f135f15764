#include <cassert>
#include <map>
#include <mutex>
#include <string>
#include <unordered_map>

#include "messages/field_route.hpp"
#include "messages/validation/checks.hpp"
#include "messages/validation/place.hpp"
#include "messages/validation/rule.hpp"

namespace kabuki::validation {
namespace {

using google::protobuf::FieldDescriptor;
using google::protobuf::Message;

/// Goes along a rule's route and applies its check wherever that ends.
class Walk {
 public:
  Walk(const Rule& rule, const Route& route, Findings* findings) : rule_(rule), route_(route), findings_(findings) {}

  void go(const Message& message, const Message* old, size_t at, const FieldPath* parent) {
    if (at == route_.size()) return;  // an empty route: never made
    const RouteStep& step = route_[at];
    const bool last = at + 1 == route_.size();
    const auto* reflection = message.GetReflection();
    if (step.inlined) {
      const Message* before = old ? &old->GetReflection()->GetMessage(*old, step.field) : nullptr;
      return go(reflection->GetMessage(message, step.field), before, at + 1, parent);
    }
    if (last && !holds(rule_.when, message)) return;
    const FieldPath path = parent ? parent->child(step.field->json_name()) : FieldPath(step.field->json_name());
    if (step.keys || (step.each && step.field->is_map())) return through_map(step, message, old, at, path, last);
    if (step.each) return through_list(step, message, old, at, path, last);
    if (last) return check({.parent = &message, .field = step.field, .old_parent = old}, path);
    if (!is_reached(message, step)) return;
    const Message* before = old && old->GetReflection()->HasField(*old, step.field)
                                ? &old->GetReflection()->GetMessage(*old, step.field)
                                : nullptr;
    // What Go has as a struct was there before, too.
    if (old && !before && is_reached(*old, step)) before = &old->GetReflection()->GetMessage(*old, step.field);
    go(reflection->GetMessage(message, step.field), before, at + 1, &path);
  }

  size_t seen() const { return seen_; }

 private:
  static bool is_reached(const Message& message, const RouteStep& step) {
    return message.GetReflection()->HasField(message, step.field) || !is_go_pointer(step.field);
  }

  void through_list(const RouteStep& step, const Message& message, const Message* old, size_t at,
                    const FieldPath& path, bool last) {
    const auto* reflection = message.GetReflection();
    const int before = old ? old->GetReflection()->FieldSize(*old, step.field) : 0;
    for (int i = 0; i < reflection->FieldSize(message, step.field); ++i) {
      const FieldPath item = path.index(static_cast<size_t>(i));
      if (last) {
        check({.parent = &message, .field = step.field, .index = i, .old_parent = old}, item);
      } else {
        const Message* earlier =
            i < before ? &old->GetReflection()->GetRepeatedMessage(*old, step.field, i) : nullptr;
        go(reflection->GetRepeatedMessage(message, step.field, i), earlier, at + 1, &item);
      }
    }
  }

  void through_map(const RouteStep& step, const Message& message, const Message* old, size_t at,
                   const FieldPath& path, bool last) {
    const auto* reflection = message.GetReflection();
    const auto* key_field = step.field->message_type()->map_key();
    const auto* value_field = step.field->message_type()->map_value();
    std::map<std::string, const Message*> entries;
    for (int i = 0; i < reflection->FieldSize(message, step.field); ++i) {
      const Message& entry = reflection->GetRepeatedMessage(message, step.field, i);
      entries[entry.GetReflection()->GetString(entry, key_field)] = &entry;
    }
    for (const auto& [key, entry] : entries) {
      const FieldPath item = path.key(key);
      if (step.keys) {
        check({.parent = entry, .field = key_field, .key = key, .is_key = true}, path);
      } else if (last) {
        check({.parent = entry, .field = value_field}, item);
      } else {
        go(entry->GetReflection()->GetMessage(*entry, value_field), nullptr, at + 1, &item);
      }
    }
  }

  void check(const Place& place, const FieldPath& path) {
    ++seen_;
    apply_check(rule_, place, path, findings_);
  }

  const Rule& rule_;
  const Route& route_;
  Findings* findings_;
  size_t seen_ = 0;
};

/// Routes are worked out once; rules live as long as the process.
const Route& route_of(const Rule& rule) {
  static std::mutex mutex;
  static auto* routes = new std::unordered_map<const Rule*, Route>;  // only looked up
  std::lock_guard lock(mutex);
  auto [it, made] = routes->try_emplace(&rule);
  if (made) it->second = make_route(kind_of(rule.kind).descriptor, rule.path);
  return it->second;
}

using Tables = std::vector<std::vector<const Rule*>>;

Tables make_tables() {
  Tables tables(all_kinds().size() + 1);
  for (auto table : {core_rules(), workload_rules(), network_rules(), storage_rules(), policy_rules(),
                     admission_rules(), device_rules()}) {
    for (const Rule& rule : table) tables[rule.kind].push_back(&rule);
  }
  return tables;
}

const std::vector<const Rule*>& table_of(KindId kind) {
  static const Tables tables = make_tables();
  return tables[kind];
}

// In the order of Check.
constexpr std::string_view kNames[] = {
    "required",
    "immutable",
    "set_once",
    "no_change",
    "only_changes",
    "forbidden",
    "refused",
    "dns_label",
    "dns_subdomain",
    "dns1035_label",
    "qualified_name",
    "path_segment",
    "domain_path",
    "absolute_path",
    "host_name",
    "full_domain",
    "one_of",
    "not_equal",
    "minimum",
    "maximum",
    "positive",
    "between",
    "not_above",
    "not_below",
    "port",
    "port_reference",
    "share",
    "quantity",
    "positive_quantity",
    "ip_address",
    "cidr",
    "https_url",
    "schedule",
    "time_zone",
    "labels",
    "selector",
    "not_empty_selector",
    "pod_template",
    "selects_template",
    "unique",
    "max_items",
    "max_length",
    "any_of",
    "exactly_one",
    "at_most_one",
};

}  // namespace

std::string_view name_of(Check check) { return kNames[static_cast<size_t>(check)]; }

std::vector<const Rule*> rules_of(KindId kind) { return table_of(kind); }

size_t check_rule(const Rule& rule, const Message* old, const Message& now, Findings* findings) {
  Walk walk(rule, route_of(rule), findings);
  walk.go(now, old, 0, nullptr);
  return walk.seen();
}

void check_rules(const Kind& kind, const Message* old, const Message& now, Findings* findings) {
  for (const Rule* rule : table_of(kind.id)) check_rule(*rule, old, now, findings);
}

}  // namespace kabuki::validation
