#include "runtime/caf_host.hpp"

#include "messages/status.hpp"
#include "runtime/actor_cell.hpp"
#include "runtime/log.hpp"

namespace kabuki::runtime {

HostCore::HostCore(HostOptions options, HostServices services)
    : options_(std::move(options)),
      services_(services),
      metrics_(std::make_shared<Metrics>()),
      router_(std::make_shared<Router>(options_, services_, metrics_)) {}

HostCore::~HostCore() = default;

void HostCore::make_system(std::unique_ptr<caf::actor_system_config> config) {
  config_ = std::move(config);
  system_ = std::make_unique<caf::actor_system>(*config_);
  router_->open();
}

void HostCore::end_system() {
  router_->close();
  root_ = nullptr;
  system_.reset();
}

CellPtr HostCore::spawn_cell(CellInit init) {
  const bool registered = init.registered;
  const Address address{init.name};
  auto handle = system_->spawn<ActorCell, caf::lazy_init>(&init);
  auto cell = caf::actor_cast<CellPtr>(handle);
  post(cell, make_envelope(Envelope::Kind::start));
  if (registered) router_->add_name(address.local(), cell);
  return cell;
}

bool HostCore::root_is_alive() {
  std::lock_guard lock(mutex_);
  return state_ == Root::starting || state_ == Root::running;
}

Result<> HostCore::start(SupervisorSpec root) {
  {
    std::lock_guard lock(mutex_);
    if (state_ != Root::none) return unavailable("host " + options_.name + " was started before");
    state_ = Root::starting;
  }
  CellInit init;
  init.host = this;
  init.actor = make_supervisor(std::move(root));
  init.name = options_.name;
  init.instance = next_instance();
  init.seed = io::Random(options_.seed).split(options_.name + "#" + std::to_string(options_.incarnation)).next();
  init.registered = true;
  root_ = spawn_cell(std::move(init));
  wait_until([this] {
    std::lock_guard lock(mutex_);
    return state_ != Root::starting;
  });
  std::lock_guard lock(mutex_);
  if (state_ == Root::ended) return unavailable(root_reason_.what);
  return {};
}

void HostCore::stop() {
  {
    std::lock_guard lock(mutex_);
    stop_asked_ = true;
  }
  if (root_is_alive()) {
    post(root_, make_envelope(Envelope::Kind::stop));
    wait_until([this] { return !root_is_alive(); });
  }
  router_->close();
}

void HostCore::on_root_ended(std::function<void(const ExitReason&)> call) {
  std::lock_guard lock(mutex_);
  root_ended_calls_.push_back(std::move(call));
}

void HostCore::root_started() {
  {
    std::lock_guard lock(mutex_);
    if (state_ == Root::starting) state_ = Root::running;
  }
  wake();
}

void HostCore::root_ended(const ExitReason& reason) {
  std::vector<std::function<void(const ExitReason&)>> calls;
  {
    std::lock_guard lock(mutex_);
    if (state_ == Root::running && !stop_asked_) calls = root_ended_calls_;
    state_ = Root::ended;
    root_reason_ = reason;
  }
  if (!calls.empty()) log(Level::error, options_.name, "the root supervisor gave up", {{"why", reason.what}});
  for (const auto& call : calls) call(reason);
  wake();
}

void HostCore::ask(const Address& to, MessagePtr message, io::Duration timeout, Reply::Answer answer) {
  struct Pending {
    std::mutex mutex;
    Reply::Answer answer;
    uint64_t remote = 0;
    Reply::Answer take(uint64_t* asked = nullptr) {
      std::lock_guard lock(mutex);
      if (asked) *asked = remote;
      return std::exchange(answer, nullptr);
    }
  };
  auto pending = std::make_shared<Pending>();
  pending->answer = std::move(answer);
  const std::weak_ptr<Router> router = router_;
  const auto timer = services_.timers->after(timeout, [pending, router] {
    uint64_t asked = 0;
    auto call = pending->take(&asked);
    if (!call) return;
    if (auto held = router.lock(); held && asked) held->forget_ask(asked);
    call(timed_out("no answer in time"));
  });
  Inbound in;
  in.message = std::move(message);
  in.reply = Reply([pending, timer, timers = services_.timers](Result<MessagePtr> result) {
    auto call = pending->take();
    if (!call) return;
    timers->cancel(timer);
    call(std::move(result));
  });
  const uint64_t remote = router_->send(to, std::move(in));
  std::lock_guard lock(pending->mutex);
  pending->remote = remote;
}

void HostCore::tell(const Address& to, MessagePtr message) {
  Inbound in;
  in.message = std::move(message);
  router_->send(to, std::move(in));
}

}  // namespace kabuki::runtime
