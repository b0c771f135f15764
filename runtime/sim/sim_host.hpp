#pragma once

#include "runtime/caf_host.hpp"
#include "runtime/sim/coordinator.hpp"

namespace kabuki::runtime::sim {

class World;

/// A host whose actors the world runs.
class SimHost final : public HostCore {
 public:
  /// `runnable` is called whenever it had nothing to run and now has.
  SimHost(World* world, HostOptions options, HostServices services, std::function<void()> runnable);
  ~SimHost() override;

  bool has_jobs() const { return coordinator_->has_jobs(); }
  void run_one(io::Random& random) { coordinator_->run_one(random); }
  /// Ends everything at once, without a word to anybody.
  void crash();

  void step(std::string_view actor, std::string_view what) override;

 private:
  void wait_until(const std::function<bool()>& done) override;

  World* world_;
  Coordinator* coordinator_ = nullptr;
  bool crashed_ = false;
};

}  // namespace kabuki::runtime::sim
