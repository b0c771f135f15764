#include "tools/sim/cluster.hpp"

#include <algorithm>
#include <utility>

#include "actors/membership/member_actor.hpp"
#include "actors/node_host.hpp"
#include "messages/status.hpp"
#include "runtime/log.hpp"
#include "tools/sim/node_resources.hpp"

namespace kabuki::tools {
namespace {

using actors::kFirstHost;

constexpr std::chrono::seconds kGuardianPause{1};
constexpr std::chrono::seconds kKnockPause{1};
constexpr std::chrono::seconds kKnockTimeout{10};

runtime::sim::WorldOptions world_options(const SimClusterOptions& options) {
  runtime::sim::WorldOptions world;
  world.seed = options.seed;
  world.step_cost = options.step_cost;
  world.on_step = options.on_step;
  return world;
}

std::string host_name(int number) { return "host-" + std::to_string(number); }

/// Passes on a whole response, once.
class Answered final : public api_server::http::ResponseSink {
 public:
  using Answer = std::function<void(int status, std::string body)>;
  explicit Answered(Answer answer) : answer_(std::move(answer)) {}
  void respond(int status, api_server::http::Headers, std::string body) override { answer_(status, std::move(body)); }
  void start_stream(int status, api_server::http::Headers) override { answer_(status, ""); }
  void start_web_socket(std::string, bool, std::function<void(std::string)>) override { answer_(101, ""); }
  void consumed(size_t) override {}
  bool send(std::vector<api_server::http::Chunk>) override { return true; }
  void end_stream() override {}
  void on_closed(std::function<void()>) override {}
  void on_writable(std::function<void()>) override {}

 private:
  const Answer answer_;
};

}  // namespace

SimCluster::SimCluster(SimClusterOptions options, WrapEngine wrap)
    : options_(std::move(options)), wrap_(std::move(wrap)), world_(world_options(options_)) {
  if (options_.masters > 1) {
    shared_ = std::make_shared<store::SharedMedium>();
    shared_->set_faults({.request_min = options_.store_latency_min,
                         .request_max = options_.store_latency_max,
                         .feed_min = options_.store_latency_min,
                         .feed_max = options_.store_latency_max});
  }
  for (const std::string& shard : shards_.names()) {
    auto medium = std::make_shared<store::MemoryMedium>();
    medium->set_faults({.latency_min = options_.store_latency_min, .latency_max = options_.store_latency_max});
    media_.emplace(shard, std::move(medium));
  }
  for (int i = 1; i <= options_.hosts; ++i) states_.emplace(host_name(i), State::down);
}

bool SimCluster::is_master(const std::string& host) const {
  for (int i = 1; i <= std::max(1, options_.masters); ++i) {
    if (host == host_name(i)) return true;
  }
  return false;
}

std::string SimCluster::serving() const {
  for (const auto& [name, state] : states_) {
    if (is_master(name) && state == State::up) return name;
  }
  return kFirstHost;
}

void SimCluster::close() {
  closed_ = true;
  observers_.clear();
  for (const auto& [name, state] : states_) {
    if (world_.host(name)) world_.crash_host(name);
  }
}

bool SimCluster::start(io::Duration limit) {
  for (const std::string& shard : shared_&& wrap_ ? shards_.names() : std::vector<std::string>()) {
    auto engine = wrap_(
        shard, store::make_shared_memory_engine(shared_, {.identity = shards_.identity(shard), .host = "observer"}));
    if (!engine->load([](ObjectPtr) {})) return false;
    engine->start([](uint64_t, std::vector<store::Change>) {}, [](Error) {});
    observers_.push_back(std::move(engine));
  }
  for (const auto& [name, state] : states_) restart_host(name);
  return run_until([this] { return all_up(); }, limit);
}

std::vector<std::string> SimCluster::hosts() const {
  std::vector<std::string> names;
  for (const auto& [name, state] : states_) names.push_back(name);
  return names;
}

std::vector<std::string> SimCluster::node_names() const {
  std::vector<std::string> names;
  for (const auto& [name, state] : states_) {
    for (int i = 1; i <= options_.nodes; ++i) names.push_back(actors::node_name(name, static_cast<size_t>(i)));
  }
  return names;
}

bool SimCluster::all_up() const {
  return std::ranges::all_of(states_, [](const auto& entry) { return entry.second == State::up; });
}

void SimCluster::at(io::Duration delay, std::function<void()> run) {
  world_.schedule(delay, [this, run = std::move(run)]() mutable { due_.push_back(std::move(run)); });
}

void SimCluster::run_for(io::Duration duration) {
  const io::MonoTime end = now() + duration;
  for (;;) {
    while (!due_.empty()) {
      auto run = std::move(due_.front());
      due_.pop_front();
      run();
    }
    if (now() >= end) return;
    world_.run_until([this] { return !due_.empty(); }, end - now());
  }
}

bool SimCluster::run_until(const std::function<bool()>& done, io::Duration limit, io::Duration step) {
  const io::MonoTime end = now() + limit;
  while (!done()) {
    if (now() >= end) return false;
    run_for(std::min<io::Duration>(step, end - now()));
  }
  return true;
}

void SimCluster::crash_host(const std::string& name) {
  if (world_.host(name)) world_.crash_host(name);
  ++lives_[name];  // what was on its way for the former life is void
  states_[name] = State::down;
}

void SimCluster::restart_host(const std::string& name) {
  if (states_.at(name) != State::down) return;
  states_[name] = State::joining;
  const uint64_t attempt = ++lives_[name];
  // One that has been let in needs nobody.
  if (name == kFirstHost || incarnations_.contains(name)) {
    ++incarnations_[name];
    return start_master(name);
  }
  knock(name, attempt);
}

void SimCluster::replace_store(std::map<std::string, std::shared_ptr<store::MemoryMedium>> media) {
  for (auto& [shard, medium] : media) {
    medium->set_faults(media_.at(shard)->faults());
    media_.at(shard) = std::move(medium);
  }
}

runtime::Host& SimCluster::boot(const std::string& name, uint64_t incarnation) {
  runtime::HostOptions options;
  options.name = name;
  options.incarnation = incarnation;
  const auto known = world_.hosts();
  const bool again = std::ranges::find(known, name) != known.end();
  return again ? world_.restart_host(name, options) : world_.add_host(options);
}

std::unique_ptr<store::Engine> SimCluster::open_engine(const std::string& host, const std::string& shard) {
  const uint64_t seed = world_.random("engine/" + shard + "#" + std::to_string(++engines_opened_)).next();
  io::Timers* timers = world_.host(host)->services().timers;
  if (shared_) {
    return store::make_shared_memory_engine(
        shared_, {.identity = shards_.identity(shard), .host = host, .timers = timers, .seed = seed});
  }
  store::MemoryOptions options;
  options.identity = shards_.identity(shard);
  options.timers = timers;
  options.seed = seed;
  auto engine = store::make_memory_engine(media_.at(shard), options);
  return wrap_ ? wrap_(shard, std::move(engine)) : std::move(engine);
}

void SimCluster::start_master(const std::string& name) {
  runtime::Host& host = boot(name, incarnations_.at(name));
  for (const auto& [role, holder] : actors::control_plane_roles(control_plane(name))) host.set_role(role, holder);
  membership::apply_members(host, {}, members_[name]);
  run_tree(name, host);
}

actors::ControlPlaneOptions SimCluster::control_plane(const std::string& host) {
  actors::ControlPlaneOptions plane;
  plane.host = host;
  plane.shards = shards_;
  plane.engine = [this, host](const std::string& shard) { return open_engine(host, shard); };
  plane.node_lifecycle = options_.node_lifecycle;
  plane.election = options_.election;
  auto& gate = gates_[host];
  if (!gate) gate = std::make_shared<api_server::HttpGate>();
  plane.gate = gate;
  return plane;
}

runtime::SupervisorSpec SimCluster::specification(const std::string& host) {
  const bool master = is_master(host);
  actors::TreeParts parts;
  if (master) actors::add_control_plane(control_plane(host), &parts);
  actors::add_node_host({.host = host,
                         .nodes = options_.nodes,
                         .resources = {{kWidget, std::to_string(kWidgetsPerNode)}},
                         .all_views = master,
                         .member = {.nodes = static_cast<uint32_t>(options_.nodes),
                                    .control_plane = master,
                                    .learned = [this, host](const bus::Members& all) { members_[host] = all; }}},
                        &parts);
  return actors::supervision_tree(std::move(parts));
}

void SimCluster::knock(const std::string& name, uint64_t attempt) {
  if (lives_[name] != attempt) return;
  bus::Join join;
  join.set_host(name);
  join.set_nodes(static_cast<uint32_t>(options_.nodes));
  join.set_control_plane(is_master(name));
  join.set_attempt(attempt);
  // As the door of a control-plane host asks, for who has proven to be that host.
  ask(serving(), runtime::role(runtime::roles::kMembership), runtime::make_message(std::move(join)), kKnockTimeout,
      [this, name, attempt](Result<runtime::MessagePtr> answer) {
        at(io::Duration::zero(),
           [this, name, attempt, answer = std::move(answer)] { knocked(name, attempt, answer); });
      });
}

void SimCluster::knocked(const std::string& name, uint64_t attempt, const Result<runtime::MessagePtr>& answer) {
  if (lives_[name] != attempt) return;
  const auto* reply = answer ? (*answer)->as<bus::JoinReply>() : nullptr;
  if (reply) return start_worker(name, *reply);
  at(kKnockPause, [this, name, attempt] { knock(name, attempt); });
}

void SimCluster::start_worker(const std::string& name, const bus::JoinReply& reply) {
  if (is_master(name)) {
    incarnations_[name] = reply.incarnation();
    members_[name] = reply.members();
    return start_master(name);
  }
  runtime::Host& host = boot(name, reply.incarnation());
  membership::apply_members(host, {}, reply.members());
  run_tree(name, host);
}

void SimCluster::run_tree(const std::string& name, runtime::Host& host) {
  const uint64_t life = lives_[name];
  host.on_root_ended([this, name, life](const runtime::ExitReason&) {
    at(io::Duration::zero(), [this, name, life] { root_ended(name, life); });
  });
  states_[name] = State::up;
  if (auto started = host.start(specification(name)); !started) root_ended(name, life);
}

void SimCluster::root_ended(const std::string& name, uint64_t life) {
  if (lives_[name] != life) return;
  ++root_ends_;
  crash_host(name);
  const uint64_t down = lives_[name];
  at(kGuardianPause, [this, name, down] {
    if (lives_[name] == down) restart_host(name);
  });
}

void SimCluster::ask(const std::string& host, const runtime::Address& to, runtime::MessagePtr message,
                     io::Duration timeout, runtime::Reply::Answer answer) {
  runtime::Host* from = world_.host(host);
  if (!from) return answer(unavailable("host " + host + " is down"));
  // A host that crashes drops what it was asked, and its timers.
  auto once = std::make_shared<runtime::Reply::Answer>(std::move(answer));
  auto complete = [this, once](Result<runtime::MessagePtr> result) {
    if (closed_) return;
    if (auto call = std::exchange(*once, nullptr)) call(std::move(result));
  };
  from->ask(to, std::move(message), timeout, complete);
  at(timeout + std::chrono::seconds(1), [complete] { complete(unavailable("the host that was asked went down")); });
}

void SimCluster::call(const std::string& host, api_server::http::Request request, io::Duration timeout,
                      std::function<void(int status, const std::string& body)> answer) {
  auto once = std::make_shared<std::function<void(int, const std::string&)>>(std::move(answer));
  auto complete = [this, once](int status, const std::string& body) {
    if (closed_) return;
    if (auto call = std::exchange(*once, nullptr)) call(status, body);
  };
  at(timeout, [complete] { complete(0, ""); });
  if (!is_up(host) || !gates_.contains(host)) return;
  request.identity = {.user = "sim-client", .groups = {"system:masters"}};
  gates_.at(host)->dispatch(
      std::move(request), std::make_shared<Answered>([this, complete](int status, std::string body) {
        if (!closed_)
          at(io::Duration::zero(), [complete, status, body = std::move(body)] { complete(status, body); });
      }));
}

}  // namespace kabuki::tools
