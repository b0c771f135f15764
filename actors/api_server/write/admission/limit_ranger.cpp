#include <algorithm>
#include <charconv>
#include <vector>

#include "actors/api_server/write/admission/plugin.hpp"
#include "actors/quota/amounts.hpp"
#include "messages/api/core/v1/limit_range.pb.h"
#include "messages/api/core/v1/persistent_volume_claim.pb.h"
#include "messages/api/core/v1/pod.pb.h"

namespace kabuki::api_server {
namespace {

namespace core = ::k8s::io::api::core::v1;
using quota::Amounts;
using quota::QuantityMap;

constexpr const char* kNote = "kubernetes.io/limit-ranger";

/// What one thing (a container, a pod, a claim) asks for, and what it is told when that is too little or too much.
class Measure {
 public:
  Measure(std::string type, Amounts requests, Amounts limits, std::vector<std::string>* errors)
      : type_(std::move(type)), requests_(std::move(requests)), limits_(std::move(limits)), errors_(errors) {}

  void at_least(const std::string& resource, const Quantity& bound) {
    const Quantity* request = find(requests_, resource);
    const Quantity* limit = find(limits_, resource);
    if (!request) return say("minimum", resource, bound, ".  No request is specified");
    if (*request < bound) return say("minimum", resource, bound, ", but request is " + request->text());
    if (limit && *limit < bound) say("minimum", resource, bound, ", but limit is " + limit->text());
  }
  void at_most(const std::string& resource, const Quantity& bound) {
    const Quantity* request = find(requests_, resource);
    const Quantity* limit = find(limits_, resource);
    if (!limit) return say("maximum", resource, bound, ".  No limit is specified");
    if (*limit > bound) return say("maximum", resource, bound, ", but limit is " + limit->text());
    if (request && *request > bound) say("maximum", resource, bound, ", but request is " + request->text());
  }
  void request_at_most(const std::string& resource, const Quantity& bound) {
    const Quantity* request = find(requests_, resource);
    if (!request) return say("maximum", resource, bound, ".  No request is specified");
    if (*request > bound) say("maximum", resource, bound, ", but request is " + request->text());
  }
  void ratio_at_most(const std::string& resource, const Quantity& bound) {
    const Quantity* request = find(requests_, resource);
    const Quantity* limit = find(limits_, resource);
    const std::string start =
        resource + " max limit to request ratio per " + type_ + " is " + bound.text() + ", but ";
    if (!request || request->is_zero()) return add(start + "no request is specified or request is 0");
    if (!limit || limit->is_zero()) return add(start + "no limit is specified or limit is 0");
    const double ratio = static_cast<double>(limit->milli()) / static_cast<double>(request->milli());
    if (ratio * 1000 <= static_cast<double>(bound.milli())) return;
    char digits[64];
    const auto end = std::to_chars(digits, digits + sizeof digits, ratio, std::chars_format::fixed, 6).ptr;
    add(start + "provided ratio is " + std::string(digits, end));
  }

  void check(const core::LimitRangeItem& item) {
    for (const auto& [resource, bound] : quota::read_amounts(item.min())) at_least(resource, bound);
    for (const auto& [resource, bound] : quota::read_amounts(item.max())) at_most(resource, bound);
    for (const auto& [resource, bound] : quota::read_amounts(item.maxlimitrequestratio())) {
      ratio_at_most(resource, bound);
    }
  }

 private:
  static const Quantity* find(const Amounts& amounts, const std::string& resource) {
    const auto it = amounts.find(resource);
    return it == amounts.end() ? nullptr : &it->second;
  }
  void say(const char* which, const std::string& resource, const Quantity& bound, const std::string& but) {
    add(std::string(which) + " " + resource + " usage per " + type_ + " is " + bound.text() + but);
  }
  void add(std::string text) {
    if (std::find(errors_->begin(), errors_->end(), text) == errors_->end()) errors_->push_back(std::move(text));
  }

  const std::string type_;
  const Amounts requests_, limits_;
  std::vector<std::string>* errors_;
};

/// As Go prints several errors: one as it is, more in brackets.
std::string aggregate(const std::vector<std::string>& errors) {
  if (errors.size() == 1) return errors[0];
  std::string text = "[";
  for (size_t i = 0; i < errors.size(); ++i) text += (i ? ", " : "") + errors[i];
  return text + "]";
}

/// Sets what is missing in `map`; returns which, ", " between them.
std::string fill_in(const std::map<std::string, std::string>& defaults, QuantityMap* map) {
  std::string set;
  for (const auto& [resource, amount] : defaults) {
    if (map->contains(resource)) continue;
    (*map)[resource].set_string(amount);
    set.append(set.empty() ? "" : ", ").append(resource);
  }
  return set;
}

struct Defaults {
  std::map<std::string, std::string> requests, limits;
};

void fill_in(const Defaults& defaults, const char* what,
             google::protobuf::RepeatedPtrField<core::Container>* containers, std::string* note) {
  if (defaults.limits.empty() && defaults.requests.empty()) return;
  for (core::Container& container : *containers) {
    auto* resources = container.mutable_resources();
    const std::string limits = fill_in(defaults.limits, resources->mutable_limits());
    const std::string requests = fill_in(defaults.requests, resources->mutable_requests());
    auto say = [&](const std::string& set, const char* of) {
      if (set.empty()) return;
      note->append(note->empty() ? "" : "; ")
          .append(set)
          .append(of)
          .append(what)
          .append(" ")
          .append(container.name());
    };
    say(requests, " request for ");
    say(limits, " limit for ");
  }
}

void give_defaults(const core::LimitRange& range, core::Pod* pod) {
  Defaults defaults;
  for (const core::LimitRangeItem& item : range.spec().limits()) {
    if (item.type() != "Container") continue;
    for (const auto& [resource, amount] : item.defaultrequest()) defaults.requests[resource] = amount.string();
    for (const auto& [resource, amount] : item.default_()) defaults.limits[resource] = amount.string();
  }
  std::string note;
  fill_in(defaults, "container", pod->mutable_spec()->mutable_containers(), &note);
  fill_in(defaults, "init container", pod->mutable_spec()->mutable_initcontainers(), &note);
  if (!note.empty()) (*pod->mutable_metadata()->mutable_annotations())[kNote] = "LimitRanger plugin set: " + note;
}

void check_pod(const core::LimitRangeItem& item, const core::PodSpec& spec, std::vector<std::string>* errors) {
  if (item.type() == "Pod") Measure("Pod", quota::pod_requests(spec), quota::pod_limits(spec), errors).check(item);
  if (item.type() != "Container") return;
  for (const auto* containers : {&spec.containers(), &spec.initcontainers()}) {
    for (const auto& container : *containers) {
      Measure("Container", quota::read_amounts(container.resources().requests()),
              quota::read_amounts(container.resources().limits()), errors)
          .check(item);
    }
  }
}

void check_claim(const core::LimitRangeItem& item, const core::PersistentVolumeClaim& claim,
                 std::vector<std::string>* errors) {
  if (item.type() != "PersistentVolumeClaim") return;
  Measure measure("PersistentVolumeClaim", quota::read_amounts(claim.spec().resources().requests()), {}, errors);
  for (const auto& [resource, bound] : quota::read_amounts(item.min())) measure.at_least(resource, bound);
  for (const auto& [resource, bound] : quota::read_amounts(item.max())) measure.request_at_most(resource, bound);
}

bool is_limited(const Admission& admission) {
  if (admission.write.verb == Write::Verb::remove) return false;
  // A pod is measured when it is made and when it is resized; a claim may grow.
  if (admission.kind() == kinds::kPod) return admission.creates() || admission.write.subresource == "resize";
  return admission.kind() == kinds::kPersistentVolumeClaim;
}

Result<> admit(const Admission& admission) {
  if (admission.kind() != kinds::kPod || !admission.creates()) return {};
  for (const ObjectPtr& object : admission.around().in_namespace(kinds::kLimitRange, admission.ns())) {
    give_defaults(object->as<core::LimitRange>(), &as<core::Pod>(admission));
  }
  return {};
}

Result<> check(const Admission& admission) {
  if (!is_limited(admission)) return {};
  for (const ObjectPtr& object : admission.around().in_namespace(kinds::kLimitRange, admission.ns())) {
    std::vector<std::string> errors;
    const auto range = object->as<core::LimitRange>();
    for (const core::LimitRangeItem& item : range.spec().limits()) {
      if (admission.kind() == kinds::kPod) {
        check_pod(item, as<core::Pod>(admission).spec(), &errors);
      } else {
        check_claim(item, as<core::PersistentVolumeClaim>(admission), &errors);
      }
    }
    if (!errors.empty()) return admission.forbid(aggregate(errors));
  }
  return {};
}

}  // namespace

const AdmissionPlugin kLimitRanger{.name = "LimitRanger", .admit = admit, .check = check};

}  // namespace kabuki::api_server
