#pragma once

#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "tools/sim/client.hpp"
#include "tools/sim/observed.hpp"

namespace kabuki::tools {

struct WorkloadOptions {
  io::Duration duration = std::chrono::seconds(60);
  std::vector<std::string> names;                     // which ones; none: what the seed draws
  int deployments = 3;                                // of `web`
  int replicas_max = 6;                               // of each of these
  int pods = 6;                                       // single ones of `web`
  io::Duration pause_mean = std::chrono::seconds(2);  // between two writes of each workload
};

/// Works on objects of one kind of controller at random times, and knows what must have become of them. Draws from a
/// stream of its own.
class Workload {
 public:
  Workload(SimCluster& cluster, const WorkloadOptions& options, const std::string& stream);
  virtual ~Workload() = default;

  /// Begins, for as long as the options say.
  void start();
  void restored(const std::map<Key, ObjectPtr>& objects);
  /// It does nothing any more, everything has been answered, and nothing is unknown.
  bool done() const { return at_rest_ && client_.idle(); }
  Client& client() { return client_; }
  const Client& client() const { return client_; }

  /// Of a cluster at rest: what of its objects, and of what these stand for, is not as it is to be.
  virtual Lines wrong(const Observed& observed) const = 0;

 protected:
  /// One random change.
  virtual void act() = 0;
  /// Once no more changes come and all is answered: whether everything can come to rest as it is. Else it asks for
  /// what is missing, and is called again.
  virtual bool rest() { return true; }

  SimCluster& cluster() { return cluster_; }
  const WorkloadOptions& options() const { return options_; }
  io::Random& random() { return random_; }
  /// One of the client's objects, which it does not wait for; none where it does.
  const Key* any_key();

 private:
  void next();
  void come_to_rest();

  SimCluster& cluster_;
  const WorkloadOptions options_;
  io::Random random_;
  Client client_;
  io::MonoTime end_;
  bool at_rest_ = false;
};

/// The workloads of a run.
class Workloads {
 public:
  /// Those that the options name, or the seed draws.
  Workloads(SimCluster& cluster, const WorkloadOptions& options);
  ~Workloads();

  static const std::vector<std::string>& all_names();

  void start();
  void restored(const std::map<Key, ObjectPtr>& objects);
  bool done() const;
  const std::vector<std::string>& names() const { return names_; }
  const std::vector<std::unique_ptr<Workload>>& all() const { return all_; }
  Client::Counts counts() const;
  /// Whether a client makes this object itself.
  bool wants(const Key& key) const;

 private:
  std::vector<std::string> names_;
  std::vector<std::unique_ptr<Workload>> all_;
};

}  // namespace kabuki::tools
