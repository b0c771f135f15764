#pragma once

#include <set>

#include "tools/sim/workload.hpp"
#include "tools/sim/workload_objects.hpp"
#include "tools/sim/workloads/writes.hpp"

namespace kabuki::tools {

/// Works on a few objects of one kind, made by what is said of the kind: what a new one is, how one that is there is
/// changed, and what of it is wrong in the end.
template <class M>
class OneKind : public Workload {
 public:
  /// A judgement for each of them that is there.
  Lines wrong(const Observed& observed) const override {
    Lines wrong;
    for (const Key& key : client().keys()) {
      if (const ObjectPtr object = observed.find(key)) judge(object->as<M>(), observed, &wrong);
    }
    return wrong;
  }

 protected:
  OneKind(SimCluster& cluster, const WorkloadOptions& options, const std::string& stream)
      : Workload(cluster, options, stream) {}
  /// Objects to work on: `prefix`1 to `prefix``count`.
  void add(KindId kind, const std::string& prefix, size_t count, Client::Look look) {
    for (size_t i = 1; i <= count; ++i) client().add({kind, kSimNamespace, prefix + std::to_string(i)}, look);
  }

  virtual M made(const Key& key) = 0;
  virtual void change(const Key& key) = 0;
  virtual void judge(const M& object, const Observed& observed, Lines* wrong) const = 0;
  /// Whether it may go by itself.
  virtual bool vanishes(const M& object) const { return false; }
  /// Whether it can come to rest as it is; else asks for what is missing.
  virtual bool rests(const Key& key, const M& object) { return true; }

  void act() override {
    const Key* key = any_key();
    if (!key) return;
    client().exists(*key) ? change(*key) : create(*key);
  }

  bool rest() override {
    for (const Key& key : orphaned_) {
      if (client().exists(key)) continue;
      create(key);
      return false;
    }
    for (const Key& key : client().keys()) {
      if (client().exists(key) && !rests(key, client().template as<M>(key))) return false;
    }
    return true;
  }

  /// What "Orphan" leaves without an owner is for the next one of that name to adopt: there will be one.
  void remove(const Key& key, const std::string& propagation = {}) {
    if (propagation == "Orphan") orphaned_.insert(key);
    client().remove(key, propagation);
  }
  void scale_up_to(int most, const Key& key) {
    scale<M>(key, static_cast<int>(random().between(0, most)), &client());
  }
  std::string new_image() { return image_name(images_++); }
  /// Now and then one from before.
  std::string some_image() { return random().chance(0.3) && images_ > 2 ? image_name(images_ - 2) : new_image(); }

 private:
  void create(const Key& key) {
    const M object = made(key);
    client().create(key, object, vanishes(object));
  }

  std::set<Key> orphaned_;  // ever
  int images_ = 1;
};

}  // namespace kabuki::tools
