#include "messages/go_quote.hpp"

namespace kabuki {

std::string go_quoted(std::string_view text) {
  static constexpr std::string_view kEscaped = "\a\b\f\n\r\t\v\"\\";
  static constexpr std::string_view kLetters = "abfnrtv\"\\";
  static constexpr char kHex[] = "0123456789abcdef";
  std::string out = "\"";
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    const size_t escaped = kEscaped.find(c);
    if (escaped != std::string_view::npos) {
      (out += '\\') += kLetters[escaped];
    } else if (byte < 0x20 || byte == 0x7f) {
      ((out += "\\x") += kHex[byte >> 4]) += kHex[byte & 15];
    } else {
      out += c;
    }
  }
  return out + "\"";
}

}  // namespace kabuki
