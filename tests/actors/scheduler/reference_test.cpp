#include <algorithm>
#include <map>
#include <optional>

#include "actors/scheduler/node_match.hpp"
#include "actors/scheduler/pod_match.hpp"
#include "messages/api/core/v1/namespace.pb.h"
#include "tests/actors/scheduler/cluster_text.hpp"

// A plain scheduler that knows nothing but lists of nodes and pods, and asks every question of every pod anew: where
// it lets a pod go, the real one must, and nowhere else. No counts, no groups, no order of plugins.
namespace kabuki::scheduler::test {
namespace {

struct PlainNode {
  std::string name;
  NodeFacts facts;
};
struct PlainPod {
  std::string ns, name;
  Labels labels;
  PodDemand demand;
  std::string node;
};

struct PlainCluster {
  std::vector<PlainNode> nodes;
  std::vector<PlainPod> pods;
  std::map<std::string, Labels> namespaces;

  const PlainNode& node(const std::string& name) const {
    return *std::find_if(nodes.begin(), nodes.end(), [&](const PlainNode& one) { return one.name == name; });
  }
  /// "" where the node of a pod has no such label.
  std::string domain(const PlainPod& pod, const std::string& key) const {
    const auto* value = find_label(node(pod.node).facts.labels, key);
    return value ? *value : "";
  }

  bool fits(const PlainPod& pod, const PlainNode& where) const {
    return open(pod, where) && selects(pod.demand, where.name, where.facts.labels) && has_room(pod, where) &&
           has_ports(pod, where) && spreads(pod, where) && near_friends(pod, where) && far_from_foes(pod, where);
  }

  bool open(const PlainPod& pod, const PlainNode& where) const {
    if (where.facts.unschedulable && !tolerated(pod.demand, {"node.kubernetes.io/unschedulable", "", {}}))
      return false;
    return !refuses_by_taint(pod, where);
  }
  static bool refuses_by_taint(const PlainPod& pod, const PlainNode& where) {
    return std::any_of(where.facts.taints.begin(), where.facts.taints.end(), [&](const Taint& taint) {
      return taint.effect != Taint::Effect::prefer_no_schedule && !tolerated(pod.demand, taint);
    });
  }

  bool has_room(const PlainPod& pod, const PlainNode& where) const {
    int64_t cpu = pod.demand.cpu_milli, memory = pod.demand.memory_bytes, count = 1;
    for (const PlainPod& other : pods) {
      if (other.node != where.name) continue;
      cpu += other.demand.cpu_milli;
      memory += other.demand.memory_bytes;
      ++count;
    }
    return count <= where.facts.pods && (pod.demand.cpu_milli == 0 || cpu <= where.facts.cpu_milli) &&
           (pod.demand.memory_bytes == 0 || memory <= where.facts.memory_bytes);
  }

  bool has_ports(const PlainPod& pod, const PlainNode& where) const {
    for (const PlainPod& other : pods) {
      if (other.node != where.name) continue;
      for (const HostPort& taken : other.demand.host_ports) {
        for (const HostPort& wanted : pod.demand.host_ports) {
          const bool meet = taken.ip == wanted.ip || taken.ip == "0.0.0.0" || wanted.ip == "0.0.0.0";
          if (meet && taken.port == wanted.port && taken.protocol == wanted.protocol) return false;
        }
      }
    }
    return true;
  }

  bool has_hard_keys(const PlainPod& pod, const PlainNode& where) const {
    return std::all_of(pod.demand.spread.begin(), pod.demand.spread.end(), [&](const SpreadConstraint& one) {
      return !one.hard || find_label(where.facts.labels, one.topology_key);
    });
  }

  bool spreads(const PlainPod& pod, const PlainNode& where) const {
    if (!has_hard_keys(pod, where)) return false;
    for (const SpreadConstraint& constraint : pod.demand.spread) {
      if (!constraint.hard) continue;
      std::map<std::string, int> domains;
      for (const PlainNode& one : nodes) {
        const bool counts = has_hard_keys(pod, one) &&
                            (!constraint.honor_affinity || selects(pod.demand, one.name, one.facts.labels)) &&
                            (!constraint.honor_taints || !refuses_by_taint(pod, one));
        if (!counts) continue;
        int& sum = domains[*find_label(one.facts.labels, constraint.topology_key)];
        for (const PlainPod& other : pods) {
          sum += other.node == one.name && other.ns == pod.ns && selects(constraint.pods, pod.labels, other.labels);
        }
      }
      int least = domains.empty() ? 0 : INT32_MAX;
      for (const auto& [domain, count] : domains) least = std::min(least, count);
      if (static_cast<int>(domains.size()) < constraint.min_domains) least = 0;
      const auto own = domains.find(*find_label(where.facts.labels, constraint.topology_key));
      const int here = own == domains.end() ? 0 : own->second;
      if (here + selects(constraint.pods, pod.labels, pod.labels) - least > constraint.max_skew) return false;
    }
    return true;
  }

  bool about(const PodTerm& term, const PlainPod& of, const PlainPod& other) const {
    return is_about(term, of.ns, of.labels, other.ns, other.labels, namespaces);
  }

  bool near_friends(const PlainPod& pod, const PlainNode& where) const {
    const auto& terms = pod.demand.pod_affinity;
    const auto all_want = [&](const PlainPod& other) {
      return std::all_of(terms.begin(), terms.end(), [&](const PodTerm& term) { return about(term, pod, other); });
    };
    bool anyone = false;
    for (const PlainPod& other : pods) {
      if (!all_want(other)) continue;
      for (const PodTerm& term : terms) anyone |= !domain(other, term.topology_key).empty();
    }
    for (const PodTerm& term : terms) {
      const auto* here = find_label(where.facts.labels, term.topology_key);
      if (!here) return false;
      const bool met = std::any_of(pods.begin(), pods.end(), [&](const PlainPod& other) {
        return all_want(other) && domain(other, term.topology_key) == *here;
      });
      if (!met && (anyone || !all_want(pod))) return false;
    }
    return true;
  }

  bool far_from_foes(const PlainPod& pod, const PlainNode& where) const {
    const auto meets = [&](const PodTerm& term, const PlainPod& other) {
      const auto* here = find_label(where.facts.labels, term.topology_key);
      return here && domain(other, term.topology_key) == *here;
    };
    for (const PlainPod& other : pods) {
      for (const PodTerm& term : pod.demand.pod_anti_affinity) {
        if (about(term, pod, other) && meets(term, other)) return false;
      }
      for (const PodTerm& term : other.demand.pod_anti_affinity) {
        if (about(term, other, pod) && meets(term, other)) return false;
      }
    }
    return true;
  }
};

/// Random YAML for nodes and pods from small vocabularies, so that much of it meets.
struct Dice {
  io::Random random;

  bool often(double chance) { return random.chance(chance); }
  template <size_t N>
  std::string one_of(const char* const (&words)[N]) {
    return words[random.below(N)];
  }

  std::string node_labels() {
    std::string out = "{";
    if (often(0.85)) out += "zone: " + one_of({"a", "b", "c"}) + ", ";
    if (often(0.7)) out += "disk: " + one_of({"ssd", "hdd"}) + ", ";
    return out + "x: x}";
  }
  std::string node_spec() {
    if (often(0.1)) return "{unschedulable: true}";
    if (often(0.2))
      return "{taints: [{key: k, value: v, effect: " + one_of({"NoSchedule", "PreferNoSchedule"}) + "}]}";
    return "{}";
  }
  std::string pod_labels() { return "{app: " + one_of({"web", "db"}) + ", version: " + one_of({"one", "two"}) + "}"; }

  std::string selector() {
    return "labelSelector: {matchLabels: {" + (often(0.7) ? "app: " + one_of({"web", "db"}) : std::string()) + "}}";
  }
  std::string term() {
    std::string out = "{topologyKey: " + one_of({"zone", "disk", "x"}) + ", " + selector();
    if (often(0.2)) out += ", namespaces: [" + one_of({"default", "other"}) + "]";
    if (often(0.2)) out += ", namespaceSelector: {matchLabels: {team: blue}}";
    if (often(0.2)) out += ", matchLabelKeys: [version]";
    if (often(0.1)) out += ", mismatchLabelKeys: [version]";
    return out + "}";
  }
  std::string terms() {
    const std::string first = term();
    return "{requiredDuringSchedulingIgnoredDuringExecution: [" + first + (often(0.3) ? ", " + term() : "") + "]}";
  }
  std::string pod_spec() {
    std::string out = "containers: [{name: a, image: i, resources: {requests: {cpu: '" +
                      one_of({"0", "500m", "1", "2"}) + "', memory: " + one_of({"0", "1Gi", "3Gi"}) + "}}";
    if (often(0.2)) out += ", ports: [{containerPort: 1, hostPort: " + one_of({"80", "81"}) + "}]";
    out += "}]";
    if (often(0.2)) out += ", nodeSelector: {disk: ssd}";
    if (often(0.3)) out += ", tolerations: [{operator: Exists}]";
    std::string affinity;
    if (often(0.25)) affinity += "podAffinity: " + terms() + ", ";
    if (often(0.25)) affinity += "podAntiAffinity: " + terms() + ", ";
    if (!affinity.empty()) out += ", affinity: {" + affinity + "}";
    if (often(0.4)) {
      out += ", topologySpreadConstraints: [{topologyKey: " + one_of({"zone", "disk"}) +
             ", maxSkew: " + one_of({"1", "2"}) +
             ", whenUnsatisfiable: " + one_of({"DoNotSchedule", "ScheduleAnyway"}) + ", " + selector();
      if (often(0.2)) out += ", minDomains: 3";
      if (often(0.3)) out += ", nodeAffinityPolicy: Ignore";
      if (often(0.3)) out += ", nodeTaintsPolicy: Honor";
      out += "}]";
    }
    return out;
  }
};

void play(uint64_t seed, int* placed, int* refused) {
  Dice dice{io::Random(seed)};
  PlainCluster plain;
  Play real;
  plain.namespaces["default"] = {};
  plain.namespaces["other"] = {{"team", "blue"}};
  real.state.other_changed(*object<::k8s::io::api::core::v1::Namespace>(
      kinds::kNamespace, "{metadata: {name: other, labels: {team: blue}}}"));
  for (uint64_t i = 0, count = 3 + dice.random.below(6); i < count; ++i) {
    const auto made = node("n" + std::to_string(i), dice.node_labels(), dice.node_spec());
    plain.nodes.push_back({std::string(made->name()), facts_of(made->as<::k8s::io::api::core::v1::Node>())});
    real.state.node_changed(*made);
  }
  for (int i = 0; i < 30; ++i) {
    const std::string ns = dice.one_of({"default", "default", "other"});
    const auto made = pod("p" + std::to_string(i), dice.pod_spec(), dice.pod_labels(), "", ns);
    const auto message = made->as<::k8s::io::api::core::v1::Pod>();
    PlainPod one{ns, message.metadata().name(), {}, demand_of(message.spec()), ""};
    one.labels.assign(message.metadata().labels().begin(), message.metadata().labels().end());
    std::sort(one.labels.begin(), one.labels.end());
    std::vector<std::string> allowed;
    for (const PlainNode& where : plain.nodes) {
      if (plain.fits(one, where)) allowed.push_back(where.name);
    }
    real.state.pod_changed(made);
    const auto round = real.round();
    const auto bind =
        std::find_if(round.binds.begin(), round.binds.end(), [&](const auto& b) { return b.pod == made; });
    if (bind == round.binds.end()) {
      EXPECT_EQ(allowed, std::vector<std::string>()) << "seed " << seed << " pod " << i;
      real.state.pod_deleted(made->key());
      ++*refused;
      continue;
    }
    EXPECT_THAT(allowed, testing::Contains(bind->node)) << "seed " << seed << " pod " << i;
    one.node = bind->node;
    plain.pods.push_back(std::move(one));
    ++*placed;
    if (dice.often(0.2) && !plain.pods.empty()) {
      const auto gone = plain.pods.begin() + static_cast<ptrdiff_t>(dice.random.below(plain.pods.size()));
      real.state.pod_deleted({kinds::kPod, gone->ns, gone->name});
      plain.pods.erase(gone);
    }
  }
}

TEST(Scheduler, LetsPodsGoWhereAPlainOneDoesAndNowhereElse) {
  int placed = 0, refused = 0;
  for (uint64_t seed = 1; seed <= 50; ++seed) play(seed, &placed, &refused);
  EXPECT_GT(placed, 400);
  EXPECT_GT(refused, 200);
}

}  // namespace
}  // namespace kabuki::scheduler::test
