#include "messages/yaml_scalar.hpp"

#include <algorithm>
#include <charconv>
#include <cmath>

#include "messages/json_encode.hpp"

namespace kabuki::yaml {
namespace {

constexpr std::string_view kNulls[] = {"", "~", "null", "Null", "NULL"};
constexpr std::string_view kTrues[] = {"y", "Y", "yes", "Yes", "YES", "true", "True", "TRUE", "on", "On", "ON"};
constexpr std::string_view kFalses[] = {"n", "N", "no", "No", "NO", "false", "False", "FALSE", "off", "Off", "OFF"};
constexpr std::string_view kNotJson[] = {".nan",  ".NaN",  ".NAN",  ".inf",  ".Inf",  ".INF",
                                         "+.inf", "+.Inf", "+.INF", "-.inf", "-.Inf", "-.INF"};

template <size_t N>
bool one_of(const std::string_view (&words)[N], std::string_view word) {
  return std::find(std::begin(words), std::end(words), word) != std::end(words);
}

bool is_digit(char c) { return c >= '0' && c <= '9'; }

/// An integer in the notation of Go's ParseInt with base 0, underscores removed; "" when it is none.
std::string integer(std::string_view text) {
  const bool negative = !text.empty() && text.front() == '-';
  if (negative || (!text.empty() && text.front() == '+')) text.remove_prefix(1);
  if (text.empty() || !is_digit(text.front())) return {};
  int base = 10;
  if (text.size() > 1 && text[0] == '0') {
    const char mark = static_cast<char>(text[1] | 0x20);
    base = mark == 'x' ? 16 : mark == 'b' ? 2 : 8;
    text.remove_prefix(mark == 'x' || mark == 'b' || mark == 'o' ? 2 : 1);
  }
  uint64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value, base);
  if (error != std::errc() || end != text.data() + text.size()) return {};
  if (negative && value > uint64_t{1} << 63) return {};
  return (negative && value != 0 ? "-" : "") + std::to_string(value);
}

bool looks_like_float(std::string_view text) {
  if (!text.empty() && (text.front() == '-' || text.front() == '+')) text.remove_prefix(1);
  const auto take_digits = [&text] {
    size_t n = 0;
    while (n < text.size() && is_digit(text[n])) ++n;
    text.remove_prefix(n);
    return n > 0;
  };
  const bool whole = take_digits();
  bool fraction = false;
  if (!text.empty() && text.front() == '.') {
    text.remove_prefix(1);
    fraction = take_digits();
  }
  if (!whole && !fraction) return false;
  if (!text.empty() && (text.front() == 'e' || text.front() == 'E')) {
    text.remove_prefix(1);
    if (!text.empty() && (text.front() == '-' || text.front() == '+')) text.remove_prefix(1);
    if (!take_digits()) return false;
  }
  return text.empty();
}

}  // namespace

Scalar resolve(std::string_view plain) {
  if (one_of(kNulls, plain)) return {Scalar::Type::null, "null"};
  if (one_of(kTrues, plain)) return {Scalar::Type::boolean, "true"};
  if (one_of(kFalses, plain)) return {Scalar::Type::boolean, "false"};
  if (one_of(kNotJson, plain)) return {Scalar::Type::not_a_number, {}};
  const char first = plain.front();
  if (!is_digit(first) && first != '-' && first != '+' && first != '.') return {};

  std::string digits(plain);
  digits.erase(std::remove(digits.begin(), digits.end(), '_'), digits.end());
  if (std::string text = integer(digits); !text.empty()) return {Scalar::Type::integer, std::move(text)};
  if (!looks_like_float(digits)) return {};
  if (digits.front() == '+') digits.erase(0, 1);
  double value = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
  if (error != std::errc()) return {};
  Scalar scalar{Scalar::Type::number, {}};
  append_json_number(value, &scalar.json);
  return scalar;
}

bool is_ambiguous(std::string_view plain) {
  if (plain == "=" || plain == "<<") return true;
  size_t digits = 0;
  while (digits < plain.size() && is_digit(plain[digits])) ++digits;
  const bool year = digits == 4 && plain.size() > 7 && plain[4] == '-';
  if (year && plain.substr(5).find_first_not_of("0123456789-:.+TtZz \t") == std::string_view::npos) return true;
  return plain.find(':') != std::string_view::npos &&
         plain.find_first_not_of("0123456789_:.+-") == std::string_view::npos;
}

}  // namespace kabuki::yaml
