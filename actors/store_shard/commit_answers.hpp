#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <vector>

#include "store/engine.hpp"

namespace kabuki::store {

/// What the engine answered, on its way to who asked: in the order of the submissions, and not before the shard has
/// seen the versions that a conflict is about, which come with the answer. Pure.
class CommitAnswers {
 public:
  void answered(uint64_t submission, std::vector<MutationResult> results) {
    waiting_.emplace(submission, std::move(results));
  }
  /// The answer to the next submission, if it is there and speaks of nothing after `revision`.
  std::optional<std::vector<MutationResult>> next(uint64_t revision) {
    const auto first = waiting_.begin();
    if (first == waiting_.end() || first->first != next_) return std::nullopt;
    for (const auto& result : first->second) {
      if (result.outcome == Outcome::conflict && result.revision > revision) return std::nullopt;
    }
    ++next_;
    auto results = std::move(first->second);
    waiting_.erase(first);
    return results;
  }
  /// Whether any waits.
  bool held() const { return !waiting_.empty(); }

 private:
  std::map<uint64_t, std::vector<MutationResult>> waiting_;  // by submission
  uint64_t next_ = 0;
};

}  // namespace kabuki::store
