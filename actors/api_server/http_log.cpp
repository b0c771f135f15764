#include <utility>

#include "actors/api_server/api_server.hpp"

namespace kabuki::api_server {

void ApiServer::serve_log(const HttpCallPtr& call) {
  auto options = log_options(call->request, call->info.name);
  if (!options) return refuse(call, options.error());
  auto messages = log_messages(call->request);
  if (!messages) return refuse(call, messages.error());
  logs_.serve({.info = call->info,
               .options = std::move(*options),
               .messages = std::move(*messages),
               .sink = call->sink,
               .refuse = [this, call](const Error& error) { refuse(call, error); },
               .began = [this, call] { count(*call, 200); }});
}

}  // namespace kabuki::api_server
