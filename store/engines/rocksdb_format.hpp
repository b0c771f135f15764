#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "messages/object.hpp"
#include "store/key_order.hpp"
#include "store/shards.hpp"

/// How a shard lies on disk. Keys: kind (2 bytes, big-endian), namespace, NUL, name; so they sort as lists do.
/// Values: a format byte, the revision (8 bytes, big-endian), the body. Kind 0 holds what the shard says of itself.
namespace kabuki::store::format {

inline constexpr int kVersion = 1;

inline constexpr std::string_view kMetaKey{"\0\0meta", 6};
inline constexpr std::string_view kRevisionKey{"\0\0revision", 10};
/// The first key that can be an object's.
inline constexpr std::string_view kFirstObject{"\0\1", 2};

std::string encode_key(const KeyView& key);
/// None when malformed. Views into `bytes`.
std::optional<KeyView> decode_key(std::string_view bytes);

std::string encode_value(const Object& object);
/// Null when malformed or of another format.
ObjectPtr decode_value(const KeyView& key, std::string_view bytes);

std::string encode_revision(uint64_t revision);
std::optional<uint64_t> decode_revision(std::string_view bytes);

struct Meta {
  int version = kVersion;
  ShardIdentity identity;
  bool operator==(const Meta&) const = default;
};
std::string encode_meta(const Meta& meta);
/// Of another version only `version` is read.
std::optional<Meta> decode_meta(std::string_view bytes);

}  // namespace kabuki::store::format
