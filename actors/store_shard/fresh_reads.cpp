#include "actors/store_shard/fresh_reads.hpp"

#include <algorithm>

#include "messages/status.hpp"

namespace kabuki::store {

void FreshReads::add(runtime::Inbound read, io::MonoTime deadline, std::optional<uint64_t> revision, bool ahead,
                     bool asked) {
  reads_.push_back({std::move(read), deadline, revision, ahead, asked});
}

bool FreshReads::unasked() const {
  return std::any_of(reads_.begin(), reads_.end(), [](const Read& read) { return !read.asked; });
}

bool FreshReads::ask() {
  if (under_way_) return false;
  bool wanted = false;
  for (Read& read : reads_) wanted |= !std::exchange(read.asked, true);
  under_way_ = wanted;
  return wanted;
}

void FreshReads::answered(const Result<uint64_t>& revision) {
  under_way_ = false;
  trouble_ = revision.ok() ? std::nullopt : std::optional(revision.error());
  for (Read& read : reads_) {
    if (!read.asked || read.revision) continue;
    if (revision.ok()) {
      read.revision = *revision;
    } else {
      read.asked = false;
    }
  }
}

std::vector<FreshReads::Read> FreshReads::take_if(const std::function<bool(const Read&)>& wanted) {
  const auto first =
      std::stable_partition(reads_.begin(), reads_.end(), [&](const Read& read) { return !wanted(read); });
  std::vector<Read> out(std::make_move_iterator(first), std::make_move_iterator(reads_.end()));
  reads_.erase(first, reads_.end());
  return out;
}

std::vector<runtime::Inbound> FreshReads::take(uint64_t revision) {
  const auto reached = [&](const Read& read) { return read.revision && *read.revision <= revision; };
  std::vector<runtime::Inbound> out;
  for (auto& read : take_if(reached)) out.push_back(std::move(read.in));
  return out;
}

std::vector<FreshReads::Late> FreshReads::take_late(io::MonoTime now, uint64_t revision) {
  std::vector<Late> out;
  for (auto& read : take_if([&](const Read& waiting) { return waiting.deadline <= now; })) {
    Error why = read.ahead      ? too_large_resource_version(*read.revision, revision)
                : read.revision ? timed_out("the store shard has not caught up with what was written")
                : trouble_      ? *trouble_
                                : timed_out("the store did not say what was written last");
    out.push_back({std::move(read.in), std::move(why)});
  }
  return out;
}

void FreshReads::drop(const std::function<bool(const runtime::Inbound&)>& gone) {
  std::erase_if(reads_, [&](const Read& read) { return gone(read.in); });
}

std::optional<io::MonoTime> FreshReads::next_deadline() const {
  const auto first = std::min_element(reads_.begin(), reads_.end(),
                                      [](const Read& a, const Read& b) { return a.deadline < b.deadline; });
  return first == reads_.end() ? std::nullopt : std::optional(first->deadline);
}

}  // namespace kabuki::store
