#include "tests/store/etcd_cluster.hpp"

#include <condition_variable>
#include <filesystem>
#include <fstream>
#include <gtest/gtest.h>
#include <mutex>
#include <netinet/in.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "store/engines/etcd_client.hpp"

namespace kabuki::store::test {

namespace {

std::string loopback(uint16_t port) { return "127.0.0.1:" + std::to_string(port); }

/// All at once, so that they differ.
std::vector<uint16_t> free_ports(size_t count) {
  std::vector<int> sockets;
  std::vector<uint16_t> ports;
  for (size_t i = 0; i < count; ++i) {
    const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    EXPECT_EQ(bind(fd, reinterpret_cast<sockaddr*>(&address), size), 0);
    EXPECT_EQ(getsockname(fd, reinterpret_cast<sockaddr*>(&address), &size), 0);
    sockets.push_back(fd);
    ports.push_back(ntohs(address.sin_port));
  }
  for (const int fd : sockets) close(fd);
  return ports;
}

std::string read_file(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

void run(const std::string& command) { EXPECT_EQ(system(command.c_str()), 0) << command; }

}  // namespace

bool EtcdCluster::installed() { return system("command -v etcd >/dev/null && command -v etcdctl >/dev/null") == 0; }

EtcdCluster::EtcdCluster(size_t members, EtcdSecurity security, const std::vector<std::string>& flags)
    : security_(std::move(security)) {
  char name[] = "/tmp/kabuki-etcd-XXXXXX";
  directory_ = mkdtemp(name);
  if (security_.tls) make_certificates();
  const auto ports = free_ports(2 * members);
  const std::string scheme = security_.tls ? "https://" : "http://";
  std::string all;
  for (size_t i = 0; i < members; ++i) {
    all += (i == 0 ? "m" : ",m") + std::to_string(i) + "=http://" + loopback(ports[members + i]);
  }
  for (size_t i = 0; i < members; ++i) {
    const std::string id = "m" + std::to_string(i);
    const std::string peer = "http://" + loopback(ports[members + i]);
    Member member{.url = scheme + loopback(ports[i])};
    member.arguments = {"etcd",
                        "--name=" + id,
                        "--data-dir=" + file(id),
                        "--listen-client-urls=" + member.url,
                        "--advertise-client-urls=" + member.url,
                        "--listen-peer-urls=" + peer,
                        "--initial-advertise-peer-urls=" + peer,
                        "--initial-cluster=" + all,
                        "--initial-cluster-token=" + directory_,
                        "--heartbeat-interval=50",
                        "--election-timeout=500",
                        "--logger=zap",
                        "--log-level=error",
                        "--log-outputs=" + file(id + ".log")};
    member.arguments.insert(member.arguments.end(), flags.begin(), flags.end());
    if (security_.tls) {
      for (const auto& option : {"--cert-file=" + file("server.pem"), "--key-file=" + file("server.key"),
                                 "--trusted-ca-file=" + file("ca.pem"), std::string("--client-cert-auth")}) {
        member.arguments.push_back(option);
      }
    }
    members_.push_back(std::move(member));
  }
  for (auto& member : members_) launch(&member);
  leader();
  if (security_.password.empty()) return;
  control("user add root:" + security_.password);
  control("user grant-role root root");
  control("auth enable");
  secured_ = true;
}

EtcdCluster::~EtcdCluster() {
  for (size_t i = 0; i < members_.size(); ++i) kill(i);
  std::filesystem::remove_all(directory_);
}

void EtcdCluster::make_certificates() {
  const std::string key = "openssl req -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 ";
  const std::string end = " 2>" + file("openssl.log");
  run(key + "-x509 -subj /CN=authority -keyout " + file("ca.key") + " -out " + file("ca.pem") + end);
  for (const std::string& name : {std::string("server"), std::string("client")}) {
    std::ofstream(file(name + ".ext")) << "subjectAltName=IP:127.0.0.1\n";
    // No name: where passwords are on, etcd takes a certificate's name for the user's.
    run(key + "-subj /O=" + name + " -keyout " + file(name + ".key") + " -out " + file(name + ".csr") + end);
    run("openssl x509 -req -days 2 -CA " + file("ca.pem") + " -CAkey " + file("ca.key") + " -CAcreateserial -in " +
        file(name + ".csr") + " -extfile " + file(name + ".ext") + " -out " + file(name + ".pem") + end);
  }
}

void EtcdCluster::launch(Member* member) {
  std::vector<char*> arguments;
  for (auto& argument : member->arguments) arguments.push_back(argument.data());
  arguments.push_back(nullptr);
  const std::string output = file("output");
  member->pid = fork();
  if (member->pid != 0) return;
  // Not to outlive a test that crashes.
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (!freopen(output.c_str(), "a", stdout) || !freopen(output.c_str(), "a", stderr)) _exit(126);
  execvp("etcd", arguments.data());
  _exit(127);
}

std::vector<std::string> EtcdCluster::urls() const {
  std::vector<std::string> out;
  for (const auto& member : members_) out.push_back(member.url);
  return out;
}

EtcdOptions EtcdCluster::options(const std::string& prefix, ShardIdentity identity) {
  EtcdOptions options{.urls = urls(),
                      .prefix = prefix,
                      .identity = std::move(identity),
                      .attempt_timeout = std::chrono::milliseconds(700),
                      .probe_interval = std::chrono::milliseconds(200),
                      .clock = &clock_,
                      .timers = &timers_};
  if (security_.tls) {
    options.ca_pem = read_file(file("ca.pem"));
    options.certificate_pem = read_file(file("client.pem"));
    options.key_pem = read_file(file("client.key"));
  }
  if (secured_) {
    options.user = "root";
    options.password = security_.password;
  }
  return options;
}

void EtcdCluster::kill(size_t member) {
  auto& victim = members_.at(member);
  if (victim.pid == 0) return;
  ::kill(victim.pid, SIGKILL);
  waitpid(victim.pid, nullptr, 0);
  victim.pid = 0;
  victim.stopped = false;
}

void EtcdCluster::stop(size_t member) {
  auto& victim = members_.at(member);
  ASSERT_NE(victim.pid, 0);
  ::kill(victim.pid, SIGSTOP);
  waitpid(victim.pid, nullptr, WUNTRACED);
  victim.stopped = true;
}

void EtcdCluster::cont(size_t member) {
  auto& victim = members_.at(member);
  ASSERT_NE(victim.pid, 0);
  ::kill(victim.pid, SIGCONT);
  victim.stopped = false;
}

void EtcdCluster::restart(size_t member) {
  ASSERT_EQ(members_.at(member).pid, 0);
  launch(&members_[member]);
  for (int i = 0; i < 300 && !status(member); ++i) pause();
}

size_t EtcdCluster::leader() {
  for (int i = 0; i < 300; ++i) {
    for (size_t asked = 0; asked < members_.size(); ++asked) {
      const auto said = status(asked);
      if (!said || said->leader == 0) continue;
      // A leader that is gone is still named until the next election.
      for (size_t member = 0; member < members_.size(); ++member) {
        const auto own = status(member);
        if (own && own->member == said->leader) return member;
      }
    }
    pause();
  }
  ADD_FAILURE() << "etcd has no leader:\n" << read_file(file("output")) << read_file(file("m0.log"));
  return 0;
}

template <class Response>
std::shared_ptr<etcd::Answer<Response>> EtcdCluster::ask(
    size_t member, const std::function<void(etcd::Connection&, etcd::Answered<Response>)>& question) {
  struct Said {
    std::mutex mutex;
    std::condition_variable given;
    std::shared_ptr<etcd::Answer<Response>> answer;
  };
  const EtcdOptions asked = options("/", {});
  const auto connection = std::make_shared<etcd::Connection>(asked, member);
  const auto said = std::make_shared<Said>();
  const auto timer = timers_.after(std::chrono::milliseconds(500), [connection] { connection->cancel(); });
  question(*connection, [said](std::shared_ptr<etcd::Answer<Response>> answer) {
    const std::lock_guard lock(said->mutex);
    said->answer = std::move(answer);
    said->given.notify_one();
  });
  std::unique_lock lock(said->mutex);
  said->given.wait(lock, [&] { return said->answer != nullptr; });
  timers_.cancel(timer);
  return said->answer;
}

std::optional<EtcdCluster::Status> EtcdCluster::status(size_t member) {
  if (members_[member].pid == 0 || members_[member].stopped) return std::nullopt;
  const auto answer = ask<etcdserverpb::StatusResponse>(
      member, [](etcd::Connection& connection, etcd::Answered<etcdserverpb::StatusResponse> done) {
        connection.status(std::move(done));
      });
  if (answer->failure) return std::nullopt;
  const auto& header = answer->response.header();
  return Status{header.member_id(), answer->response.leader(), header.revision()};
}

bool EtcdCluster::forgot(uint64_t revision) {
  const auto answer = ask<etcdserverpb::RangeResponse>(
      leader(), [&](etcd::Connection& connection, etcd::Answered<etcdserverpb::RangeResponse> done) {
        etcdserverpb::RangeRequest request;
        request.set_key("/");
        request.set_revision(static_cast<int64_t>(revision));
        connection.range(std::move(request), std::move(done));
      });
  return answer->failure && answer->failure->code == etcd::kOutOfRange;
}

void EtcdCluster::compact() {
  const auto at = status(leader());
  ASSERT_TRUE(at.has_value());
  control("compaction " + std::to_string(at->revision));
}

void EtcdCluster::control(const std::string& arguments) {
  std::string endpoints;
  for (const auto& member : members_) {
    if (member.pid != 0 && !member.stopped) endpoints += (endpoints.empty() ? "" : ",") + member.url;
  }
  std::string command = "ETCDCTL_API=3 etcdctl --endpoints=" + endpoints;
  if (security_.tls) {
    command += " --cacert=" + file("ca.pem") + " --cert=" + file("client.pem") + " --key=" + file("client.key");
  }
  if (secured_) command += " --user=root:" + security_.password;
  run(command + " " + arguments + " >>" + file("output") + " 2>&1");
}

void EtcdCluster::pause(io::Duration duration) {
  std::mutex mutex;
  std::condition_variable over;
  bool done = false;
  timers_.after(duration, [&] {
    const std::lock_guard lock(mutex);
    done = true;
    over.notify_one();
  });
  std::unique_lock lock(mutex);
  over.wait(lock, [&] { return done; });
}

}  // namespace kabuki::store::test
