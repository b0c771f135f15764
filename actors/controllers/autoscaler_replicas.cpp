#include "actors/controllers/autoscaler_replicas.hpp"

#include <algorithm>
#include <cmath>
#include <functional>
#include <optional>
#include <set>

#include "messages/quantity.hpp"

namespace kabuki::controllers {
namespace {

constexpr int64_t kSecond = 1'000'000'000;
constexpr int64_t kMilli = 1'000;

Error cannot(std::string why) { return {.code = 500, .reason = "InternalError", .message = std::move(why)}; }

int64_t use_milli(const bus::ContainerUse& use, const std::string& resource) {
  return resource == "cpu" ? use.cpu_milli() : use.memory_bytes() * kMilli;
}

Result<PodMetrics> metrics_of(const ReplicaQuestion& question) {
  const std::string unable = "unable to get metrics for resource " + question.resource + ": ";
  if (question.uses.items().empty()) return cannot(unable + "no metrics returned from resource metrics API");
  PodMetrics out;
  for (const auto& item : question.uses.items()) {
    PodMetric metric{0, item.at_ns(), question.uses.window_ns()};
    bool found = false;
    for (const auto& container : item.use().containers()) {
      if (!question.container.empty() && container.name() != question.container) continue;
      metric.value_milli += use_milli(container, question.resource);
      found = true;
    }
    if (!found && !question.container.empty()) {
      return cannot(unable + "failed to get container metrics: container " + question.container +
                    " not present in metrics for pod " + item.use().namespace_() + "/" + item.use().name());
    }
    // Nothing but cpu and memory is measured.
    if (question.resource == "cpu" || question.resource == "memory") out[item.use().name()] = metric;
  }
  return out;
}

/// What kinds of pods there are. The metrics of those that are left out of account are erased.
struct Groups {
  int64_t ready = 0;
  std::set<std::string> unready, missing;
};

bool counts_as_unready(const ReplicaQuestion& question, const PodMessage& pod, const PodMetric& metric) {
  const auto& status = pod.status();
  const auto ready = std::find_if(status.conditions().begin(), status.conditions().end(),
                                  [](const auto& condition) { return condition.type() == "Ready"; });
  if (ready == status.conditions().end() || !status.has_starttime()) return true;
  const bool is_false = ready->status() == "False";
  const int64_t started = status.starttime().seconds() * kSecond;
  const int64_t changed = ready->lasttransitiontime().seconds() * kSecond;
  if (started + question.cpu_initialization.count() > question.now.ns) {
    // While it starts its use tells little: it counts once it was ready for a whole window.
    return is_false || metric.at_ns < changed + metric.window_ns;
  }
  // It never was ready.
  return is_false && started + question.initial_readiness.count() > changed;
}

Groups group(const ReplicaQuestion& question, PodMetrics* metrics) {
  Groups out;
  for (const PodMessage& pod : question.pods) {
    const std::string& name = pod.metadata().name();
    if (pod.metadata().has_deletiontimestamp() || pod.status().phase() == "Failed") {
      metrics->erase(name);
      continue;
    }
    if (pod.status().phase() == "Pending") {
      metrics->erase(name);
      out.unready.insert(name);
      continue;
    }
    const auto metric = metrics->find(name);
    if (metric == metrics->end()) {
      out.missing.insert(name);
      continue;
    }
    if (question.resource == "cpu" && counts_as_unready(question, pod, metric->second)) {
      metrics->erase(metric);
      out.unready.insert(name);
      continue;
    }
    ++out.ready;
  }
  return out;
}

/// What the pods request of the resource, in milli-units, by name.
Result<std::map<std::string, int64_t>> requests_of(const ReplicaQuestion& question) {
  std::map<std::string, int64_t> out;
  for (const PodMessage& pod : question.pods) {
    int64_t sum = 0;
    const auto add = [&](const auto& container) -> Result<> {
      if (!question.container.empty() && container.name() != question.container) return {};
      const auto& requests = container.resources().requests();
      const auto found = requests.find(question.resource);
      const auto amount =
          found == requests.end() ? Result<Quantity>(cannot("")) : Quantity::parse(found->second.string());
      if (!amount.ok()) {
        return cannot("missing request for " + question.resource + " in container " + container.name() + " of Pod " +
                      pod.metadata().name());
      }
      sum += amount->milli();
      return {};
    };
    for (const auto& container : pod.spec().containers()) {
      if (auto added = add(container); !added) return added.error();
    }
    for (const auto& container : pod.spec().initcontainers()) {
      if (container.restartpolicy() != "Always") continue;
      if (auto added = add(container); !added) return added.error();
    }
    out[pod.metadata().name()] = sum;
  }
  return out;
}

/// How much is used of how much is wanted, and what the status is to say of it.
struct Ratio {
  double ratio = 0;
  int32_t utilization = 0;
  int64_t average_milli = 0;
};
using Measure = std::function<Result<Ratio>(const PodMetrics&)>;

/// The algorithm, which is the same for both kinds of targets: `busy` is what a pod without metrics is taken to use
/// when there would be fewer.
Result<ReplicaProposal> propose(const ReplicaQuestion& question, const Measure& measure, PodMetrics metrics,
                                const Groups& groups, const std::function<int64_t(const std::string&)>& busy) {
  const auto first = measure(metrics);
  if (!first.ok()) return first.error();
  const auto stay = [&](int32_t replicas) {
    return ReplicaProposal{replicas, first->utilization, first->average_milli};
  };
  const auto rounded_up = [](double replicas) { return static_cast<int32_t>(std::ceil(replicas)); };
  const bool up_with_unready = !groups.unready.empty() && first->ratio > 1.0;
  if (!up_with_unready && groups.missing.empty()) {
    if (question.tolerances.within(first->ratio)) return stay(question.current);
    return stay(rounded_up(first->ratio * static_cast<double>(groups.ready)));
  }
  for (const std::string& pod : groups.missing) {
    if (first->ratio < 1.0) metrics[pod].value_milli = busy(pod);
    if (first->ratio > 1.0) metrics[pod].value_milli = 0;
  }
  if (up_with_unready) {
    for (const std::string& pod : groups.unready) metrics[pod].value_milli = 0;
  }
  const auto second = measure(metrics);
  if (!second.ok()) return second.error();
  const double ratio = second->ratio;
  const bool turned = (first->ratio < 1.0 && ratio > 1.0) || (first->ratio > 1.0 && ratio < 1.0);
  if (question.tolerances.within(ratio) || turned) return stay(question.current);
  const int32_t replicas = rounded_up(ratio * static_cast<double>(metrics.size()));
  const bool other_way = (ratio < 1.0 && replicas > question.current) || (ratio > 1.0 && replicas < question.current);
  return stay(other_way ? question.current : replicas);
}

/// The metrics of the pods that count, and how those are grouped.
Result<std::pair<PodMetrics, Groups>> prepare(const ReplicaQuestion& question) {
  auto metrics = metrics_of(question);
  if (!metrics.ok()) return metrics.error();
  if (question.pods.empty()) return cannot("No pods returned by selector while calculating replica count");
  Groups groups = group(question, &*metrics);
  if (metrics->empty()) return cannot("did not receive metrics for targeted pods (pods might be unready)");
  return std::pair(std::move(*metrics), std::move(groups));
}

}  // namespace

Result<ReplicaProposal> replicas_for_utilization(const ReplicaQuestion& question, int32_t target_percent) {
  auto prepared = prepare(question);
  if (!prepared.ok()) return prepared.error();
  const auto requests = requests_of(question);
  if (!requests.ok()) return requests.error();
  const Measure measure = [&](const PodMetrics& metrics) -> Result<Ratio> {
    int64_t used = 0, requested = 0, entries = 0;
    for (const auto& [pod, metric] : metrics) {
      const auto request = requests->find(pod);
      if (request == requests->end()) continue;
      used += metric.value_milli;
      requested += request->second;
      ++entries;
    }
    if (requested == 0) return cannot("no metrics returned matched known pods");
    const auto utilization = static_cast<int32_t>(used * 100 / requested);
    return Ratio{static_cast<double>(utilization) / target_percent, utilization, used / entries};
  };
  return propose(question, measure, std::move(prepared->first), prepared->second,
                 [&](const std::string& pod) { return requests->at(pod) * std::max(100, target_percent) / 100; });
}

Result<ReplicaProposal> replicas_for_average(const ReplicaQuestion& question, int64_t target_milli) {
  auto prepared = prepare(question);
  if (!prepared.ok()) return prepared.error();
  const Measure measure = [&](const PodMetrics& metrics) -> Result<Ratio> {
    int64_t used = 0;
    for (const auto& [pod, metric] : metrics) used += metric.value_milli;
    const int64_t average = used / static_cast<int64_t>(metrics.size());
    return Ratio{static_cast<double>(average) / static_cast<double>(target_milli), 0, average};
  };
  return propose(question, measure, std::move(prepared->first), prepared->second,
                 [&](const std::string&) { return target_milli; });
}

}  // namespace kabuki::controllers
