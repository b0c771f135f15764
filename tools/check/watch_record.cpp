#include "tools/check/watch_record.hpp"

#include <map>
#include <set>
#include <utility>

namespace kabuki::tools {
namespace {

using Told = WatchRecord::Told;

struct Fact {
  uint64_t version = 0;  // 0: deleted
  std::string source;
};
/// What happened to a key at a revision.
using Facts = std::map<std::pair<uint64_t, std::string>, Fact>;

bool selects(const WatchRecord& watch, const std::string& key) { return key.starts_with(watch.prefix); }

class WatchCheck {
 public:
  WatchCheck(const WatchRecord& watch, const std::vector<Operation>& history, Facts* facts,
             std::vector<std::string>* breaches)
      : watch_(watch), facts_(*facts), breaches_(*breaches) {
    for (const Operation& operation : history) {
      if (operation.kind != Operation::Kind::write || !selects(watch, operation.key)) continue;
      if (operation.answer == Operation::Answer::conflict) refused_.insert(operation.version);
      if (operation.answer == Operation::Answer::unknown && operation.version == 0) {
        unknown_deletes_.insert(operation.key);
      }
      if (operation.answer == Operation::Answer::ok && operation.revision != 0) {
        acknowledged_[operation.key][operation.revision] = operation.version;
      }
    }
  }

  void run() {
    for (const Told& told : watch_.told) {
      switch (told.type) {
        case Told::Type::begin:
          begin(told.revision);
          break;
        case Told::Type::listed:
          listed(told);
          break;
        case Told::Type::synced:
          synced(told.revision);
          break;
        case Told::Type::put:
        case Told::Type::deleted:
          changed(told);
          break;
        case Told::Type::bookmark:
          bookmark(told.revision);
          break;
        case Told::Type::ended:
          listing_ = false;
          end();
          break;
      }
    }
    end();
  }

 private:
  void breach(const std::string& what) { breaches_.push_back(watch_.name + ": " + what); }

  void begin(uint64_t revision) {
    end();
    streaming_ = true;
    start_ = done_ = last_ = revision;
  }

  void listed(const Told& told) {
    if (!listing_) list_.clear();
    listing_ = true;
    if (!list_.emplace(told.key, told.revision).second) breach("lists " + told.key + " twice");
    learn(told.revision, told.key, told.version);
  }

  void synced(uint64_t revision) {
    end();
    if (!std::exchange(listing_, false)) list_.clear();
    for (const auto& [key, writes] : acknowledged_) {
      const auto after = writes.upper_bound(revision);
      if (after == writes.begin()) continue;
      const auto& [written, version] = *std::prev(after);
      const auto found = list_.find(key);
      if (found == list_.end() && version != 0 && !deleted_between(key, written, revision)) {
        breach("its list at " + std::to_string(revision) + " lacks " + key + ", written at " +
               std::to_string(written));
      } else if (found != list_.end() && (found->second < written || (version == 0 && found->second == written))) {
        breach("its list at " + std::to_string(revision) + " has " + key + " of " + std::to_string(found->second) +
               ", which was gone at " + std::to_string(written));
      }
    }
    for (const auto& [key, of] : list_) {
      if (of > revision)
        breach("its list at " + std::to_string(revision) + " has " + key + " of " + std::to_string(of));
    }
    begin(revision);
  }

  /// Whether a deletion whose answer was lost may be why the key is absent.
  bool deleted_between(const std::string& key, uint64_t after, uint64_t until) const {
    for (auto it = facts_.upper_bound({after, key}); it != facts_.end() && it->first.first <= until; ++it) {
      if (it->first.second == key && it->second.version == 0) return true;
    }
    return unknown_deletes_.contains(key);
  }

  void changed(const Told& told) {
    const std::string what = std::to_string(told.revision) + " of " + told.key;
    if (!streaming_) return breach("was told " + what + " without a stream");
    if (told.revision <= done_) return breach("was told " + what + " after all until " + std::to_string(done_));
    if (told.revision < last_) return breach("was told " + what + " after " + std::to_string(last_));
    if (!told_.emplace(told.revision, told.key).second) return breach("was told " + what + " twice");
    const uint64_t version = told.type == Told::Type::deleted ? 0 : told.version;
    if (version != 0 && refused_.contains(version)) breach("was told " + what + ", a write that was refused");
    last_ = told.revision;
    learn(told.revision, told.key, version);
  }

  void bookmark(uint64_t revision) {
    if (!streaming_) return breach("was told a bookmark without a stream");
    if (revision < last_)
      return breach("has the bookmark " + std::to_string(revision) + " after " + std::to_string(last_));
    last_ = done_ = revision;
  }

  /// Of what the stream has covered, nothing may be missing.
  void end() {
    if (!std::exchange(streaming_, false)) return;
    for (const auto& [key, writes] : acknowledged_) {
      for (auto it = writes.upper_bound(start_); it != writes.end() && it->first <= last_; ++it) {
        if (!told_.contains({it->first, key})) {
          breach("was never told " + std::to_string(it->first) + " of " + key + ", though of all from " +
                 std::to_string(start_) + " to " + std::to_string(last_));
        }
      }
    }
    // Told of again only by a stream that begins before them, which is no breach.
    told_.clear();
  }

  void learn(uint64_t revision, const std::string& key, uint64_t version) {
    const auto [known, first] = facts_.emplace(std::pair(revision, key), Fact{version, watch_.name});
    if (!first && known->second.version != version) {
      breach("was told version " + std::to_string(version) + " of " + key + " at " + std::to_string(revision) + ", " +
             known->second.source + " version " + std::to_string(known->second.version));
    }
  }

  const WatchRecord& watch_;
  Facts& facts_;
  std::vector<std::string>& breaches_;
  std::map<std::string, std::map<uint64_t, uint64_t>> acknowledged_;  // by key: revision to version
  std::set<uint64_t> refused_;
  std::set<std::string> unknown_deletes_;

  bool streaming_ = false;
  bool listing_ = false;
  uint64_t start_ = 0;  // everything after it is due ...
  uint64_t last_ = 0;   // ... until here
  uint64_t done_ = 0;   // nothing until here may come any more
  std::map<std::string, uint64_t> list_;
  std::set<std::pair<uint64_t, std::string>> told_;
};

}  // namespace

std::vector<std::string> check_watches(const std::vector<WatchRecord>& watches,
                                       const std::vector<Operation>& history) {
  std::vector<std::string> breaches;
  Facts facts;
  for (const Operation& operation : history) {
    if (operation.kind == Operation::Kind::write && operation.answer == Operation::Answer::ok && operation.revision) {
      facts.emplace(std::pair(operation.revision, operation.key), Fact{operation.version, "the answer to its write"});
    }
  }
  for (const WatchRecord& watch : watches) {
    WatchCheck(watch, history, &facts, &breaches).run();
  }
  return breaches;
}

}  // namespace kabuki::tools
