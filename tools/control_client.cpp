#include "tools/control_client.hpp"

#include "messages/bus/control.pb.h"
#include "messages/bus_failure.hpp"
#include "messages/status.hpp"
#include "runtime/transport/zmq_network.hpp"
#include "tools/pki.hpp"

namespace kabuki::tools {

Result<HostState> find_running(const std::string& name, const std::string& data, ClusterFiles* files) {
  files->root = data.empty() ? default_data_dir(name) : data;
  if (!DirectoryLock::is_held(files->lock())) {
    return unavailable("no cluster \"" + name + "\" runs from " + files->root +
                       ": start it with `kabuki up`, or name its directory with --data");
  }
  return read_host_state(files->state());
}

Result<ControlClient> ControlClient::open(const std::string& name, const std::string& data) {
  ControlClient client;
  auto state = find_running(name, data, &client.files_);
  if (!state) return state.error();
  client.state_ = *state;
  auto keys = load_control_keys(client.files_);
  if (!keys) return keys.error();
  client.secret_key_ = keys->secret_key;
  client.public_key_ = keys->public_key;
  return client;
}

Result<runtime::MessagePtr> ControlClient::ask(const runtime::Address& to, const runtime::MessagePtr& message,
                                               io::Duration timeout) const {
  bus::ControlRequest request;
  request.set_to(to.text);
  request.set_message(runtime::encode_message(*message));
  request.set_timeout_ms(std::chrono::duration_cast<std::chrono::milliseconds>(timeout).count());
  // The host gives its own answer at the timeout; a little more lets that answer through.
  auto answer = runtime::request_once({state_.endpoint, state_.public_key}, {public_key_, secret_key_}, "control",
                                      runtime::encode_message(*runtime::make_message(std::move(request))),
                                      timeout + std::chrono::seconds(1));
  if (!answer) return answer.error();
  auto outer = runtime::decode_message(*answer);
  const auto* reply = outer ? (*outer)->as<bus::ControlReply>() : nullptr;
  if (!reply) return bad_request(state_.endpoint + " did not answer as a kabuki host");
  if (!reply->ok()) return failure_to_error(reply->failure());
  return runtime::decode_message(reply->message());
}

}  // namespace kabuki::tools
