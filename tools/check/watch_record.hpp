#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "tools/check/linearizability.hpp"

namespace kabuki::tools {

/// What one watcher was told, in order. It selects the keys that begin with `prefix`.
struct WatchRecord {
  struct Told {
    enum class Type {
      begin,   // a stream from here: everything after `revision` is due
      listed,  // one object of an initial list
      synced,  // the list is complete, and was so at `revision`
      put,     // or added
      deleted,
      bookmark,  // nothing at or before `revision` is to come
      ended,     // 410: nothing is due until the next begin or list
    };
    Type type = Type::put;
    uint64_t revision = 0;
    std::string key;
    uint64_t version = 0;  // put, listed
  };
  std::string name;
  std::string prefix;
  std::vector<Told> told;
};

/// Breaches of what a watch promises (etcd's list), a line each: ordered, unique, atomic (a resume point or bookmark
/// never splits a revision), reliable (every acknowledged write of `history` within what the watcher has been told of
/// is there, and every listed state is what the acknowledged writes left), resumable, bookmarkable; and two watchers
/// are told the same of a revision.
std::vector<std::string> check_watches(const std::vector<WatchRecord>& watches,
                                       const std::vector<Operation>& history);

}  // namespace kabuki::tools
