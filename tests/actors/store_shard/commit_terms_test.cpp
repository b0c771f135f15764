#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "actors/store_shard/commit_queue.hpp"
#include "messages/api/coordination/v1/lease.pb.h"
#include "tests/store/store_fixture.hpp"

namespace kabuki::store::test {
namespace {

using Lease = ::k8s::io::api::coordination::v1::Lease;

bus::Commit::Mutation* add(bus::Commit* commit, KindId kind, const std::string& ns, const std::string& name) {
  auto* mutation = commit->add_mutations();
  mutation->mutable_key()->set_kind(kind);
  mutation->mutable_key()->set_namespace_(ns);
  mutation->mutable_key()->set_name(name);
  return mutation;
}

ObjectPtr lease(const std::string& ns, const std::string& holder, int32_t transitions) {
  Lease lease;
  lease.mutable_metadata()->set_namespace_(ns);
  lease.mutable_metadata()->set_name("kube-scheduler");
  lease.mutable_spec()->set_holderidentity(holder);
  lease.mutable_spec()->set_leasetransitions(transitions);
  return Object::encode(kinds::kLease, lease);
}

TEST(CommitTerms, ALeaseOfTheClusterBeginsItsTerm) {
  bus::Commit commit;
  for (const char* ns : {"kube-system", "kube-node-lease"}) {
    auto* put = add(&commit, kinds::kLease, ns, "kube-scheduler");
    put->set_put(true);
    put->set_object(static_cast<uint32_t>(commit.mutations_size()) - 1);
  }
  add(&commit, kinds::kLease, "kube-system", "kube-scheduler")->set_expected_revision(7);
  add(&commit, kinds::kConfigMap, "kube-system", "kube-scheduler");
  const auto mutations = mutations_of(commit, {lease("kube-system", "host-2", 5), lease("kube-node-lease", "n", 5)});
  ASSERT_TRUE(mutations.ok()) << mutations.error().message;
  ASSERT_TRUE((*mutations)[0].begins);
  EXPECT_EQ(*(*mutations)[0].begins, (Term{"kube-scheduler", "host-2", 5}));
  EXPECT_FALSE((*mutations)[1].begins) << "a node's heartbeat";
  ASSERT_TRUE((*mutations)[2].begins) << "one that is deleted is nobody's";
  EXPECT_EQ(*(*mutations)[2].begins, (Term{"kube-scheduler", "", 0}));
  EXPECT_FALSE((*mutations)[3].begins);
}

TEST(CommitTerms, AMutationIsUnderTheTermThatItNames) {
  bus::Commit commit;
  for (uint32_t term : {5, 6}) {
    auto* fence = commit.add_terms();
    fence->set_lease("kube-scheduler");
    fence->set_holder("host-1");
    fence->set_term(term);
  }
  add(&commit, kinds::kPod, "default", "a")->set_term(2);
  add(&commit, kinds::kPod, "default", "b");
  auto* provided = add(&commit, kinds::kPod, "default", "c");
  *provided->mutable_provided() = commit.mutations(0).key();
  provided->set_provided_revision(9);
  const auto mutations = mutations_of(commit, {});
  ASSERT_TRUE(mutations.ok());
  EXPECT_EQ(*(*mutations)[0].under, (Term{"kube-scheduler", "host-1", 6}));
  EXPECT_FALSE((*mutations)[1].under);
  EXPECT_FALSE((*mutations)[1].provided);
  ASSERT_TRUE((*mutations)[2].provided);
  EXPECT_EQ((*mutations)[2].provided->key.name, "a");
  EXPECT_EQ((*mutations)[2].provided->revision, 9u);
  add(&commit, kinds::kPod, "default", "d")->set_term(3);
  EXPECT_THAT(mutations_of(commit, {}).error().message, testing::HasSubstr("a term that did not come with it"));
}

}  // namespace
}  // namespace kabuki::store::test
