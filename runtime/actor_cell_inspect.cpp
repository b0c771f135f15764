#include <algorithm>

#include "messages/bus/types.pb.h"
#include "messages/status.hpp"
#include "runtime/actor_cell.hpp"
#include "runtime/caf_host.hpp"

namespace kabuki::runtime {
namespace {

constexpr size_t kListedTemporaryChildren = 100;
constexpr io::Duration kInspectLimit = std::chrono::milliseconds(2500);
constexpr io::Duration kInspectLevel = std::chrono::milliseconds(250);

/// The deeper an actor, the less it waits for its children, so that a hung one costs its own line only.
io::Duration inspect_limit(std::string_view name) {
  const auto depth = std::count(name.begin(), name.end(), '/');
  return std::max<io::Duration>(kInspectLimit - kInspectLevel * depth, kInspectLevel);
}

}  // namespace

/// An answer in the making: the actor's own line, and its children's as they come in.
struct ActorCell::Inspection {
  bus::InspectReply answer;
  size_t waiting = 0;
  Reply reply;

  void done_one() {
    if (--waiting == 0) reply.send(make_message(std::move(answer)));
  }
};

void ActorCell::answer_inspect(Inbound& in) {
  const uint32_t depth = in.as<bus::Inspect>()->depth();
  auto inspection = std::make_shared<Inspection>();
  inspection->reply = std::move(in.reply);
  auto* info = inspection->answer.mutable_actor();
  info->set_name(name_);
  info->set_type(supervisor_ ? "supervisor" : "worker");
  info->set_state(state_ == State::starting ? "starting" : state_ == State::running ? "running" : "stopping");
  info->set_restarts(restarts_);
  // Inspection overtakes the start: an actor that has not started has nothing yet to speak of.
  if (state_ != State::starting) guarded([&] { info->set_health(component_->health()); });
  info->set_mailbox(caf::scheduled_actor::mailbox().size());
  inspection->waiting = 1;
  if (depth != 1) {
    if (children_) list_children(inspection, depth);
    if (supervisor_) supervisor_->describe(info);
  } else {
    info->set_more_children(children_ ? children_->size() : 0);
  }
  inspection->done_one();
}

void ActorCell::list_children(std::shared_ptr<Inspection> inspection, uint32_t depth) {
  const size_t limit = supervisor_ ? children_->size() : std::min(children_->size(), kListedTemporaryChildren);
  auto* info = inspection->answer.mutable_actor();
  info->set_more_children(children_->size() - limit);
  bus::Inspect inspect;
  inspect.set_depth(depth == 0 ? 0 : depth - 1);
  const MessagePtr message = make_message(inspect);
  int position = 0;
  for (const auto& [name, cell] : *children_) {
    if (static_cast<size_t>(position) == limit) break;
    ++inspection->waiting;
    auto* line = info->add_children();
    line->set_name(name_ + "/" + std::string(name));
    line->set_state("not answering");
    const uint64_t id = begin_ask(inspect_limit(name_), [inspection, position](Result<MessagePtr> result) {
      const auto* reply = result.ok() ? (*result)->as<bus::InspectReply>() : nullptr;
      if (reply) *inspection->answer.mutable_actor()->mutable_children(position) = reply->actor();
      inspection->done_one();
    });
    auto envelope = std::make_unique<Envelope>(Envelope::Kind::message, true);
    envelope->in = question(id, message);
    post(cell, std::move(envelope));
    ++position;
  }
}

void ActorCell::answer_kill(Inbound& in) {
  const auto holders = host_->router().roles();
  const auto membership = holders.find(std::string(roles::kMembership));
  const bool allowed = in.from_host == host_->options().name ||
                       (membership != holders.end() && in.from_host == membership->second.host());
  if (!allowed) {
    Error error;
    error.code = 403;
    error.reason = "Forbidden";
    error.message = "actor " + name_ + " is killed from its own host or the membership's only";
    return in.reply.fail(std::move(error));
  }
  in.reply.send(make_message(bus::Empty()));
  begin_ending({ExitReason::Kind::killed, in.as<bus::KillActor>()->why()});
}

}  // namespace kabuki::runtime
