#include "actors/controllers/resource_quota.hpp"

#include "actors/api_server/quota_desk.hpp"
#include "messages/api/core/v1/config_map.pb.h"
#include "messages/json.hpp"
#include "tests/actors/controllers/fake_api.hpp"

namespace kabuki::controllers {
namespace {

namespace core = ::k8s::io::api::core::v1;
using quota::ResourceQuota;
using testing::FakeApi;
using testing::FakeHost;

constexpr int64_t kSeconds = 1'000'000;
constexpr Instant kNow{{kSeconds * 1'000'000'000}, {0}};
const Key kQuota{kinds::kResourceQuota, "shop", "q"};

struct ResourceQuotaTest : ::testing::Test {
  void add(KindId kind, const std::string& json) {
    std::unique_ptr<google::protobuf::Message> message(kind_of(kind).make());
    auto decoded = decode_json(json, message.get());
    ASSERT_TRUE(decoded.ok()) << json;
    view.put(Object::encode(kind, *message, ++revision));
  }
  void quota(const std::string& hard, const std::string& reserved = "") {
    add(kinds::kResourceQuota,
        R"({"metadata":{"name":"q","namespace":"shop","annotations":{"quota.kabuki.io/reserved":")" + reserved +
            R"("}},"spec":{"hard":)" + hard + "}}");
  }
  ResourceQuota counted() {
    step();  // closes what is not counted yet
    return step();
  }
  ResourceQuota step() {
    const Plan plan = reconcile_resource_quota(view, kQuota, kNow);
    EXPECT_EQ(plan.steps.size(), 1u);
    if (plan.steps.empty()) return {};
    EXPECT_EQ(plan.steps[0].write.verb, bus::WriteObjects::UPDATE_STATUS);
    view.put(Object::at_revision(*plan.steps[0].write.object, ++revision));
    return plan.steps[0].write.object->as<ResourceQuota>();
  }
  std::string used() { return quota::text_of(quota::read_amounts(counted().status().used())); }

  View view;
  uint64_t revision = 0;
};

TEST_F(ResourceQuotaTest, CountsWhatItsNamespaceHolds) {
  quota(R"({"pods":"3","requests.cpu":"2","configmaps":"5","count/jobs.batch":"1","services":"2"})");
  for (const char* name : {"a", "b"}) {
    add(kinds::kPod, std::string(R"({"metadata":{"namespace":"shop","name":")") + name + R"("},"spec":{"containers":[
        {"name":"c","resources":{"requests":{"cpu":"250m"}}}]}})");
  }
  add(kinds::kPod, R"({"metadata":{"namespace":"shop","name":"over"},"status":{"phase":"Failed"}})");
  add(kinds::kPod, R"({"metadata":{"namespace":"other","name":"a"}})");
  add(kinds::kConfigMap, R"({"metadata":{"namespace":"shop","name":"m"}})");
  EXPECT_EQ(used(), "configmaps=1,count/jobs.batch=0,pods=2,requests.cpu=500m,services=0");
  EXPECT_TRUE(reconcile_resource_quota(view, kQuota, kNow).empty()) << "nothing is written at rest";
}

TEST_F(ResourceQuotaTest, RefusesWhatIsNotCountedYetAndCountsItOnViewsThatAreConfirmed) {
  add(kinds::kPod, R"({"metadata":{"namespace":"shop","name":"a"}})");
  add(kinds::kResourceQuota, R"({"metadata":{"name":"q","namespace":"shop","uid":"u"},
      "spec":{"hard":{"pods":"3","configmaps":"5"}},"status":{"hard":{"pods":"2"},"used":{"pods":"1"}}})");
  const auto status = step().status();
  EXPECT_EQ(quota::text_of(quota::read_amounts(status.hard())), "configmaps=5,pods=3");
  EXPECT_EQ(quota::text_of(quota::read_amounts(status.used())), "pods=1");
  const Plan plan = reconcile_resource_quota(view, kQuota, kNow);
  EXPECT_EQ(plan.confirm, (Confirm{{kinds::kPod, kinds::kConfigMap}, "u,configmaps,pods"}));
  EXPECT_EQ(quota::text_of(quota::read_amounts(step().status().used())), "configmaps=0,pods=1");
}

TEST_F(ResourceQuotaTest, CountsWritesUnderWayUntilTheyAreSeen) {
  const std::string until = std::to_string(kSeconds + 60);
  const std::string kind = std::to_string(kinds::kPod);
  add(kinds::kPod, R"({"metadata":{"namespace":"shop","name":"seen","uid":"u1"}})");
  quota(R"({"pods":"9"})", "r1," + kind + ",seen,u1,0," + until + ",pods=1;r2," + kind + ",coming,u2,0," + until +
                               ",pods=1;r3," + kind + ",late,u3,0," + std::to_string(kSeconds - 1) + ",pods=1");
  const auto result = counted();
  EXPECT_EQ(quota::text_of(quota::read_amounts(result.status().used())), "pods=2");
  ASSERT_EQ(quota::reservations_of(result).size(), 1u);
  EXPECT_EQ(quota::reservations_of(result)[0].id, "r2");
  const Plan rest = reconcile_resource_quota(view, kQuota, kNow);
  EXPECT_TRUE(rest.empty());
  EXPECT_EQ(rest.again_after, std::optional<io::Duration>(std::chrono::seconds(61)));
}

/// Watches no more than what is written here: it makes the test quick.
Controller counting_controller() {
  Controller controller = resource_quota_controller();
  controller.watches = {kinds::kConfigMap, kinds::kResourceQuota};
  return controller;
}

/// API servers that charge and write, each with a view of its own that lags, before one store; the controller
/// recounts all the while. Requests, answers and deletions come in any order, some are lost.
struct QuotaWorld {
  struct Server {
    api_server::Surroundings around;
    std::unique_ptr<api_server::QuotaDesk> desk;
    size_t seen = 0;
  };
  explicit QuotaWorld(uint64_t seed) : random(seed), controller(api, counting_controller()) {
    ResourceQuota quota;
    quota.mutable_metadata()->set_name("q");
    quota.mutable_metadata()->set_namespace_("shop");
    (*quota.mutable_spec()->mutable_hard())["configmaps"].set_string(std::to_string(kMost));
    *quota.mutable_status()->mutable_hard() = quota.spec().hard();
    (*quota.mutable_status()->mutable_used())["configmaps"].set_string("0");
    quota.mutable_metadata()->set_uid("quota");
    api.set(kinds::kResourceQuota, &quota);
    for (auto& server : servers) {
      server.desk = std::make_unique<api_server::QuotaDesk>(api_server::QuotaDesk::Ways{
          .surroundings = &server.around,
          .commit =
              [this](const Key& key, uint64_t expected, ObjectPtr object, auto done) {
                later.push_back([this, key, expected, object, done] { commit(key, expected, object, done); });
              },
          .now = [this] { return io::WallTime{now * 1'000'000'000}; },
          .make_id = [this] { return "id" + std::to_string(++ids); }});
    }
  }

  void commit(const Key& key, uint64_t expected, const ObjectPtr& object,
              const api_server::ShardClient::Committed& done) {
    const ObjectPtr current = api.find(key);
    if ((current ? current->revision() : 0) != expected) {
      return done(api_server::ShardClient::CommitResult{.revision = 0, .current = current});
    }
    auto message = FakeApi::parse(*object);
    api.set(key.kind, message.get());
    if (random.chance(0.1)) return done(timed_out("it is not known whether the write was kept"));
    done(api_server::ShardClient::CommitResult{.committed = true, .revision = api.revision()});
  }
  void create(Server& server) {
    auto map = std::make_shared<core::ConfigMap>();
    map->mutable_metadata()->set_namespace_("shop");
    map->mutable_metadata()->set_name("m" + std::to_string(random.below(40)));
    map->mutable_metadata()->set_uid("uid-of-" + std::to_string(++ids));
    const Key key{kinds::kConfigMap, "shop", map->metadata().name()};
    server.desk->charge(
        {.kind = &kind_of(kinds::kConfigMap), .key = key, .uid = map->metadata().uid(), .object = map},
        [this, &server, map, key](Result<api_server::QuotaDesk::Ticket> ticket) {
          if (!ticket) {
            refused += ticket.error().code == 403;
            return;
          }
          later.push_back([this, &server, map, key, ticket = *ticket] { write(server, map, key, ticket); });
        });
  }
  void write(Server& server, const std::shared_ptr<core::ConfigMap>& map, const Key& key,
             const api_server::QuotaDesk::Ticket& ticket) {
    if (api.find(key)) return server.desk->give_back(ticket);
    if (random.chance(0.05)) return;  // its API server died: nothing is written nor given back
    core::ConfigMap made = *map;
    api.set(key.kind, &made);
    ++created;
  }
  void step(double making, double removing) {
    now = kSeconds + ++steps / 4;
    api.set_time(now);
    for (auto& server : servers) {
      for (size_t n = random.below(8); n > 0 && server.seen < api.log().size(); --n) {
        const auto& event = api.log()[server.seen++];
        if (event.object->kind() != kinds::kResourceQuota) continue;
        server.around.put(event.object);
      }
      if (server.seen == 0) continue;
      while (random.chance(making)) create(server);
    }
    for (size_t n = random.below(6); n > 0 && !later.empty(); --n) {
      const size_t at = random.below(later.size());
      auto action = std::move(later[at]);
      later.erase(later.begin() + static_cast<ptrdiff_t>(at));
      action();
    }
    const auto maps = api.all(kinds::kConfigMap);
    EXPECT_LE(maps.size(), kMost);
    if (!maps.empty() && random.chance(removing)) api.vanish(maps[random.below(maps.size())]->key());
    controller.step(random, {.deliver = 0.4, .refuse = 0.1, .lose = 0.1, .answer = 0.5}, now);
  }

  static constexpr size_t kMost = 10;
  FakeApi api;
  io::Random random;
  FakeHost controller;
  std::array<Server, 3> servers;
  std::vector<std::function<void()>> later;
  int64_t now = kSeconds;
  int steps = 0, ids = 0, created = 0, refused = 0;
};

TEST(ResourceQuotaConvergence, NeverAdmitsMoreThanTheQuotaHoweverManyAskAtOnce) {
  for (uint64_t seed = 1; seed <= 25; ++seed) {
    SCOPED_TRACE(seed);
    QuotaWorld world(seed);
    for (int i = 0; i < 400; ++i) world.step(0.5, 0.25);
    EXPECT_GT(world.created, 20);
    EXPECT_GT(world.refused, 10);
    for (int i = 0; i < 400; ++i) world.step(0, 0);
    ASSERT_TRUE(world.later.empty());
    const auto quota = world.api.find(kQuota)->as<ResourceQuota>();
    EXPECT_EQ(quota.status().used().at("configmaps").string(),
              std::to_string(world.api.all(kinds::kConfigMap).size()));
    EXPECT_TRUE(quota::reservations_of(quota).empty());
    const uint64_t before = world.controller.writes();
    for (int i = 0; i < 100; ++i) world.step(0, 0);
    EXPECT_EQ(world.controller.writes(), before) << "nothing is written at rest";
  }
}

}  // namespace
}  // namespace kabuki::controllers
