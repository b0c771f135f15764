#include "tests/actors/store_shard/watch_contract.hpp"

#include "messages/watch_sequence.hpp"

namespace kabuki::store::test {

using runtime::Inbound;
using runtime::make_message;
using runtime::MessagePtr;

void WatchContract::begin() {
  std::vector<runtime::ChildSpec> children;
  const auto shard = [&](const std::string& name) {
    runtime::ChildSpec spec;
    spec.name = name;
    spec.make = [this] {
      return store_shard(options, [this] { return home->engine(options.mapping.identity("pods")); })();
    };
    children.push_back(std::move(spec));
  };
  shard("shard");
  if (two_shards) shard("other");
  children.push_back(runtime::child("watcher", [this](runtime::TestActor& actor) {
    actor.on_message = [this](runtime::TestActor&, Inbound& in) {
      const std::lock_guard lock(mutex_);
      if (const auto* ended = in.as<bus::WatchEnded>()) streams_[ended->stream()].ended = ended->failure().code();
      if (const auto* batch = in.as<bus::WatchEvents>()) {
        Stream& stream = streams_[batch->stream()];
        EXPECT_TRUE(is_next_in_sequence(batch->sequence(), stream.sequence)) << batch->sequence();
        stream.sequence = batch->sequence();
        auto& out = stream.batches.emplace_back();
        size_t object = 0;
        for (const auto& event : batch->events()) {
          Told told{bus::WatchEvents::Type_Name(event.type()), event.revision(), "", ""};
          if (event.type() == bus::WatchEvents::BOOKMARK) {
            if (event.initial_end()) told.name = "end";
          } else {
            const ObjectPtr& version = in.message->objects.at(object++);
            told.name = version->name();
            told.body = version->body();
          }
          out.push_back(std::move(told));
        }
      }
      changed_.notify_all();
    };
  }));
  ASSERT_TRUE(start(runtime::tree(std::move(children))).ok());
  begin_ = shard_revision();
}

void WatchContract::select_app(const std::string& app, bus::Selection* selection) {
  selection->set_kind(kinds::kPod);
  if (!app.empty()) selection->set_label_selector("app=" + app);
}

std::vector<bus::CommitReply::Item> WatchContract::commit(const std::vector<Mutation>& batch,
                                                          const std::string& shard) {
  bus::Commit request;
  std::vector<ObjectPtr> objects;
  for (const auto& mutation : batch) {
    auto* out = request.add_mutations();
    out->mutable_key()->set_kind(mutation.key.kind);
    out->mutable_key()->set_namespace_(mutation.key.ns);
    out->mutable_key()->set_name(mutation.key.name);
    out->set_expected_revision(mutation.expected_revision);
    out->set_put(static_cast<bool>(mutation.object));
    out->set_object(static_cast<uint32_t>(objects.size()));
    if (mutation.object) objects.push_back(mutation.object);
  }
  const auto reply = ask("h/" + shard, make_message(std::move(request), std::move(objects)));
  EXPECT_TRUE(reply.ok()) << reply.error().message;
  if (!reply.ok()) return {};
  const auto& items = (*reply)->as<bus::CommitReply>()->items();
  return {items.begin(), items.end()};
}

void WatchContract::write(const std::string& shard) {
  std::vector<Mutation> batch;
  std::vector<std::optional<Version>> versions;
  for (uint64_t count = 1 + random.below(5); count-- > 0;) {
    const std::string name = "p" + std::to_string(random.below(6));
    const uint64_t known = now_.contains(name) ? now_[name].first : 0;
    const uint64_t expected = random.chance(0.9) ? known : known + 1;
    const std::string app = random.chance(0.5) ? "web" : "db";
    if (random.chance(0.25)) {
      batch.push_back(remove({kinds::kPod, "default", name}, expected));
      versions.push_back(std::nullopt);
    } else {
      batch.push_back(put(pod(name, "n" + std::to_string(++writes_), 0, "default", app), expected));
      versions.push_back(Version{app, std::string(batch.back().object->body())});
    }
  }
  const auto items = commit(batch, shard);
  ASSERT_EQ(items.size(), batch.size());
  std::multimap<uint64_t, Change> changes;
  for (size_t i = 0; i < batch.size(); ++i) {
    const std::string& name = batch[i].key.name;
    ASSERT_NE(items[i].outcome(), bus::CommitReply::UNKNOWN);
    if (items[i].outcome() == bus::CommitReply::CONFLICT) {
      EXPECT_EQ(items[i].revision(), now_.contains(name) ? now_[name].first : 0u);
      continue;
    }
    Change change{items[i].revision(), name, std::nullopt, versions[i]};
    if (now_.contains(name)) change.before = now_[name].second;
    now_.erase(name);
    if (versions[i]) now_[name] = {change.revision, *versions[i]};
    changes.emplace(change.revision, std::move(change));
  }
  for (auto& [revision, change] : changes) history_.push_back(std::move(change));
}

uint64_t WatchContract::write_end(const std::string& shard) {
  const std::string name = "end-" + std::to_string(++writes_);
  const ObjectPtr object = pod(name, "", 0, "default", "web");
  const auto items = commit({put(object)}, shard);
  const Version version{"web", std::string(object->body())};
  history_.push_back({items.at(0).revision(), name, std::nullopt, version});
  now_[name] = {items.at(0).revision(), version};
  return items.at(0).revision();
}

std::vector<uint64_t> WatchContract::revisions() const {
  std::vector<uint64_t> out{begin_};
  for (const auto& change : history_) {
    if (change.revision != out.back()) out.push_back(change.revision);
  }
  return out;
}

Story WatchContract::story(const std::string& app, uint64_t after) const {
  Story out;
  for (const auto& change : history_) {
    if (change.revision <= after) continue;
    const bool was = change.before && (app.empty() || change.before->app == app);
    const bool is = change.after && (app.empty() || change.after->app == app);
    if (!was && !is) continue;
    out[change.revision].insert({is ? (was ? "MODIFIED" : "ADDED") : "DELETED", change.revision, change.name,
                                 is ? change.after->body : change.before->body});
  }
  return out;
}

Contents WatchContract::contents(const std::string& app, uint64_t at) const {
  Contents out;
  for (const auto& change : history_) {
    if (change.revision > at) break;
    out.erase(change.name);
    if (change.after && (app.empty() || change.after->app == app)) {
      out[change.name] = {change.revision, change.after->body};
    }
  }
  return out;
}

Result<MessagePtr> WatchContract::list(bus::ListObjects request, const std::string& app, const std::string& shard) {
  select_app(app, request.mutable_selection());
  return ask("h/" + shard, make_message(std::move(request)));
}

Contents WatchContract::listed(uint64_t revision, uint64_t limit, const std::string& app, const std::string& shard) {
  Contents out;
  bus::ListObjects request;
  request.set_revision(revision);
  request.set_match(revision == 0 ? bus::ListObjects::UNSET : bus::ListObjects::EXACT);
  request.set_limit(limit);
  while (true) {
    const auto reply = list(request, app, shard);
    EXPECT_TRUE(reply.ok()) << revision << ": " << reply.error().message;
    if (!reply.ok()) return {};
    const auto& page = *(*reply)->as<bus::ListObjectsReply>();
    if (revision != 0) {
      EXPECT_EQ(page.revision(), revision);
    }
    for (const auto& object : (*reply)->objects) {
      const auto entry = std::pair(object->revision(), std::string(object->body()));
      EXPECT_TRUE(out.emplace(object->name(), entry).second);
    }
    if (!page.more()) return out;
    request.set_continued(true);
    request.set_revision(page.revision());
    request.mutable_start_after()->set_kind(kinds::kPod);
    request.mutable_start_after()->set_namespace_("default");
    request.mutable_start_after()->set_name(std::string((*reply)->objects.back()->name()));
  }
}

uint64_t WatchContract::shard_revision(const std::string& shard) {
  const auto reply = list({}, "none", shard);
  EXPECT_TRUE(reply.ok()) << reply.error().message;
  return reply.ok() ? (*reply)->as<bus::ListObjectsReply>()->revision() : 0;
}

Result<uint64_t> WatchContract::open(uint64_t stream, bus::OpenWatch request, const std::string& app,
                                     const std::string& shard) {
  {
    const std::lock_guard lock(mutex_);
    streams_[stream] = {};
  }
  select_app(app, request.mutable_selection());
  request.set_stream(stream);
  request.set_watcher("h/watcher");
  const auto reply = ask("h/" + shard, make_message(std::move(request)));
  if (!reply.ok()) return reply.error();
  return (*reply)->as<bus::WatchOpened>()->revision();
}

Result<MessagePtr> WatchContract::credit(uint64_t stream, uint64_t batches, const std::string& shard) {
  bus::WatchCredit request;
  request.set_stream(stream);
  request.set_watcher("h/watcher");
  request.set_batches(batches);
  return ask("h/" + shard, make_message(std::move(request)));
}

void WatchContract::close(uint64_t stream, const std::string& shard) {
  bus::CloseWatch request;
  request.set_stream(stream);
  request.set_watcher("h/watcher");
  EXPECT_TRUE(ask("h/" + shard, make_message(std::move(request))).ok());
}

WatchContract::Stream WatchContract::told(uint64_t stream, uint64_t revision) {
  std::unique_lock lock(mutex_);
  const auto there = [&] {
    const auto& batches = streams_[stream].batches;
    return streams_[stream].ended || (!batches.empty() && batches.back().back().revision >= revision);
  };
  EXPECT_TRUE(changed_.wait_for(lock, std::chrono::seconds(20), there)) << "never told of " << revision;
  return streams_[stream];
}

WatchContract::Stream WatchContract::told_batches(uint64_t stream, size_t batches) {
  std::unique_lock lock(mutex_);
  const auto there = [&] { return streams_[stream].ended || streams_[stream].batches.size() >= batches; };
  EXPECT_TRUE(changed_.wait_for(lock, std::chrono::seconds(20), there)) << "never told of " << batches << " batches";
  return streams_[stream];
}

Story WatchContract::story_of(const Stream& stream) {
  Story out;
  uint64_t last = 0;
  for (const auto& batch : stream.batches) {
    if (batch.front().type != "BOOKMARK" && !out.empty()) {
      EXPECT_GT(batch.front().revision, out.rbegin()->first) << "a revision was split";
    }
    for (const auto& told : batch) {
      EXPECT_GE(told.revision, last) << "out of order";
      last = told.revision;
      if (told.type == "BOOKMARK") continue;
      EXPECT_TRUE(out[told.revision].insert(told).second) << "told twice: " << told.name;
    }
  }
  return out;
}

}  // namespace kabuki::store::test
