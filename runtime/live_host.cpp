#include <caf/scheduler/coordinator.hpp>
#include <condition_variable>

#include "runtime/caf_host.hpp"
#include "runtime/fair_sharing.hpp"

namespace kabuki::runtime {
namespace {

/// Runs its actors on threads that share their queues: lower latency from other threads than stealing, which sleeps.
class LiveHost final : public HostCore {
 public:
  LiveHost(HostOptions options, HostServices services) : HostCore(std::move(options), services) {
    auto config = std::make_unique<LiveConfig>(*this->services().clock);
    config->set("scheduler.max-threads", this->options().threads);
    config->set("scheduler.max-throughput", size_t{200});
    config->module_factories.push_back([](caf::actor_system& system) -> caf::actor_system::module* {
      return new caf::scheduler::coordinator<FairSharing>(system);
    });
    make_system(std::move(config));
  }

  ~LiveHost() override {
    stop();
    end_system();
  }

 private:
  void wait_until(const std::function<bool()>& done) override {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, done);
  }

  void wake() override {
    { std::lock_guard lock(mutex_); }
    changed_.notify_all();
  }

  std::mutex mutex_;
  std::condition_variable changed_;
};

}  // namespace

std::unique_ptr<Host> make_live_host(HostOptions options, HostServices services) {
  return std::make_unique<LiveHost>(std::move(options), services);
}

}  // namespace kabuki::runtime
