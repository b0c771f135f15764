#include <algorithm>
#include <functional>
#include <string_view>
#include <utility>

#include "actors/api_server/api_server.hpp"
#include "actors/api_server/limits.hpp"
#include "actors/api_server/write/arena_message.hpp"
#include "messages/api/coordination/v1/lease.pb.h"
#include "messages/bus_failure.hpp"
#include "messages/meta.hpp"
#include "messages/status.hpp"
#include "runtime/host.hpp"

namespace kabuki::api_server {
namespace {

constexpr std::string_view kFenceNamespace = "kube-system";

Key read_key(const bus::Key& key) { return {static_cast<KindId>(key.kind()), key.namespace_(), key.name()}; }

/// Counts the answers of a request of several parts, and sends its reply with the last one.
template <class Verb>
struct Gathered {
  Verb verb;
  std::vector<ObjectPtr> objects;
  size_t left = 0;
  runtime::Reply reply;

  /// Called after the reply.
  std::function<void()> ended;

  void one_done() {
    if (--left > 0) return;
    reply.send(runtime::make_message(std::move(verb), std::move(objects)));
    if (ended) ended();
  }
};

/// Whether the Lease as it is now still has the term under which something is to be written.
Result<> check_fence(const bus::Fence& fence, const ObjectPtr& current) {
  ::k8s::io::api::coordination::v1::Lease lease;
  if (current) {
    if (auto parsed = current->parse(&lease); !parsed) return parsed.error();
  }
  const auto& spec = lease.spec();
  const auto term = static_cast<uint32_t>(std::max(0, spec.leasetransitions()));
  if (current && spec.holderidentity() == fence.holder() && term == fence.term()) return {};
  return deposed(fence);
}

Result<Write> read_write(const bus::WriteObjects::Write& in, const runtime::Message& message) {
  Write write{.key = read_key(in.key())};
  write.kind = find_kind(write.key.kind);
  if (!write.kind) return bad_request("there is no kind " + std::to_string(in.key().kind()));
  write.expected_uid = in.expected_uid();
  const bool patches = in.verb() == bus::WriteObjects::PATCH_MERGE;
  const bool known_part = in.subresource().empty() || (in.subresource() == "status" && write.kind->has_status) ||
                          (in.subresource() == "finalize" && write.kind->id == kinds::kNamespace) ||
                          (in.subresource() == "scale" && write.kind->has_scale && patches) ||
                          (in.subresource() == "resize" && write.kind->id == kinds::kPod && patches);
  if (!known_part) {
    return bad_request(write.kind->resource() + " have no part \"" + in.subresource() + "\" that actors write");
  }
  write.expected_revision = in.expected_revision();
  write.subresource = in.subresource();
  auto sent = [&]() -> Result<ObjectPtr> {
    if (in.object() >= message.objects.size()) return bad_request("a write names an object that is not there");
    const ObjectPtr& source = message.objects[in.object()];
    if (source->kind() != write.kind->id) return bad_request("a write's object is of another kind than its key");
    return source;
  };
  auto object = [&]() -> Result<> {
    auto source = sent();
    if (!source) return source.error();
    std::shared_ptr<google::protobuf::Message> parsed = make_in_arena(*write.kind);
    if (auto read = (*source)->parse(parsed.get()); !read) return read.error();
    // The precondition is the write's, never what the object happened to carry.
    mutable_meta(parsed.get())->clear_resourceversion();
    write.object = std::move(parsed);
    return {};
  };
  auto status = [&]() -> Result<> {
    auto source = sent();
    if (!source) return source.error();
    write.sent = *source;
    return {};
  };
  Result<> loaded;
  switch (in.verb()) {
    case bus::WriteObjects::CREATE:
      write.verb = Write::Verb::create;
      loaded = object();
      break;
    case bus::WriteObjects::UPDATE:
      write.verb = Write::Verb::update;
      loaded = object();
      break;
    case bus::WriteObjects::UPDATE_STATUS:
      if (!write.kind->has_status) return bad_request(write.kind->resource() + " have no status");
      write.verb = Write::Verb::update;
      write.subresource = "status";
      loaded = status();
      break;
    case bus::WriteObjects::DELETE:
      write.verb = Write::Verb::remove;
      if (in.has_grace()) write.grace_seconds = in.grace_seconds();
      write.propagation = in.propagation();
      break;
    case bus::WriteObjects::BIND:
      if (write.kind->id != kinds::kPod) return bad_request(write.kind->resource() + " cannot be bound to a node");
      write.verb = Write::Verb::bind;
      write.node = in.node();
      break;
    case bus::WriteObjects::PATCH_MERGE:
      write.verb = Write::Verb::patch;
      write.patch_kind = PatchKind::merge;
      write.patch = in.patch();
      break;
    default:
      return bad_request("a write without a known verb");
  }
  if (!loaded) return loaded.error();
  return write;
}

}  // namespace

std::string ApiServer::acts_for(const runtime::Inbound& in) const {
  if (in.from_host.empty() || in.from_host == host_name()) return {};
  for (const auto& [role, holder] : host().roles()) {
    if (holder.host() == in.from_host) return {};
  }
  return in.from_host;
}

bool ApiServer::may_watch(const runtime::Inbound& in, const std::string& watcher) const {
  return acts_for(in).empty() || runtime::Address{watcher}.host() == in.from_host;
}

void ApiServer::bus_get(runtime::Inbound& in) {
  const auto* verb = in.as<bus::GetObjects>();
  for (const auto& key : verb->keys()) {
    if (!find_kind(static_cast<KindId>(key.kind()))) {
      return in.reply.fail(bad_request("there is no kind " + std::to_string(key.kind())));
    }
  }
  auto gathered = std::make_shared<Gathered<bus::GetObjectsReply>>();
  gathered->left = static_cast<size_t>(verb->keys_size());
  gathered->reply = std::move(in.reply);
  for (int i = 0; i < verb->keys_size(); ++i) gathered->verb.add_items();
  if (gathered->left == 0) return gathered->reply.send(runtime::make_message(std::move(gathered->verb)));
  for (int i = 0; i < verb->keys_size(); ++i) {
    shards_.get(read_key(verb->keys(i)), [gathered, i](Result<ObjectPtr> current) {
      // The first failure answers; what comes after it goes nowhere.
      if (!current) gathered->reply.fail(current.error());
      if (current && *current) {
        auto* item = gathered->verb.mutable_items(i);
        item->set_found(true);
        item->set_object(static_cast<uint32_t>(gathered->objects.size()));
        gathered->verb.set_revision(std::max(gathered->verb.revision(), (*current)->revision()));
        gathered->objects.push_back(*current);
      }
      gathered->one_done();
    });
  }
}

void ApiServer::bus_list(runtime::Inbound& in) {
  KindId kind = static_cast<KindId>(in.as<bus::ListObjects>()->selection().kind());
  if (!find_kind(kind)) return in.reply.fail(bad_request("there is no kind " + std::to_string(kind)));
  forward(shards_.shard_of(kind), std::move(in));
}

void ApiServer::bus_open_watch(runtime::Inbound& in) {
  const auto* verb = in.as<bus::OpenWatch>();
  const std::string& watcher = verb->watcher();
  KindId kind = static_cast<KindId>(verb->selection().kind());
  if (!find_kind(kind)) return in.reply.fail(bad_request("there is no kind " + std::to_string(kind)));
  if (watcher.empty()) return in.reply.fail(bad_request("a watch needs the address of its watcher"));
  if (!may_watch(in, watcher)) {
    return in.reply.fail(
        forbidden(kind_of(kind), "", "host \"" + in.from_host + "\" watches only for its own actors"));
  }
  relayed_[{watcher, verb->stream()}] = kind;
  if (!relay_watchers_.contains(watcher)) {
    relay_watchers_[watcher] = monitor({watcher}, [this, watcher](const runtime::ExitReason&) {
      relay_watchers_.erase(watcher);
      forget_relays(watcher);
    });
  }
  forward(shards_.shard_of(kind), std::move(in));
}

void ApiServer::forget_relays(const std::string& watcher) {
  auto first = relayed_.lower_bound({watcher, 0});
  auto last = first;
  while (last != relayed_.end() && last->first.first == watcher) ++last;
  relayed_.erase(first, last);
}

void ApiServer::bus_credit(runtime::Inbound& in) {
  const auto* verb = in.as<bus::WatchCredit>();
  auto found = relayed_.find({verb->watcher(), verb->stream()});
  if (found == relayed_.end() || !may_watch(in, verb->watcher())) {
    return in.reply.fail(expired("there is no such stream; open it again"));
  }
  forward(shards_.shard_of(found->second), std::move(in));
}

void ApiServer::bus_close_watch(runtime::Inbound& in) {
  const auto* verb = in.as<bus::CloseWatch>();
  const std::string watcher = verb->watcher();
  auto found = relayed_.find({watcher, verb->stream()});
  if (found == relayed_.end() || !may_watch(in, watcher)) return;
  KindId kind = found->second;
  relayed_.erase(found);
  auto next = relayed_.lower_bound({watcher, 0});
  if (next == relayed_.end() || next->first.first != watcher) {
    if (auto watched = relay_watchers_.extract(watcher)) demonitor(watched.mapped());
  }
  forward(shards_.shard_of(kind), std::move(in));
}

/// What a former life of this actor has committed is ahead of a commit of nothing, in each shard's queue.
void ApiServer::pass_shards(actors::WriteBarriers::Done done) {
  std::map<std::string, runtime::Address> shards;
  for (const Kind& kind : all_kinds()) {
    auto shard = shards_.shard_of(kind.id);
    shards.emplace(shard.text, shard);
  }
  struct Round {
    size_t left;
    Result<> ended;
    actors::WriteBarriers::Done done;
  };
  auto round = std::make_shared<Round>(Round{shards.size(), {}, std::move(done)});
  for (const auto& [name, shard] : shards) {
    ask(shard, runtime::make_message(bus::Commit()), kShardTimeout,
        [round](const Result<runtime::MessagePtr>& answer) {
          if (!answer) round->ended = answer.error();
          if (--round->left == 0) round->done(round->ended);
        });
  }
}

void ApiServer::bus_write(runtime::Inbound& in) {
  const auto* verb = in.as<bus::WriteObjects>();
  if (verb->writes_size() == 0) return barriers_.add(std::move(in.reply));
  const uint64_t generation = barriers_.begin();
  if (!verb->has_fence()) return write_all(std::move(in), generation);
  const Key lease{kinds::kLease, std::string(kFenceNamespace), verb->fence().lease()};
  auto kept = std::make_shared<runtime::Inbound>(std::move(in));
  shards_.get(lease, [this, kept, generation](Result<ObjectPtr> current) {
    const auto holds = current ? check_fence(kept->as<bus::WriteObjects>()->fence(), *current) : current.error();
    if (holds) return write_all(std::move(*kept), generation);
    kept->reply.fail(holds.error());
    barriers_.end(generation);
  });
}

void ApiServer::write_all(runtime::Inbound in, uint64_t generation) {
  const auto* verb = in.as<bus::WriteObjects>();
  const std::string host = acts_for(in);
  const auto fence = verb->has_fence() ? std::make_shared<const bus::Fence>(verb->fence()) : nullptr;
  auto gathered = std::make_shared<Gathered<bus::WriteObjectsReply>>();
  gathered->ended = [this, generation] { barriers_.end(generation); };
  gathered->left = static_cast<size_t>(verb->writes_size());
  gathered->reply = std::move(in.reply);
  for (int i = 0; i < verb->writes_size(); ++i) gathered->verb.add_items();
  for (int i = 0; i < verb->writes_size(); ++i) {
    auto write = read_write(verb->writes(i), *in.message);
    if (!write) {
      error_to_failure(write.error(), gathered->verb.mutable_items(i)->mutable_failure());
      gathered->one_done();
      continue;
    }
    write->host = host;
    write->fence = fence;
    write->field_manager = verb->user_agent();
    admit_and_run(std::move(*write), [gathered, i](Result<WriteOutcome> outcome) {
      auto* item = gathered->verb.mutable_items(i);
      if (!outcome) {
        error_to_failure(outcome.error(), item->mutable_failure());
      } else {
        item->set_ok(true);
        item->set_revision(outcome->revision);
        if (outcome->object) {
          item->set_has_object(true);
          item->set_object(static_cast<uint32_t>(gathered->objects.size()));
          gathered->objects.push_back(std::move(outcome->object));
        }
      }
      gathered->one_done();
    });
  }
}

}  // namespace kabuki::api_server
