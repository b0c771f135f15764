#include <gtest/gtest.h>
#include <set>

#include "actors/leader_election/elector_actor.hpp"
#include "runtime/host.hpp"
#include "tests/actors/membership/fake_api.hpp"
#include "tests/runtime/sim_test.hpp"

namespace kabuki::leader_election {
namespace {

using namespace std::chrono_literals;
using runtime::ChildSpec;
using runtime::TestActor;

const Key kLease{kinds::kLease, "kube-system", "show"};

/// host-0 keeps objects; host-1 and host-2 elect who leads.
struct ElectorSim : runtime::sim::SimTest {
  std::shared_ptr<membership::FakeStore> store = std::make_shared<membership::FakeStore>();
  std::set<std::string> leaders;  // hosts whose child runs
  std::map<std::string, uint32_t> terms;
  int starts = 0;

  struct Leading final : runtime::Actor {
    ElectorSim* sim;
    actors::Fence fence;
    std::string host;
    Leading(ElectorSim* s, actors::Fence f) : sim(s), fence(std::move(f)) {}
    ~Leading() override { sim->leaders.erase(host); }
    void started() override {
      host = host_name();
      EXPECT_EQ(fence.holder, host);
      EXPECT_TRUE(sim->leaders.insert(host).second) << "two lives at once";
      sim->terms[host] = fence.term;
      ++sim->starts;
    }
    void received(runtime::Inbound& in) override { in.reply.send(runtime::empty()); }
  };

  void SetUp() override {
    begin(5);
    add("host-0",
        runtime::tree({{.name = "api", .make = [this] { return std::make_unique<membership::FakeApi>(store); }}}));
    for (const char* name : {"host-1", "host-2"}) start(world->add_host(named(name)));
    world->connect_all();
  }
  void TearDown() override { world.reset(); }
  void start(runtime::Host& host) {
    host.set_role("api-server", {"host-0/api"});
    ElectorOptions options;
    options.lease = "show";
    options.role = "show";
    options.role_child = "leader";
    options.led = [this](const actors::Fence& fence) {
      return std::vector<ChildSpec>{
          {.name = "leader", .make = [this, fence] { return std::make_unique<Leading>(this, fence); }}};
    };
    ASSERT_TRUE(
        host.start(runtime::tree({{.name = "show", .make = [options] { return make_elector(options); }}})).ok());
  }
  std::string leader() { return leaders.size() == 1 ? *leaders.begin() : ""; }
  static std::string other(const std::string& host) { return host == "host-1" ? "host-2" : "host-1"; }
  LeaseRecord lease() {
    ::k8s::io::api::coordination::v1::Lease lease;
    auto it = store->objects.find(kLease);
    EXPECT_TRUE(it != store->objects.end() && it->second->parse(&lease).ok());
    return record_of(lease);
  }
  /// Looks every 50 ms; there must never be two leaders. How long it took.
  io::Duration until(const std::function<bool()>& done, io::Duration limit) {
    for (io::Duration passed{0}; passed <= limit; passed += 50ms) {
      EXPECT_LE(leaders.size(), 1u);
      if (done()) return passed;
      world->run_for(50ms);
    }
    ADD_FAILURE() << "not within the limit";
    return limit;
  }
};

TEST_F(ElectorSim, OneLeadsAtOnceAndBothKnowWho) {
  EXPECT_LE(until([&] { return !leader().empty(); }, 1s), 1s);
  world->run_for(5s);
  EXPECT_EQ(lease().holder, leader());
  EXPECT_EQ(lease().term, 0u);
  for (const char* host : {"host-1", "host-2"}) {
    EXPECT_EQ(world->host(host)->roles().at("show").text, leader() + "/show/leader");
    auto answer = ask(host, std::string(host) + "/show", runtime::make_message(bus::GetLeader()));
    ASSERT_TRUE(answer.ok());
    const auto* said = (*answer)->as<bus::Leader>();
    EXPECT_EQ(said->holder(), leader());
    EXPECT_EQ(said->leads(), leader() == host);
    EXPECT_EQ(said->address(), leader() + "/show/leader");
  }
}

TEST_F(ElectorSim, ALeaderThatIsCutOffEndsBeforeAnotherBegins) {
  until([&] { return !leader().empty(); }, 1s);
  world->run_for(20s);
  const std::string first = leader();
  world->network().cut(first, "host-0");
  const auto ended = until([&] { return leaders.empty(); }, 11s);
  EXPECT_GE(ended, 7s);
  until([&] { return leader() == other(first); }, 10s);
  EXPECT_EQ(terms[other(first)], 1u);
  world->network().heal_all();
  world->run_for(10s);
  EXPECT_EQ(leader(), other(first)) << "a leader that came back waits";
  EXPECT_EQ(world->host(first)->roles().at("show").text, other(first) + "/show/leader");
}

TEST_F(ElectorSim, ACrashedLeaderCostsItsLeaseAndNoMore) {
  until([&] { return !leader().empty(); }, 1s);
  world->run_for(20s);
  const std::string first = leader();
  world->crash_host(first);
  EXPECT_LE(until([&] { return leader() == other(first); }, 30s), 18s);
}

TEST_F(ElectorSim, TheNextLifeOfALeaderTakesItsLeaseBackAtOnce) {
  until([&] { return !leader().empty(); }, 1s);
  const std::string first = leader();
  ASSERT_TRUE(ask(first, first + "/show", runtime::make_message(bus::KillActor())).ok());
  until([&] { return starts == 2; }, 1s);
  EXPECT_EQ(leader(), first);
  EXPECT_EQ(terms[first], 1u);
  world->crash_host(first);
  leaders.erase(first);
  start(world->restart_host(first, named(first, 2)));
  world->connect_all();
  until([&] { return leader() == first; }, 1s);
  EXPECT_EQ(terms[first], 2u);
}

TEST_F(ElectorSim, AChildThatDiesIsStartedAgainUnderTheSameTerm) {
  until([&] { return !leader().empty(); }, 1s);
  const std::string first = leader();
  ASSERT_TRUE(ask(first, first + "/show/leader", runtime::make_message(bus::KillActor())).ok());
  until([&] { return starts == 2; }, 1s);
  EXPECT_EQ(leader(), first);
  EXPECT_EQ(terms[first], 0u);
}

TEST_F(ElectorSim, AHostThatStopsGivesTheLeaseUp) {
  until([&] { return !leader().empty(); }, 1s);
  world->run_for(5s);
  const std::string first = leader();
  world->host(first)->stop();
  EXPECT_LE(until([&] { return leader() == other(first); }, 5s), 3s);
}

TEST_F(ElectorSim, SomebodyElsesWordsInTheLeaseStay) {
  until([&] { return !leader().empty(); }, 1s);
  store->touch(kLease);
  const auto before = leader();
  world->run_for(30s);
  EXPECT_EQ(leader(), before);
  EXPECT_EQ(lease().term, 0u);
}

}  // namespace
}  // namespace kabuki::leader_election
