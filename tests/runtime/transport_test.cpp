#include <condition_variable>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "runtime/io/live_clock.hpp"
#include "runtime/transport/zmq_network.hpp"

namespace kabuki::runtime {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr auto kPatience = seconds(20);

/// One network with what it received; waits for conditions instead of for time.
class Station {
 public:
  Station(const std::string& name, ZmqOptions options, io::Clock& clock) {
    options.host = name;
    if (options.listen.empty()) options.listen = "tcp://127.0.0.1:*";
    auto made = make_zmq_network(std::move(options), clock);
    if (!made) throw std::runtime_error(made.error().message);
    network = std::move(*made);
    network->listen(
        [this](const std::string& from, std::string frame) {
          std::lock_guard lock(mutex_);
          frames[from].push_back(std::move(frame));
          changed_.notify_all();
        },
        [this](const std::string& host, bool up) {
          std::lock_guard lock(mutex_);
          changes.emplace_back(host, up);
          changed_.notify_all();
        });
  }
  ~Station() {
    if (network) network->stop();
  }

  bool wait(const std::function<bool()>& condition) {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, kPatience, condition);
  }
  bool wait_up(const std::string& host, bool up = true) {
    return wait([&] { return !changes.empty() && changes.back() == std::pair(host, up); });
  }
  bool wait_frames(const std::string& from, size_t count) {
    return wait([&] { return frames[from].size() >= count; });
  }
  void connect(Station& other, const std::string& name) {
    network->connect(name, other.network->endpoint(), other.network->keys().public_key);
  }
  std::vector<std::pair<std::string, bool>> changes_now() {
    std::lock_guard lock(mutex_);
    return changes;
  }

  std::unique_ptr<ZmqNetwork> network;
  std::map<std::string, std::vector<std::string>> frames;
  std::vector<std::pair<std::string, bool>> changes;

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
};

struct Transport : testing::Test {
  io::LiveClock clock;

  ZmqOptions keyed() { return {.keys = generate_curve_keys()}; }
  /// For links that are not to come about.
  ZmqOptions impatient(CurveKeys keys = generate_curve_keys()) {
    return {.keys = std::move(keys), .connect_limit = milliseconds(500), .revive_limit = milliseconds(300)};
  }
  std::unique_ptr<Station> station(const std::string& name, ZmqOptions options) {
    return std::make_unique<Station>(name, std::move(options), clock);
  }
};

/// Both know each other and have heard each other.
void introduce(Station& a, const std::string& a_name, Station& b, const std::string& b_name) {
  a.connect(b, b_name);
  b.connect(a, a_name);
  ASSERT_TRUE(a.wait_up(b_name));
  ASSERT_TRUE(b.wait_up(a_name));
}

TEST_F(Transport, DeliversEveryAcceptedFrameInOrderBothWays) {
  auto a = station("host-1", keyed());
  auto b = station("host-2", keyed());
  a->network->start();
  b->network->start();
  introduce(*a, "host-1", *b, "host-2");
  constexpr int kFrames = 20'000;
  std::vector<std::string> taken[2];
  auto send = [&](Station& from, const std::string& to, std::vector<std::string>* out) {
    for (int i = 0; i < kFrames; ++i) {
      auto frame = std::to_string(i) + std::string(180, 'x');
      if (from.network->send(to, frame).ok()) out->push_back(std::move(frame));
    }
  };
  std::thread other([&] { send(*b, "host-1", &taken[1]); });
  send(*a, "host-2", &taken[0]);
  other.join();
  ASSERT_TRUE(b->wait_frames("host-1", taken[0].size()));
  ASSERT_TRUE(a->wait_frames("host-2", taken[1].size()));
  EXPECT_EQ(b->frames["host-1"], taken[0]);
  EXPECT_EQ(a->frames["host-2"], taken[1]);
  auto counters = a->network->counters()["host-2"];
  EXPECT_EQ(counters.frames_sent, taken[0].size());
  EXPECT_EQ(counters.frames_sent + counters.refused, kFrames);
  EXPECT_LT(counters.batches_sent, counters.frames_sent / 10);
  EXPECT_EQ(counters.queued_frames, 0u);
  EXPECT_EQ(counters.queued_bytes, 0u);
}

TEST_F(Transport, ThreeHostsTellEachOtherApartByKey) {
  std::vector<std::unique_ptr<Station>> hosts;
  std::vector<std::string> names = {"host-1", "host-2", "host-3"};
  for (const auto& name : names) {
    hosts.push_back(station(name, keyed()));
    hosts.back()->network->start();
  }
  for (int i = 0; i < 3; ++i) {
    for (int j = 0; j < 3; ++j) {
      if (i != j) hosts[i]->connect(*hosts[j], names[j]);
    }
  }
  for (int i = 0; i < 3; ++i) {
    for (int j = 0; j < 3; ++j) {
      if (i == j) continue;
      ASSERT_TRUE(hosts[i]->network->send(names[j], names[i] + " to " + names[j]).ok());
    }
  }
  for (int i = 0; i < 3; ++i) {
    for (int j = 0; j < 3; ++j) {
      if (i == j) continue;
      ASSERT_TRUE(hosts[i]->wait_frames(names[j], 1)) << names[j] << " to " << names[i];
      EXPECT_EQ(hosts[i]->frames[names[j]], std::vector{names[j] + " to " + names[i]});
    }
  }
}

TEST_F(Transport, KeepsFramesLargerThanABatchWhole) {
  auto a = station("host-1", keyed());
  auto b = station("host-2", keyed());
  a->network->start();
  b->network->start();
  introduce(*a, "host-1", *b, "host-2");
  std::vector<std::string> sent = {"small", std::string(3'000'000, 'L'), "", "small again"};
  for (const auto& frame : sent) ASSERT_TRUE(a->network->send("host-2", frame).ok());
  ASSERT_TRUE(b->wait_frames("host-1", sent.size()));
  EXPECT_EQ(b->frames["host-1"], sent);
}

TEST_F(Transport, RefusesAnUnknownKeyAndHearsNothingFromIt) {
  auto server = station("host-1", keyed());
  auto stranger = station("host-2", impatient());
  auto known = station("host-3", keyed());
  for (auto* each : {server.get(), stranger.get(), known.get()}) each->network->start();
  stranger->connect(*server, "host-1");
  ASSERT_TRUE(stranger->network->send("host-1", "let me in").ok());
  introduce(*server, "host-1", *known, "host-3");
  ASSERT_TRUE(known->network->send("host-1", "hello").ok());
  ASSERT_TRUE(server->wait_frames("host-3", 1));
  ASSERT_TRUE(stranger->wait_up("host-1", false));
  EXPECT_EQ(server->frames.size(), 1u);
  EXPECT_FALSE(stranger->network->send("host-1", "still here").ok());
}

TEST_F(Transport, LetsAKeyInOnceItIsAllowed) {
  auto server = station("host-1", keyed());
  auto late = station("host-2", impatient());
  server->network->start();
  late->network->start();
  late->connect(*server, "host-1");
  ASSERT_TRUE(late->wait_up("host-1", false));
  server->connect(*late, "host-2");
  ASSERT_TRUE(late->wait_up("host-1"));
  ASSERT_TRUE(server->wait_up("host-2"));
}

TEST_F(Transport, NeverConnectsToAServerWithAnotherKey) {
  auto server = station("host-1", impatient());
  auto client = station("host-2", impatient());
  server->network->start();
  client->network->start();
  server->connect(*client, "host-2");
  client->network->connect("host-1", server->network->endpoint(), generate_curve_keys().public_key);
  ASSERT_TRUE(client->network->send("host-1", "for host-1 only").ok());
  ASSERT_TRUE(server->wait_up("host-2", false));
  EXPECT_TRUE(server->frames.empty());
}

TEST_F(Transport, ForgetsAKeyThatWasTakenAwayAtOnce) {
  auto a = station("host-1", keyed());
  auto b = station("host-2", keyed());
  a->network->start();
  b->network->start();
  introduce(*a, "host-1", *b, "host-2");
  a->network->key_ring().revoke_name("host-2");
  ASSERT_TRUE(b->network->send("host-1", "too late").ok());
  ASSERT_TRUE(a->wait_up("host-2", false));
  EXPECT_TRUE(a->frames.empty());
}

TEST_F(Transport, ReportsAKilledPeerDownAndAnotherLifeUp) {
  auto a = station("host-1", keyed());
  auto options = keyed();
  auto b = station("host-2", options);
  a->network->start();
  b->network->start();
  introduce(*a, "host-1", *b, "host-2");
  options.listen = b->network->endpoint();
  auto killed_at = clock.mono();
  b.reset();
  ASSERT_TRUE(a->wait_up("host-2", false));
  EXPECT_LT(clock.mono() - killed_at, seconds(5));
  EXPECT_FALSE(a->network->send("host-2", "anybody?").ok());

  b = station("host-2", options);
  b->network->start();
  b->connect(*a, "host-1");
  ASSERT_TRUE(a->wait_up("host-2"));
  ASSERT_TRUE(b->wait_up("host-1"));
  ASSERT_TRUE(a->network->send("host-2", "welcome back").ok());
  ASSERT_TRUE(b->wait_frames("host-1", 1));
  EXPECT_EQ(b->frames["host-1"], std::vector<std::string>{"welcome back"});
  EXPECT_EQ(a->changes_now(),
            (std::vector<std::pair<std::string, bool>>{{"host-2", true}, {"host-2", false}, {"host-2", true}}));
}

TEST_F(Transport, RefusesWhenThePeersQueueIsFull) {
  auto options = keyed();
  options.queue_frames = 10;
  options.queue_bytes = 1000;
  auto a = station("host-1", options);
  auto b = station("host-2", keyed());
  a->network->start();
  b->network->connect("host-1", a->network->endpoint(), a->network->keys().public_key);
  a->connect(*b, "host-2");  // b is bound but does not listen yet
  int taken = 0;
  while (a->network->send("host-2", "frame").ok()) ++taken;
  EXPECT_LE(taken, 10);
  auto refused = a->network->send("host-2", "frame");
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().code, 503);
  EXPECT_FALSE(a->network->send("host-2", std::string(1001, 'x')).ok());
  b->network->start();
  EXPECT_TRUE(b->wait_frames("host-1", taken));
}

TEST_F(Transport, RefusesUnknownHosts) {
  auto a = station("host-1", keyed());
  auto refused = a->network->send("host-9", "frame");
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().code, 503);
}

TEST_F(Transport, WithoutKeysOnlyLoopbackIsAccepted) {
  ZmqOptions open{.host = "host-1", .listen = "tcp://0.0.0.0:*"};
  auto made = make_zmq_network(open, clock);
  ASSERT_FALSE(made.ok());
  EXPECT_THAT(made.error().message, testing::HasSubstr("without keys"));

  auto a = station("host-1", {});
  auto b = station("host-2", {});
  a->network->start();
  b->network->start();
  introduce(*a, "host-1", *b, "host-2");
  ASSERT_TRUE(a->network->send("host-2", "plain").ok());
  ASSERT_TRUE(b->wait_frames("host-1", 1));
  a->network->connect("host-3", "tcp://10.0.0.5:7600", "");
  EXPECT_FALSE(a->network->send("host-3", "plain").ok());
}

TEST_F(Transport, ClientsOfAJoinFileMayAskAndNothingElse) {
  auto server = station("host-1", keyed());
  auto secret = generate_curve_keys();
  server->network->key_ring().allow(secret.public_key, "joining/1");
  server->network->on_request([](const std::string& from, std::string request, ZmqNetwork::Answer answer) {
    answer(from + " says " + request);
  });
  server->network->start();
  RequestTarget target{server->network->endpoint(), server->network->keys().public_key};
  auto answer = request_once(target, secret, "ignored", "join", seconds(10));
  ASSERT_TRUE(answer.ok()) << answer.error().message;
  EXPECT_EQ(*answer, "joining/1 says join");

  auto impostor = station("host-2", impatient(secret));
  impostor->network->start();
  impostor->connect(*server, "host-1");
  ASSERT_TRUE(impostor->network->send("host-1", "do as I say").ok());
  ASSERT_TRUE(impostor->wait_up("host-1", false));
  EXPECT_TRUE(server->frames.empty());

  server->network->key_ring().revoke_name("joining/1");
  auto refused = request_once(target, secret, "ignored", "join", milliseconds(300));
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().code, 504);
}

TEST_F(Transport, SaysWhatToDoWhenTheAddressIsTaken) {
  auto a = station("host-1", keyed());
  auto options = keyed();
  options.host = "host-2";
  options.listen = a->network->endpoint();
  auto made = make_zmq_network(options, clock);
  ASSERT_FALSE(made.ok());
  EXPECT_EQ(made.error().code, 503);
  EXPECT_THAT(made.error().message, testing::HasSubstr(a->network->endpoint()));
}

}  // namespace
}  // namespace kabuki::runtime
