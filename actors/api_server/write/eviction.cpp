#include "actors/api_server/write/eviction.hpp"

#include <algorithm>
#include <utility>

#include "messages/conditions.hpp"
#include "messages/meta.hpp"
#include "messages/selectors.hpp"
#include "messages/status.hpp"
#include "messages/time_format.hpp"

namespace kabuki::api_server {
namespace {

using Pod = ::k8s::io::api::core::v1::Pod;

constexpr const char* kSpent = "Cannot evict pod as it would violate the pod's disruption budget.";
constexpr const char* kCause = "DisruptionBudget";
constexpr int kUncountedRetrySeconds = 10;
constexpr int kDisruptedPodsMax = 2000;
constexpr int kAttempts = 5;

/// Pods that do not serve, or that go anyway, are evicted whatever the budgets say.
bool needs_no_budget(const Pod& pod) {
  const std::string& phase = pod.status().phase();
  return phase == "Succeeded" || phase == "Failed" || phase == "Pending" || pod.metadata().has_deletiontimestamp();
}

bool is_ready(const Pod& pod) {
  const auto& conditions = pod.status().conditions();
  return std::any_of(conditions.begin(), conditions.end(), [](const auto& condition) {
    return condition.type() == "Ready" && condition.status() == "True";
  });
}

/// Whether a pod that is not ready may go although the budget is spent.
bool goes_unready(const DisruptionBudget& budget) {
  const std::string& policy = budget.spec().unhealthypodevictionpolicy();
  if (policy == "AlwaysAllow") return true;
  const auto& status = budget.status();
  return status.currenthealthy() >= status.desiredhealthy() && status.desiredhealthy() > 0;
}

bool claims(const DisruptionBudget& budget, const Pod& pod) {
  if (!budget.spec().has_selector()) return false;
  const auto selector = LabelSelector::from_message(budget.spec().selector());
  return selector && selector->matches_map(pod.metadata().labels());
}

Error refusal(int retry_after_seconds, std::string why) {
  Error error = too_many_requests(kSpent, retry_after_seconds);
  error.causes.push_back({kCause, std::move(why), ""});
  return error;
}

}  // namespace

Result<EvictionPermit> permit_eviction(const Pod& pod, const std::vector<DisruptionBudget>& budgets,
                                       io::WallTime now) {
  // A pending pod may come to serve at any moment; the others never will again.
  if (needs_no_budget(pod)) {
    const bool may_yet_serve = pod.status().phase() == "Pending" && !pod.metadata().has_deletiontimestamp();
    return EvictionPermit{nullptr, may_yet_serve};
  }
  const DisruptionBudget* found = nullptr;
  for (const DisruptionBudget& budget : budgets) {
    if (!claims(budget, pod)) continue;
    if (found) {
      return internal_error(
          "This pod has more than one PodDisruptionBudget, which the eviction subresource does not support.");
    }
    found = &budget;
  }
  if (!found) return EvictionPermit{};
  if (!is_ready(pod) && goes_unready(*found)) return EvictionPermit{nullptr, true};

  const Kind& kind = kind_of(kinds::kPodDisruptionBudget);
  const std::string& name = found->metadata().name();
  const auto& status = found->status();
  if (status.observedgeneration() < found->metadata().generation()) {
    return refusal(kUncountedRetrySeconds,
                   "The disruption budget " + name + " is still being processed by the server.");
  }
  if (status.disruptionsallowed() < 0) return forbidden(kind, name, "pdb disruptions allowed is negative");
  if (static_cast<int>(status.disruptedpods_size()) > kDisruptedPodsMax) {
    return forbidden(kind, name, "DisruptedPods map too big - too many evictions not confirmed by PDB controller");
  }
  if (status.disruptionsallowed() == 0) {
    return refusal(0, "The disruption budget " + name + " needs " + std::to_string(status.desiredhealthy()) +
                          " healthy pods and has " + std::to_string(status.currenthealthy()) + " currently");
  }
  auto next = std::make_shared<DisruptionBudget>(*found);
  next->mutable_status()->set_disruptionsallowed(status.disruptionsallowed() - 1);
  if (next->status().disruptionsallowed() == 0) {
    set_condition({.type = "DisruptionAllowed",
                   .status = "False",
                   .reason = "InsufficientPods",
                   .observed_generation = next->status().observedgeneration()},
                  now.ns, next->mutable_status()->mutable_conditions());
  }
  // Until the pod is gone, whoever counts knows that it is on its way.
  (*next->mutable_status()->mutable_disruptedpods())[pod.metadata().name()] = time_of(now.ns);
  return EvictionPermit{std::move(next)};
}

namespace {

/// As Kubernetes words it: jobs, for one, count such a pod's end differently.
constexpr const char* kTargetPatch =
    R"({"status":{"conditions":[{"type":"DisruptionTarget","status":"True","reason":"EvictionByEvictionAPI",)"
    R"("message":"Eviction API: evicting","lastTransitionTime":")";

struct Eviction : std::enable_shared_from_this<Eviction> {
  EvictionSteps steps;
  Write removal;
  std::function<void(Result<>)> done;
  int attempts = 0;
  Pod pod;
  uint64_t revision = 0;  // of the pod
  bool while_unchanged = false;

  void begin() {
    steps.get(removal.key, [self = shared_from_this()](Result<ObjectPtr> got) {
      if (!got) return self->done(got.error());
      if (!*got) return self->done(not_found(*self->removal.kind, self->removal.key.name));
      auto parsed = (*got)->parse(&self->pod);
      if (!parsed) return self->done(parsed.error());
      self->revision = (*got)->revision();
      // The pod that was looked at is the one to go, no other of its name.
      if (self->removal.expected_uid.empty()) self->removal.expected_uid = self->pod.metadata().uid();
      self->ask_budgets();
    });
  }

  void ask_budgets() {
    steps.budgets(removal.key.ns, [self = shared_from_this()](Result<std::vector<ObjectPtr>> found) {
      if (!found) return self->done(found.error());
      std::vector<DisruptionBudget> budgets(found->size());
      for (size_t i = 0; i < budgets.size(); ++i) {
        auto parsed = (*found)[i]->parse(&budgets[i]);
        if (!parsed) return self->done(parsed.error());
      }
      auto permit = permit_eviction(self->pod, budgets, self->steps.now());
      if (!permit) return self->done(permit.error());
      self->while_unchanged = permit->while_unchanged && self->removal.expected_version.empty();
      if (self->removal.dry_run) return self->remove();
      if (!permit->budget) return self->mark();
      self->spend(permit->budget);
    });
  }

  void spend(const std::shared_ptr<DisruptionBudget>& budget) {
    const ObjectMeta& meta = budget->metadata();
    Write write{.verb = Write::Verb::update,
                .kind = &kind_of(kinds::kPodDisruptionBudget),
                .key = {kinds::kPodDisruptionBudget, meta.namespace_(), meta.name()},
                .subresource = "status",
                .object = budget};
    steps.write(std::move(write), [self = shared_from_this()](Result<uint64_t> written) {
      if (written) return self->mark();
      if (written.error().code == 409 && ++self->attempts < kAttempts) return self->ask_budgets();
      self->done(written.error());
    });
  }

  void mark() {
    Write write{.verb = Write::Verb::patch,
                .kind = removal.kind,
                .key = removal.key,
                .subresource = "status",
                .patch_kind = PatchKind::strategic,
                .patch = kTargetPatch + format_time(steps.now().seconds()) + "\"}]}}",
                .expected_uid = removal.expected_uid,
                .expected_revision = while_unchanged ? revision : 0,
                .expected_version = removal.expected_version};
    steps.write(std::move(write), [self = shared_from_this()](Result<uint64_t> written) {
      if (!written) return self->failed(written.error());
      if (!self->removal.expected_version.empty()) self->removal.expected_version = std::to_string(*written);
      self->revision = *written;
      self->remove();
    });
  }

  void remove() {
    removal.expected_revision = while_unchanged ? revision : 0;
    steps.write(removal, [self = shared_from_this()](Result<uint64_t> removed) {
      if (removed) return self->done({});
      self->failed(removed.error());
    });
  }

  void failed(const Error& error) {
    if (error.code != 409 || !while_unchanged) return done(error);
    // It may be serving by now, and is judged anew.
    if (++attempts < kAttempts) return begin();
    done(refusal(kUncountedRetrySeconds, "The pod " + removal.key.name + " changes too often to be judged."));
  }
};

}  // namespace

void evict(EvictionSteps steps, Write removal, std::function<void(Result<>)> done) {
  auto eviction = std::make_shared<Eviction>();
  eviction->steps = std::move(steps);
  eviction->removal = std::move(removal);
  eviction->done = std::move(done);
  eviction->begin();
}

}  // namespace kabuki::api_server
