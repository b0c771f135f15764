#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "runtime/address.hpp"
#include "runtime/message.hpp"
#include "store/shards.hpp"
#include "store/snapshot_writer.hpp"

namespace kabuki::tools {

/// Copies a running cluster's store into a snapshot, question by question: who drives it asks what next() says and
/// hands the answer to take(). First the revision of every shard is held, so that they are of nearly one moment, the
/// shard of namespaces last, so that each object's namespace is there; then they are read page by page. Begins after
/// the writer's files; finishes the file.
class SnapshotSaver {
 public:
  struct Question {
    runtime::Address to;
    runtime::MessagePtr message;
  };

  SnapshotSaver(store::SnapshotWriter& writer, const store::ShardMap& shards);

  /// None when the file is complete.
  std::optional<Question> next() const;
  /// Error: the shard's (410 Expired where it was started anew meanwhile: begin again), or the file's.
  Result<> take(const Result<runtime::MessagePtr>& answer);

  /// By shard: what it is read at.
  const std::map<std::string, uint64_t>& revisions() const { return revisions_; }

 private:
  Result<> next_shard();

  store::SnapshotWriter& writer_;
  const store::ShardMap& shards_;
  std::vector<std::string> to_hold_;  // the next one last
  std::vector<std::string> to_read_;  // so, too
  std::map<std::string, uint64_t> revisions_;
  std::optional<Key> after_;
};

}  // namespace kabuki::tools
