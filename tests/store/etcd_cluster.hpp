#pragma once

#include <optional>
#include <string>
#include <sys/types.h>
#include <vector>

#include "runtime/io/live_clock.hpp"
#include "runtime/io/live_timers.hpp"
#include "store/engines/etcd.hpp"
#include "store/engines/etcd_client.hpp"

/// Ends a test where etcd is not installed.
#define KABUKI_NEEDS_ETCD()                             \
  if (!::kabuki::store::test::EtcdCluster::installed()) \
  GTEST_SKIP() << "etcd is not installed: tools/setup, or apt-get install etcd-server"

namespace kabuki::store::test {

struct EtcdSecurity {
  /// https, and clients need a certificate.
  bool tls = false;
  /// Not "": clients need to be the user root with this password.
  std::string password;
};

/// A real etcd cluster: processes on free ports of loopback, their data in a temporary directory, with elections that
/// take half a second. Gone with the object, or with the process.
class EtcdCluster {
 public:
  static bool installed();
  /// `flags` go to every member. Returns when it has a leader. Fails the test where it gets none.
  explicit EtcdCluster(size_t members = 3, EtcdSecurity security = {}, const std::vector<std::string>& flags = {});
  ~EtcdCluster();

  size_t size() const { return members_.size(); }
  std::vector<std::string> urls() const;
  const std::string& url(size_t member) const { return members_.at(member).url; }
  /// What an engine needs to use this cluster, with short timeouts: urls, security, clock and timers.
  EtcdOptions options(const std::string& prefix, ShardIdentity identity);

  /// SIGKILL.
  void kill(size_t member);
  /// SIGSTOP: it is silent, but its connections stay.
  void stop(size_t member);
  void cont(size_t member);
  /// After `kill`, with its data. Returns when it answers.
  void restart(size_t member);
  /// Who leads, by the first member that knows; waits for one.
  size_t leader();

  /// Lets etcd forget what was before its present revision.
  void compact();
  /// Whether etcd has forgotten what there was at this revision of its.
  bool forgot(uint64_t revision);
  /// Runs etcdctl as whoever may.
  void control(const std::string& arguments);
  /// Lets real time pass, where a fault has to last.
  void pause(io::Duration duration = std::chrono::milliseconds(50));
  io::Clock& clock() { return clock_; }
  io::Timers& timers() { return timers_; }

 private:
  struct Member {
    std::string url;
    std::vector<std::string> arguments;
    pid_t pid = 0;
    bool stopped = false;
  };
  struct Status {
    uint64_t member = 0;
    uint64_t leader = 0;
    int64_t revision = 0;
  };

  void make_certificates();
  std::string file(const std::string& name) const { return directory_ + "/" + name; }
  void launch(Member* member);
  std::optional<Status> status(size_t member);
  /// Gives a member half a second to answer.
  template <class Response>
  std::shared_ptr<etcd::Answer<Response>> ask(
      size_t member, const std::function<void(etcd::Connection&, etcd::Answered<Response>)>& question);

  const EtcdSecurity security_;
  bool secured_ = false;  // the password is needed by now
  std::string directory_;
  std::vector<Member> members_;
  io::LiveClock clock_;
  io::LiveTimers timers_{clock_};
};

}  // namespace kabuki::store::test
