#include "tools/sim/history.hpp"

#include <gtest/gtest.h>

#include "messages/api/core/v1/pod.pb.h"
#include "runtime/io/clock.hpp"

namespace kabuki::tools {
namespace {

using ::k8s::io::api::core::v1::Pod;

struct StoppedClock final : io::Clock {
  io::WallTime wall() const override { return {}; }
  io::MonoTime mono() const override { return {2'000'000'000}; }
};

/// What a history says of changes that must not happen.
struct HistoryTest : ::testing::Test {
  StoppedClock clock;
  History history{clock};
  uint64_t revision = 1;

  static Pod pod(const std::string& name, const std::string& uid, const std::string& node = "") {
    Pod out;
    out.mutable_metadata()->set_name(name);
    out.mutable_metadata()->set_namespace_("default");
    out.mutable_metadata()->set_uid(uid);
    out.mutable_spec()->set_nodename(node);
    return out;
  }
  void put(const Pod& pod) {
    ++revision;
    history.fed("pods", revision, {{store::Change::Type::put, Object::encode(kinds::kPod, pod, revision), nullptr}});
  }
  void remove(const Pod& pod) {
    ++revision;
    history.fed("pods", revision,
                {{store::Change::Type::deleted, Object::encode(kinds::kPod, pod, revision), nullptr}});
  }
  using Lines = std::vector<std::string>;
};

TEST_F(HistoryTest, ABoundPodMustNotMove) {
  put(pod("web", "u1", "node-1"));
  EXPECT_EQ(history.breaches("bound-once"), Lines{});
  put(pod("web", "u1", "node-2"));
  EXPECT_EQ(history.breaches("bound-once"), Lines{"2.000 s: pods/default/web moved from node-1 to \"node-2\""});
}

TEST_F(HistoryTest, AUidMustNotComeBack) {
  put(pod("web", "u1"));
  remove(pod("web", "u1"));
  put(pod("web", "u1"));
  EXPECT_EQ(history.breaches("uids-unique"),
            Lines{"2.000 s: uid u1 of pods/default/web was that of pods/default/web"});
}

TEST_F(HistoryTest, RevisionsMustIncrease) {
  put(pod("web", "u1"));
  revision -= 1;
  put(pod("web", "u1"));
  EXPECT_EQ(history.breaches("revisions-increase"),
            Lines{"2.000 s: pods/default/web changed at revision 2 when shard pods was at 2"});
}

TEST_F(HistoryTest, TwoLivePodsMustNotShareAnAddress) {
  Pod one = pod("one", "u1", "node-1"), two = pod("two", "u2", "node-1");
  one.mutable_status()->set_podip("10.0.0.2");
  two.mutable_status()->set_podip("10.0.0.2");
  put(one);
  remove(one);
  put(two);
  EXPECT_EQ(history.breaches("addresses-unique"), Lines{});
  one.mutable_metadata()->set_uid("u3");
  put(one);
  EXPECT_EQ(history.breaches("addresses-unique"),
            Lines{"2.000 s: pods/default/one has 10.0.0.2 while pods/default/two has it"});
}

TEST_F(HistoryTest, AnEndIsFinal) {
  Pod done = pod("job", "u1", "node-1");
  done.mutable_status()->set_phase("Succeeded");
  put(done);
  done.mutable_status()->set_phase("Running");
  put(done);
  EXPECT_EQ(history.breaches("phases-final"), Lines{"2.000 s: pods/default/job went from Succeeded to \"Running\""});
}

TEST_F(HistoryTest, WhatWasDurableMustComeBack) {
  put(pod("web", "u1"));
  history.loaded("pods", {}, revision);
  EXPECT_EQ(history.breaches("store-recovers"),
            Lines{"2.000 s: pods/default/web was durable and is gone from shard pods"});
  history.loaded("pods", {}, revision - 1);
  EXPECT_EQ(history.breaches("revisions-increase"), Lines{"2.000 s: shard pods came back at revision 1 after 2"});
}

}  // namespace
}  // namespace kabuki::tools
