#include "tools/sim/workload.hpp"

#include <algorithm>
#include <utility>

namespace kabuki::tools {
namespace {

using ::k8s::io::api::apps::v1::Deployment;
using ::k8s::io::api::core::v1::Pod;

constexpr std::chrono::seconds kWriteTimeout{15};
constexpr std::chrono::seconds kReadTimeout{5};
constexpr std::chrono::seconds kReadPause{1};
/// After this a write whose answer never came has happened or never will.
constexpr std::chrono::seconds kUnknownPause{5};
constexpr double kVerified = 0.4;  // of the acknowledged writes, by a read

/// So much that nodes fill up, and so little that everything fits.
int64_t pod_cpu_milli(size_t nodes, const WorkloadOptions& options) {
  constexpr int64_t kMost = 1500;
  const int64_t pods = std::max<int64_t>(1, int64_t{options.deployments} * options.replicas_max);
  return std::min(kMost, static_cast<int64_t>(nodes) * kSimNodeCpuMilli * 6 / 10 / pods);
}

std::string image_name(int number) { return "registry.example/app:v" + std::to_string(number); }

}  // namespace

Workload::Workload(SimCluster& cluster, WorkloadOptions options)
    : cluster_(cluster),
      options_(options),
      random_(cluster.world().random("workload")),
      cpu_milli_(pod_cpu_milli(cluster.node_names().size(), options)) {
  for (int i = 1; i <= options_.deployments; ++i) {
    keys_.push_back({kinds::kDeployment, kSimNamespace, "web-" + std::to_string(i)});
  }
  for (int i = 1; i <= options_.pods; ++i) {
    keys_.push_back({kinds::kPod, kSimNamespace, "single-" + std::to_string(i)});
  }
  for (const Key& key : keys_) wanted_[key];
}

void Workload::start() {
  end_ = cluster_.now() + options_.duration;
  next();
}

bool Workload::done() const {
  return ended_ && std::ranges::all_of(busy_, [](const auto& entry) { return entry.second == 0; });
}

void Workload::restored(const std::map<Key, ObjectPtr>& objects) {
  ++restores_;
  busy_.clear();
  for (const Key& key : keys_) {
    Wanted& wanted = wanted_[key] = {};
    const auto found = objects.find(key);
    if (found == objects.end()) continue;
    const std::string uid(found->second->uid());
    if (key.kind == kinds::kDeployment) {
      const auto deployment = found->second->as<Deployment>();
      wanted = {.exists = true,
                .uid = uid,
                .replicas = deployment.spec().replicas(),
                .image = deployment.spec().template_().spec().containers(0).image()};
    } else if (!found->second->as<Pod>().metadata().has_deletiontimestamp()) {
      const auto shape = shapes_.find(uid);
      wanted = {.exists = true, .uid = uid, .shape = shape != shapes_.end() ? shape->second : attempted_shapes_[key]};
    }
  }
}

void Workload::now_wanted(const Key& key, Wanted wanted) {
  if (key.kind == kinds::kPod && wanted.exists) shapes_[wanted.uid] = wanted.shape;
  wanted_[key] = std::move(wanted);
}

void Workload::next() {
  const auto pause =
      io::Duration(static_cast<int64_t>(random_.exponential(static_cast<double>(options_.pause_mean.count()))));
  if (cluster_.now() + pause >= end_) {
    ended_ = true;
    return;
  }
  cluster_.at(pause, [this] {
    act();
    next();
  });
}

void Workload::act() {
  const Key& key = keys_[random_.below(keys_.size())];
  if (busy_[key] != 0) return;
  if (key.kind == kinds::kDeployment) return change_deployment(key);
  change_pod(key);
}

void Workload::change_deployment(const Key& key) {
  if (!wanted_[key].exists) {
    Wanted after{.exists = true, .replicas = static_cast<int>(random_.between(1, options_.replicas_max))};
    after.image = image_name(images_++);
    return create(key, after, sim_deployment(key.name, after.replicas, after.image, cpu_milli_));
  }
  const uint64_t draw = random_.below(10);
  if (draw < 5) return scale(key);
  if (draw < 8) return set_image(key);
  remove(key);
}

void Workload::change_pod(const Key& key) {
  if (wanted_[key].exists) {
    if (random_.chance(0.3)) remove(key);
    return;
  }
  Wanted after{.exists = true, .shape = static_cast<PodShape>(random_.below(kPodShapes))};
  create(key, after, sim_pod(key.name, after.shape));
}

void Workload::create(const Key& key, Wanted after, const google::protobuf::Message& message) {
  attempted_shapes_[key] = after.shape;
  write(key, actors::Write::create(key.kind, message), std::move(after), "create");
}

void Workload::remove(const Key& key) {
  actors::Write write;
  write.verb = bus::WriteObjects::DELETE;
  write.key = key;
  write.expected_uid = wanted_[key].uid;
  this->write(key, std::move(write), Wanted{}, "delete");
}

void Workload::scale(const Key& key) {
  Wanted after = wanted_[key];
  after.replicas = static_cast<int>(random_.between(0, options_.replicas_max));
  const std::string patch = "{\"spec\":{\"replicas\":" + std::to_string(after.replicas) + "}}";
  write(key, actors::Write::merge_patch(key, wanted_[key].uid, patch), after, "scale");
}

void Workload::set_image(const Key& key) {
  const std::string image = image_name(images_++);
  if (random_.chance(0.5)) return update_image(key, image);
  Wanted after = wanted_[key];
  after.image = image;
  const std::string patch =
      R"({"spec":{"template":{"spec":{"containers":[{"name":"app","image":")" + image + R"("}]}}}})";
  write(key, actors::Write::merge_patch(key, wanted_[key].uid, patch), after, "patch the image of");
}

/// As `kubectl edit` does: reads, and replaces what it read.
void Workload::update_image(const Key& key, const std::string& image) {
  read(key, [this, key, image](const ObjectPtr& object) {
    if (!object) return breach(key.text() + " was acknowledged and is not there");
    auto deployment = object->as<Deployment>();
    deployment.mutable_spec()->mutable_template_()->mutable_spec()->mutable_containers(0)->set_image(image);
    Wanted after = wanted_[key];
    after.image = image;
    write(key, actors::Write::update(*object, deployment), after, "update the image of");
  });
}

void Workload::write(const Key& key, actors::Write write, Wanted after, std::string what) {
  ++busy_[key];
  Attempt attempt{wanted_[key], std::move(after), what + " " + key.text()};
  cluster_.ask(cluster_.serving(), runtime::role(runtime::roles::kApiServer),
               actors::write_message(std::span(&write, 1), "sim-client"), kWriteTimeout,
               [this, key, attempt, restores = restores_](Result<runtime::MessagePtr> answer) {
                 if (restores != restores_) return;
                 written(key, attempt, actors::read_outcomes(answer, 1).front());
               });
}

void Workload::written(const Key& key, const Attempt& attempt, const actors::WriteOutcome& outcome) {
  if (outcome.unknown) {
    ++counts_.unknown;
    cluster_.at(kUnknownPause, [this, key, attempt, restores = restores_] {
      if (restores != restores_) return;
      --busy_[key];
      resolve(key, attempt);
    });
    return;
  }
  --busy_[key];
  if (outcome.error) {
    ++counts_.refused;
    return;
  }
  ++counts_.acknowledged;
  Wanted after = attempt.after;
  if (after.exists && after.uid.empty()) {
    if (!outcome.object) return resolve(key, attempt);
    after.uid = std::string(outcome.object->uid());
  }
  now_wanted(key, after);
  if (random_.chance(kVerified)) verify(key);
}

void Workload::read(const Key& key, std::function<void(const ObjectPtr&)> then) {
  ++busy_[key];
  bus::GetObjects request;
  auto* wire = request.add_keys();
  wire->set_kind(key.kind);
  wire->set_namespace_(key.ns);
  wire->set_name(key.name);
  cluster_.ask(cluster_.serving(), runtime::role(runtime::roles::kApiServer),
               runtime::make_message(std::move(request)), kReadTimeout,
               [this, key, then = std::move(then), restores = restores_](Result<runtime::MessagePtr> answer) {
                 if (restores != restores_) return;
                 const auto* reply = answer ? (*answer)->as<bus::GetObjectsReply>() : nullptr;
                 if (!reply || reply->items_size() != 1) {
                   cluster_.at(kReadPause, [this, key, then, restores] {
                     if (restores != restores_) return;
                     --busy_[key];
                     read(key, then);
                   });
                   return;
                 }
                 ++counts_.reads;
                 --busy_[key];
                 const auto& item = reply->items(0);
                 then(item.found() ? (*answer)->objects.at(item.object()) : ObjectPtr());
               });
}

bool Workload::shows(const Wanted& wanted, const Key& key, const ObjectPtr& object) {
  if (key.kind == kinds::kPod) {
    // A deleted pod stays for its grace.
    const bool there = object && !object->as<Pod>().metadata().has_deletiontimestamp();
    return there == wanted.exists && (!there || wanted.uid.empty() || object->uid() == wanted.uid);
  }
  if (static_cast<bool>(object) != wanted.exists) return false;
  if (!object) return true;
  const auto deployment = object->as<Deployment>();
  return deployment.spec().replicas() == wanted.replicas &&
         deployment.spec().template_().spec().containers(0).image() == wanted.image &&
         (wanted.uid.empty() || object->uid() == wanted.uid);
}

void Workload::resolve(const Key& key, const Attempt& attempt) {
  read(key, [this, key, attempt](const ObjectPtr& object) {
    const bool happened = shows(attempt.after, key, object);
    if (!happened && !shows(attempt.before, key, object)) {
      breach("after \"" + attempt.what + "\" of unknown outcome, " + key.text() +
             " is neither as before nor as after");
    }
    Wanted now = happened ? attempt.after : attempt.before;
    if (now.exists && object) now.uid = std::string(object->uid());
    now_wanted(key, now);
  });
}

void Workload::verify(const Key& key) {
  const Wanted expected = wanted_[key];
  read(key, [this, key, expected](const ObjectPtr& object) {
    if (shows(expected, key, object)) return;
    breach(key.text() +
           (object ? " is at revision " + std::to_string(object->revision()) + " and not" : " is not there") +
           (expected.exists ? " as it was acknowledged" : ": it was deleted"));
  });
}

void Workload::breach(const std::string& what) {
  char when[32];
  std::snprintf(when, sizeof when, "%.3f s: ", static_cast<double>(cluster_.now().ns) * 1e-9);
  breaches_.push_back(when + what);
}

}  // namespace kabuki::tools
