#include "runtime/sim/world.hpp"

#include <cassert>
#include <stdexcept>

#include "runtime/sim/sim_host.hpp"
#include "runtime/sim/sim_timers.hpp"

namespace kabuki::runtime::sim {
namespace {

constexpr size_t kNotRunnable = ~size_t{0};

uint64_t mixed(uint64_t hash, std::string_view text) {
  for (const char c : text) hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3ULL;
  return (hash ^ 0xff) * 0x100000001b3ULL;  // so that "a","bc" differs from "ab","c"
}

uint64_t mixed(uint64_t hash, uint64_t number) {
  hash = (hash ^ number) * 0x9e3779b97f4a7c15ULL;
  return hash ^ (hash >> 29);
}

}  // namespace

struct World::Machine {
  std::string name;
  SimHostOptions options;
  SimDisk disk;
  // From here on, of one life.
  std::unique_ptr<SimClock> clock;
  std::unique_ptr<SimTimers> timers;
  std::unique_ptr<SimNetwork> network;
  std::unique_ptr<SimHost> host;
  size_t runnable_at = kNotRunnable;
  int64_t still_until = 0;

  Machine(std::string n, SimHostOptions o, io::Random random, std::function<void(io::Duration)> stall)
      : name(std::move(n)), options(o), disk(random, std::move(stall)) {
    disk.set_faults(options.disk);
  }
};

World::World(WorldOptions options)
    : options_(std::move(options)),
      agenda_(&now_),
      clock_(&now_, options_.epoch, {}),
      network_(&agenda_, &now_, random("world/network")),
      scheduling_(random("world/scheduling")) {}

World::~World() {
  for (auto& [name, machine] : machines_) take_down(*machine);
  agenda_.clear();
}

World::Machine& World::machine(const std::string& name) {
  auto found = machines_.find(name);
  if (found == machines_.end()) throw std::invalid_argument("no host " + name);
  return *found->second;
}

Host& World::add_host(HostOptions options, SimHostOptions sim) {
  assert(!stepping_);
  auto& slot = machines_[options.name];
  if (slot) throw std::invalid_argument("host " + options.name + " is there already");
  slot = std::make_unique<Machine>(options.name, sim, random("world/disk/" + options.name),
                                   [this, name = options.name](io::Duration d) { stand_still(machine(name), d); });
  boot(*slot, std::move(options));
  return *slot->host;
}

void World::boot(Machine& machine, HostOptions options) {
  if (options.seed == 0) options.seed = random("host/" + options.name).next();
  machine.clock = std::make_unique<SimClock>(&now_, options_.epoch, machine.options.clock);
  machine.timers = std::make_unique<SimTimers>(&agenda_, machine.clock.get());
  machine.network = std::make_unique<SimNetwork>(options.name, &network_);
  HostServices services;
  services.clock = machine.clock.get();
  services.timers = machine.timers.get();
  services.network = machine.network.get();
  services.disk = &machine.disk;
  machine.host = std::make_unique<SimHost>(this, std::move(options), services,
                                           [this, machine = &machine] { make_runnable(*machine); });
  make_runnable(machine);
}

void World::take_down(Machine& machine) {
  if (!machine.host) return;
  remove_runnable(machine);
  machine.network->stop();
  machine.timers->drop();
  // Taken out first: what its actors enqueue while they end must not make the machine runnable.
  auto host = std::move(machine.host);
  host->crash();
  host.reset();
  machine.network.reset();
  machine.timers.reset();
  machine.clock.reset();
  machine.still_until = 0;
}

void World::crash_host(const std::string& name) {
  assert(!stepping_ && "a host crashes between steps, never inside a handler");
  Machine& machine = this->machine(name);
  if (!machine.host) return;
  take_down(machine);
  machine.disk.crash();
}

Host& World::restart_host(const std::string& name, HostOptions options) {
  assert(!stepping_);
  Machine& machine = this->machine(name);
  if (machine.host) throw std::invalid_argument("host " + name + " is alive");
  options.name = name;
  boot(machine, std::move(options));
  return *machine.host;
}

Host* World::host(const std::string& name) {
  auto found = machines_.find(name);
  return found == machines_.end() ? nullptr : found->second->host.get();
}

std::vector<std::string> World::hosts() const {
  std::vector<std::string> names;
  for (const auto& [name, machine] : machines_) names.push_back(name);
  return names;
}

void World::connect_all() {
  for (auto& [name, machine] : machines_)
    for (auto& [peer, other] : machines_)
      if (machine->host && other->host && name != peer)
        machine->host->set_peer(peer, other->host->options().incarnation, "", "");
}

void World::pause_host(const std::string& name, io::Duration duration) { stand_still(machine(name), duration); }

void World::set_clock_error(const std::string& name, ClockError error) {
  Machine& machine = this->machine(name);
  machine.options.clock = error;
  if (machine.clock) machine.clock->set_error(error);
}

void World::set_disk_faults(const std::string& name, DiskFaults faults) { machine(name).disk.set_faults(faults); }
io::Disk& World::disk(const std::string& name) { return machine(name).disk; }

void World::make_runnable(Machine& machine) {
  if (machine.runnable_at != kNotRunnable || !machine.host || !machine.host->has_jobs()) return;
  if (machine.still_until > now_) return;  // an entry of the agenda is on its way
  machine.runnable_at = runnable_.size();
  runnable_.push_back(&machine);
}

void World::remove_runnable(Machine& machine) {
  if (machine.runnable_at == kNotRunnable) return;
  runnable_.back()->runnable_at = machine.runnable_at;
  runnable_[machine.runnable_at] = runnable_.back();
  runnable_.pop_back();
  machine.runnable_at = kNotRunnable;
}

void World::stand_still(Machine& machine, io::Duration duration) {
  machine.still_until = std::max(machine.still_until, now_) + duration.count();
  remove_runnable(machine);
  agenda_.after(io::Duration(machine.still_until - now_),
                [this, name = machine.name] { make_runnable(this->machine(name)); });
}

void World::run_step() {
  const size_t pick = runnable_.size() == 1 ? 0 : scheduling_.below(runnable_.size());
  Machine& machine = *runnable_[pick];
  stepping_ = true;
  machine.host->run_one(scheduling_);
  stepping_ = false;
  if (!machine.host->has_jobs()) remove_runnable(machine);
  if (options_.step_cost.count() > 0) stand_still(machine, options_.step_cost);
}

bool World::advance(int64_t end) {
  if (!runnable_.empty()) {
    if (++steps_now_ > options_.steps_per_instant)
      throw std::runtime_error("virtual time stands still: too many steps in one instant, the last by " +
                               last_actor_);
    run_step();
    return true;
  }
  int64_t at = 0;
  if (!agenda_.next(&at) || at > end) {
    now_ = std::max(now_, end);
    return false;
  }
  if (at > now_) {
    now_ = at;
    steps_now_ = 0;
  }
  agenda_.run_next();
  return true;
}

void World::run_for(io::Duration duration) {
  const int64_t end = now_ + duration.count();
  while (advance(end)) {
  }
}

bool World::run_until(const std::function<bool()>& done, io::Duration limit) {
  assert(!stepping_);
  const int64_t end = now_ + limit.count();
  while (!done()) {
    if (!advance(end)) return done();
  }
  return true;
}

void World::trace(std::string_view host, std::string_view actor, std::string_view what) {
  ++steps_;
  trace_hash_ = mixed(trace_hash_, static_cast<uint64_t>(now_));
  trace_hash_ = mixed(mixed(trace_hash_, actor), what);
  last_actor_.assign(actor);
  if (options_.on_step) options_.on_step({now_}, host, actor, what);
}

}  // namespace kabuki::runtime::sim
