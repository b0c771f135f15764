#pragma once

#include <gtest/gtest.h>

#include "messages/api/core/v1/pod.pb.h"
#include "tools/sim/invariants/all.hpp"

namespace kabuki::tools {

namespace core = ::k8s::io::api::core::v1;
using Lines = std::vector<std::string>;

/// What each invariant says of changes that must not happen.
struct InvariantTest : ::testing::Test {
  std::map<Key, ObjectPtr> objects;
  io::MonoTime now{1'000'000'000'000};
  uint64_t revision = 1;
  Lines breaches;
  bool restoring = false;

  template <class M>
  static M named(const std::string& name, const std::string& uid = "") {
    M out;
    out.mutable_metadata()->set_name(name);
    out.mutable_metadata()->set_namespace_("default");
    out.mutable_metadata()->set_uid(uid.empty() ? "uid-" + name : uid);
    return out;
  }
  template <class M>
  static M owned(const std::string& name, const std::string& owner_kind, const std::string& owner,
                 const std::string& uid = "") {
    M out = named<M>(name, uid);
    auto* reference = out.mutable_metadata()->add_ownerreferences();
    reference->set_kind(owner_kind);
    reference->set_name(owner);
    reference->set_uid("uid-" + owner);
    reference->set_controller(true);
    return out;
  }
  static void make_ready(core::Pod* pod, bool ready) {
    pod->mutable_status()->clear_conditions();
    auto* condition = pod->mutable_status()->add_conditions();
    condition->set_type("Ready");
    condition->set_status(ready ? "True" : "False");
  }

  void put(Invariant& invariant, KindId kind, const google::protobuf::Message& message) {
    const ObjectPtr object = Object::encode(kind, message, ++revision);
    const ObjectPtr before = std::exchange(objects[object->key()], object);
    tell(invariant, before, object);
  }
  void remove(Invariant& invariant, KindId kind, const std::string& name) {
    auto node = objects.extract(Key{kind, "default", name});
    tell(invariant, node.mapped(), nullptr);
  }
  void tell(Invariant& invariant, const ObjectPtr& before, const ObjectPtr& after) {
    invariant.changed({before, after, objects, now, restoring},
                      [this](std::string what) { breaches.push_back(what); });
  }
};

}  // namespace kabuki::tools
