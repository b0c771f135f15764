#include "runtime/sim/sim_host.hpp"

#include "runtime/actor_cell.hpp"
#include "runtime/sim/world.hpp"

namespace kabuki::runtime::sim {
namespace {

// Of virtual time; a start or stop that takes longer will not end at all.
constexpr io::Duration kWaitLimit = std::chrono::hours(1);

}  // namespace

SimHost::SimHost(World* world, HostOptions options, HostServices services, std::function<void()> runnable)
    : HostCore(std::move(options), services), world_(world) {
  auto config = std::make_unique<caf::actor_system_config>();
  config->module_factories.push_back([this, runnable](caf::actor_system& system) -> caf::actor_system::module* {
    return coordinator_ = new Coordinator(system, runnable);
  });
  make_system(std::move(config));
}

SimHost::~SimHost() { crash(); }

void SimHost::crash() {
  if (std::exchange(crashed_, true)) return;
  router().close();
  if (root_) static_cast<ActorCell*>(caf::actor_cast<caf::abstract_actor*>(root_))->crash();
  coordinator_->drop_jobs();
  end_system();
}

void SimHost::step(std::string_view actor, std::string_view what) {
  if (!crashed_) world_->trace(options().name, actor, what);
}

void SimHost::wait_until(const std::function<bool()>& done) { world_->run_until(done, kWaitLimit); }

}  // namespace kabuki::runtime::sim
