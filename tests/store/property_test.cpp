#include <map>

#include "runtime/io/random.hpp"
#include "store/engines/memory.hpp"
#include "store/watch_hub.hpp"
#include "tests/store/store_fixture.hpp"

namespace kabuki::store::test {
namespace {

using View = std::map<std::string, std::string>;  // name to text()

/// A watcher as a client would be: it applies events strictly, opens again when it falls out of the window, and holds
/// what it believes to be there.
struct Client {
  WatcherId id;
  Selection selection;
  View view;
  uint64_t revision = 0;
  uint64_t sequence = 0;
  bool listing = true;
};

/// A random run of one shard against the plainest model there is: the whole contents at each revision.
class RandomRun {
 public:
  explicit RandomRun(uint64_t seed)
      : random_(seed), state_({.history_changes = 20 + random_.below(60)}), hub_(&state_) {
    engine_ = make_memory_engine(medium_, {});
    state_.loaded(*engine_->load([](ObjectPtr) {}));
    engine_->start(
        [this](uint64_t, std::vector<Change> changes) {
          state_.apply(&changes);
          hub_.apply(changes);
        },
        [](Error) { FAIL(); });
    contents_[kFirstRevision] = {};
    const std::vector<Selection> selections{select(kinds::kPod), select(kinds::kPod, "ns1"),
                                            on_nodes({"n1"}),    on_nodes({"n2", ""}),
                                            labelled("app=web"), select(kinds::kPod, "ns0", "p3")};
    for (size_t i = 0; i < selections.size(); ++i) {
      clients_.push_back({{"client-" + std::to_string(i), 1}, selections[i]});
      open(clients_.back());
    }
  }

  void step() {
    switch (random_.below(8)) {
      case 0:
      case 1:
      case 2:
      case 3:
        return commit();
      case 4: {
        Client& client = clients_[random_.below(clients_.size())];
        if (!hub_.credit(client.id, random_.below(4), client.sequence).ok()) open(client);
        return;
      }
      case 5:
        return check_list();
      case 6:
        return hub_.bookmark();
      default:
        hub_.work(1 + random_.below(10));
        return receive();
    }
  }

  /// With credit for all, every client ends with what is there.
  void finish() {
    receive();
    for (int round = 0; round < 3; ++round) {
      for (auto& client : clients_) {
        if (!hub_.credit(client.id, 100, client.sequence).ok()) open(client);
      }
      while (hub_.work(7)) {
      }
      receive();
    }
    for (const auto& client : clients_) {
      EXPECT_FALSE(client.listing);
      EXPECT_EQ(client.view, expected(client.selection, state_.revision())) << client.id.address;
    }
    EXPECT_EQ(hub_.parked(), 0u);
  }

 private:
  ObjectPtr random_pod() {
    return pod("p" + std::to_string(random_.below(8)),
               random_.chance(0.3) ? "" : "n" + std::to_string(random_.below(3)), 0,
               "ns" + std::to_string(random_.below(3)), random_.chance(0.5) ? "web" : "db");
  }

  void commit() {
    std::vector<Mutation> batch;
    Results expected_results;
    std::map<Key, ObjectPtr> now = contents_.rbegin()->second;
    uint64_t revision = contents_.rbegin()->first;
    for (uint64_t count = random_.below(6); count-- > 0;) {
      ObjectPtr object = random_pod();
      const Key key = object->key();
      const uint64_t current = now.contains(key) ? now[key]->revision() : 0;
      const uint64_t expect = random_.chance(0.8) ? current : random_.below(revision + 2);
      const bool deletes = random_.chance(0.3);
      batch.push_back({key, expect, deletes ? nullptr : object});
      if (expect != current || (deletes && current == 0)) {
        expected_results.push_back({Outcome::conflict, current});
        continue;
      }
      expected_results.push_back({Outcome::committed, ++revision});
      if (deletes) {
        now.erase(key);
      } else {
        now[key] = Object::at_revision(*object, revision);
      }
      contents_[revision] = now;
    }
    Results results;
    engine_->submit(std::move(batch), [&](Results got) { results = std::move(got); });
    EXPECT_EQ(results, expected_results);
    EXPECT_EQ(state_.revision(), revision);
  }

  /// Any revision that is still known lists as it was then, in pages of any size.
  void check_list() {
    const uint64_t revision = 1 + random_.below(state_.revision());
    const auto snapshot = state_.snapshot_at(revision);
    if (!snapshot) {
      EXPECT_LT(revision, state_.history().compacted());
      return;
    }
    held_ = *snapshot;  // so that some outlive the window
    const Selection& selection = clients_[random_.below(clients_.size())].selection;
    View listed;
    std::optional<Key> after;
    do {
      const Page page = state_.page(**snapshot, selection, after, random_.below(5), 1 + random_.below(9));
      for (const auto& object : page.objects) {
        EXPECT_TRUE(listed.emplace(name_of(object), text(object)).second);
      }
      after = page.next;
    } while (after);
    EXPECT_EQ(listed, expected(selection, revision));
  }

  void open(Client& client) {
    hub_.close(client.id);
    ++client.id.stream;
    const bool resume = !client.listing && random_.chance(0.5);
    WatchRequest request{.selection = client.selection,
                         .from_revision = resume ? client.revision : 0,
                         .initial_events = !resume,
                         .bookmarks = true,
                         .credit = random_.below(3)};
    if (!hub_.open(client.id, request).ok()) {
      request.initial_events = true;
      request.from_revision = 0;
      EXPECT_TRUE(hub_.open(client.id, request).ok());
    }
    client.sequence = 0;
    client.listing = request.initial_events;
    if (client.listing) client.view.clear();
  }

  void receive() {
    for (const auto& delivery : hub_.take()) {
      const auto it = std::find_if(clients_.begin(), clients_.end(), [&](auto& c) { return c.id == delivery.to; });
      if (it == clients_.end()) continue;  // of a stream that was given up
      Client& client = *it;
      if (delivery.ended) {
        EXPECT_EQ(delivery.ended->code, 410);
        open(client);
        continue;
      }
      EXPECT_EQ(delivery.sequence, ++client.sequence);
      for (const auto& event : *delivery.events) take(client, event);
    }
  }

  void take(Client& client, const Event& event) {
    if (event.type == Event::Type::bookmark) {
      EXPECT_TRUE(client.listing ? event.initial_end : event.revision > client.revision);
      client.listing = false;
      client.revision = event.revision;
      EXPECT_EQ(client.view, expected(client.selection, event.revision)) << client.id.address;
      return;
    }
    if (!client.listing) {
      EXPECT_GT(event.revision, client.revision);
      client.revision = event.revision;
    }
    const auto name = name_of(event.object);
    EXPECT_EQ(client.view.contains(name), event.type != Event::Type::added);
    if (event.type == Event::Type::deleted) {
      client.view.erase(name);
    } else {
      client.view[name] = text(event.object);
    }
    if (client.listing) return;
    EXPECT_EQ(client.view, expected(client.selection, event.revision)) << client.id.address;
  }

  View expected(const Selection& selection, uint64_t revision) {
    View out;
    for (const auto& [key, object] : contents_.at(revision)) {
      if (selection.matches(*object)) out[name_of(object)] = text(object);
    }
    return out;
  }
  static std::string name_of(const ObjectPtr& object) {
    return std::string(object->ns()) + "/" + std::string(object->name());
  }

  using Results = std::vector<MutationResult>;
  io::Random random_;
  std::shared_ptr<MemoryMedium> medium_ = std::make_shared<MemoryMedium>();
  std::unique_ptr<Engine> engine_;
  ShardState state_;
  WatchHub hub_;
  SnapshotPtr held_;
  std::map<uint64_t, std::map<Key, ObjectPtr>> contents_;
  std::vector<Client> clients_;
};

TEST(ShardProperty, RandomRunsAgreeWithTheModel) {
  for (uint64_t seed = 0; seed < 25; ++seed) {
    SCOPED_TRACE(seed);
    RandomRun run(seed);
    for (int i = 0; i < 400; ++i) run.step();
    run.finish();
    if (testing::Test::HasFailure()) return;
  }
}

}  // namespace
}  // namespace kabuki::store::test
