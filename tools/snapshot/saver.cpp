#include "tools/snapshot/saver.hpp"

#include <algorithm>

#include "messages/bus/store.pb.h"
#include "messages/kinds.hpp"
#include "messages/status.hpp"

namespace kabuki::tools {
namespace {

constexpr uint64_t kPageBytes = 2u << 20;

}  // namespace

SnapshotSaver::SnapshotSaver(store::SnapshotWriter& writer, const store::ShardMap& shards)
    : writer_(writer), shards_(shards), to_hold_(shards.names()), to_read_(shards.names()) {
  const std::string& namespaces = shards.shard_of(kinds::kNamespace);
  std::ranges::stable_partition(to_hold_, [&](const auto& shard) { return shard == namespaces; });
  std::ranges::reverse(to_read_);
}

std::optional<SnapshotSaver::Question> SnapshotSaver::next() const {
  const auto& waiting = to_hold_.empty() ? to_read_ : to_hold_;
  if (waiting.empty()) return std::nullopt;
  const std::string& shard = waiting.back();
  bus::ReadShard read;
  if (to_hold_.empty()) {
    read.set_bytes(kPageBytes);
    read.set_revision(revisions_.at(shard));
    if (after_) {
      read.mutable_start_after()->set_kind(after_->kind);
      read.mutable_start_after()->set_namespace_(after_->ns);
      read.mutable_start_after()->set_name(after_->name);
    }
  }
  return Question{runtime::role(std::string(runtime::roles::kShardPrefix) + shard),
                  runtime::make_message(std::move(read))};
}

Result<> SnapshotSaver::take(const Result<runtime::MessagePtr>& answer) {
  if (!answer) return answer.error();
  const auto* reply = (*answer)->as<bus::ReadShardReply>();
  if (!reply) return internal_error("a store shard gave an answer of another form");
  if (!to_hold_.empty()) {
    revisions_[to_hold_.back()] = reply->revision();
    to_hold_.pop_back();
    return to_hold_.empty() ? next_shard() : Result<>();
  }
  const std::string& shard = to_read_.back();
  for (const ObjectPtr& object : (*answer)->objects) {
    if (shards_.shard_of(object->kind()) != shard) {
      return internal_error("the shard \"" + shard + "\" holds " + object->key().text() +
                            ", which this program keeps elsewhere: use the program that the cluster runs");
    }
    if (auto added = writer_.add(*object); !added) return added;
  }
  if (reply->more()) {
    if (!(*answer)->objects.empty()) after_ = (*answer)->objects.back()->key();
    return {};
  }
  if (auto ended = writer_.end_shard(); !ended) return ended;
  to_read_.pop_back();
  return next_shard();
}

Result<> SnapshotSaver::next_shard() {
  after_.reset();
  if (to_read_.empty()) return writer_.finish();
  return writer_.begin_shard(to_read_.back(), revisions_.at(to_read_.back()));
}

}  // namespace kabuki::tools
