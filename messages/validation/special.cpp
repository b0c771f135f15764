// What a table of rules cannot say: values that are compared with each other, names that are made of fields.
#include "messages/validation/special.hpp"

#include <optional>
#include <string>

#include "messages/api/apiextensions/v1/custom_resource_definition.pb.h"
#include "messages/api/apiregistration/v1/api_service.pb.h"
#include "messages/api/apps/v1/daemon_set.pb.h"
#include "messages/api/core/v1/limit_range.pb.h"
#include "messages/api/core/v1/persistent_volume_claim.pb.h"
#include "messages/api/scheduling/v1/priority_class.pb.h"
#include "messages/int_or_string.hpp"
#include "messages/quantity.hpp"
#include "messages/validation/rules.hpp"

namespace kabuki::validation {
namespace {

namespace extensions = ::k8s::io::apiextensions_apiserver::pkg::apis::apiextensions::v1;
using PriorityClass = ::k8s::io::api::scheduling::v1::PriorityClass;
namespace registration = ::k8s::io::kube_aggregator::pkg::apis::apiregistration::v1;
using google::protobuf::Message;
using Quantities = google::protobuf::Map<std::string, ::k8s::io::apimachinery::pkg::api::resource::Quantity>;

bool is_zero(const IntOrString& value) {
  const auto number = scaled_value(value, 100, Rounding::down);
  return !number || *number == 0;
}

void check_daemon_set(const apps::DaemonSet& set, Findings* findings) {
  const auto& strategy = set.spec().updatestrategy();
  if (strategy.type() != "RollingUpdate" || !strategy.has_rollingupdate()) return;
  const auto& rolling = strategy.rollingupdate();
  FieldPath spec("spec");
  FieldPath at = spec.child("updateStrategy");
  FieldPath path = at.child("rollingUpdate");
  if (is_zero(rolling.maxunavailable()) && is_zero(rolling.maxsurge())) {
    findings->required(path.child("maxUnavailable"), "cannot be 0 when maxSurge is 0");
  } else if (!is_zero(rolling.maxunavailable()) && !is_zero(rolling.maxsurge())) {
    findings->invalid(path.child("maxSurge"), rolling.maxsurge(), "may not be set when maxUnavailable is non-zero");
  }
}

void check_claim(const core::PersistentVolumeClaim& claim, Findings* findings) {
  if (claim.spec().resources().requests().contains("storage")) return;
  FieldPath spec("spec");
  FieldPath resources = spec.child("resources");
  findings->required(resources.key("storage"));
}

std::optional<Quantity> storage_in(const Quantities& amounts) {
  const auto storage = amounts.find("storage");
  if (storage == amounts.end()) return std::nullopt;
  const auto parsed = Quantity::parse(storage->second.string());
  return parsed ? std::optional(*parsed) : std::nullopt;
}

/// What is asked for may become less only where the volume has not grown to it yet.
void check_claim_change(const core::PersistentVolumeClaim& old, const core::PersistentVolumeClaim& now,
                        Findings* findings) {
  const auto before = storage_in(old.spec().resources().requests());
  const auto wanted = storage_in(now.spec().resources().requests());
  const auto has = storage_in(old.status().capacity());
  if (!before || !wanted || !has || *wanted >= *before || *wanted > *has) return;
  FieldPath spec("spec");
  FieldPath resources = spec.child("resources");
  FieldPath requests = resources.child("requests");
  findings->forbidden(requests.child("storage"), "field can not be less than status.capacity");
}

/// Reports the first quantity's excess over the second, key by key.
void check_not_above(const Quantities& low, std::string_view low_name, const Quantities& high,
                     std::string_view high_name, const FieldPath& path, Findings* findings) {
  for (std::string_view name : sorted_keys(low)) {
    const auto other = high.find(std::string(name));
    if (other == high.end()) continue;
    const auto small = Quantity::parse(low.at(std::string(name)).string());
    const auto large = Quantity::parse(other->second.string());
    if (!small || !large || !(*small > *large)) continue;
    findings->invalid(path.key(name), small->text(),
                      std::string(low_name) + " value " + small->text() + " is greater than " +
                          std::string(high_name) + " value " + large->text());
  }
}

void check_limit_range(const core::LimitRange& range, Findings* findings) {
  FieldPath spec("spec");
  FieldPath limits = spec.child("limits");
  for (int i = 0; i < range.spec().limits_size(); ++i) {
    const core::LimitRangeItem& item = range.spec().limits(i);
    FieldPath at = limits.index(static_cast<size_t>(i));
    check_not_above(item.min(), "min", item.max(), "max", at.child("min"), findings);
    check_not_above(item.min(), "min", item.defaultrequest(), "default request", at.child("defaultRequest"),
                    findings);
    check_not_above(item.defaultrequest(), "default request", item.max(), "max", at.child("defaultRequest"),
                    findings);
    check_not_above(item.defaultrequest(), "default request", item.default_(), "default limit",
                    at.child("defaultRequest"), findings);
    check_not_above(item.default_(), "default", item.max(), "max", at.child("default"), findings);
    if (item.type() == "PersistentVolumeClaim" && item.min().empty() && item.max().empty()) {
      findings->required(at, "either minimum or maximum storage value is required, but neither was provided");
    }
  }
}

struct SystemClass {
  const char* name;
  int32_t value;
};
constexpr SystemClass kSystemClasses[] = {{"system-node-critical", 2000001000},
                                          {"system-cluster-critical", 2000000000}};
constexpr int32_t kUserPriorityMost = 1'000'000'000;

void check_priority_class(const PriorityClass& priority, Findings* findings) {
  const std::string& name = priority.metadata().name();
  if (!name.starts_with("system-")) {
    if (priority.value() <= kUserPriorityMost) return;
    FieldPath value("value");
    findings->forbidden(value, "maximum allowed value of a user defined priority is 1000000000");
    return;
  }
  std::string why = name + " is not a known system priority class";
  for (const SystemClass& known : kSystemClasses) {
    if (name != known.name) continue;
    if (priority.value() != known.value) {
      why = "value of " + name + " PriorityClass must be " + std::to_string(known.value);
    } else if (priority.globaldefault()) {
      why = "globalDefault of " + name + " PriorityClass must be false";
    } else {
      return;
    }
  }
  FieldPath metadata("metadata");
  findings->forbidden(metadata.child("name"),
                      "priority class names with 'system-' prefix are reserved for system use only. error: " + why);
}

void check_definition(const extensions::CustomResourceDefinition& definition, Findings* findings) {
  const auto& spec = definition.spec();
  FieldPath metadata("metadata");
  if (definition.metadata().name() != spec.names().plural() + "." + spec.group()) {
    findings->invalid(metadata.child("name"), definition.metadata().name(),
                      "must be spec.names.plural+\".\"+spec.group");
  }
  int stored = 0;
  for (const auto& version : spec.versions()) stored += version.storage() ? 1 : 0;
  FieldPath path("spec");
  if (stored != 1 && !spec.versions().empty()) {
    findings->invalid_json(path.child("versions"), "[]", "must have exactly one version marked as storage version");
  }
}

void check_api_service(const registration::APIService& service, Findings* findings) {
  const std::string wanted = service.spec().version() + "." + service.spec().group();
  if (service.metadata().name() == wanted) return;
  FieldPath metadata("metadata");
  findings->invalid(metadata.child("name"), service.metadata().name(), "must be `spec.version+\".\"+spec.group`");
}

template <class T, void (*check)(const T&, Findings*)>
void of_type(const Message& object, Findings* findings) {
  check(static_cast<const T&>(object), findings);
}

struct Special {
  KindId kind;
  void (*check)(const Message& object, Findings*);
};

constexpr Special kSpecial[] = {
    {kinds::kDaemonSet, of_type<apps::DaemonSet, check_daemon_set>},
    {kinds::kPersistentVolumeClaim, of_type<core::PersistentVolumeClaim, check_claim>},
    {kinds::kLimitRange, of_type<core::LimitRange, check_limit_range>},
    {kinds::kPriorityClass, of_type<PriorityClass, check_priority_class>},
    {kinds::kCustomResourceDefinition, of_type<extensions::CustomResourceDefinition, check_definition>},
    {kinds::kAPIService, of_type<registration::APIService, check_api_service>},
};

}  // namespace

void check_special(const Kind& kind, const Message& object, Findings* findings) {
  for (const Special& special : kSpecial) {
    if (special.kind == kind.id) special.check(object, findings);
  }
}

void check_special_change(const Kind& kind, const Message& old, const Message& now, Findings* findings) {
  if (kind.id != kinds::kPersistentVolumeClaim) return;
  check_claim_change(static_cast<const core::PersistentVolumeClaim&>(old),
                     static_cast<const core::PersistentVolumeClaim&>(now), findings);
}

}  // namespace kabuki::validation
