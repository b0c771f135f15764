#include <map>
#include <memory>
#include <set>

#include "actors/api_server/api_server.hpp"
#include "actors/api_server/limits.hpp"
#include "messages/kinds.hpp"
#include "messages/status.hpp"

namespace kabuki::api_server {
namespace {

/// What was looked at, and "" or why it failed.
using Checks = std::map<std::string, std::string>;

Response health_response(const HttpCall& call, const Checks& checks) {
  bool passed = true;
  std::string body;
  for (const auto& [name, failure] : checks) {
    passed &= failure.empty();
    body += failure.empty() ? "[+]" + name + " ok\n" : "[-]" + name + " failed: " + failure + "\n";
  }
  body += call.info.path.substr(1) + (passed ? " check passed\n" : " check failed\n");
  if (passed && !query_flag(call.request, "verbose")) body = "ok";
  return {passed ? 200 : 500,
          {{"content-type", "text/plain; charset=utf-8"}, {"x-content-type-options", "nosniff"}},
          std::move(body)};
}

}  // namespace

/// Alive means that this actor answers. Ready, that it serves: every shard has just reached the store and seen what
/// was acknowledged last, and it is known which addresses of services are free.
void ApiServer::serve_health(const HttpCallPtr& call) {
  const auto checks = std::make_shared<Checks>();
  (*checks)["ping"];
  if (!call->info.path.starts_with("/readyz")) return answer(call, health_response(*call, *checks));
  (*checks)["services"] = service_watch_->synced() ? "" : "they have not been listed yet";
  ask_shards([this, call, checks](const std::map<std::string, std::string>& shards) {
    for (const auto& [shard, failure] : shards) (*checks)["store/" + shard] = failure;
    answer(call, health_response(*call, *checks));
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
