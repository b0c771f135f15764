#include "tools/sim/history.hpp"

#include <utility>

#include "actors/leader_election/elector_actor.hpp"
#include "messages/api/core/v1/node.pb.h"
#include "messages/api/core/v1/pod.pb.h"
#include "messages/encode.hpp"

namespace kabuki::tools {
namespace {

namespace core = ::k8s::io::api::core::v1;

constexpr size_t kBreachesKept = 20;
constexpr std::string_view kFinalPhases[] = {"Succeeded", "Failed"};

class Tap final : public store::Engine {
 public:
  Tap(History& history, std::string shard, std::unique_ptr<store::Engine> engine)
      : history_(history), shard_(std::move(shard)), engine_(std::move(engine)) {}

  Result<uint64_t> load(const std::function<void(ObjectPtr)>& sink) override {
    std::vector<ObjectPtr> objects;
    auto revision = engine_->load([&](ObjectPtr object) {
      objects.push_back(object);
      sink(std::move(object));
    });
    if (revision) history_.loaded(shard_, objects, *revision);
    return revision;
  }
  void start(Feed feed, Failed failed) override {
    engine_->start(
        [this, feed = std::move(feed)](uint64_t revision, std::vector<store::Change> changes) {
          history_.fed(shard_, revision, changes);
          feed(revision, std::move(changes));
        },
        std::move(failed));
  }
  void submit(std::vector<store::Mutation> batch, Done done) override {
    engine_->submit(std::move(batch), std::move(done));
  }
  void barrier(std::function<void(Result<uint64_t>)> done) override { engine_->barrier(std::move(done)); }
  void stop() override { engine_->stop(); }

 private:
  History& history_;
  const std::string shard_;
  const std::unique_ptr<store::Engine> engine_;
};

bool is_final(std::string_view phase) { return phase == kFinalPhases[0] || phase == kFinalPhases[1]; }

std::string without_heartbeats(const Object& object) {
  auto node = object.as<core::Node>();
  node.mutable_metadata()->clear_resourceversion();
  for (auto& condition : *node.mutable_status()->mutable_conditions()) condition.clear_lastheartbeattime();
  return serialize(node);
}

/// Leases, heartbeats and the ageing of events go on for ever.
bool is_background(const Key& key, const ObjectPtr& before, const ObjectPtr& after) {
  if (key.kind == kinds::kLease) return true;
  if (key.kind == kinds::kEvent) return !after;
  if (key.kind == kinds::kNode && before && after) return without_heartbeats(*before) == without_heartbeats(*after);
  return false;
}

uint64_t mixed(uint64_t hash, std::string_view text) {
  for (const char c : text) hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3ULL;
  return (hash ^ 0xff) * 0x100000001b3ULL;
}

}  // namespace

std::unique_ptr<store::Engine> History::tap(const std::string& shard, std::unique_ptr<store::Engine> engine) {
  return std::make_unique<Tap>(*this, shard, std::move(engine));
}

void History::restored() {
  ++restores_;
  objects_.clear();
  leaders_.clear();
  uids_.clear();
  pods_.clear();
  ips_.clear();
  for (auto& invariant : invariants_) invariant->forget();
  for (auto& [name, shard] : shards_) {
    shard.objects.clear();
    to_come_back_.insert(name);
  }
}

void History::loaded(const std::string& name, const std::vector<ObjectPtr>& objects, uint64_t revision) {
  Shard& shard = shards_[name];
  if (revision < shard.revision) {
    breach("revisions-increase", "shard " + name + " came back at revision " + std::to_string(revision) + " after " +
                                     std::to_string(shard.revision));
  }
  restoring_ = to_come_back_.erase(name) != 0;
  if (restoring_) {
    for (const ObjectPtr& object : objects) {
      if (object->revision() > shard.revision) continue;
      breach("revisions-increase", object->key().text() + " was restored at revision " +
                                       std::to_string(object->revision()) + " when shard " + name + " had been at " +
                                       std::to_string(shard.revision));
    }
  }
  std::map<Key, ObjectPtr> found;
  for (const ObjectPtr& object : objects) found.emplace(object->key(), object);
  const uint64_t seen = shard.revision;
  for (const auto& [key, object] : std::map<Key, ObjectPtr>(shard.objects)) {
    auto it = found.find(key);
    if (it == found.end()) {
      // What was never fed may have been deleted durably all the same, just before the crash.
      if (revision <= seen) breach("store-recovers", key.text() + " was durable and is gone from shard " + name);
      remove(name, key, revision);
    } else if (it->second->revision() < object->revision()) {
      breach("store-recovers", key.text() + " went back from revision " + std::to_string(object->revision()) +
                                   " to " + std::to_string(it->second->revision()));
    }
  }
  for (const auto& [key, object] : found) {
    auto known = shard.objects.find(key);
    if (known != shard.objects.end() && known->second->revision() == object->revision()) continue;
    if (known == shard.objects.end() && object->revision() <= seen) {
      breach("store-recovers", key.text() + " was deleted durably and is back");
    }
    put(name, object);
  }
  shard.revision = std::max(shard.revision, revision);
  restoring_ = false;
}

void History::fed(const std::string& name, uint64_t revision, const std::vector<store::Change>& changes) {
  Shard& shard = shards_[name];
  // What one transaction of etcd changes has one revision.
  const uint64_t before = shard.revision;
  for (const store::Change& change : changes) {
    ++changes_;
    const uint64_t at = change.object->revision();
    if (at <= before || at < shard.revision) {
      breach("revisions-increase", change.object->key().text() + " changed at revision " + std::to_string(at) +
                                       " when shard " + name + " was at " + std::to_string(shard.revision));
    }
    shard.revision = std::max(shard.revision, at);
    if (change.type == store::Change::Type::put) {
      put(name, change.object);
    } else {
      remove(name, change.object->key(), at);
    }
  }
  shard.revision = std::max(shard.revision, revision);
}

void History::note_change(const Key& key) {
  last_change_ = clock_.mono();
  last_changed_ = key.text();
  if (changed_) changed_(last_changed_);
}

void History::put(const std::string& shard, const ObjectPtr& object) {
  const Key key = object->key();
  ObjectPtr& slot = objects_[key];
  if (!is_background(key, slot, object)) note_change(key);
  const std::string uid(object->uid());
  if (uid.empty()) {
    breach("uids-unique", key.text() + " has no uid");
  } else if (slot && slot->uid() != uid) {
    breach("uids-unique", key.text() + " became another object without being deleted");
  } else if (!slot && !uids_.emplace(uid, key).second) {
    breach("uids-unique", "uid " + uid + " of " + key.text() + " was that of " + uids_[uid].text());
  }
  const ObjectPtr before = std::exchange(slot, object);
  shards_[shard].objects[key] = object;
  if (key.kind == kinds::kPod) look_at_pod(object);
  if (key.kind == kinds::kLease && key.ns == leader_election::kLeaseNamespace) look_at_lease(object);
  look_at(before, object);
}

void History::remove(const std::string& shard, const Key& key, uint64_t) {
  auto found = objects_.find(key);
  if (found == objects_.end()) return;
  if (!is_background(key, found->second, nullptr)) note_change(key);
  const ObjectPtr before = found->second;
  if (key.kind == kinds::kPod) forget_pod(std::string(before->uid()));
  objects_.erase(found);
  shards_[shard].objects.erase(key);
  look_at(before, nullptr);
}

void History::look_at(const ObjectPtr& before, const ObjectPtr& after) {
  const Invariant::Seen seen{before, after, objects_, clock_.mono(), restoring_};
  if (every_) every_(seen);
  for (const auto& invariant : invariants_) {
    invariant->changed(seen, [&](std::string what) { breach(invariant->name(), std::move(what)); });
  }
}

void History::look_at_pod(const ObjectPtr& object) {
  const auto pod = object->as<core::Pod>();
  const std::string uid(object->uid());
  const std::string who = object->key().text();
  const auto& status = pod.status();
  PodFacts& facts = pods_[uid];
  if (restoring_) facts.was_restored = true;
  if (!facts.node.empty() && pod.spec().nodename() != facts.node) {
    breach("bound-once", who + " moved from " + facts.node + " to \"" + pod.spec().nodename() + "\"");
  }
  facts.node = pod.spec().nodename();
  if (is_final(facts.phase) && status.phase() != facts.phase) {
    breach("phases-final", who + " went from " + facts.phase + " to \"" + status.phase() + "\"");
  }
  facts.phase = status.phase();
  for (const auto* all : {&status.initcontainerstatuses(), &status.containerstatuses()}) {
    for (const auto& container : *all) {
      int32_t& before = facts.restarts[container.name()];
      if (container.restartcount() < before) {
        breach("phases-final", who + ": restartCount of " + container.name() + " fell from " +
                                   std::to_string(before) + " to " + std::to_string(container.restartcount()));
      }
      before = container.restartcount();
    }
  }
  if (!facts.ip.empty() && !status.podip().empty() && status.podip() != facts.ip &&
      !std::exchange(facts.was_restored, false)) {
    breach("addresses-unique", who + " changed its address from " + facts.ip + " to " + status.podip());
  }
  const std::string ip = is_final(status.phase()) ? "" : status.podip();
  if (auto held = ips_.find(facts.ip); held != ips_.end() && held->second == uid && ip != facts.ip) ips_.erase(held);
  facts.ip = ip;
  if (ip.empty()) return;
  auto [holder, free] = ips_.emplace(ip, uid);
  if (!free && holder->second != uid) {
    breach("addresses-unique", who + " has " + ip + " while " + uids_[holder->second].text() + " has it");
  }
}

void History::look_at_lease(const ObjectPtr& object) {
  const auto record = leader_election::record_of(object->as<::k8s::io::api::coordination::v1::Lease>());
  if (record.holder.empty()) return;
  auto [leader, first] = leaders_.emplace(std::pair(std::string(object->name()), record.term), record.holder);
  if (!first && leader->second != record.holder) {
    breach("one-leader-a-term", record.holder + " leads " + std::string(object->name()) + " under term " +
                                    std::to_string(record.term) + ", as " + leader->second + " has");
  }
}

void History::forget_pod(const std::string& uid) {
  auto found = pods_.find(uid);
  if (found == pods_.end()) return;
  auto holder = ips_.find(found->second.ip);
  if (holder != ips_.end() && holder->second == uid) ips_.erase(holder);
  pods_.erase(found);
}

uint64_t History::state_hash() const {
  uint64_t hash = 0xcbf29ce484222325ULL;
  for (const auto& [key, object] : objects_) {
    hash = mixed(mixed(hash, key.text()), std::to_string(object->revision()));
    hash = mixed(hash, object->body());
  }
  return hash;
}

const std::vector<std::string>& History::breaches(const std::string& promise) const {
  static const std::vector<std::string> none;
  auto found = breaches_.find(promise);
  return found == breaches_.end() ? none : found->second;
}

void History::breach(const std::string& promise, std::string what) {
  auto& all = breaches_[promise];
  if (all.size() == kBreachesKept) return;
  char when[32];
  std::snprintf(when, sizeof when, "%.3f s: ", static_cast<double>(clock_.mono().ns) * 1e-9);
  all.push_back(when + std::move(what));
}

}  // namespace kabuki::tools
