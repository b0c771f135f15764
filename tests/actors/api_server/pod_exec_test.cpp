#include "actors/api_server/pod_exec.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "actors/kubelet/kubelet.hpp"
#include "tests/actors/api_server/api_sim.hpp"

namespace kabuki::api_server {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using namespace std::string_literals;

const std::string kPods = "/api/v1/namespaces/default/pods";
const std::string kSuccess = "\3{\"metadata\":{},\"status\":\"Success\"}";

/// An API server, and on another host the kubelet of node-0.
struct PodExec : ApiSim {
  void SetUp() override {
    ApiSim::SetUp();
    runtime::Host& host = world->add_host(named("host-3"));
    host.set_role(std::string(runtime::roles::kApiServer), {"host-1/api"});
    kubelet::KubeletOptions options;
    options.nodes = kubelet::simulated_nodes("node-", 0, 1);
    runtime::SupervisorSpec root;
    root.children.push_back(runtime::supervisor_child("kubelet", kubelet::kubelet_tree(std::move(options))));
    ASSERT_TRUE(host.start(std::move(root)).ok());
    world->connect_all();
    world->run_for(2s);
    // What the controllers of a whole cluster do.
    auto node = http("GET", "/api/v1/nodes/node-0")->json();
    node["spec"]["podCIDR"] = "10.244.0.0/24";
    node["spec"]["taints"] = nlohmann::json::array();
    ASSERT_EQ(http("PUT", "/api/v1/nodes/node-0", node.dump())->status, 200);
    pod("web", "node-0");
    ASSERT_TRUE(world->run_until([&] { return running("web"); }, 1min));
  }
  void pod(const std::string& name, const std::string& node, const std::string& annotations = "{}") {
    const std::string body = R"({"kind":"Pod","apiVersion":"v1","metadata":{"name":")" + name +
                             R"(","annotations":)" + annotations + R"(},"spec":{"nodeName":")" + node +
                             R"(","containers":[{"name":"app","image":"x"}]}})";
    auto made = http("POST", kPods, body);
    ASSERT_EQ(made->status, 201) << made->body;
  }
  bool running(const std::string& name) {
    auto sink = send("GET", kPods + "/" + name);
    world->run_for(200ms);
    return sink->json()["status"]["phase"] == "Running";
  }
  static http::Headers upgrade(const std::string& protocol) {
    http::Headers headers = {{"upgrade", "websocket"},
                             {"connection", "Upgrade"},
                             {"sec-websocket-version", "13"},
                             {"sec-websocket-key", "dGhlIHNhbXBsZSBub25jZQ=="}};
    if (!protocol.empty()) headers.emplace_back("sec-websocket-protocol", protocol);
    return headers;
  }
  std::shared_ptr<FakeSink> open(const std::string& path, const std::string& protocol = "v5.channel.k8s.io") {
    auto sink = send("GET", kPods + "/" + path, "", upgrade(protocol));
    EXPECT_TRUE(world->run_until([&] { return sink->status != 0; }, 1min));
    return sink;
  }
  /// All messages of a stream that has ended, those of one channel put together.
  std::vector<std::string> all(const std::shared_ptr<FakeSink>& sink) {
    EXPECT_TRUE(world->run_until([&] { return sink->ended; }, 5min));
    std::vector<std::string> out;
    for (const std::string& message : sink->messages) {
      if (message.size() == 1 && !out.empty()) continue;
      if (!out.empty() && out.back()[0] == message[0]) {
        out.back() += message.substr(1);
      } else {
        out.push_back(message);
      }
    }
    return out;
  }
};

TEST_F(PodExec, RunsAProgram) {
  auto sink = open("web/exec?command=echo&command=hi there&stdout=true&stderr=true");
  EXPECT_EQ(sink->status, 101);
  EXPECT_EQ(sink->protocol, "v5.channel.k8s.io");
  EXPECT_TRUE(sink->binary);
  EXPECT_EQ(sink->messages.at(0), "\1") << "that it is connected";
  EXPECT_THAT(all(sink), ElementsAre("\1hi there\n", kSuccess));
}

TEST_F(PodExec, TellsTheExitCode) {
  auto sink = open("web/exec?container=app&command=sh&command=-c&command=cat /x; echo no; exit 3&stderr=1&stdout=1");
  EXPECT_THAT(all(sink), ElementsAre("\1", "\2cat: /x: No such file or directory\n", "\1no\n",
                                     HasSubstr(R"("details":{"causes":[{"reason":"ExitCode","message":"3"}]})")));
  sink = open("web/exec?command=false&stdout=1", "v4.channel.k8s.io");
  EXPECT_THAT(all(sink),
              ElementsAre("\1", HasSubstr(R"("details":{"causes":[{"reason":"ExitCode","message":"1"}]})")));
  sink = open("web/exec?command=false&stdout=1", "base64.channel.k8s.io");
  EXPECT_FALSE(sink->binary);
  EXPECT_THAT(all(sink).back(), HasSubstr("3Y29tbWFuZC"));
}

TEST_F(PodExec, PassesInputUntilItsEnd) {
  auto sink = open("web/exec?command=cat&stdin=true&stdout=true");
  sink->on_message("\0one\n"s);
  sink->on_message("\4{\"Width\":80}"s);
  sink->on_message("\0two\n"s);
  world->run_for(1s);
  EXPECT_EQ(sink->messages.back(), "\1two\n");
  EXPECT_FALSE(sink->ended);
  sink->on_message("\xff\0"s);
  EXPECT_THAT(all(sink), ElementsAre("\1one\ntwo\n", kSuccess));
  EXPECT_EQ(sink->consumed_bytes, 5u + 13u + 5u + 2u) << "whatever came";
}

TEST_F(PodExec, EndsWithItsApiServer) {
  auto sink = open("web/exec?command=cat&stdin=true&stdout=true");
  EXPECT_EQ(inspect("host-3", "host-3/kubelet/node-0").health(), "1 pods, 1 sessions in containers");
  const std::weak_ptr<FakeSink> connection = sink;
  sink.reset();
  EXPECT_FALSE(connection.expired());
  kill("host-1/api");
  EXPECT_TRUE(connection.expired()) << "which closes it";
  world->run_for(1min);
  EXPECT_THAT(inspect("host-3", "host-3/kubelet/node-0").health(), testing::Not(HasSubstr("sessions")));
}

TEST_F(PodExec, ALogThatIsFollowedEndsWithItsApiServerToo) {
  pod("talks", "node-0", R"({"sim.kabuki.io/logs":"line {n}","sim.kabuki.io/log-every":"10ms"})");
  ASSERT_TRUE(world->run_until([&] { return running("talks"); }, 1min));
  auto waits = send("GET", kPods + "/web/log?follow=true");
  auto slow = send("GET", kPods + "/talks/log?follow=true");
  world->run_for(1s);
  EXPECT_THAT(slow->body, HasSubstr("line 20\n"));
  slow->full = true;
  world->run_for(1min);
  slow->full = false;
  slow->writable();
  world->run_for(1s);
  EXPECT_THAT(slow->body, HasSubstr("line 5000\n")) << "a slow client is waited for";
  slow->full = true;
  world->run_for(1min);
  const std::weak_ptr<FakeSink> connections[] = {waits, slow};
  waits.reset();
  slow.reset();
  EXPECT_FALSE(connections[0].expired() || connections[1].expired());
  kill("host-1/api");
  EXPECT_TRUE(connections[0].expired());
  EXPECT_TRUE(connections[1].expired());
}

TEST_F(PodExec, ReadsNoFasterThanTheClientTakesIt) {
  auto sink = open("web/exec?command=yes&stdout=true");
  world->run_for(100ms);
  sink->full = true;
  world->run_for(1s);
  const size_t taken = sink->messages.size();
  world->run_for(2min);
  EXPECT_EQ(sink->messages.size(), taken);
  EXPECT_EQ(sink->refused, 1) << "it is told when there is room";
  sink->full = false;
  sink->writable();
  world->run_for(100ms);
  EXPECT_GT(sink->messages.size(), taken) << "a slow client is not taken for gone";
  sink->closed();
  world->run_for(1s);
  const size_t last = sink->messages.size();
  world->run_for(1min);
  EXPECT_EQ(sink->messages.size(), last);
  EXPECT_EQ(inspect("host-3", "host-3/kubelet/node-0").health(), "1 pods");
}

TEST_F(PodExec, TakesNoMoreInputThanTheProgramReads) {
  auto sink = open("web/exec?command=sleep&command=60&stdin=true&stdout=true");
  const std::string message = "\0"s + std::string(40'000, 'x');
  for (int i = 0; i < 5; ++i) sink->on_message(message);
  world->run_for(30s);
  EXPECT_EQ(sink->consumed_bytes, message.size()) << "the second is more than waits";
  EXPECT_THAT(all(sink), ElementsAre("\1", kSuccess));
  world->run_for(10s);
  EXPECT_EQ(sink->consumed_bytes, 5 * message.size());
}

TEST_F(PodExec, EndsWithItsPod) {
  auto exec = open("web/exec?command=cat&stdin=true&stdout=true");
  auto attach = open("web/attach?stdout=true&stdin=true");
  EXPECT_EQ(http("DELETE", kPods + "/web")->status, 200);
  EXPECT_THAT(all(exec), ElementsAre("\1", HasSubstr("\"message\":\"137\"")));
  EXPECT_THAT(all(attach), ElementsAre("\1container app of pod default/web ended with exit code 0\n", kSuccess));
}

TEST_F(PodExec, EndsWithItsKubelet) {
  auto sink = open("web/exec?command=cat&stdin=true&stdout=true");
  world->crash_host("host-3");
  EXPECT_THAT(all(sink), ElementsAre("\1", HasSubstr("error dialing backend: dial tcp 172.16.0.1:10250: connect: ")));
}

TEST_F(PodExec, SaysOnceThatItLostItsKubeletAndTakesTheRestOfTheInput) {
  auto sink = open("web/exec?command=cat&stdin=true&stdout=true");
  world->crash_host("host-3");
  for (int i = 0; i < 10; ++i) sink->on_message("\0x"s);
  ASSERT_TRUE(world->run_until([&] { return sink->ended; }, 5min));
  world->run_for(30s);
  EXPECT_EQ(std::count_if(sink->messages.begin(), sink->messages.end(), [](const auto& m) { return m[0] == '\3'; }),
            1);
  EXPECT_EQ(sink->consumed_bytes, 20u);
}

TEST_F(PodExec, TypedKeysArriveWholeWhileTheProgramIsBusy) {
  auto sink = open("web/exec?command=sh&command=-c&command=sleep 5;cat&stdin=true&stdout=true");
  std::string typed;
  for (int i = 0; i < 1000; ++i) {
    typed += static_cast<char>('a' + i % 26);
    sink->on_message(std::string(1, '\0') + typed.back());
  }
  sink->on_message("\xff\0"s);
  EXPECT_THAT(all(sink), ElementsAre("\1" + typed, kSuccess));
  EXPECT_EQ(sink->consumed_bytes, 2002u);
}

TEST_F(PodExec, OfV5SaysInTheStreamWhyThereIsNone) {
  auto sink = open("web/exec?command=nonesuch&stdout=true");
  EXPECT_THAT(all(sink), ElementsAre("\1", HasSubstr("executable file not found in $PATH")));
  EXPECT_EQ(sink->status, 101);
  sink = open("web/exec?command=nonesuch&stdout=true", "v4.channel.k8s.io");
  EXPECT_EQ(sink->status, 500);
  EXPECT_THAT(sink->body, HasSubstr("executable file not found in $PATH"));
  pod("slow", "node-0", R"({"sim.kabuki.io/start-latency":"1h"})");
  sink = open("slow/exec?command=true&stdout=true", "v4.channel.k8s.io");
  EXPECT_EQ(sink->status, 500);
  EXPECT_EQ(sink->json()["message"], "Internal error occurred: container not found (\"app\")");
}

TEST_F(PodExec, IsRefusedAsKubernetesRefusesIt) {
  pod("nowhere", "");
  pod("lost", "node-9");
  struct {
    const char* method;
    const char* path;
    http::Headers headers;
    int code;
    const char* message;
  } cases[] = {
      {"GET", "/none/exec?command=true&stdout=1", upgrade(""), 404, "pods \"none\" not found"},
      {"GET", "/web/exec?command=true&stdout=1&container=b", upgrade(""), 400,
       "container b is not valid for pod web"},
      {"GET", "/nowhere/exec?command=true&stdout=1", upgrade(""), 400, "pod nowhere does not have a host assigned"},
      {"GET", "/lost/attach?stdout=1", upgrade(""), 404, "nodes \"node-9\" not found"},
      {"GET", "/web/exec?command=true", upgrade(""), 400, "you must specify at least 1 of stdin, stdout, stderr"},
      {"GET", "/web/exec?command=true&stdout=false", upgrade(""), 400,
       "you must specify at least 1 of stdin, stdout, stderr"},
      {"GET", "/web/exec?stdout=1", upgrade(""), 400, "you must specify at least one command for the container"},
      {"GET", "/web/exec?command=true&stdout=1", {}, 400, "Upgrade request required"},
      {"POST", "/web/attach?stdout=1", {}, 400, "Upgrade request required"},
      {"POST",
       "/web/exec?command=true&stdout=1",
       {{"connection", "Upgrade"}, {"upgrade", "SPDY/3.1"}},
       400,
       "unable to upgrade: SPDY is not spoken here; use a client that speaks WebSocket (kubectl 1.31 or newer, the "
       "client "
       "libraries)"},
      {"GET", "/web/exec?command=true&stdout=1", upgrade("v3.channel.k8s.io"), 403,
       "requested protocol(s) are not supported: [v3.channel.k8s.io]; supports [v5.channel.k8s.io v4.channel.k8s.io "
       "v4.base64.channel.k8s.io channel.k8s.io base64.channel.k8s.io]"},
      {"DELETE", "/web/exec", {}, 405, "the server does not allow this method on the requested resource"},
      {"PUT", "/web/attach", {}, 405, "the server does not allow this method on the requested resource"},
  };
  for (const auto& c : cases) {
    auto sink = http(c.method, kPods + c.path, "", c.headers);
    EXPECT_EQ(sink->status, c.code) << c.method << " " << c.path;
    EXPECT_EQ(sink->json()["message"], c.message) << c.method << " " << c.path;
    EXPECT_EQ(sink->json()["kind"], "Status");
  }
}

}  // namespace
}  // namespace kabuki::api_server
