#include <array>
#include <cstdint>

#include "messages/json.hpp"

namespace kabuki {
namespace {

/// Bytes that stand for themselves in a JSON string as Go writes it.
constexpr std::array<bool, 256> make_plain() {
  std::array<bool, 256> plain{};
  for (int c = 0x20; c < 0x80; ++c) plain[static_cast<size_t>(c)] = true;
  for (const char c : {'"', '\\', '<', '>', '&'}) plain[static_cast<unsigned char>(c)] = false;
  return plain;
}
constexpr std::array<bool, 256> kPlain = make_plain();

void append_escaped_ascii(unsigned char c, std::string* out) {
  static constexpr char kHex[] = "0123456789abcdef";
  switch (c) {
    case '"':
      *out += "\\\"";
      return;
    case '\\':
      *out += "\\\\";
      return;
    case '\b':
      *out += "\\b";
      return;
    case '\f':
      *out += "\\f";
      return;
    case '\n':
      *out += "\\n";
      return;
    case '\r':
      *out += "\\r";
      return;
    case '\t':
      *out += "\\t";
      return;
    default:
      *out += "\\u00";
      *out += kHex[c >> 4];
      *out += kHex[c & 15];
  }
}

/// Bytes of the UTF-8 sequence at the front of `text`, which begins with a byte >= 0x80; 0 when it is invalid.
size_t sequence_size(std::string_view text) {
  const auto at = [&](size_t i) { return static_cast<unsigned char>(text[i]); };
  const auto continues = [&](size_t i) { return i < text.size() && (at(i) & 0xc0) == 0x80; };
  const unsigned char lead = at(0);
  if (lead < 0xc2 || lead > 0xf4 || !continues(1)) return 0;
  if (lead < 0xe0) return 2;
  if (!continues(2)) return 0;
  if (lead < 0xf0) {
    if (lead == 0xe0 && at(1) < 0xa0) return 0;
    if (lead == 0xed && at(1) >= 0xa0) return 0;
    return 3;
  }
  if (!continues(3)) return 0;
  if (lead == 0xf0 && at(1) < 0x90) return 0;
  if (lead == 0xf4 && at(1) >= 0x90) return 0;
  return 4;
}

}  // namespace

void append_json_string(std::string_view text, std::string* out) {
  out->push_back('"');
  size_t begin = 0;
  size_t i = 0;
  const auto flush = [&] { out->append(text.substr(begin, i - begin)); };
  while (i < text.size()) {
    const auto c = static_cast<unsigned char>(text[i]);
    if (kPlain[c]) {
      ++i;
      continue;
    }
    if (c < 0x80) {
      flush();
      append_escaped_ascii(c, out);
      begin = ++i;
      continue;
    }
    const size_t size = sequence_size(text.substr(i));
    const std::string_view sequence = text.substr(i, size);
    if (size == 0) {
      flush();
      *out += "\\ufffd";
      begin = ++i;
    } else if (sequence == "\xe2\x80\xa8" || sequence == "\xe2\x80\xa9") {
      flush();
      *out += sequence.back() == '\xa8' ? "\\u2028" : "\\u2029";
      begin = i += size;
    } else {
      i += size;
    }
  }
  flush();
  out->push_back('"');
}

}  // namespace kabuki
