#include <utility>

#include "actors/api_server/api_server.hpp"

namespace kabuki::api_server {

void ApiServer::serve_exec(const HttpCallPtr& call) {
  execs_.serve({.info = call->info,
                .request = call->request,
                .sink = call->sink,
                .refuse = [this, call](const Error& error) { refuse(call, error); },
                .began = [this, call] { count(*call, 101); }});
}

}  // namespace kabuki::api_server
