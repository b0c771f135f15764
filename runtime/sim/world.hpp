#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "runtime/host.hpp"
#include "runtime/sim/agenda.hpp"
#include "runtime/sim/sim_clock.hpp"
#include "runtime/sim/sim_disk.hpp"
#include "runtime/sim/sim_network.hpp"

namespace kabuki::runtime::sim {

struct WorldOptions {
  uint64_t seed = 1;
  io::WallTime epoch{1'767'225'600'000'000'000};  // 2026-01-01T00:00:00Z
  /// Steps within one instant of virtual time before the run is given up: actors that talk without end freeze time.
  uint64_t steps_per_instant = 2'000'000;
  /// How long a host is busy with one message. 0: work takes no time, which is fast and hides races with timeouts.
  io::Duration step_cost{0};
  /// Hears of every step, for finding where two runs part.
  std::function<void(io::MonoTime, std::string_view host, std::string_view actor, std::string_view what)> on_step;
};

struct SimHostOptions {
  ClockError clock;
  DiskFaults disk;
};

/// Many hosts in one thread, under one seed: an own virtual time, which jumps to the next thing that happens; one
/// scheduler, which picks the host and the actor that runs next; a network, clocks and disks that misbehave as told.
/// The same seed, options and calls give the same trace hash on every machine. Everything here is to be called from
/// outside of actors: from the test, from schedule() or from timers().
class World {
 public:
  explicit World(WorldOptions options);
  ~World();
  World(const World&) = delete;
  World& operator=(const World&) = delete;

  /// A host with no actors yet; Host::start runs the world until its tree is up. `options.seed` 0: from the world's.
  Host& add_host(HostOptions options, SimHostOptions sim = {});
  /// Ends the host in the middle of whatever it does: its actors, timers and frames to it are gone, its disk keeps
  /// what was synced. The Host is destroyed.
  void crash_host(const std::string& name);
  /// Brings a crashed host back on its old disk, without actors; give it a higher incarnation.
  Host& restart_host(const std::string& name, HostOptions options);
  /// Null when there is no such host alive.
  Host* host(const std::string& name);
  std::vector<std::string> hosts() const;
  /// Makes every host alive known to every other with its present incarnation.
  void connect_all();
  /// Nothing of this host runs for so long; its messages and timers wait.
  void pause_host(const std::string& name, io::Duration duration);
  void set_clock_error(const std::string& name, ClockError error);
  void set_disk_faults(const std::string& name, DiskFaults faults);
  io::Disk& disk(const std::string& name);

  void run_for(io::Duration duration);
  /// Runs until `done` is true, looking after every step; false when `limit` went by.
  bool run_until(const std::function<bool()>& done, io::Duration limit);

  /// The world's own time and timers, which no fault touches.
  io::Clock& clock() { return clock_; }
  io::Timers& timers() { return agenda_; }
  void schedule(io::Duration delay, std::function<void()> run) { agenda_.after(delay, std::move(run)); }
  io::Random random(std::string_view name) const { return io::Random(options_.seed).split(name); }
  NetworkFaults& network() { return network_; }

  /// Over every step so far: time, host, actor, kind of message.
  uint64_t trace_hash() const { return trace_hash_; }
  uint64_t steps() const { return steps_; }

 private:
  friend class SimHost;
  struct Machine;

  void boot(Machine& machine, HostOptions options);
  void take_down(Machine& machine);
  Machine& machine(const std::string& name);
  void make_runnable(Machine& machine);
  void remove_runnable(Machine& machine);
  void stand_still(Machine& machine, io::Duration duration);
  /// One step or one entry of the agenda; false when nothing happens until `end`.
  bool advance(int64_t end);
  void run_step();
  void trace(std::string_view host, std::string_view actor, std::string_view what);

  const WorldOptions options_;
  int64_t now_ = 0;
  Agenda agenda_;
  SimClock clock_;
  NetworkFaults network_;
  io::Random scheduling_;
  std::map<std::string, std::unique_ptr<Machine>> machines_;
  std::vector<Machine*> runnable_;
  bool stepping_ = false;
  uint64_t trace_hash_ = 0;
  uint64_t steps_ = 0;
  uint64_t steps_now_ = 0;
  std::string last_actor_;
};

}  // namespace kabuki::runtime::sim
