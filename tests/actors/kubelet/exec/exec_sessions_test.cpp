#include <gtest/gtest.h>

#include "actors/kubelet/limits.hpp"
#include "messages/api/core/v1/config_map.pb.h"
#include "messages/bus/exec.pb.h"
#include "tests/actors/kubelet/kubelet_sim.hpp"

namespace kabuki::kubelet {
namespace {

const std::string kNode = "host-1/kubelet/node-0";

/// Pod web on node-0, and who runs programs in its container from host-0.
struct ExecSessionsSim : KubeletSim {
  void begin_with(uint64_t seed, const std::string& annotation = {}, const std::string& value = {}) {
    start(seed);
    world->run_for(2s);
    create("web", "node-0", annotation, value);
    ASSERT_TRUE(until([&] { return running("web"); }));
  }
  bus::StartExec wanted(const std::vector<std::string>& command, bool in = false) {
    bus::StartExec out;
    out.set_namespace_("default");
    out.set_pod("web");
    out.set_uid(store->pod("web").metadata().uid());
    out.set_container("app");
    for (const auto& word : command) out.add_command(word);
    out.set_stdin(in);
    out.set_stdout(true);
    out.set_stderr(true);
    return out;
  }
  /// The session's name, or why there is none.
  std::string started(const bus::StartExec& request) {
    auto answer = ask("host-0", kNode, make_message(request), 20s);
    return answer.ok() ? (*answer)->as<bus::StartExecReply>()->session() : answer.error().message;
  }
  Result<runtime::MessagePtr> read(const std::string& session, bool keep = false) {
    bus::ReadExec request;
    request.set_session(session);
    request.set_keep(keep);
    return ask("host-0", kNode, make_message(request), 20s);
  }
  /// All that comes until the end: "out", "2:err", "=code", "!why".
  std::string all_of(const std::string& session) {
    std::string out;
    while (true) {
      auto answer = read(session);
      if (!answer) return out + "!" + answer.error().message;
      const auto& reply = *(*answer)->as<bus::ReadExecReply>();
      for (const auto& piece : reply.pieces()) out += (piece.err() ? "2:" : "") + piece.text();
      if (reply.has_failure()) return out + "!" + reply.failure().message();
      if (reply.ended()) return out + "=" + std::to_string(reply.exit_code());
    }
  }
  /// Whether there is no room for more.
  bool write(const std::string& session, const std::string& text, bool end = false) {
    bus::WriteExec request;
    request.set_session(session);
    request.set_text(text);
    request.set_end(end);
    auto answer = ask("host-0", kNode, make_message(request), 20s);
    EXPECT_TRUE(answer.ok()) << (answer.ok() ? "" : answer.error().message);
    return answer.ok() && (*answer)->as<bus::WriteExecReply>()->full();
  }
  static const std::string gone() {
    return "!Internal error occurred: the kubelet of the node has started anew, or nobody read for too long";
  }
};

TEST_F(ExecSessionsSim, RunAProgramToItsEnd) {
  begin_with(1, "exec", "ping => PONG\nfail => exit(3) stderr no");
  EXPECT_EQ(all_of(started(wanted({"echo", "hi"}))), "hi\n=0");
  EXPECT_EQ(all_of(started(wanted({"sh", "-c", "hostname; fail"}))), "web\n2:no\n=3");
  EXPECT_EQ(all_of(started(wanted({"ping"}))), "PONG\n=0");
  const auto before = world->clock().mono();
  EXPECT_EQ(all_of(started(wanted({"sleep", "20"}))), "=0");
  EXPECT_GE(world->clock().mono() - before, io::Duration(20s));
}

TEST_F(ExecSessionsSim, ShowWhatTheApiHolds) {
  begin_with(2);
  ::k8s::io::api::core::v1::ConfigMap map;
  map.mutable_metadata()->set_name("settings");
  map.mutable_metadata()->set_namespace_("default");
  (*map.mutable_data())["colour"] = "red";
  FakeApi::alive->put(kinds::kConfigMap, map);
  PodMessage pod = store->pod("web");
  auto* variable = pod.mutable_spec()->mutable_containers(0)->add_env();
  variable->set_name("COLOUR");
  auto* from = variable->mutable_valuefrom()->mutable_configmapkeyref();
  from->mutable_localobjectreference()->set_name("settings");
  from->set_key("colour");
  FakeApi::alive->put(kinds::kPod, pod);
  world->run_for(1s);
  EXPECT_EQ(all_of(started(wanted({"printenv", "COLOUR"}))), "red\n=0");
}

TEST_F(ExecSessionsSim, SayWhyAProgramIsNotStarted) {
  begin_with(3);
  EXPECT_EQ(
      started(wanted({"none"})),
      "Internal error occurred: error executing command in container: failed to exec in container: OCI runtime exec "
      "failed: exec failed: unable to start container process: exec: \"none\": executable file not found in $PATH: "
      "unknown");
  auto request = wanted({"true"});
  request.set_container("other");
  EXPECT_EQ(started(request), "Internal error occurred: container not found (\"other\")");
  request = wanted({"true"});
  request.set_uid("another");
  EXPECT_EQ(started(request), "pods \"web\" not found");
  create("later", "node-0", "start-latency", "1h");
  world->run_for(2s);
  request = wanted({"true"});
  request.set_pod("later");
  request.set_uid(store->pod("later").metadata().uid());
  EXPECT_EQ(started(request), "Internal error occurred: container not found (\"app\")");
}

TEST_F(ExecSessionsSim, PassInputOn) {
  begin_with(4);
  const std::string session = started(wanted({"cat"}, true));
  EXPECT_FALSE(write(session, "one\n"));
  EXPECT_FALSE(write(session, "two\n", true));
  EXPECT_EQ(all_of(session), "one\ntwo\n=0");
  // Without stdin there is none: it ends at once.
  EXPECT_EQ(all_of(started(wanted({"cat"}))), "=0");
}

TEST_F(ExecSessionsSim, WriteNoMoreThanTheReaderTakes) {
  begin_with(5);
  const std::string session = started(wanted({"yes"}));
  world->run_for(10s);
  for (int i = 0; i < 3; ++i) {
    auto answer = read(session);
    ASSERT_TRUE(answer.ok());
    const auto& reply = *(*answer)->as<bus::ReadExecReply>();
    ASSERT_EQ(reply.pieces_size(), 1);
    EXPECT_EQ(reply.pieces(0).text().size(), limits::kExecOutput);
  }
}

TEST_F(ExecSessionsSim, TakeNoMoreInputThanTheProgramReads) {
  begin_with(6);
  const std::string session = started(wanted({"cat"}, true));
  const std::string much(limits::kExecInput, 'x');
  EXPECT_FALSE(write(session, much)) << "the output that waits";
  EXPECT_FALSE(write(session, much)) << "the input that waits";
  const auto before = world->clock().mono();
  EXPECT_TRUE(write(session, "y")) << "no more";
  EXPECT_GE(world->clock().mono() - before, limits::kExecWait);
  auto answer = read(session);
  ASSERT_TRUE(answer.ok());
  EXPECT_FALSE(write(session, "", true)) << "the reader has made room";
  std::string rest = all_of(session);
  EXPECT_EQ(rest.size(), limits::kExecInput + std::string("y=0").size());
  EXPECT_TRUE(rest.ends_with("xy=0"));
}

TEST_F(ExecSessionsSim, EndWithTheirContainer) {
  begin_with(7);
  const std::string session = started(wanted({"sleep", "infinity"}));
  bus::CrashContainer crash;
  crash.set_container("app");
  crash.set_exit_code(1);
  ASSERT_TRUE(ask("host-0", kNode + "/pods/default/web", make_message(crash), 20s).ok());
  EXPECT_EQ(all_of(session), "=137");
}

TEST_F(ExecSessionsSim, EndWithTheirPod) {
  begin_with(8);
  const std::string program = started(wanted({"cat"}, true));
  auto request = wanted({}, true);
  request.set_attach(true);
  const std::string attached = started(request);
  FakeApi::alive->delete_pod("web", 5);
  EXPECT_EQ(all_of(program), "=137");
  EXPECT_EQ(all_of(attached), "container app of pod default/web ended with exit code 0\n=0");
}

TEST_F(ExecSessionsSim, EndWithAPodThatIsRemovedAtOnce) {
  begin_with(12);
  std::string sessions[2];
  for (const bool attach : {false, true}) {
    auto request = attach ? wanted({}) : wanted({"sleep", "infinity"});
    request.set_attach(attach);
    const ObjectPtr seen = store->objects.at({kinds::kPod, "default", "web"});
    auto answer = ask("host-0", kNode, make_message(request, {seen}), 20s);
    ASSERT_TRUE(answer.ok());
    sessions[attach] = (*answer)->as<bus::StartExecReply>()->session();
  }
  FakeApi::alive->delete_pod("web", 0);
  EXPECT_EQ(all_of(sessions[false]), "=137") << "whatever the API server had seen before";
  EXPECT_EQ(all_of(sessions[true]), "=0");
}

TEST_F(ExecSessionsSim, EndWhenNobodyReads) {
  begin_with(9);
  const std::string session = started(wanted({"sleep", "infinity"}));
  for (int i = 0; i < 4; ++i) {
    world->run_for(20s);
    ASSERT_TRUE(read(session, true).ok()) << "a slow reader is still there";
  }
  world->run_for(limits::kExecIdle + 1s);
  EXPECT_EQ(all_of(session), gone());
}

TEST_F(ExecSessionsSim, EndWhenTheReaderSaysSo) {
  begin_with(10);
  const std::string session = started(wanted({"sleep", "infinity"}));
  bus::EndExec end;
  end.set_session(session);
  world->host("host-0")->tell({kNode}, make_message(end));
  world->run_for(1s);
  EXPECT_EQ(all_of(session), gone());
}

TEST_F(ExecSessionsSim, AreLostWithTheKubelet) {
  begin_with(11);
  const std::string session = started(wanted({"sleep", "infinity"}));
  ASSERT_EQ(kill(kNode), "");
  world->run_for(5s);
  EXPECT_EQ(all_of(session), gone());
  EXPECT_EQ(all_of(started(wanted({"echo", "again"}))), "again\n=0");
}

TEST_F(ExecSessionsSim, AreBounded) {
  begin_with(12);
  std::vector<std::string> sessions;
  for (size_t i = 0; i < limits::kExecSessionsMax; ++i) {
    sessions.push_back(started(wanted({"cat"}, true)));
    ASSERT_EQ(sessions.back().size(), 16u) << sessions.back();
  }
  EXPECT_EQ(started(wanted({"cat"}, true)), "too many programs are run in containers of this node");
  write(sessions[3], "", true);
  EXPECT_EQ(all_of(sessions[3]), "=0");
  EXPECT_EQ(all_of(started(wanted({"echo", "room"}))), "room\n=0");
}

TEST_F(ExecSessionsSim, AttachedSeeWhatIsLoggedFromThenOn) {
  start(13);
  world->run_for(2s);
  PodMessage pod;
  pod.mutable_metadata()->set_name("web");
  auto& annotations = *pod.mutable_metadata()->mutable_annotations();
  annotations["sim.kabuki.io/logs"] = "line {n}";
  annotations["sim.kabuki.io/log-every"] = "10s";
  annotations["sim.kabuki.io/run-time"] = "35s";
  pod.mutable_spec()->set_nodename("node-0");
  pod.mutable_spec()->set_restartpolicy("Never");
  pod.mutable_spec()->add_containers()->set_name("app");
  FakeApi::alive->create_pod(pod);
  ASSERT_TRUE(until([&] { return running("web"); }));
  world->run_for(5s);
  auto request = wanted({}, true);
  request.set_attach(true);
  const std::string session = started(request);
  EXPECT_FALSE(write(session, "nobody reads this"));
  EXPECT_EQ(all_of(session), "line 2\nline 3\nline 4\n=0");
}

}  // namespace
}  // namespace kabuki::kubelet
