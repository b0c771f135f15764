#include <utility>

#include "actors/api_server/api_server.hpp"
#include "actors/api_server/limits.hpp"
#include "actors/api_server/selection.hpp"
#include "messages/status.hpp"

namespace kabuki::api_server {

struct ApiServer::CollectionDelete {
  HttpCallPtr call;
  Write pattern;  // of each delete
  std::vector<ObjectPtr> items;
  ListFacts facts;
  size_t next = 0;
  size_t under_way = 0;
  bool starting = false;
  std::optional<Error> error;  // the first one
};

void ApiServer::serve_delete_collection(const HttpCallPtr& call) {
  auto pattern = removal(call);
  if (!pattern) return refuse(call, pattern.error());
  auto parameters = list_parameters(call->info.served(), call->request);
  if (!parameters) return refuse(call, parameters.error());
  bus::ListObjects verb;
  if (auto written = write_list(call->info, *parameters, &verb); !written) return refuse(call, written.error());
  ask(shards_.shard_of(call->info.kind->id), runtime::make_message(std::move(verb)), kShardTimeout,
      [this, call, pattern = std::move(*pattern)](Result<runtime::MessagePtr> reply) {
        if (!reply) return refuse(call, reply.error());
        const auto* page = (*reply)->as<bus::ListObjectsReply>();
        if (!page) return refuse(call, internal_error("the store gave an answer of another form"));
        auto work = std::make_shared<CollectionDelete>();
        work->call = call;
        work->pattern = pattern;
        work->items = (*reply)->objects;
        work->facts = list_facts(call->info, *page, work->items);
        delete_more(work);
      });
}

// A collection may be long: only so many deletes are under way at once, and others' writes come between.
void ApiServer::delete_more(const std::shared_ptr<CollectionDelete>& work) {
  work->starting = true;
  while (!work->error && work->next < work->items.size() && work->under_way < kCollectionDeletes) {
    Write write = work->pattern;
    write.key = work->items[work->next++]->key();
    ++work->under_way;
    admit_and_run(std::move(write), [this, work](Result<WriteOutcome> outcome) {
      const bool gone_already = !outcome && outcome.error().code == 404;
      if (!outcome && !gone_already && !work->error) work->error = outcome.error();
      --work->under_way;
      // Answered at once: the loop that started it goes on by itself.
      if (!work->starting) delete_more(work);
    });
  }
  work->starting = false;
  if (work->under_way > 0) return;
  if (work->error) return refuse(work->call, *work->error);
  answer(work->call, render_list(work->call->info.served(), work->items, work->facts, work->call->format,
                                 work->call->request.parameter("includeObject"), now()));
}

}  // namespace kabuki::api_server
