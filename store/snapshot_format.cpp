#include "store/snapshot_format.hpp"

#include <cassert>
#include <zlib.h>

namespace kabuki::snapshot {

uint32_t checksum_of(std::string_view bytes, uint32_t checksum) {
  return static_cast<uint32_t>(crc32_z(checksum, reinterpret_cast<const Bytef*>(bytes.data()), bytes.size()));
}

void append_little_endian(uint32_t value, std::string* out) {
  for (int i = 0; i < 4; ++i) out->push_back(static_cast<char>(value >> (8 * i)));
}

uint32_t read_little_endian(std::string_view bytes) {
  assert(bytes.size() >= 4);
  uint32_t value = 0;
  for (size_t i = 0; i < 4; ++i) value |= uint32_t{static_cast<uint8_t>(bytes[i])} << (8 * i);
  return value;
}

std::string encode_block(Block type, std::string_view payload) {
  std::string out;
  out.reserve(kBlockHeadBytes + payload.size() + kChecksumBytes);
  out.push_back(static_cast<char>(type));
  append_little_endian(static_cast<uint32_t>(payload.size()), &out);
  out += payload;
  append_little_endian(checksum_of(out), &out);
  return out;
}

}  // namespace kabuki::snapshot
