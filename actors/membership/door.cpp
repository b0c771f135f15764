#include "actors/membership/door.hpp"

#include <memory>
#include <utility>

#include "messages/bus_failure.hpp"
#include "messages/status.hpp"
#include "runtime/log.hpp"
#include "runtime/message.hpp"

namespace kabuki::membership {
namespace {

using runtime::kJoiningPrefix;
using runtime::make_message;
using runtime::MessagePtr;

constexpr io::Duration kAskTimeout = std::chrono::seconds(10);
constexpr size_t kIdSize = 8;

Error not_proven(const std::string& why) { return {.code = 403, .reason = "Forbidden", .message = why}; }

std::string encode_answer(const Result<MessagePtr>& result) {
  if (result.ok()) return runtime::encode_message(**result);
  bus::Failure failure;
  error_to_failure(result.error(), &failure);
  return runtime::encode_message(*make_message(std::move(failure)));
}

MessagePtr with_kit(const runtime::Message& answer, const bus::MasterKit& kit) {
  bus::JoinReply reply;
  if (const auto* joined = answer.as<bus::JoinReply>()) reply = *joined;
  *reply.mutable_kit() = kit;
  return make_message(std::move(reply));
}

}  // namespace

Result<bus::Join> proven_join(const std::string& from, const std::string& key, bus::Join join) {
  join.clear_secret();
  if (from.starts_with(kJoiningPrefix)) {
    if (join.incarnation() != 0) return not_proven("a join file is for hosts that are about to start");
    if (!key.empty() && join.public_key().empty()) return not_proven("a host joins with a key of its own");
    if (!key.empty() && join.public_key() == key) return not_proven("the key of a join file cannot be a host's own");
    return join;
  }
  if (!join.host().empty() && join.host() != from) {
    return not_proven("host " + from + " cannot join as " + join.host());
  }
  join.set_host(from);
  join.set_public_key(key);
  join.clear_control_plane();  // the table knows
  return join;
}

struct Door::State {
  runtime::ZmqNetwork& network;
  runtime::Host& host;
  const std::string who;
  const runtime::ZmqNetwork::Requested otherwise;
  std::mutex mutex;
  std::map<std::string, Invitation> invitations;  // by id
  std::optional<bus::MasterKit> kit;
  bool closed = false;

  /// Counts a use; the key goes with the last one.
  void used(const std::string& id) {
    std::lock_guard lock(mutex);
    auto it = invitations.find(id);
    if (it == invitations.end() || it->second.uses == 0 || ++it->second.used < it->second.uses) return;
    network.key_ring().revoke(it->second.public_key);
    invitations.erase(it);
    runtime::log(runtime::Level::info, who, "a join file is used up", {{"id", id}});
  }

  /// Whether who knocks so has been invited to become a control-plane host. With the lock held.
  bool may_be_master(const std::string& from) const {
    if (!from.starts_with(kJoiningPrefix)) return true;  // known; the table knows what it is
    const auto it = invitations.find(from.substr(kJoiningPrefix.size()));
    return it != invitations.end() && it->second.control_plane;
  }

  void requested(const std::shared_ptr<State>& self, const std::string& from, const std::string& request,
                 runtime::ZmqNetwork::Answer answer) {
    auto message = runtime::decode_message(request);
    const auto* join = message.ok() ? (*message)->as<bus::Join>() : nullptr;
    if (!join && otherwise) return otherwise(from, request, std::move(answer));
    if (!join) return answer(encode_answer(bad_request("expected a Join")));
    auto proven = proven_join(from, network.key_ring().key_of(from).value_or(""), *join);
    if (!proven) {
      runtime::log(runtime::Level::warning, who, "refused a join", {{"from", from}, {"why", proven.error().message}});
      return answer(encode_answer(proven.error()));
    }
    std::lock_guard lock(mutex);
    if (closed) return;
    const bool master = proven->control_plane();
    if (master && !kit) {
      return answer(encode_answer(bad_request(
          "this cluster keeps its objects on one host; start it with --store etcd to add control-plane hosts")));
    }
    if (master && !may_be_master(from)) {
      runtime::log(runtime::Level::warning, who, "refused a control-plane host with a worker's join file",
                   {{"from", from}});
      return answer(encode_answer(
          not_proven("this join file is for workers; take join-control-plane.json of a control-plane host")));
    }
    host.ask(runtime::role(runtime::roles::kMembership), make_message(std::move(*proven)), kAskTimeout,
             [self, from, kit = master ? kit : std::nullopt, answer = std::move(answer)](Result<MessagePtr> result) {
               if (kit && result) result = with_kit(**result, *kit);
               if (result.ok() && from.starts_with(kJoiningPrefix)) self->used(from.substr(kJoiningPrefix.size()));
               answer(encode_answer(result));
             });
  }
};

Door::Door(runtime::ZmqNetwork& network, runtime::Host& host, runtime::ZmqNetwork::Requested otherwise)
    : network_(network),
      state_(new State{network, host, host.options().name + "/door", std::move(otherwise), {}, {}, {}, false}),
      host_name_(host.options().name) {
  network.on_request([state = state_](const std::string& from, std::string request, auto answer) {
    state->requested(state, from, request, std::move(answer));
  });
}

Door::~Door() {
  network_.on_request({});
  std::lock_guard lock(state_->mutex);
  state_->closed = true;
}

void Door::offer_kit(bus::MasterKit kit) {
  std::lock_guard lock(state_->mutex);
  state_->kit = std::move(kit);
}

runtime::JoinFile Door::invite(const std::string& endpoint, uint32_t uses, bool control_plane) {
  runtime::JoinFile file;
  file.control_plane = control_plane;
  file.secret = runtime::generate_curve_keys();
  // A label for logs, not a secret. Z85 has characters that a name cannot have.
  for (char c : file.secret.public_key) {
    if (std::isalnum(static_cast<unsigned char>(c)) && file.id.size() < kIdSize) file.id.push_back(c);
  }
  file.endpoint = endpoint;
  file.server_host = host_name_;
  file.server_key = network_.keys().public_key;
  file.uses = uses;
  accept(file);
  return file;
}

void Door::accept(const runtime::JoinFile& file) {
  std::lock_guard lock(state_->mutex);
  state_->invitations[file.id] = {file.secret.public_key, file.uses, 0, file.control_plane};
  network_.key_ring().allow(file.secret.public_key, std::string(kJoiningPrefix) + file.id);
}

void Door::revoke(const std::string& id) {
  std::lock_guard lock(state_->mutex);
  state_->invitations.erase(id);
  network_.key_ring().revoke_name(std::string(kJoiningPrefix) + id);
}

Result<bus::JoinReply> ask_to_join(const runtime::RequestTarget& target, const runtime::CurveKeys& keys,
                                   const std::string& sender, const bus::Join& join, io::Duration timeout) {
  auto answer = runtime::request_once(target, keys, sender, runtime::encode_message(*make_message(join)), timeout);
  if (!answer) return answer.error();
  auto message = runtime::decode_message(*answer);
  if (!message) return message.error();
  if (const auto* failure = (*message)->as<bus::Failure>()) return failure_to_error(*failure);
  if (const auto* reply = (*message)->as<bus::JoinReply>()) return *reply;
  return internal_error("expected an answer to Join");
}

}  // namespace kabuki::membership
