#include "messages/base64.hpp"

#include <array>
#include <cstdint>

namespace kabuki {
namespace {

constexpr char kAlphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

constexpr std::array<int8_t, 256> make_values() {
  std::array<int8_t, 256> values{};
  for (auto& value : values) value = -1;
  for (int i = 0; i < 64; ++i) values[static_cast<unsigned char>(kAlphabet[i])] = static_cast<int8_t>(i);
  return values;
}
constexpr std::array<int8_t, 256> kValues = make_values();

}  // namespace

void append_base64(std::string_view bytes, std::string* out) {
  const auto at = [&](size_t i) { return static_cast<uint32_t>(static_cast<unsigned char>(bytes[i])); };
  out->reserve(out->size() + (bytes.size() + 2) / 3 * 4);
  size_t i = 0;
  for (; i + 2 < bytes.size(); i += 3) {
    const uint32_t group = at(i) << 16 | at(i + 1) << 8 | at(i + 2);
    for (int shift = 18; shift >= 0; shift -= 6) out->push_back(kAlphabet[group >> shift & 63]);
  }
  if (i == bytes.size()) return;
  const bool two = i + 1 < bytes.size();
  const uint32_t group = at(i) << 16 | (two ? at(i + 1) << 8 : 0);
  out->push_back(kAlphabet[group >> 18 & 63]);
  out->push_back(kAlphabet[group >> 12 & 63]);
  out->push_back(two ? kAlphabet[group >> 6 & 63] : '=');
  out->push_back('=');
}

std::optional<std::string> decode_base64(std::string_view text) {
  std::string out;
  out.reserve(text.size() / 4 * 3 + 3);
  uint32_t group = 0;
  int digits = 0;
  int padding = 0;
  for (const char c : text) {
    if (c == '\n' || c == '\r') continue;
    if (c == '=') {
      ++padding;
      continue;
    }
    const int8_t value = kValues[static_cast<unsigned char>(c)];
    if (value < 0 || padding > 0) return std::nullopt;
    group = group << 6 | static_cast<uint32_t>(value);
    if (++digits < 4) continue;
    out.push_back(static_cast<char>(group >> 16));
    out.push_back(static_cast<char>(group >> 8));
    out.push_back(static_cast<char>(group));
    digits = 0;
    group = 0;
  }
  if ((digits == 0 && padding != 0) || digits == 1 || (digits > 1 && digits + padding != 4)) return std::nullopt;
  if (digits >= 2) out.push_back(static_cast<char>(group >> (digits == 2 ? 4 : 10)));
  if (digits == 3) out.push_back(static_cast<char>(group >> 2));
  return out;
}

}  // namespace kabuki
