#include "tools/check/linearizability.hpp"

#include <algorithm>
#include <map>
#include <set>
#include <utility>

namespace kabuki::tools {
namespace {

/// The beginning or the end of an operation in the list of those that are not placed yet.
struct Entry {
  size_t operation = 0;
  bool begins = false;
  Entry* match = nullptr;  // of a beginning: its end
  Entry* before = nullptr;
  Entry* after = nullptr;
};

void lift(Entry* call) {
  for (Entry* entry : {call, call->match}) {
    entry->before->after = entry->after;
    if (entry->after) entry->after->before = entry->before;
  }
}

void put_back(Entry* call) {
  for (Entry* entry : {call->match, call}) {
    entry->before->after = entry;
    if (entry->after) entry->after->before = entry;
  }
}

/// Whether the answer fits a key that holds `*version`, and what the key holds then.
bool step(const Operation& operation, uint64_t* version) {
  if (operation.kind == Operation::Kind::read) return operation.version == *version;
  const bool fits = *version == operation.expected;
  if (operation.answer == Operation::Answer::conflict) return !fits;
  if (fits) {
    *version = operation.version;
    return true;
  }
  return operation.answer == Operation::Answer::unknown;
}

std::string text(const Operation& operation) {
  std::string out = "[" + std::to_string(operation.begin) + ", ";
  out += (operation.end == Operation::kNever ? "..." : std::to_string(operation.end)) + "] ";
  if (operation.kind == Operation::Kind::read) return out + "read " + std::to_string(operation.version);
  out += "write " + std::to_string(operation.expected) + " -> " + std::to_string(operation.version);
  if (operation.answer == Operation::Answer::conflict) return out + ": conflict";
  return out + (operation.answer == Operation::Answer::ok ? ": ok" : ": unknown");
}

class Search {
 public:
  explicit Search(std::vector<const Operation*> operations) : operations_(std::move(operations)) {
    entries_.resize(2 * operations_.size());
    std::vector<Entry*> order;
    for (size_t i = 0; i < operations_.size(); ++i) {
      entries_[2 * i] = {.operation = i, .begins = true, .match = &entries_[2 * i + 1]};
      entries_[2 * i + 1] = {.operation = i};
      order.push_back(&entries_[2 * i]);
      order.push_back(&entries_[2 * i + 1]);
    }
    // What ends at the moment another begins is concurrent with it.
    const auto when = [&](const Entry* entry) {
      const Operation& operation = *operations_[entry->operation];
      return std::pair(entry->begins ? operation.begin : operation.end, !entry->begins);
    };
    std::stable_sort(order.begin(), order.end(), [&](Entry* a, Entry* b) { return when(a) < when(b); });
    Entry* last = &head_;
    for (Entry* entry : order) {
      last->after = entry;
      entry->before = last;
      last = entry;
    }
  }

  LinearizabilityReport run(uint64_t max_steps) {
    LinearizabilityReport report;
    std::set<std::pair<std::vector<bool>, uint64_t>> seen;
    std::vector<std::pair<Entry*, uint64_t>> placed;  // and what the key held before
    std::vector<bool> done(operations_.size());
    uint64_t version = 0;
    size_t deepest = 0;
    const Entry* stuck = nullptr;
    for (Entry* entry = head_.after; head_.after;) {
      if (++report.steps > max_steps) {
        report.verdict = Linearizable::ran_out_of_time;
        report.detail = "no answer after " + std::to_string(max_steps) + " steps";
        return report;
      }
      if (entry->begins) {
        uint64_t next = version;
        if (step(*operations_[entry->operation], &next)) {
          done[entry->operation] = true;
          if (seen.emplace(done, next).second) {
            placed.emplace_back(entry, version);
            version = next;
            lift(entry);
            entry = head_.after;
            continue;
          }
          done[entry->operation] = false;
        }
        entry = entry->after;
        continue;
      }
      // An operation has ended that could not be placed: an earlier choice was wrong.
      if (placed.size() >= deepest) {
        deepest = placed.size();
        stuck = entry;
      }
      if (placed.empty()) {
        report.verdict = Linearizable::no;
        report.detail = explain(*operations_[stuck->operation]);
        return report;
      }
      Entry* last = placed.back().first;
      version = placed.back().second;
      placed.pop_back();
      done[last->operation] = false;
      put_back(last);
      entry = last->after;
    }
    return report;
  }

 private:
  /// The operation nothing explains, and those that ran beside it.
  std::string explain(const Operation& bad) const {
    std::string out = "key " + bad.key + ": no order explains " + text(bad);
    int listed = 0;
    for (const Operation* other : operations_) {
      if (other == &bad || other->end < bad.begin || other->begin > bad.end) continue;
      out += (listed == 0 ? "; beside it " : ", ") + text(*other);
      if (++listed == kListed) break;
    }
    return out;
  }

  static constexpr int kListed = 8;
  const std::vector<const Operation*> operations_;
  std::vector<Entry> entries_;
  Entry head_;
};

}  // namespace

LinearizabilityReport check_linearizable(const std::vector<Operation>& history, uint64_t max_steps) {
  std::map<std::string, std::vector<const Operation*>> by_key;
  for (const Operation& operation : history) by_key[operation.key].push_back(&operation);
  LinearizabilityReport all;
  for (auto& [key, operations] : by_key) {
    LinearizabilityReport one = Search(std::move(operations)).run(max_steps);
    all.steps += one.steps;
    if (one.verdict == Linearizable::no) {
      one.steps = all.steps;
      return one;
    }
    if (one.verdict == Linearizable::ran_out_of_time) {
      all.verdict = one.verdict;
      all.detail = "key " + key + ": " + one.detail;
    }
  }
  return all;
}

std::vector<std::string> check_revisions(const std::vector<Operation>& history) {
  std::vector<std::string> breaches;
  std::map<uint64_t, const Operation*> by_revision;
  std::map<uint64_t, const Operation*> by_version;
  std::vector<const Operation*> writes;
  for (const Operation& operation : history) {
    if (operation.revision == 0 || operation.answer != Operation::Answer::ok) continue;
    const bool write = operation.kind == Operation::Kind::write;
    if (write) writes.push_back(&operation);
    if (operation.version == 0) continue;  // a deletion has a revision, but names no version
    const auto [known, first] = by_revision.emplace(operation.revision, &operation);
    if (!first && (known->second->version != operation.version || known->second->key != operation.key)) {
      breaches.push_back("revision " + std::to_string(operation.revision) + " is that of " + text(*known->second) +
                         " on " + known->second->key + " and of " + text(operation) + " on " + operation.key);
    }
    const auto [named, fresh] = by_version.emplace(operation.version, &operation);
    if (!fresh && named->second->revision != operation.revision) {
      breaches.push_back("version " + std::to_string(operation.version) + " has the revisions " +
                         std::to_string(named->second->revision) + " and " + std::to_string(operation.revision));
    }
  }
  // In order of their ends, the highest revision so far is the bound for all that begin later.
  std::vector<const Operation*> by_begin = writes;
  std::sort(by_begin.begin(), by_begin.end(), [](auto* a, auto* b) { return a->begin < b->begin; });
  std::sort(writes.begin(), writes.end(), [](auto* a, auto* b) { return a->end < b->end; });
  const Operation* highest = nullptr;
  size_t ended = 0;
  for (const Operation* operation : by_begin) {
    for (; ended < writes.size() && writes[ended]->end < operation->begin; ++ended) {
      if (!highest || writes[ended]->revision > highest->revision) highest = writes[ended];
    }
    if (highest && operation->revision <= highest->revision) {
      breaches.push_back("revision " + std::to_string(operation->revision) + " was given to " + text(*operation) +
                         " on " + operation->key + " after " + std::to_string(highest->revision) + " to " +
                         text(*highest) + " on " + highest->key);
    }
  }
  return breaches;
}

}  // namespace kabuki::tools
