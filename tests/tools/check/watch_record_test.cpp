#include "tools/check/watch_record.hpp"

#include <gtest/gtest.h>

namespace kabuki::tools {
namespace {

using Told = WatchRecord::Told;
using Type = Told::Type;

Operation written(std::string key, uint64_t revision, uint64_t version) {
  return {.kind = Operation::Kind::write,
          .key = std::move(key),
          .version = version,
          .begin = 0,
          .end = 1,
          .revision = revision};
}

// a is created, changed and deleted; b comes between; revision 6 changes two keys at once.
const std::vector<Operation> kHistory{written("a", 2, 12), written("b", 3, 13), written("a", 4, 14),
                                      written("a", 5, 0),  written("c", 6, 16), written("d", 6, 26)};

Told begin(uint64_t revision) { return {.type = Type::begin, .revision = revision}; }
Told listed(uint64_t revision, std::string key, uint64_t version) {
  return {Type::listed, revision, std::move(key), version};
}
Told synced(uint64_t revision) { return {.type = Type::synced, .revision = revision}; }
Told put(uint64_t revision, std::string key, uint64_t version) {
  return {Type::put, revision, std::move(key), version};
}
Told gone(uint64_t revision, std::string key) { return {Type::deleted, revision, std::move(key)}; }
Told bookmark(uint64_t revision) { return {.type = Type::bookmark, .revision = revision}; }

std::vector<std::string> breaches(std::vector<Told> told) {
  return check_watches({{.name = "w", .told = std::move(told)}}, kHistory);
}

using Lines = std::vector<std::string>;

TEST(WatchRecord, AcceptsATrueStream) {
  EXPECT_EQ(breaches({begin(1), put(2, "a", 12), put(3, "b", 13), put(4, "a", 14), gone(5, "a"), put(6, "c", 16),
                      put(6, "d", 26), bookmark(6)}),
            Lines{});
  EXPECT_EQ(breaches({listed(4, "a", 14), listed(3, "b", 13), synced(4), gone(5, "a"), begin(5), put(6, "c", 16),
                      put(6, "d", 26)}),
            Lines{});
}

TEST(WatchRecord, FindsAGap) {
  EXPECT_EQ(breaches({begin(1), put(2, "a", 12), put(4, "a", 14)}),
            Lines{"w: was never told 3 of b, though of all from 1 to 4"});
  // Also where a bookmark claims what was not told, and where a resumed stream begins too late.
  EXPECT_EQ(breaches({begin(1), put(2, "a", 12), bookmark(3)}),
            Lines{"w: was never told 3 of b, though of all from 1 to 3"});
}

TEST(WatchRecord, FindsWhatIsToldTwiceOrBackwards) {
  EXPECT_EQ(breaches({begin(1), put(2, "a", 12), put(2, "a", 12)}), Lines{"w: was told 2 of a twice"});
  EXPECT_EQ(breaches({begin(1), put(2, "a", 12), put(4, "a", 14), put(3, "b", 13)}),
            (Lines{"w: was told 3 of b after 4", "w: was never told 3 of b, though of all from 1 to 4"}));
  EXPECT_EQ(breaches({begin(2), put(2, "a", 12)}), Lines{"w: was told 2 of a after all until 2"});
  EXPECT_EQ(breaches({begin(1), put(2, "a", 12), bookmark(1)}), Lines{"w: has the bookmark 1 after 2"});
}

TEST(WatchRecord, FindsARevisionThatWasTornApart) {
  EXPECT_EQ(breaches({begin(5), put(6, "c", 16)}), Lines{"w: was never told 6 of d, though of all from 5 to 6"});
  EXPECT_EQ(breaches({begin(5), put(6, "c", 16), bookmark(6), put(6, "d", 26)}),
            (Lines{"w: was told 6 of d after all until 6", "w: was never told 6 of d, though of all from 5 to 6"}));
}

TEST(WatchRecord, FindsAListThatIsNotOfItsRevision) {
  EXPECT_EQ(breaches({listed(2, "a", 12), listed(3, "b", 13), synced(4)}),
            Lines{"w: its list at 4 has a of 2, which was gone at 4"});
  EXPECT_EQ(breaches({listed(4, "a", 14), synced(4)}), Lines{"w: its list at 4 lacks b, written at 3"});
  EXPECT_EQ(breaches({listed(4, "a", 14), listed(3, "b", 13), synced(3)}), Lines{"w: its list at 3 has a of 4"});
}

TEST(WatchRecord, FindsALieAboutAVersion) {
  EXPECT_EQ(breaches({begin(1), put(2, "a", 99)}),
            Lines{"w: was told version 99 of a at 2, the answer to its write version 12"});
  auto refused = written("a", 0, 50);
  refused.answer = Operation::Answer::conflict;
  EXPECT_EQ(check_watches({{.name = "w", .told = {begin(6), put(7, "a", 50)}}}, {refused}),
            Lines{"w: was told 7 of a, a write that was refused"});
}

TEST(WatchRecord, HoldsAWatcherToItsOwnSelectionAlone) {
  EXPECT_EQ(check_watches({{.name = "w", .prefix = "b", .told = {begin(1), put(3, "b", 13), bookmark(6)}}}, kHistory),
            Lines{});
}

}  // namespace
}  // namespace kabuki::tools
