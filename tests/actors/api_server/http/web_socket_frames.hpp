#pragma once

#include <cstdint>
#include <string>

namespace kabuki::test {

/// A frame; `mask` "" for none, as a server sends them.
inline std::string frame(uint8_t first, std::string payload, const std::string& mask = "\x12\x34\x56\x78") {
  std::string out(1, static_cast<char>(first));
  const uint8_t bit = mask.empty() ? 0 : 0x80;
  const int bytes = payload.size() < 126 ? 0 : payload.size() < 65536 ? 2 : 8;
  out += static_cast<char>(bit | (bytes == 0 ? payload.size() : bytes == 2 ? 126 : 127));
  for (int i = bytes - 1; i >= 0; --i) out += static_cast<char>(payload.size() >> (8 * i));
  for (size_t i = 0; i < payload.size() && bit; ++i) payload[i] = static_cast<char>(payload[i] ^ mask[i % 4]);
  return out + mask + payload;
}

inline std::string text(const std::string& payload) { return frame(0x81, payload); }
inline std::string close_frame(uint16_t code, const std::string& mask = "\x12\x34\x56\x78") {
  return frame(0x88, {static_cast<char>(code >> 8), static_cast<char>(code)}, mask);
}
/// What a server sends.
inline std::string told(uint8_t first, const std::string& payload) { return frame(first, payload, ""); }
inline std::string closed_with(uint16_t code) { return close_frame(code, ""); }

}  // namespace kabuki::test
