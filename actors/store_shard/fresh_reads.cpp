#include "actors/store_shard/fresh_reads.hpp"

#include <algorithm>

#include "messages/status.hpp"

namespace kabuki::store {

void FreshReads::add(runtime::Inbound read, io::MonoTime deadline, std::optional<uint64_t> revision, bool asked) {
  reads_.push_back({std::move(read), deadline, revision, revision.has_value(), asked});
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

std::vector<runtime::Inbound> FreshReads::take(uint64_t revision) {
  std::vector<runtime::Inbound> out;
  std::erase_if(reads_, [&](Read& read) {
    if (!read.revision || *read.revision > revision) return false;
    out.push_back(std::move(read.in));
    return true;
  });
  return out;
}

std::vector<FreshReads::Late> FreshReads::take_late(io::MonoTime now, uint64_t revision) {
  std::vector<Late> out;
  std::erase_if(reads_, [&](Read& read) {
    if (read.deadline > now) return false;
    Error why = read.by_revision ? too_large_resource_version(*read.revision, revision)
                : read.revision  ? timed_out("the store shard has not caught up with what was written")
                : trouble_       ? *trouble_
                                 : timed_out("the store did not say what was written last");
    out.push_back({std::move(read.in), std::move(why)});
    return true;
  });
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
