#include <map>
#include <memory>
#include <set>
#include <utility>

#include "actors/api_server/api_server.hpp"
#include "actors/api_server/health.hpp"
#include "actors/api_server/limits.hpp"
#include "messages/kinds.hpp"
#include "messages/status.hpp"

namespace kabuki::api_server {
/// Alive means that this actor answers. Ready, that it serves: every shard has just reached the store and seen what
/// was acknowledged last, and it is known which addresses of services are free.
void ApiServer::serve_health(const HttpCallPtr& call) {
  const auto checks = std::make_shared<HealthChecks>();
  const auto done = [this, call, checks] {
    auto response = health_response(call->request, *checks);
    if (!response) return refuse(call, path_not_found());
    answer(call, std::move(*response));
  };
  (*checks)["ping"];
  if (health_endpoint(call->request.path) != "readyz") return done();
  (*checks)["services"] = service_watch_->synced() ? "" : "they have not been listed yet";
  ask_shards([checks, done](const std::map<std::string, std::string>& shards) {
    for (const auto& [shard, failure] : shards) (*checks)["store/" + shard] = failure;
    done();
  });
}

void ApiServer::ask_shards(std::function<void(const std::map<std::string, std::string>&)> done) {
  std::set<std::string> shards;
  for (const Kind& kind : all_kinds()) shards.insert(options_.shard_of(kind.id));
  const auto answers = std::make_shared<std::map<std::string, std::string>>();
  for (const std::string& shard : shards) {
    // A read of nothing waits as any fresh read does.
    ask(runtime::role(std::string(runtime::roles::kShardPrefix) + shard), runtime::make_message(bus::GetObjects()),
        kReadyTimeout, [answers, shard, asked = shards.size(), done](const Result<runtime::MessagePtr>& read) {
          (*answers)[shard] = read ? "" : read.error().message;
          if (answers->size() == asked) done(*answers);
        });
  }
}

}  // namespace kabuki::api_server
