#include "messages/bus/types.pb.h"
#include "runtime/io/random.hpp"
#include "store/engines/memory.hpp"
#include "store/watch_hub.hpp"
#include "tests/store/store_fixture.hpp"

namespace kabuki::store::test {
namespace {

using Lines = std::vector<std::string>;

ObjectPtr owned_pod(std::string_view name, std::string_view ns, std::string_view node,
                    const std::map<std::string, std::string>& labels, const std::vector<std::string>& owners) {
  k8s::io::api::core::v1::Pod message;
  auto* meta = message.mutable_metadata();
  meta->set_name(std::string(name));
  meta->set_namespace_(std::string(ns));
  for (const auto& [key, value] : labels) (*meta->mutable_labels())[key] = value;
  for (const auto& uid : owners) meta->add_ownerreferences()->set_uid(uid);
  message.mutable_spec()->set_nodename(std::string(node));
  return Object::encode(kinds::kPod, message);
}

Selection owned_by(std::vector<std::string> uids) {
  Selection selection = select(kinds::kPod);
  selection.owners = std::move(uids);
  return selection;
}

/// A shard and its watches, with some indexes.
struct Side {
  explicit Side(std::vector<Index> indexes)
      : state({.history_changes = 40, .indexes = std::move(indexes)}), hub(&state) {
    state.loaded(kFirstRevision);
  }
  Lines list(const Selection& selection, uint64_t revision, size_t limit) {
    const auto snapshot = state.snapshot_at(revision);
    if (!snapshot) return {snapshot.error().reason};
    held = *snapshot;
    Lines out;
    std::optional<Key> after;
    do {
      const Page page = state.page(**snapshot, selection, after, limit);
      for (const auto& object : page.objects) out.push_back(text(object));
      after = page.next;
    } while (after);
    return out;
  }
  /// All that was delivered, by watcher.
  std::map<WatcherId, Lines> told() {
    while (hub.work()) {
    }
    std::map<WatcherId, Lines> out;
    for (const auto& delivery : hub.take()) {
      for (const auto& event : *delivery.events) {
        out[delivery.to].push_back(std::to_string(static_cast<int>(event.type)) + "@" +
                                   std::to_string(event.revision) + " " + text(event.object));
      }
    }
    return out;
  }
  ShardState state;
  WatchHub hub;
  SnapshotPtr held;
};

/// Two shards that differ in nothing but their indexes, through the same changes.
void run(uint64_t seed) {
  io::Random random(seed);
  Side indexed({field_index(kinds::kPod, "spec.nodeName"), owner_index(kinds::kPod), label_index(kinds::kPod, "app"),
                label_index(kinds::kPod, "tier")});
  Side scanned({});
  const auto one_of = [&](std::vector<std::string> values) { return values[random.below(values.size())]; };
  std::vector<Selection> selections{on_nodes({"n0"}),
                                    on_nodes({"", "n1"}),
                                    owned_by({"u0"}),
                                    owned_by({"u1", "u2"}),
                                    labelled("app=web"),
                                    labelled("app="),
                                    labelled("app in (web,db)"),
                                    labelled("app!=web"),
                                    labelled("app=web,tier=a"),
                                    labelled("app"),
                                    labelled("tier in (a,b),app notin (db)"),
                                    select(kinds::kPod, "ns0"),
                                    select(kinds::kPod)};
  for (Selection selection : {labelled("app=web"), owned_by({"u0", "u1"})}) {
    selection.ns = "ns1";
    selections.push_back(selection);
    selection.fields = on_nodes({"n1", "n2"}).fields;
    selections.push_back(selection);
  }
  for (size_t i = 0; i < selections.size(); ++i) {
    const WatchRequest request{.selection = selections[i], .from_revision = kFirstRevision, .credit = 1'000'000};
    ASSERT_TRUE(indexed.hub.open({"w", i}, request).ok());
    ASSERT_TRUE(scanned.hub.open({"w", i}, request).ok());
  }
  uint64_t revision = kFirstRevision;
  for (int step = 0; step < 300; ++step) {
    std::map<std::string, std::string> labels;
    if (random.chance(0.7)) labels["app"] = one_of({"web", "db", ""});
    if (random.chance(0.5)) labels["tier"] = one_of({"a", "b"});
    std::vector<std::string> owners;
    for (uint64_t n = random.below(4); n-- > 0;) owners.push_back(one_of({"u0", "u1", "u2"}));
    const ObjectPtr object = owned_pod("p" + std::to_string(random.below(12)), one_of({"ns0", "ns1"}),
                                       one_of({"", "n0", "n1", "n2"}), labels, owners);
    const ObjectPtr current = indexed.state.get(object);
    const bool deletes = current && random.chance(0.3);
    const ObjectPtr next = Object::at_revision(deletes ? *current : *object, ++revision);
    for (Side* side : {&indexed, &scanned}) {
      std::vector<Change> changes{{deletes ? Change::Type::deleted : Change::Type::put, next, nullptr}};
      side->state.apply(&changes);
      side->hub.apply(changes);
    }
    const Selection& asked = selections[random.below(selections.size())];
    const uint64_t at = random.chance(0.5) ? revision : 1 + random.below(revision);
    const size_t limit = random.below(4);
    ASSERT_EQ(indexed.list(asked, at, limit), scanned.list(asked, at, limit)) << asked.text() << " at " << at;
    ASSERT_EQ(indexed.told(), scanned.told());
  }
}

TEST(Indexes, AnIndexedAnswerIsTheScannedAnswer) {
  for (uint64_t seed = 1; seed <= 4; ++seed) {
    SCOPED_TRACE(seed);
    run(seed);
  }
}

TEST(Indexes, AListLooksOnlyAtWhatTheSmallestIndexLeadsTo) {
  ShardState state({.indexes = {field_index(kinds::kPod, "spec.nodeName"), owner_index(kinds::kPod),
                                label_index(kinds::kPod, "app")}});
  for (int i = 0; i < 100; ++i) {
    state.load(owned_pod("p" + std::to_string(i), "x", i < 50 ? "n1" : "n2", {{"app", i < 10 ? "web" : "db"}},
                         {i < 3 ? "u1" : "u2"}));
  }
  state.loaded(200);
  const auto scanned = [&](const Selection& selection) {
    return state.page(*state.snapshot(), selection, std::nullopt, 0).scanned;
  };
  Selection all = on_nodes({"n1"});
  EXPECT_EQ(scanned(all), 50u);
  all.labels = labelled("app=web").labels;
  EXPECT_EQ(scanned(all), 10u);
  all.owners = {"u1"};
  EXPECT_EQ(scanned(all), 3u);
  EXPECT_EQ(scanned(owned_by({"u3"})), 0u);
  EXPECT_EQ(scanned(labelled("app!=web")), 100u);
}

TEST(Indexes, AreNamedOnTheCommandLine) {
  const auto index = parse_label_index("po=app.kubernetes.io/name");
  ASSERT_TRUE(index.ok());
  EXPECT_EQ(*index, label_index(kinds::kPod, "app.kubernetes.io/name"));
  EXPECT_EQ(index->text(), "pods by label app.kubernetes.io/name");
  EXPECT_EQ(standard_indexes()[0].text(), "pods by spec.nodeName");
  EXPECT_EQ(standard_indexes()[1].text(), "pods by owner");
  for (const char* wrong : {"pods", "pods=", "things=app"}) {
    EXPECT_EQ(parse_label_index(wrong).error().code, 400) << wrong;
  }
}

/// Comparisons that `changes` changes make where each of 1,000 streams selects something else.
uint64_t judged(std::vector<Index> indexes, const std::function<Selection(int)>& select_by, int changes) {
  ShardState state({.indexes = std::move(indexes)});
  state.loaded(kFirstRevision);
  WatchHub hub(&state);
  for (int i = 0; i < 1'000; ++i) {
    EXPECT_TRUE(hub.open({"w", static_cast<uint64_t>(i)},
                         {.selection = select_by(i), .from_revision = kFirstRevision, .credit = 1'000})
                    .ok());
  }
  while (hub.work()) {
  }
  for (int i = 0; i < changes; ++i) {
    const std::string n = std::to_string(i % 1'000);
    std::vector<Change> batch{created(
        Object::at_revision(*owned_pod("p" + std::to_string(i), "ns" + n, "n" + n, {{"app", "a" + n}}, {"u" + n}),
                            kFirstRevision + 1 + static_cast<uint64_t>(i)))};
    state.apply(&batch);
    hub.apply(batch);
  }
  size_t told = 0;
  for (const auto& delivery : hub.take()) told += delivery.events->size();
  EXPECT_EQ(told, static_cast<size_t>(changes)) << "each is one stream's";
  return hub.judged();
}

TEST(Indexes, AWatcherPaysOnlyForItsOwnEvents) {
  const auto n = [](int i) { return std::to_string(i); };
  // 3,000 changes to 1,000 streams: 3,000 comparisons, not 3,000,000.
  EXPECT_EQ(judged(
                standard_indexes(), [&](int i) { return on_nodes({"n" + n(i)}); }, 3'000),
            3'000u);
  EXPECT_EQ(judged(
                standard_indexes(), [&](int i) { return owned_by({"u" + n(i)}); }, 3'000),
            3'000u);
  EXPECT_EQ(judged(
                standard_indexes(), [&](int i) { return select(kinds::kPod, "ns" + n(i)); }, 3'000),
            3'000u);
  EXPECT_EQ(judged(
                standard_indexes(), [&](int i) { return select(kinds::kPod, "", "p" + n(i)); }, 1'000),
            1'000u);
  const auto by_label = [&](int i) { return labelled("app=a" + n(i)); };
  EXPECT_EQ(judged(standard_indexes(), by_label, 100), 100'000u) << "nobody asked for an index of this label";
  EXPECT_EQ(judged({label_index(kinds::kPod, "app")}, by_label, 3'000), 3'000u);
}

TEST(Indexes, TheBusSelectsByOwner) {
  bus::Selection asked;
  asked.set_kind(kinds::kPod);
  auto* requirement = asked.add_fields();
  requirement->set_field(std::string(kOwnerField));
  requirement->add_values("u2");
  requirement->add_values("u1");
  auto selection = Selection::from_bus(asked);
  ASSERT_TRUE(selection.ok());
  EXPECT_EQ(selection->owners, (std::vector<std::string>{"u1", "u2"}));
  EXPECT_FALSE(selection->plain());
  EXPECT_NE(selection->text(), select(kinds::kPod).text());
  EXPECT_TRUE(selection->matches(*owned_pod("a", "x", "", {}, {"u0", "u2"})));
  EXPECT_FALSE(selection->matches(*owned_pod("a", "x", "", {}, {"u0"})));
  requirement->set_negated(true);
  EXPECT_EQ(Selection::from_bus(asked).error().code, 400);
}

}  // namespace
}  // namespace kabuki::store::test
