#pragma once

#include <atomic>
#include <caf/actor_system.hpp>
#include <caf/actor_system_config.hpp>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "runtime/caf_envelope.hpp"
#include "runtime/host.hpp"
#include "runtime/metrics.hpp"
#include "runtime/router.hpp"

namespace kabuki::runtime {

struct CellInit;

/// What every host has, live or simulated: an actor system, a router, the root of the tree. The two differ in who
/// runs the actors and in how one waits from outside.
class HostCore : public Host {
 public:
  ~HostCore() override;

  const HostOptions& options() const override { return options_; }
  const HostServices& services() const override { return services_; }
  Result<> start(SupervisorSpec root) override;
  void stop() override;
  void on_root_ended(std::function<void(const ExitReason&)> call) override;
  void ask(const Address& to, MessagePtr message, io::Duration timeout, Reply::Answer answer) override;
  void tell(const Address& to, MessagePtr message) override;
  void set_role(const std::string& role, const Address& holder) override { router_->set_role(role, holder); }
  void remove_role(const std::string& role) override { router_->remove_role(role); }
  std::map<std::string, Address> roles() const override { return router_->roles(); }
  void set_peer(const std::string& host, uint64_t incarnation, const std::string& endpoint,
                const std::string& public_key) override {
    router_->set_peer(host, incarnation, endpoint, public_key);
  }
  void remove_peer(const std::string& host) override { router_->remove_peer(host); }
  void on_peer_changed(std::function<void(const std::string& host, bool up)> call) override {
    router_->on_peer_changed(std::move(call));
  }
  Metrics& metrics() override { return *metrics_; }

  Router& router() { return *router_; }
  uint64_t next_instance() { return last_instance_.fetch_add(1, std::memory_order_relaxed) + 1; }
  /// Makes the cell, and its start the first thing it does.
  CellPtr spawn_cell(CellInit init);
  void root_started();
  void root_ended(const ExitReason& reason);
  /// Called before each thing an actor does; only the simulation listens.
  virtual void step(std::string_view actor, std::string_view what) {}

 protected:
  HostCore(HostOptions options, HostServices services);
  /// To be called by the most derived constructor: loads its scheduler.
  void make_system(std::unique_ptr<caf::actor_system_config> config);
  /// Ends the actor system. Every actor must have ended.
  void end_system();
  /// Returns when `done` does. Notified by `wake` after each change.
  virtual void wait_until(const std::function<bool()>& done) = 0;
  virtual void wake() {}
  bool root_is_alive();

  CellPtr root_;

 private:
  enum class Root { none, starting, running, ended };

  const HostOptions options_;
  const HostServices services_;
  const std::shared_ptr<Metrics> metrics_;
  std::shared_ptr<Router> router_;
  std::unique_ptr<caf::actor_system_config> config_;
  std::unique_ptr<caf::actor_system> system_;
  std::atomic<uint64_t> last_instance_{0};

  std::mutex mutex_;
  Root state_ = Root::none;
  ExitReason root_reason_;
  bool stop_asked_ = false;
  std::vector<std::function<void(const ExitReason&)>> root_ended_calls_;
};

}  // namespace kabuki::runtime
