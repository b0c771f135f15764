#include <gtest/gtest.h>

#include "actors/api_server/metrics/limits.hpp"
#include "actors/api_server/metrics/use_reader.hpp"
#include "messages/api/core/v1/node.pb.h"
#include "messages/api/core/v1/pod.pb.h"
#include "messages/bus/metrics.pb.h"
#include "messages/status.hpp"
#include "tests/actors/api_server/api_sim.hpp"

namespace kabuki::api_server {
namespace {

using Json = nlohmann::json;

NodeSample sample(int pods) {
  auto use = std::make_shared<bus::NodeUse>();
  for (int i = 0; i < pods; ++i) use->add_pods();
  return use;
}

TEST(UseCache, ForgetsWhatIsOldAndKeepsNoMorePodsThanItMay) {
  UseCache cache(15s, 10);
  const auto at = [](int64_t seconds) { return io::MonoTime{seconds * 1'000'000'000}; };
  cache.put("a", sample(3), at(0));
  EXPECT_TRUE(cache.find("a", at(14)));
  EXPECT_FALSE(cache.find("a", at(15)));
  cache.put("b", sample(3), at(20));
  EXPECT_EQ(cache.pods(), 4U) << "what is too old is gone";
  cache.put("c", sample(3), at(21));
  cache.put("d", sample(3), at(22));
  EXPECT_FALSE(cache.find("b", at(22)));
  EXPECT_TRUE(cache.find("c", at(22)) && cache.find("d", at(22)));
  cache.put("d", sample(1), at(23));
  EXPECT_EQ(cache.pods(), 6U);
}

/// Kubelets as functions: what is asked of them, to be answered by hand.
struct Kubelets {
  std::map<std::string, std::function<void(Result<runtime::MessagePtr>)>> asked;  // by address
  io::MonoTime now;
  UseReader reader{[this](const runtime::Address& to, const runtime::MessagePtr&, io::Duration, auto done) {
                     asked[to.text] = std::move(done);
                   },
                   [this] { return now; }, 15s};
  std::vector<std::string> answers;  // of the reader, nodes joined

  void read(const std::vector<std::string>& nodes) {
    std::vector<UseReader::Node> list;
    for (const std::string& node : nodes) list.push_back({node, node == "homeless" ? "" : "host-1"});
    reader.read(list, [this](const UseReader::Samples& samples) {
      std::string text;
      for (const auto& [node, use] : samples) text += node + "=" + std::to_string(use->cpu_milli()) + " ";
      answers.push_back(text);
    });
  }
  void answer(const std::string& node, int64_t cpu) {
    bus::NodeUse use;
    use.set_cpu_milli(cpu);
    take(node)(runtime::make_message(std::move(use)));
  }
  std::function<void(Result<runtime::MessagePtr>)> take(const std::string& node) {
    auto found = asked.extract("host-1/kubelet/" + node);
    EXPECT_TRUE(found) << node;
    return std::move(found.mapped());
  }
};

using Strings = std::vector<std::string>;

TEST(UseReader, AsksEachNodeOnceHoweverManyWantToKnow) {
  Kubelets kubelets;
  kubelets.read({"a", "b"});
  kubelets.read({"b", "homeless"});
  EXPECT_EQ(kubelets.asked.size(), 2U);
  kubelets.answer("b", 2);
  EXPECT_EQ(kubelets.answers, Strings{"b=2 "});
  kubelets.answer("a", 1);
  EXPECT_EQ(kubelets.answers, (Strings{"b=2 ", "a=1 b=2 "}));
  // What is known is told again until it is old.
  kubelets.now = {14'000'000'000};
  kubelets.read({"a"});
  EXPECT_EQ(kubelets.answers.back(), "a=1 ");
  kubelets.now = {15'000'000'000};
  kubelets.read({"a"});
  EXPECT_EQ(kubelets.answers.size(), 3U);
  kubelets.answer("a", 7);
  EXPECT_EQ(kubelets.answers.back(), "a=7 ");
}

TEST(UseReader, TellsOfTheOthersWhenOneDoesNotAnswer) {
  Kubelets kubelets;
  kubelets.read({"a", "b"});
  kubelets.take("a")(Error{.code = 504, .reason = "Timeout"});
  kubelets.answer("b", 2);
  EXPECT_EQ(kubelets.answers, Strings{"b=2 "});
  kubelets.read({});
  EXPECT_EQ(kubelets.answers.back(), "");
}

TEST(UseReader, AsksOfAThousandNodesSoManyAtATime) {
  Kubelets kubelets;
  std::vector<std::string> nodes;
  for (int i = 0; i < 1000; ++i) nodes.push_back("node-" + std::to_string(i));
  kubelets.read(nodes);
  size_t answered = 0;
  while (!kubelets.asked.empty()) {
    EXPECT_LE(kubelets.asked.size(), kNodesAskedAtOnce);
    auto done = std::move(kubelets.asked.begin()->second);
    kubelets.asked.erase(kubelets.asked.begin());
    done(runtime::make_message(bus::NodeUse()));
    ++answered;
  }
  EXPECT_EQ(answered, 1000U);
  ASSERT_EQ(kubelets.answers.size(), 1U);
  EXPECT_EQ(std::count(kubelets.answers[0].begin(), kubelets.answers[0].end(), '='), 1000);
}

/// A cluster with two nodes, of which one answers.
struct Metrics : ApiSim {
  int asked = 0;

  void SetUp() override {
    ApiSim::SetUp();
    runtime::SupervisorSpec kubelets = runtime::tree({{.name = "node-1", .make = [this] {
                                                         auto actor = std::make_unique<runtime::TestActor>();
                                                         actor->on_message = [this](auto&, runtime::Inbound& in) {
                                                           if (in.as<bus::ReadNodeUse>()) tell_use(in);
                                                         };
                                                         return actor;
                                                       }}});
    runtime::Host& host = world->add_host(named("host-3"));
    ASSERT_TRUE(host.start(runtime::tree({runtime::supervisor_child("kubelet", std::move(kubelets))})).ok());
    world->connect_all();
    for (const char* name : {"node-1", "node-2"}) {
      ::k8s::io::api::core::v1::Node node;
      node.mutable_metadata()->set_name(name);
      (*node.mutable_metadata()->mutable_labels())["disk"] = "ssd";
      (*node.mutable_metadata()->mutable_annotations())["kabuki.io/host"] = "host-3";
      ASSERT_FALSE(write({actors::Write::create(kinds::kNode, node)})[0].error);
    }
    for (const char* name : {"web-1", "web-2", "db-1"}) {
      ::k8s::io::api::core::v1::Pod pod;
      pod.mutable_metadata()->set_name(name);
      pod.mutable_metadata()->set_namespace_("default");
      (*pod.mutable_metadata()->mutable_labels())["app"] = std::string(name).substr(0, std::string(name).find('-'));
      auto* container = pod.mutable_spec()->add_containers();
      container->set_name("app");
      container->set_image("nginx");
      pod.mutable_spec()->set_nodename(std::string(name) == "db-1" ? "node-2" : "node-1");
      const auto outcome = write({actors::Write::create(kinds::kPod, pod)})[0];
      ASSERT_FALSE(outcome.error) << outcome.error->message;
      uids[name] = outcome.object->uid();
    }
  }

  void tell_use(runtime::Inbound& in) {
    ++asked;
    bus::NodeUse use;
    use.set_node("node-1");
    use.set_at_ns(1'800'000'000'000'000'000);
    use.set_cpu_milli(450);
    use.set_memory_bytes(300 << 20);
    for (const char* name : {"web-1", "web-2"}) {
      auto* pod = use.add_pods();
      pod->set_namespace_("default");
      pod->set_name(name);
      pod->set_uid(std::string(name) == "web-2" ? "of another life" : uids[name]);
      auto* container = pod->add_containers();
      container->set_name("app");
      container->set_cpu_milli(200);
      container->set_memory_bytes((10 << 20) + 1);
    }
    in.reply.send(runtime::make_message(std::move(use)));
  }

  std::map<std::string, std::string> uids;
};

const std::string kMetricsPath = "/apis/metrics.k8s.io/v1beta1";

TEST_F(Metrics, OfNodesAndPodsAreAskedOfTheirKubeletsOnDemand) {
  const Json nodes = http("GET", kMetricsPath + "/nodes")->json();
  EXPECT_EQ(nodes["kind"], "NodeMetricsList");
  EXPECT_EQ(nodes["apiVersion"], "metrics.k8s.io/v1beta1");
  EXPECT_EQ(nodes["metadata"], Json::object());
  ASSERT_EQ(nodes["items"].size(), 1U) << "the other does not answer";
  Json node = nodes["items"][0];
  node["metadata"].erase("creationTimestamp");
  EXPECT_EQ(node, Json::parse(R"({"metadata":{"name":"node-1","labels":{"disk":"ssd"}},
      "timestamp":"2027-01-15T08:00:00Z","window":"15s","usage":{"cpu":"450m","memory":"300Mi"}})"));

  const Json pods = http("GET", kMetricsPath + "/namespaces/default/pods?labelSelector=app=web")->json();
  ASSERT_EQ(pods["items"].size(), 1U) << "the sample of web-2 is that of an earlier pod of that name";
  EXPECT_EQ(pods["items"][0]["metadata"]["name"], "web-1");
  EXPECT_EQ(pods["items"][0]["metadata"]["labels"], Json({{"app", "web"}}));
  EXPECT_EQ(pods["items"][0]["containers"],
            Json::parse(R"([{"name":"app","usage":{"cpu":"200m","memory":"10241Ki"}}])"));
  EXPECT_EQ(http("GET", kMetricsPath + "/pods")->json()["items"].size(), 1U);
  EXPECT_EQ(http("GET", kMetricsPath + "/namespaces/other/pods")->json()["items"].size(), 0U);
  EXPECT_EQ(asked, 1) << "within 15 s the first sample is told again";
  world->run_for(15s);
  EXPECT_EQ(http("GET", kMetricsPath + "/nodes/node-1")->json()["usage"]["cpu"], "450m");
  EXPECT_EQ(asked, 2);
}

TEST_F(Metrics, OfOneThatHasNoneAreNotFound) {
  EXPECT_EQ(http("GET", kMetricsPath + "/namespaces/default/pods/web-1")->status, 200);
  auto none = http("GET", kMetricsPath + "/namespaces/default/pods/db-1");
  EXPECT_EQ(none->status, 404);
  EXPECT_EQ(none->json()["message"], "podmetrics.metrics.k8s.io \"default/db-1\" not found");
  EXPECT_EQ(http("GET", kMetricsPath + "/nodes/node-9")->json()["message"],
            "nodemetrics.metrics.k8s.io \"node-9\" not found");
}

TEST_F(Metrics, AreOnlyReadAndHaveATable) {
  for (const char* method : {"POST", "DELETE"}) {
    EXPECT_EQ(http(method, kMetricsPath + "/namespaces/default/pods", "{}")->status, 405) << method;
  }
  EXPECT_EQ(http("GET", kMetricsPath + "/nodes?watch=1")->status, 405);
  const Json table = http("GET", kMetricsPath + "/namespaces/default/pods", "",
                          {{"accept", "application/json;as=Table;v=v1;g=meta.k8s.io"}})
                         ->json();
  EXPECT_EQ(table["rows"][0]["cells"], Json({"web-1", "200m", "10241Ki", "15s"}));
}

TEST_F(Metrics, ActorsReadThemWithThePodsThemselves) {
  bus::ReadPodUses read;
  read.set_namespace_("default");
  read.set_label_selector("app=web");
  const auto answer = ask("host-2", "@api-server", runtime::make_message(read), 30s);
  ASSERT_TRUE(answer.ok());
  const auto* uses = (*answer)->as<bus::PodUses>();
  ASSERT_TRUE(uses);
  EXPECT_EQ((*answer)->objects.size(), 2U);
  ASSERT_EQ(uses->items_size(), 1);
  EXPECT_EQ(uses->items(0).use().name(), "web-1");
  EXPECT_EQ(uses->items(0).use().containers(0).cpu_milli(), 200);
  EXPECT_EQ(uses->window_ns(), 15'000'000'000);
}

}  // namespace
}  // namespace kabuki::api_server
