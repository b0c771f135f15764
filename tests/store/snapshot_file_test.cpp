#include <gtest/gtest.h>

#include "store/snapshot_reader.hpp"
#include "store/snapshot_writer.hpp"
#include "tests/store/store_fixture.hpp"

namespace kabuki::store::test {
namespace {

using Lines = std::vector<std::string>;

class MemoryFile : public io::AppendFile {
 public:
  Result<> append(std::string_view more) override {
    bytes += more;
    return {};
  }
  Result<> sync() override {
    synced = bytes.size();
    return {};
  }
  Result<> truncate(uint64_t size) override {
    bytes.resize(size);
    return {};
  }
  std::string bytes;
  size_t synced = 0;
};

const ShardMap& mapping() {
  static const ShardMap map = ShardMap::standard();
  return map;
}

/// A snapshot of `pods` and some things; the other shards are empty.
std::string snapshot_of(const std::vector<ObjectPtr>& pods, const std::vector<ObjectPtr>& things) {
  MemoryFile file;
  SnapshotWriter writer(file);
  EXPECT_TRUE(writer.begin("demo", mapping(), 1'700'000'000'000'000'000).ok());
  EXPECT_TRUE(writer.add_file("pki/ca.crt", "certificate").ok());
  uint64_t revision = 100;
  for (const auto& shard : mapping().names()) {
    EXPECT_TRUE(writer.begin_shard(shard, ++revision).ok());
    for (const auto& object : shard == "pods" ? pods : shard == "objects" ? things : std::vector<ObjectPtr>()) {
      EXPECT_TRUE(writer.add(*object).ok());
    }
    EXPECT_TRUE(writer.end_shard().ok());
  }
  EXPECT_TRUE(writer.finish().ok());
  EXPECT_EQ(file.synced, file.bytes.size());
  EXPECT_EQ(writer.bytes(), file.bytes.size());
  return file.bytes;
}

std::string small() { return snapshot_of({pod("a", "node-1", 7), pod("b", "", 9)}, {thing("x", "body", 3)}); }

Result<SnapshotSummary> read(std::string_view bytes, const SnapshotSink& sink = {}) {
  StringSource source(bytes);
  return read_snapshot("f.snap", source, mapping(), sink);
}

std::string error_of(std::string_view bytes) {
  auto result = read(bytes);
  return result ? "" : result.error().message;
}

TEST(SnapshotFile, GivesBackWhatWasWritten) {
  Lines seen;
  SnapshotSink sink;
  sink.header = [&](const snapshot::Header& header) -> Result<> {
    seen.push_back("cluster " + header.cluster());
    return {};
  };
  sink.file = [&](const std::string& path, const std::string& content) -> Result<> {
    seen.push_back(path + "=" + content);
    return {};
  };
  sink.shard = [&](const std::string& shard, uint64_t revision) -> Result<> {
    seen.push_back(shard + "@" + std::to_string(revision));
    return {};
  };
  sink.object = [&](const ObjectPtr& object) -> Result<> {
    seen.push_back(object->kind() == kinds::kPod ? object->key().text() : text(object));
    return {};
  };
  const auto bytes = small();
  const auto summary = read(bytes, sink);
  ASSERT_TRUE(summary.ok()) << summary.error().message;
  EXPECT_EQ(seen, (Lines{"cluster demo", "pki/ca.crt=certificate", "events@101", "leases@102", "objects@103",
                         "default/x@3=body", "pods@104", "pods/default/a", "pods/default/b"}));
  const uint64_t pod_bytes = pod("a", "node-1")->body().size() + pod("b", "")->body().size();
  EXPECT_EQ(*summary, (SnapshotSummary{.cluster = "demo",
                                       .mapping = mapping().text(),
                                       .created_ns = 1'700'000'000'000'000'000,
                                       .shards = {{"events", 101, 0, 0},
                                                  {"leases", 102, 0, 0},
                                                  {"objects", 103, 1, 4},
                                                  {"pods", 104, 2, pod_bytes}},
                                       .files = {"pki/ca.crt"},
                                       .bytes = bytes.size()}));
}

TEST(SnapshotFile, KeepsManyBlocksOfObjectsInOrder) {
  std::vector<ObjectPtr> things;
  const std::string body(300'000, 'x');
  for (int i = 10; i < 30; ++i) things.push_back(thing("thing-" + std::to_string(i), body, static_cast<uint64_t>(i)));
  std::vector<ObjectPtr> seen;
  SnapshotSink sink;
  sink.object = [&](const ObjectPtr& object) -> Result<> {
    seen.push_back(object);
    return {};
  };
  const auto bytes = snapshot_of({}, things);
  ASSERT_TRUE(read(bytes, sink).ok());
  EXPECT_EQ(texts(seen), texts(things));
}

TEST(SnapshotFile, FindsEveryTruncation) {
  const auto bytes = small();
  for (size_t size = 0; size < bytes.size(); ++size) {
    EXPECT_NE(error_of(std::string_view(bytes).substr(0, size)), "") << "cut to " << size << " bytes";
  }
}

TEST(SnapshotFile, FindsEveryFlippedBit) {
  const auto bytes = small();
  for (size_t at = 0; at < bytes.size(); ++at) {
    for (int bit = 0; bit < 8; ++bit) {
      auto damaged = bytes;
      damaged[at] = static_cast<char>(damaged[at] ^ (1 << bit));
      EXPECT_NE(error_of(damaged), "") << "bit " << bit << " of byte " << at;
    }
  }
}

TEST(SnapshotFile, FindsBlocksThatAreMissingTwiceOrElsewhere) {
  const auto bytes = snapshot_of(
      {pod("a", "", 7)}, {thing("x", "body", 3), thing("y", std::string(2 << 20, 'y'), 4), thing("z", "body", 5)});
  std::vector<std::string_view> blocks;
  std::string_view rest = std::string_view(bytes).substr(snapshot::kPreambleBytes);
  while (!rest.empty()) {
    const size_t size =
        snapshot::kBlockHeadBytes + snapshot::read_little_endian(rest.substr(1)) + snapshot::kChecksumBytes;
    blocks.push_back(rest.substr(0, size));
    rest.remove_prefix(size);
  }
  const auto joined = [&](const std::vector<std::string_view>& all) {
    std::string out(bytes.substr(0, snapshot::kPreambleBytes));
    for (const auto block : all) out += block;
    return out;
  };
  ASSERT_EQ(joined(blocks), bytes);
  for (size_t i = 0; i < blocks.size(); ++i) {
    auto changed = blocks;
    changed.erase(changed.begin() + static_cast<ptrdiff_t>(i));
    EXPECT_NE(error_of(joined(changed)), "") << "without block " << i;
    changed = blocks;
    changed.insert(changed.begin() + static_cast<ptrdiff_t>(i), blocks[i]);
    EXPECT_NE(error_of(joined(changed)), "") << "block " << i << " twice";
    if (i + 1 == blocks.size()) continue;
    changed = blocks;
    std::swap(changed[i], changed[i + 1]);
    EXPECT_NE(error_of(joined(changed)), "") << "block " << i << " late";
  }
  EXPECT_NE(error_of(bytes + "x"), "");
}

TEST(SnapshotFile, ErrorsNameFileSectionAndOffset) {
  auto bytes = small();
  const size_t at = bytes.find("body");
  bytes[at] = 'B';
  const auto message = error_of(bytes);
  EXPECT_TRUE(message.starts_with("f.snap: shard \"objects\", offset ")) << message;
  EXPECT_TRUE(message.ends_with(": a checksum does not match: the file is damaged")) << message;
}

TEST(SnapshotFile, RefusesAnotherVersionAndOtherFiles) {
  auto bytes = small();
  bytes[snapshot::kMagic.size()] = 9;
  EXPECT_EQ(error_of(bytes),
            "f.snap: the snapshot has format version 9; this program reads version 1: use the program that wrote it");
  EXPECT_EQ(error_of("PK\3\4 and so on, longer than twenty bytes"), "f.snap: this is no snapshot of Kabuki's");
  EXPECT_EQ(error_of(""), "f.snap: this is no snapshot of Kabuki's");
}

TEST(SnapshotFile, RefusesAnotherMapping) {
  const ShardMap other({}, "all");
  const auto bytes = small();
  StringSource source(bytes);
  const auto result = read_snapshot("f.snap", source, other);
  ASSERT_FALSE(result.ok());
  EXPECT_NE(result.error().message.find("resource mapping"), std::string::npos);
}

TEST(SnapshotFile, PassesOnWhatItsSinkRefuses) {
  SnapshotSink sink;
  sink.object = [](const ObjectPtr&) -> Result<> { return Error{.message = "disk full"}; };
  const auto result = read(small(), sink);
  ASSERT_FALSE(result.ok());
  EXPECT_EQ(result.error().message, "disk full");
}

TEST(SnapshotFile, RefusesObjectsThatCannotBe) {
  EXPECT_NE(error_of(snapshot_of({pod("b", "", 7), pod("a", "", 8)}, {})).find("pods/default/a is out of order"),
            std::string::npos);
  EXPECT_NE(error_of(snapshot_of({pod("a", "", 105)}, {})).find("is newer than its shard"), std::string::npos);
  EXPECT_NE(error_of(snapshot_of({thing("x", "body", 3)}, {})).find("does not belong to this shard"),
            std::string::npos);
}

}  // namespace
}  // namespace kabuki::store::test
