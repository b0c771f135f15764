#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "store/engine.hpp"
#include "store/key_order.hpp"

/// How a shard lies in etcd, below the prefix that its engines share:
///   identity           format version, shard and mapping, as RocksDB's (rocksdb_format.hpp)
///   base               decimal: what is added to etcd's revisions
///   head               the id of the latest commit; put by every transaction that changes objects
///   instance           put by every engine that starts: the revision of that is its number
///   engines/NUMBER     the fence of that engine: put anew, it keeps what was sent before from being committed
///   mark               put from time to time, so that no watch falls behind what etcd forgets
///   ../.terms/LEASE    beside the shards, for all of them: the term of a Lease, put in the transaction that writes
///   it o/KIND/NS\0NAME    an object: a format byte, its place, then its body. KIND is four hexadecimal digits, so
///   keys sort as lists do
///
/// All mutations of a transaction share a revision of etcd's, but each has a visible one of its own: a client that
/// has been told of some of them goes on after these. So kPlaces visible revisions belong to one of etcd's, the last
/// mutation having the last; a place is how many mutations come after it.
namespace kabuki::store::etcd {

inline constexpr int kFormatVersion = 1;
inline constexpr uint64_t kPlaces = 64;

/// Which transaction of which engine.
struct CommitId {
  uint64_t instance = 0;
  uint64_t number = 0;
  bool operator==(const CommitId&) const = default;
};
std::string encode_commit_id(const CommitId& id);
std::optional<CommitId> decode_commit_id(std::string_view bytes);

/// The keys of one shard.
struct Keys {
  explicit Keys(std::string shard_prefix);

  std::string fence(uint64_t instance) const;
  std::string object(const KeyView& key) const;
  std::string term(const std::string& lease) const;
  /// None when malformed or no object's. Views into `bytes`.
  std::optional<KeyView> parse_object(std::string_view bytes) const;

  const std::string prefix;  // ends in /
  const std::string identity;
  const std::string base;
  const std::string head;
  const std::string instance;
  const std::string mark;
  const std::string objects;
  const std::string terms;
};

/// As the value of a term's key: one that differs is another term.
std::string encode_term(const Term& term);

/// The first key behind all that begin with `prefix`, which must not end in 0xff.
std::string range_end(std::string_view prefix);

std::string encode_value(std::string_view body, size_t place);
struct Value {
  std::string_view body;
  size_t place = 0;
};
/// None when of another format. A view into `bytes`.
std::optional<Value> decode_value(std::string_view bytes);

std::string encode_number(uint64_t number);
std::optional<uint64_t> decode_number(std::string_view bytes);

}  // namespace kabuki::store::etcd
