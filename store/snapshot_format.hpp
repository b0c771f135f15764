#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

/// A snapshot file: the magic bytes and the version, then blocks. A block is its type (1 byte), the size of its
/// payload (4 bytes), the payload (a message of messages/snapshot.proto) and a CRC-32 of all of these (4 bytes).
/// Numbers are little-endian. The blocks are a header, any number of files, per shard a beginning, objects and an
/// end, and a footer: a file without one is cut short.
namespace kabuki::snapshot {

inline constexpr std::string_view kMagic = "kabuki snapshot\n";
inline constexpr uint32_t kVersion = 1;
inline constexpr size_t kPreambleBytes = 20;  // magic and version

enum class Block : uint8_t { header = 1, file = 2, shard = 3, objects = 4, shard_end = 5, footer = 6 };

inline constexpr size_t kBlockHeadBytes = 5;
inline constexpr size_t kChecksumBytes = 4;
/// A block of objects ends once it has so many bytes; one object alone may have more.
inline constexpr size_t kObjectsBytes = 1u << 20;
/// Nothing bigger is written; a bigger size that is read is damage.
inline constexpr size_t kPayloadBytesMax = 256u << 20;

/// CRC-32 as zlib computes it, going on from `checksum` (0 at first).
uint32_t checksum_of(std::string_view bytes, uint32_t checksum = 0);

void append_little_endian(uint32_t value, std::string* out);
/// Of the first 4 bytes; asserts that they are there.
uint32_t read_little_endian(std::string_view bytes);

/// The bytes of a block; its checksum is its last four.
std::string encode_block(Block type, std::string_view payload);

}  // namespace kabuki::snapshot
