#include "messages/json_syntax.hpp"

namespace kabuki {
namespace {

constexpr int kDepthMax = 1024;

std::string quoted_char(char c) {
  static constexpr char kHex[] = "0123456789abcdef";
  const auto byte = static_cast<unsigned char>(c);
  switch (c) {
    case '\'':
      return "'\\''";
    case '"':
      return "'\"'";
    case '\\':
      return "'\\\\'";
    case '\n':
      return "'\\n'";
    case '\r':
      return "'\\r'";
    case '\t':
      return "'\\t'";
    default:
      break;
  }
  if (byte >= 0x80) {  // Go takes the byte for a code point
    return std::string("'") + static_cast<char>(0xc0 | byte >> 6) + static_cast<char>(0x80 | (byte & 0x3f)) + "'";
  }
  if (byte >= 0x20 && byte != 0x7f) return std::string("'") + c + "'";
  return std::string("'\\x") + kHex[byte >> 4] + kHex[byte & 15] + "'";
}

/// Each step returns false once `error_` says why.
class Scanner {
 public:
  explicit Scanner(std::string_view text) : text_(text) {}

  std::string explain() {
    if (!value()) return error_;
    skip_space();
    if (at_ < text_.size()) fail("after top-level value");
    return error_;
  }

 private:
  bool fail(std::string_view where) {
    error_ = at_ < text_.size() ? "invalid character " + quoted_char(text_[at_]) + " " + std::string(where)
                                : "unexpected end of JSON input";
    return false;
  }
  void skip_space() {
    while (at_ < text_.size() && std::string_view(" \t\r\n").find(text_[at_]) != std::string_view::npos) ++at_;
  }
  bool at(char c) const { return at_ < text_.size() && text_[at_] == c; }
  bool at_digit() const { return at_ < text_.size() && text_[at_] >= '0' && text_[at_] <= '9'; }
  bool take(char c) {
    if (!at(c)) return false;
    ++at_;
    return true;
  }

  bool value() {
    skip_space();
    if (++depth_ > kDepthMax) {
      error_ = "exceeded max depth";
      return false;
    }
    const bool fine = value_here();
    --depth_;
    return fine;
  }
  bool value_here() {
    if (take('{')) return object();
    if (take('[')) return array();
    if (take('"')) return string();
    if (at('t')) return literal("true");
    if (at('f')) return literal("false");
    if (at('n')) return literal("null");
    if (at('-') || at_digit()) return number();
    return fail("looking for beginning of value");
  }
  bool object() {
    skip_space();
    if (take('}')) return true;
    while (true) {
      skip_space();
      if (!take('"')) return fail("looking for beginning of object key string");
      if (!string()) return false;
      skip_space();
      if (!take(':')) return fail("after object key");
      if (!value()) return false;
      skip_space();
      if (take('}')) return true;
      if (!take(',')) return fail("after object key:value pair");
    }
  }
  bool array() {
    skip_space();
    if (take(']')) return true;
    while (true) {
      if (!value()) return false;
      skip_space();
      if (take(']')) return true;
      if (!take(',')) return fail("after array element");
    }
  }
  bool string() {
    while (!take('"')) {
      if (at_ >= text_.size() || static_cast<unsigned char>(text_[at_]) < 0x20) return fail("in string literal");
      if (text_[at_++] == '\\' && !escape()) return false;
    }
    return true;
  }
  bool escape() {
    if (!take('u')) {
      if (at_ >= text_.size() || std::string_view("bfnrt\\/\"").find(text_[at_]) == std::string_view::npos) {
        return fail("in string escape code");
      }
      ++at_;
      return true;
    }
    for (int i = 0; i < 4; ++i, ++at_) {
      if (at_ >= text_.size() ||
          std::string_view("0123456789abcdefABCDEF").find(text_[at_]) == std::string_view::npos) {
        return fail("in \\u hexadecimal character escape");
      }
    }
    return true;
  }
  bool literal(std::string_view word) {
    for (const char c : word) {
      if (!take(c)) return fail("in literal " + std::string(word) + " (expecting " + quoted_char(c) + ")");
    }
    return true;
  }
  bool digits(std::string_view where) {
    if (!at_digit()) return fail(where);
    while (at_digit()) ++at_;
    return true;
  }
  bool number() {
    take('-');
    if (!take('0') && !digits("in numeric literal")) return false;
    if (take('.') && !digits("after decimal point in numeric literal")) return false;
    if (take('e') || take('E')) {
      if (!take('+')) take('-');
      return digits("in exponent of numeric literal");
    }
    return true;
  }

  std::string_view text_;
  size_t at_ = 0;
  int depth_ = 0;
  std::string error_;
};

}  // namespace

std::string explain_json_error(std::string_view text) { return Scanner(text).explain(); }

}  // namespace kabuki
