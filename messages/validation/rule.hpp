#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include "messages/kinds.hpp"
#include "messages/validation/findings.hpp"

namespace kabuki::validation {

/// What must hold of a field. An absent field is passed by, but for what is required.
enum class Check : uint8_t {
  required,       // arg: why, may be empty
  immutable,      // an update may not change it; arg: why, "field is immutable" by default
  set_once,       // as immutable, once it has been set
  no_change,      // as immutable, but forbidden rather than invalid; arg: why
  only_changes,   // of a message: an update may change these fields of it alone; arg: "a,b;why"
  forbidden,      // must not be set; arg: why
  refused,        // as forbidden, but invalid; arg: why
  dns_label,      // RFC 1123
  dns_subdomain,  // RFC 1123
  dns1035_label,
  qualified_name,  // of labels, resources
  path_segment,
  domain_path,  // acme.io/foo
  absolute_path,
  host_name,    // of an ingress: a DNS name, maybe *.name
  full_domain,  // a DNS name of three parts
  one_of,       // arg: "A|B"; empty is required
  not_equal,    // other than the field beside it; arg: "field;why"
  minimum,      // arg: number
  maximum,      // arg: "number;why": more is forbidden
  positive,     // arg: why, "must be greater than 0" by default
  between,      // arg: "1|65535"
  not_above,    // not above the field beside it; arg: "field;why"
  not_below,    // not below the field beside it; arg: "field;why"
  port,
  port_reference,  // of an IntOrString: a port's number or name
  share,           // of an IntOrString: a number that is not negative, or a percentage
  quantity,        // not negative
  positive_quantity,
  ip_address,
  cidr,
  https_url,
  schedule,            // cron's five fields
  time_zone,           // judged only where it is new or changes
  labels,              // of a map: keys and values
  selector,            // of a LabelSelector
  not_empty_selector,  // arg: why
  pod_template,        // of a PodTemplateSpec; arg: restart policies that are allowed: "Always", "OnFailure|Never"
  selects_template,    // of a PodTemplateSpec: `selector` beside it selects its labels
  unique,              // of a list; arg: the field that tells elements apart, "" for lists of scalars
  max_items,           // arg: number
  max_length,          // bytes; arg: number
  any_of,              // of a message: arg: "a|b;why"
  exactly_one,         // of a message: arg: "a|b;why of none;why of several"
  at_most_one,         // of a message: arg: "a|b;why"
};

/// `exactly_one`.
std::string_view name_of(Check check);

/// One rule: `check` holds of every field that `path` leads to (field_route.hpp), while `when` holds of the fields
/// beside it.
struct Rule {
  KindId kind;
  const char* path;
  Check check;
  const char* arg = "";
  const char* when = "";
};

// The tables, each in the order in which a kube-apiserver checks.
std::span<const Rule> core_rules();
std::span<const Rule> workload_rules();
std::span<const Rule> network_rules();
std::span<const Rule> storage_rules();
std::span<const Rule> policy_rules();
std::span<const Rule> admission_rules();
std::span<const Rule> device_rules();

/// Every rule of a kind, in order.
std::vector<const Rule*> rules_of(KindId kind);

/// Applies one rule to an object; `old` is null when it is created. Returns how many fields it looked at.
size_t check_rule(const Rule& rule, const google::protobuf::Message* old, const google::protobuf::Message& now,
                  Findings* findings);

/// Applies every rule of the kind.
void check_rules(const Kind& kind, const google::protobuf::Message* old, const google::protobuf::Message& now,
                 Findings* findings);

}  // namespace kabuki::validation
