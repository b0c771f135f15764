#include "actors/api_server/shard_client.hpp"

#include <memory>
#include <utility>

#include "actors/api_server/limits.hpp"
#include "messages/kinds.hpp"
#include "messages/status.hpp"

namespace kabuki::api_server {
namespace {

void write_key(const Key& key, bus::Key* out) {
  out->set_kind(key.kind);
  out->set_namespace_(key.ns);
  out->set_name(key.name);
}

/// Takes at most `most` items off the front.
template <class T>
std::vector<T> take(std::vector<T>* from, size_t most) {
  std::vector<T> taken;
  if (from->size() <= most) {
    taken.swap(*from);
    return taken;
  }
  taken.assign(std::make_move_iterator(from->begin()), std::make_move_iterator(from->begin() + most));
  from->erase(from->begin(), from->begin() + static_cast<ptrdiff_t>(most));
  return taken;
}

size_t bytes_of(const ObjectPtr& object) { return object ? object->size() : 0; }

Error full(const std::string& shard) {
  return too_many_requests("too many requests wait for the shard \"" + shard + "\", please try again later", 1);
}

const ObjectPtr* object_at(const runtime::Message& message, uint32_t position) {
  return position < message.objects.size() ? &message.objects[position] : nullptr;
}

/// Which of the terms that a commit names; added where it is none of them yet.
uint32_t term_in(const bus::Fence& fence, bus::Commit* commit) {
  for (int i = 0; i < commit->terms_size(); ++i) {
    const auto& known = commit->terms(i);
    if (known.lease() == fence.lease() && known.holder() == fence.holder() && known.term() == fence.term()) {
      return static_cast<uint32_t>(i) + 1;
    }
  }
  *commit->add_terms() = fence;
  return static_cast<uint32_t>(commit->terms_size());
}

}  // namespace

Error deposed(const bus::Fence& fence) {
  return conflict(kind_of(kinds::kLease), fence.lease(),
                  "host " + fence.holder() + " does not lead under term " + std::to_string(fence.term()) +
                      " any more; its writes are refused");
}

runtime::Address ShardClient::shard_of(KindId kind) const {
  return runtime::role(std::string(runtime::roles::kShardPrefix) + shard_of_(kind));
}

void ShardClient::get(const Key& key, GotObject done) {
  std::string name = shard_of_(key.kind);
  Shard& shard = shards_[name];
  if (shard.gets.size() >= bounds_.gets) return done(full(name));
  shard.gets.push_back({key, std::move(done)});
  flush_gets(name, &shard);
}

void ShardClient::commit(const Key& key, uint64_t expected_revision, ObjectPtr object, Committed done, Guard guard) {
  std::string name = shard_of_(key.kind);
  Shard& shard = shards_[name];
  const size_t bytes = bytes_of(object);
  if (shard.commits.size() >= bounds_.commits ||
      (!shard.commits.empty() && shard.waiting_bytes + bytes > bounds_.bytes)) {
    return done(full(name));
  }
  shard.waiting_bytes += bytes;
  shard.commits.push_back({key, expected_revision, std::move(object), std::move(done), std::move(guard)});
  flush_commits(name, &shard);
}

void ShardClient::flush_gets(const std::string& name, Shard* shard) {
  if (shard->gets.empty() || shard->gets_out >= bounds_.messages) return;
  auto batch = std::make_shared<std::vector<PendingGet>>(take(&shard->gets, kShardBatch));
  bus::GetObjects verb;
  for (const PendingGet& get : *batch) write_key(get.key, verb.add_keys());
  ++shard->gets_out;
  ask_(runtime::role(std::string(runtime::roles::kShardPrefix) + name), runtime::make_message(std::move(verb)),
       kShardTimeout, [this, name, shard, batch](Result<runtime::MessagePtr> reply) {
         --shard->gets_out;
         flush_gets(name, shard);
         const auto* items = reply ? (*reply)->as<bus::GetObjectsReply>() : nullptr;
         for (size_t i = 0; i < batch->size(); ++i) {
           if (!reply) {
             (*batch)[i].done(reply.error());
           } else if (!items || static_cast<size_t>(items->items_size()) != batch->size()) {
             (*batch)[i].done(internal_error("shard " + name + " gave an answer of another form"));
           } else if (!items->items(static_cast<int>(i)).found()) {
             (*batch)[i].done(ObjectPtr());
           } else {
             const ObjectPtr* object = object_at(**reply, items->items(static_cast<int>(i)).object());
             (*batch)[i].done(object ? *object : ObjectPtr());
           }
         }
       });
}

void ShardClient::flush_commits(const std::string& name, Shard* shard) {
  if (shard->commits.empty() || shard->commits_out >= bounds_.messages) return;
  auto batch = std::make_shared<std::vector<PendingCommit>>(take(&shard->commits, kShardBatch));
  bus::Commit verb;
  std::vector<ObjectPtr> objects;
  for (PendingCommit& commit : *batch) {
    auto* mutation = verb.add_mutations();
    write_key(commit.key, mutation->mutable_key());
    mutation->set_expected_revision(commit.expected_revision);
    mutation->set_put(static_cast<bool>(commit.object));
    if (commit.guard.fence) mutation->set_term(term_in(*commit.guard.fence, &verb));
    if (commit.guard.other) {
      write_key(*commit.guard.other, mutation->mutable_provided());
      mutation->set_provided_revision(commit.guard.other_revision);
    }
    if (!commit.object) continue;
    mutation->set_object(static_cast<uint32_t>(objects.size()));
    shard->waiting_bytes -= bytes_of(commit.object);
    objects.push_back(std::move(commit.object));
  }
  ++shard->commits_out;
  ask_(
      runtime::role(std::string(runtime::roles::kShardPrefix) + name),
      runtime::make_message(std::move(verb), std::move(objects)), kShardTimeout,
      [this, name, shard, batch](Result<runtime::MessagePtr> reply) {
        --shard->commits_out;
        flush_commits(name, shard);
        const auto* items = reply ? (*reply)->as<bus::CommitReply>() : nullptr;
        for (size_t i = 0; i < batch->size(); ++i) {
          if (!reply) {
            (*batch)[i].done(reply.error());
            continue;
          }
          if (!items || static_cast<size_t>(items->items_size()) != batch->size()) {
            (*batch)[i].done(internal_error("shard " + name + " gave an answer of another form"));
            continue;
          }
          const auto& item = items->items(static_cast<int>(i));
          if (item.outcome() == bus::CommitReply::UNKNOWN) {
            (*batch)[i].done(timed_out("it is not known whether the write was kept; read the object to find out"));
            continue;
          }
          if (item.outcome() == bus::CommitReply::REFUSED) {
            (*batch)[i].done(internal_error("the store's shard \"" + name +
                                            "\" is full: nothing is created until there is room; the log of its host "
                                            "says how to make it"));
            continue;
          }
          if (item.outcome() == bus::CommitReply::DEPOSED) {
            (*batch)[i].done(deposed(*(*batch)[i].guard.fence));
            continue;
          }
          CommitResult result{.committed = item.outcome() == bus::CommitReply::COMMITTED,
                              .unmet = item.outcome() == bus::CommitReply::UNMET,
                              .revision = item.revision()};
          if (const ObjectPtr* object = item.has_object() ? object_at(**reply, item.object()) : nullptr) {
            result.current = *object;
          }
          (*batch)[i].done(std::move(result));
        }
      });
}

}  // namespace kabuki::api_server
