#include "runtime/actor.hpp"

#include "messages/status.hpp"
#include "runtime/actor_cell.hpp"
#include "runtime/caf_host.hpp"
#include "runtime/mailbox.hpp"

namespace kabuki::runtime {

std::string_view Address::host() const {
  if (is_role()) return {};
  return std::string_view(text).substr(0, text.find('/'));
}

std::string_view Address::local() const {
  if (is_role()) return std::string_view(text).substr(1);
  const auto slash = text.find('/');
  return slash == std::string::npos ? std::string_view() : std::string_view(text).substr(slash + 1);
}

Reply& Reply::operator=(Reply&& other) noexcept {
  if (this == &other) return *this;
  if (wanted()) fail(unavailable("the request was dropped"));
  answer_ = std::exchange(other.answer_, nullptr);
  return *this;
}

Reply::~Reply() {
  if (wanted()) fail(unavailable("the receiver ended without an answer"));
}

void Reply::send(MessagePtr message) { complete(std::move(message)); }
void Reply::fail(Error error) { complete(std::move(error)); }
void Reply::complete(Result<MessagePtr> result) {
  if (auto answer = std::exchange(answer_, nullptr)) answer(std::move(result));
}

bool Mailbox::post(std::function<void()> run) const {
  if (!target_) return false;
  auto envelope = make_envelope(Envelope::Kind::run);
  envelope->run = std::move(run);
  return runtime::post(target_->cell, std::move(envelope));
}

Actor::~Actor() = default;

const std::string& Actor::name() const { return cell_->full_name(); }
const std::string& Actor::host_name() const { return cell_->host().options().name; }
Host& Actor::host() const { return cell_->host(); }
io::WallTime Actor::now() const { return cell_->host().services().clock->wall(); }
io::MonoTime Actor::mono() const { return cell_->host().services().clock->mono(); }
io::Random& Actor::random() { return cell_->random(); }
void Actor::tell(const Address& to, MessagePtr message) { cell_->tell(to, std::move(message)); }
void Actor::ask(const Address& to, MessagePtr message, io::Duration timeout, AskHandler handler) {
  cell_->ask(to, std::move(message), timeout, std::move(handler));
}
Actor::TimerId Actor::after(io::Duration delay, std::function<void()> run) {
  return cell_->after(delay, std::move(run));
}
void Actor::cancel(TimerId timer) { cell_->cancel(timer); }
Mailbox Actor::mailbox() const { return cell_->mailbox(); }
Actor::MonitorId Actor::monitor(const Address& who, std::function<void(const ExitReason&)> ended) {
  return cell_->monitor(who, std::move(ended));
}
void Actor::demonitor(MonitorId monitor) { cell_->demonitor(monitor); }
Result<> Actor::spawn(const std::string& child, std::unique_ptr<Actor> actor) {
  auto spawned = cell_->spawn(child, std::move(actor), false, 0);
  if (!spawned.ok()) return spawned.error();
  return {};
}
void Actor::stop_child(const std::string& child, bool kill) { cell_->stop_child(child, kill); }
bool Actor::has_child(const std::string& child) const { return cell_->has_child(child); }
std::vector<std::string> Actor::children() const { return cell_->children(); }
void Actor::forward(const Address& to, Inbound in) { cell_->forward(to, std::move(in)); }
void Actor::end() { cell_->end({ExitReason::Kind::normal, {}}); }
void Actor::fail(std::string what) { cell_->end({ExitReason::Kind::failed, std::move(what)}); }

}  // namespace kabuki::runtime
