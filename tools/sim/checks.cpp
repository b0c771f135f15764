#include "tools/sim/checks.hpp"

#include <algorithm>
#include <memory>
#include <set>
#include <utility>

#include "actors/node_host.hpp"
#include "messages/api/apps/v1/replica_set.pb.h"
#include "messages/api/core/v1/node.pb.h"
#include "messages/meta.hpp"
#include "runtime/view_actor.hpp"

namespace kabuki::tools {
namespace {

namespace core = ::k8s::io::api::core::v1;
namespace apps = ::k8s::io::api::apps::v1;

constexpr std::chrono::seconds kAskTimeout{10};
constexpr size_t kLinesKept = 8;
constexpr const char* kRevision = "deployment.kubernetes.io/revision";

using Lines = std::vector<std::string>;

std::string joined(const Lines& lines) {
  std::string out;
  for (size_t i = 0; i < std::min(lines.size(), kLinesKept); ++i) out += (out.empty() ? "" : "; ") + lines[i];
  if (lines.size() > kLinesKept) out += "; and " + std::to_string(lines.size() - kLinesKept) + " more";
  return out;
}

bool owned_by(const google::protobuf::Message& object, std::string_view uid) {
  return std::ranges::any_of(meta_of(object).ownerreferences(),
                             [&](const auto& owner) { return owner.controller() && owner.uid() == uid; });
}

bool ended(const core::Pod& pod) { return pod.status().phase() == "Succeeded" || pod.status().phase() == "Failed"; }

/// One kind of what the API server serves, parsed.
template <class T>
std::map<Key, T> all_of(const Observed& observed, KindId kind) {
  std::map<Key, T> all;
  for (const auto& [key, object] : observed.served) {
    if (key.kind == kind) all.emplace(key, object->template as<T>());
  }
  return all;
}

int64_t revision_of(const apps::ReplicaSet& set) {
  auto found = set.metadata().annotations().find(kRevision);
  return found == set.metadata().annotations().end() ? 0 : std::strtoll(found->second.c_str(), nullptr, 10);
}

Lines wrong_pods_of(const apps::Deployment& deployment, const std::map<Key, apps::ReplicaSet>& sets,
                    const std::map<Key, core::Pod>& pods, const std::map<std::string, int>& crashes, bool restored) {
  Lines wrong;
  const std::string who = deployment.metadata().name();
  const apps::ReplicaSet* newest = nullptr;
  for (const auto& [key, set] : sets) {
    if (owned_by(set, deployment.metadata().uid()) && (!newest || revision_of(set) > revision_of(*newest)))
      newest = &set;
  }
  if (!newest) return {who + " has no ReplicaSet"};
  const auto& image = deployment.spec().template_().spec().containers(0).image();
  if (newest->spec().template_().spec().containers(0).image() != image) {
    wrong.push_back(who + "'s newest ReplicaSet " + newest->metadata().name() + " has another image");
  }
  int right = 0;
  for (const auto& [key, pod] : pods) {
    auto label = pod.metadata().labels().find("app");
    if (label == pod.metadata().labels().end() || label->second != who) continue;
    // Its node was ending it when the store was put back: it ends, and its ReplicaSet has made another.
    if (restored && ended(pod)) continue;
    if (!owned_by(pod, newest->metadata().uid())) {
      wrong.push_back(key.name + " is not of " + newest->metadata().name());
      continue;
    }
    ++right;
    auto crashed = crashes.find(key.ns + "/" + key.name);
    if (auto why = wrong_with_running(pod, crashed == crashes.end() ? 0 : crashed->second); !why.empty()) {
      wrong.push_back(key.name + " " + why);
    }
    if (pod.metadata().has_deletiontimestamp()) wrong.push_back(key.name + " is being deleted");
  }
  if (right != deployment.spec().replicas()) {
    wrong.push_back(who + " has " + std::to_string(right) + " pods, wants " +
                    std::to_string(deployment.spec().replicas()));
  }
  const auto& status = deployment.status();
  const int replicas = deployment.spec().replicas();
  if (status.observedgeneration() != deployment.metadata().generation() || status.replicas() != replicas ||
      status.updatedreplicas() != replicas || status.readyreplicas() != replicas ||
      status.availablereplicas() != replicas || status.unavailablereplicas() != 0) {
    wrong.push_back(who + "'s status is not that of " + std::to_string(replicas) +
                    " ready replicas: observed generation " + std::to_string(status.observedgeneration()) + " of " +
                    std::to_string(deployment.metadata().generation()) + ", " + std::to_string(status.replicas()) +
                    " replicas, " + std::to_string(status.updatedreplicas()) + " updated, " +
                    std::to_string(status.readyreplicas()) + " ready, " + std::to_string(status.availablereplicas()) +
                    " available, " + std::to_string(status.unavailablereplicas()) + " unavailable");
  }
  return wrong;
}

/// Every Deployment has its pods, and there is no pod that nobody wants.
Lines wrong_pods(const Observed& observed, const Workload& workload, bool restored) {
  const auto deployments = all_of<apps::Deployment>(observed, kinds::kDeployment);
  const auto sets = all_of<apps::ReplicaSet>(observed, kinds::kReplicaSet);
  const auto pods = all_of<core::Pod>(observed, kinds::kPod);
  Lines wrong;
  std::set<std::string> apps;
  for (const auto& [key, deployment] : deployments) {
    apps.insert(key.name);
    for (auto& line : wrong_pods_of(deployment, sets, pods, observed.container_crashes, restored))
      wrong.push_back(std::move(line));
  }
  for (const auto& [key, set] : sets) {
    const bool has_owner = std::ranges::any_of(
        deployments, [&set = set](const auto& entry) { return owned_by(set, entry.second.metadata().uid()); });
    if (!has_owner) wrong.push_back("ReplicaSet " + key.name + " has lost its Deployment and is still there");
  }
  for (const auto& [key, pod] : pods) {
    auto found = workload.wanted().find(key);
    if (found != workload.wanted().end()) {
      if (!found->second.exists) {
        wrong.push_back(key.name + " was deleted and is still there");
      } else if (auto why = wrong_with(found->second.shape, pod); !why.empty() && !(restored && ended(pod))) {
        wrong.push_back(key.name + " " + why);
      }
      continue;
    }
    auto label = pod.metadata().labels().find("app");
    if (label == pod.metadata().labels().end() || !apps.contains(label->second)) {
      wrong.push_back(key.name + " is wanted by nobody");
    }
  }
  return wrong;
}

/// The last acknowledged state of each object of the client's is what is served.
Lines lost_writes(const Observed& observed, const Workload& workload) {
  Lines lost = workload.breaches();
  for (const auto& [key, wanted] : workload.wanted()) {
    auto found = observed.served.find(key);
    const bool there = found != observed.served.end();
    if (there != wanted.exists) {
      lost.push_back(key.text() + (there ? " is there, though its deletion was acknowledged"
                                         : " is not there, though its creation was acknowledged"));
      continue;
    }
    if (!there) continue;
    if (found->second->uid() != wanted.uid) lost.push_back(key.text() + " is another object than was acknowledged");
    if (key.kind != kinds::kDeployment) continue;
    const auto deployment = found->second->as<apps::Deployment>();
    if (deployment.spec().replicas() != wanted.replicas) {
      lost.push_back(key.text() + " has spec.replicas " + std::to_string(deployment.spec().replicas()) +
                     ", acknowledged was " + std::to_string(wanted.replicas));
    }
    if (deployment.spec().template_().spec().containers(0).image() != wanted.image) {
      lost.push_back(key.text() + " has another image than was acknowledged");
    }
  }
  return lost;
}

/// Whether two looks at it may be compared: leases and heartbeats change in between, events age.
bool stands_still(const Key& key) {
  return key.kind != kinds::kLease && key.kind != kinds::kNode && key.kind != kinds::kEvent;
}

/// `shown` is to be what of the stored `concerns` it.
Lines shown_wrongly(const std::string& who, const std::map<Key, ObjectPtr>& shown, const History& history,
                    const std::function<bool(const ObjectPtr&)>& concerns) {
  Lines wrong;
  for (const auto& [key, object] : history.objects()) {
    if (!stands_still(key) || !concerns(object)) continue;
    auto found = shown.find(key);
    if (found == shown.end()) {
      wrong.push_back(who + ": " + key.text() + " is stored and not there");
    } else if (found->second->revision() != object->revision() || found->second->body() != object->body()) {
      wrong.push_back(who + ": " + key.text() + " is stored at revision " + std::to_string(object->revision()) +
                      " and there at " + std::to_string(found->second->revision()));
    }
  }
  for (const auto& [key, object] : shown) {
    if (stands_still(key) && !history.objects().contains(key)) {
      wrong.push_back(who + ": " + key.text() + " is there and not stored");
    }
  }
  return wrong;
}

Lines served_wrongly(const Observed& observed, const History& history) {
  return shown_wrongly("API server", observed.served, history, [](const ObjectPtr&) { return true; });
}

/// Every host's views hold what they are to hold: a control-plane host's everything, a worker's the pods of its
/// nodes.
Lines wrong_views(const Observed& observed, const History& history) {
  Lines wrong;
  for (const auto& [host, view] : observed.views) {
    auto concerns = [&host = host, &observed](const ObjectPtr& object) {
      if (observed.masters.contains(host)) return true;
      return object->kind() == kinds::kPod && object->as<core::Pod>().spec().nodename().starts_with(host + "-node-");
    };
    for (auto& line : shown_wrongly(host, view, history, concerns)) wrong.push_back(std::move(line));
  }
  return wrong;
}

Lines wrong_nodes(const Observed& observed, const std::vector<std::string>& names) {
  const auto nodes = all_of<core::Node>(observed, kinds::kNode);
  Lines wrong;
  for (const std::string& name : names) {
    auto found = nodes.find({kinds::kNode, "", name});
    if (found == nodes.end()) {
      wrong.push_back(name + " is not registered");
      continue;
    }
    const core::Node& node = found->second;
    const bool ready = std::ranges::any_of(node.status().conditions(), [](const auto& condition) {
      return condition.type() == "Ready" && condition.status() == "True";
    });
    if (!ready) wrong.push_back(name + " is not ready");
    for (const auto& taint : node.spec().taints()) wrong.push_back(name + " is still tainted " + taint.key());
    if (node.spec().podcidr().empty()) wrong.push_back(name + " has no podCIDR");
  }
  if (nodes.size() != names.size()) wrong.push_back("there are " + std::to_string(nodes.size()) + " nodes");
  return wrong;
}

/// What one control-plane host has below its elector, by the elector's name within its host.
constexpr const char* kLed[] = {"membership", "scheduler", "controllers"};

/// The specification without what only a leader has, where the host does not lead. Counts who does.
SpecifiedTree without_followers(SpecifiedTree specified, const bus::ActorInfo& tree,
                                std::map<std::string, int>* leaders) {
  for (const auto& actor : tree.children()) {
    for (const char* led : kLed) {
      if (actor.name() != tree.name() + "/" + led) continue;
      const bool leads = actor.health().starts_with("leads ");
      (*leaders)[led] += leads;
      if (!leads) std::erase_if(specified.actors, [&](auto& name) { return name.starts_with(actor.name() + "/"); });
    }
  }
  return specified;
}

/// Every host's tree is what its specification and the pods of its nodes make it.
Lines wrong_tree(const Observed& observed) {
  std::map<std::string, NodePods> pods;
  for (const auto& [key, pod] : all_of<core::Pod>(observed, kinds::kPod)) {
    if (pod.spec().nodename().empty()) continue;
    NodePods& of_node = pods[pod.spec().nodename()];
    (ended(pod) ? of_node.ended : of_node.live).insert(key.ns + "/" + key.name);
  }
  Lines wrong;
  std::map<std::string, int> leaders;
  for (const auto& [host, specified] : observed.specified) {
    auto found = observed.trees.find(host);
    if (found == observed.trees.end()) {
      wrong.push_back(host + " does not answer");
      continue;
    }
    const SpecifiedTree now = without_followers(specified, found->second, &leaders);
    for (auto& line : wrong_in_tree(now, found->second, pods)) wrong.push_back(std::move(line));
  }
  for (const char* led : kLed) {
    if (leaders[led] != 1) wrong.push_back(std::to_string(leaders[led]) + " hosts lead " + led);
  }
  return wrong;
}

}  // namespace

std::string_view text(Verdict verdict) {
  switch (verdict) {
    case Verdict::passed:
      return "passed";
    case Verdict::failed:
      return "failed";
    case Verdict::ran_out_of_time:
      return "ran out of time";
  }
  return "";
}

void observe(SimCluster& cluster, Observed* observed) {
  auto waiting = std::make_shared<int>(0);
  auto seen = std::make_shared<Observed>();
  for (const Kind& kind : all_kinds()) {
    bus::ListObjects request;
    request.mutable_selection()->set_kind(kind.id);
    ++*waiting;
    cluster.ask(cluster.serving(), runtime::role(runtime::roles::kApiServer),
                runtime::make_message(std::move(request)), kAskTimeout,
                [waiting, seen](Result<runtime::MessagePtr> answer) {
                  --*waiting;
                  if (!answer) return;
                  for (const ObjectPtr& object : (*answer)->objects) seen->served[object->key()] = object;
                });
  }
  auto ask_view = [&](const std::string& host, bus::ListObjects request) {
    ++*waiting;
    cluster.ask(host, runtime::views_of(host), runtime::make_message(std::move(request)), kAskTimeout,
                [waiting, seen, host](Result<runtime::MessagePtr> answer) {
                  --*waiting;
                  if (!answer) return;
                  for (const ObjectPtr& object : (*answer)->objects) seen->views[host][object->key()] = object;
                });
  };
  for (const std::string& host : cluster.hosts()) {
    seen->views[host];
    seen->specified[host] = specified_tree(host, cluster.specification(host));
    bus::ListObjects request;
    if (cluster.is_master(host)) {
      seen->masters.insert(host);
      for (const Kind& kind : all_kinds()) {
        request.mutable_selection()->set_kind(kind.id);
        ask_view(host, request);
      }
    } else {
      request.mutable_selection()->set_kind(kinds::kPod);
      auto* field = request.mutable_selection()->add_fields();
      field->set_field("spec.nodeName");
      for (int i = 1; i <= cluster.options().nodes; ++i) {
        field->add_values(actors::node_name(host, static_cast<size_t>(i)));
      }
      ask_view(host, request);
    }
    ++*waiting;
    cluster.ask(host, {host}, runtime::make_message(bus::Inspect()), kAskTimeout,
                [waiting, seen, host](Result<runtime::MessagePtr> answer) {
                  --*waiting;
                  const auto* reply = answer ? (*answer)->as<bus::InspectReply>() : nullptr;
                  if (reply) seen->trees[host] = reply->actor();
                });
  }
  cluster.run_until([&] { return *waiting == 0; }, 3 * kAskTimeout, std::chrono::milliseconds(10));
  observed->served = std::move(seen->served);
  observed->views = std::move(seen->views);
  observed->trees = std::move(seen->trees);
  observed->specified = std::move(seen->specified);
  observed->masters = std::move(seen->masters);
}

std::vector<Check> judge(const Observed& observed, const History& history, const Workload& workload,
                         const std::vector<std::string>& nodes) {
  std::vector<Check> checks;
  auto in_the_end = [&](std::string name, const Lines& wrong) {
    Verdict verdict = wrong.empty() ? Verdict::passed : observed.settled ? Verdict::failed : Verdict::ran_out_of_time;
    checks.push_back({std::move(name), verdict, joined(wrong)});
  };
  auto always = [&](const std::string& name) {
    const Lines& breaches = history.breaches(name);
    checks.push_back({name, breaches.empty() ? Verdict::passed : Verdict::failed, joined(breaches)});
  };
  in_the_end("settles", observed.settled ? Lines{} : Lines{observed.why_not_settled});
  in_the_end("right-pods", wrong_pods(observed, workload, history.restores() > 0));
  in_the_end("acknowledged-writes", lost_writes(observed, workload));
  if (!workload.breaches().empty()) checks.back().verdict = Verdict::failed;
  in_the_end("served-is-stored", served_wrongly(observed, history));
  in_the_end("views-agree", wrong_views(observed, history));
  in_the_end("nodes-ready", wrong_nodes(observed, nodes));
  in_the_end("supervision-tree", wrong_tree(observed));
  for (const char* promise : {"bound-once", "nodes-not-overfull", "addresses-unique", "phases-final", "uids-unique",
                              "revisions-increase", "store-recovers", "restores", "one-leader-a-term"}) {
    always(promise);
  }
  return checks;
}

}  // namespace kabuki::tools
