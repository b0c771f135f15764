#include "messages/quantity.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <limits>
#include <optional>

#include "messages/status.hpp"

namespace kabuki {
namespace {

using Wide = __int128;
using Format = Quantity::Format;

constexpr Wide kNano = 1'000'000'000;
constexpr Wide kMaxNanos = kNano * kNano * kNano * kNano * 10;  // 10^28 units: two of them still add up
constexpr Wide kMaxBinaryNanos = Wide{std::numeric_limits<int64_t>::max()} * kNano;
// Digits of a number that a Wide holds whatever they are.
constexpr size_t kSafeDigits = 38;

constexpr std::string_view kFormatWrong =
    "quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'";
constexpr std::string_view kSuffixWrong = "unable to parse quantity's suffix";

struct Suffix {
  std::string_view text;
  int exponent;  // of ten, or of two in the binary table
};
constexpr Suffix kDecimal[] = {{"n", -9}, {"u", -6}, {"m", -3}, {"", 0},   {"k", 3},
                               {"M", 6},  {"G", 9},  {"T", 12}, {"P", 15}, {"E", 18}};
constexpr Suffix kBinary[] = {{"Ki", 10}, {"Mi", 20}, {"Gi", 30}, {"Ti", 40}, {"Pi", 50}, {"Ei", 60}};

struct Scale {
  int exponent = 0;
  Format format = Format::decimal_si;
};

std::optional<Scale> read_suffix(std::string_view suffix) {
  for (const Suffix& known : kDecimal) {
    if (known.text == suffix) return Scale{known.exponent, Format::decimal_si};
  }
  for (const Suffix& known : kBinary) {
    if (known.text == suffix) return Scale{known.exponent, Format::binary_si};
  }
  if (suffix.size() < 2 || (suffix[0] != 'e' && suffix[0] != 'E')) return std::nullopt;
  std::string_view digits = suffix.substr(1);
  if (digits[0] == '+') digits.remove_prefix(1);
  int exponent = 0;
  auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), exponent);
  if (error == std::errc::result_out_of_range) {
    exponent = digits[0] == '-' ? std::numeric_limits<int16_t>::min() : std::numeric_limits<int16_t>::max();
  } else if (error != std::errc() || end != digits.data() + digits.size()) {
    return std::nullopt;
  }
  exponent = std::clamp<int>(exponent, std::numeric_limits<int16_t>::min(), std::numeric_limits<int16_t>::max());
  return Scale{exponent, Format::decimal_exponent};
}

Wide read_digits(std::string_view digits) {
  Wide value = 0;
  for (char digit : digits) value = value * 10 + (digit - '0');
  return value;
}

// digits * 10^power, rounded up, at most kMaxNanos.
Wide scale_decimal(std::string digits, int power) {
  digits.erase(0, std::min(digits.find_first_not_of('0'), digits.size()));
  if (digits.empty()) return 0;
  bool remainder = false;
  if (power < 0) {
    size_t dropped = std::min(digits.size(), static_cast<size_t>(-power));
    remainder = digits.find_first_not_of('0', digits.size() - dropped) != std::string::npos;
    digits.resize(digits.size() - dropped);
  } else {
    if (digits.size() + power > kSafeDigits) return kMaxNanos;
    digits.append(power, '0');
  }
  if (digits.size() > kSafeDigits) return kMaxNanos;
  return std::min(kMaxNanos, read_digits(digits) + (remainder ? 1 : 0));
}

// The decimal digits of twice the number, `times` over.
std::string doubled(std::string digits, int times) {
  for (; times > 0; --times) {
    int carry = 0;
    for (auto digit = digits.rbegin(); digit != digits.rend(); ++digit) {
      int value = (*digit - '0') * 2 + carry;
      *digit = static_cast<char>('0' + value % 10);
      carry = value / 10;
    }
    if (carry) digits.insert(digits.begin(), '1');
  }
  return digits;
}

// Whole numbers of few digits, which is nearly all there are, need no decimal arithmetic.
std::optional<Wide> scale_whole(std::string_view whole, const Scale& scale) {
  if (whole.size() > 9) return std::nullopt;
  Wide value = read_digits(whole) * kNano;
  if (scale.format == Format::binary_si) return value << scale.exponent;
  if (scale.exponent < -9 || scale.exponent > 18) return std::nullopt;
  for (int i = 0; i < scale.exponent; ++i) value *= 10;
  for (int i = 0; i > scale.exponent; --i) value /= 10;
  return value;
}

Wide saturate(Wide nanos) { return std::clamp(nanos, -kMaxNanos, kMaxNanos); }

std::string wide_text(Wide value) {
  bool negative = value < 0;
  std::string digits;
  for (Wide rest = negative ? -value : value; rest > 0; rest /= 10) digits += static_cast<char>('0' + int(rest % 10));
  if (digits.empty()) digits = "0";
  if (negative) digits += '-';
  std::reverse(digits.begin(), digits.end());
  return digits;
}

}  // namespace

Quantity Quantity::of_value(int64_t value, Format format) { return {Wide{value} * kNano, format}; }
Quantity Quantity::of_milli(int64_t milli, Format format) { return {Wide{milli} * (kNano / 1000), format}; }

Result<Quantity> Quantity::parse(std::string_view text) {
  if (text.empty()) return bad_request(kFormatWrong);
  size_t at = 0;
  bool negative = text[0] == '-';
  if (negative || text[0] == '+') ++at;
  auto digits_from = [&](size_t from) { return std::min(text.find_first_not_of("0123456789", from), text.size()); };
  size_t end = digits_from(at);
  std::string_view whole = text.substr(at, end - at);
  std::string_view fraction;
  bool point = end < text.size() && text[end] == '.';
  if (point) {
    at = end + 1;
    end = digits_from(at);
    fraction = text.substr(at, end - at);
  }
  if (whole.empty() && fraction.empty()) return bad_request(kFormatWrong);

  std::string_view suffix = text.substr(end);
  size_t letters = std::min(suffix.find_first_not_of("eEinumkKMGTP"), suffix.size());
  size_t exponent = letters;
  if (exponent < suffix.size() && (suffix[exponent] == '-' || suffix[exponent] == '+')) ++exponent;
  if (suffix.find_first_not_of("0123456789", exponent) != std::string_view::npos) return bad_request(kFormatWrong);
  auto scale = read_suffix(suffix);
  if (!scale) return bad_request(kSuffixWrong);

  Wide nanos = 0;
  if (auto quick = point ? std::nullopt : scale_whole(whole, *scale)) {
    nanos = *quick;
  } else {
    std::string digits = std::string(whole).append(fraction);
    int power = 9 - static_cast<int>(fraction.size());
    bool binary = scale->format == Format::binary_si;
    nanos = scale_decimal(binary ? doubled(std::move(digits), scale->exponent) : std::move(digits),
                          binary ? power : power + scale->exponent);
  }
  Format format = scale->format;
  nanos = std::min(nanos, kMaxNanos);
  if (format == Format::binary_si) {
    nanos = std::min(nanos, kMaxBinaryNanos);
    if (nanos < kNano && nanos > 0) format = Format::decimal_si;
  }
  return Quantity(negative ? -nanos : nanos, format);
}

std::string Quantity::text() const {
  if (nanos_ == 0) return "0";
  bool whole = nanos_ % kNano == 0;
  Wide units = nanos_ / kNano;
  const bool readable = -kMaxBinaryNanos <= nanos_ && nanos_ <= kMaxBinaryNanos;  // a sum may be more
  if (format_ == Format::binary_si && readable && whole && (units <= -1024 || units >= 1024)) {
    size_t power = 0;
    for (; power < std::size(kBinary) && units % 1024 == 0; ++power) units /= 1024;
    return wide_text(units).append(power == 0 ? "" : kBinary[power - 1].text);
  }
  Wide amount = nanos_;
  int exponent = -9;
  int largest = format_ == Format::decimal_exponent ? std::numeric_limits<int>::max() : 18;
  for (; exponent < largest && amount % 1000 == 0; exponent += 3) amount /= 1000;
  std::string text = wide_text(amount);
  if (format_ == Format::decimal_exponent) {
    if (exponent != 0) text.append("e").append(std::to_string(exponent));
  } else {
    text.append(kDecimal[(exponent + 9) / 3].text);
  }
  return text;
}

int64_t Quantity::scaled(Wide unit_nanos) const {
  Wide amount = nanos_ / unit_nanos;
  if (nanos_ % unit_nanos != 0) amount += nanos_ < 0 ? -1 : 1;
  return static_cast<int64_t>(
      std::clamp<Wide>(amount, std::numeric_limits<int64_t>::min(), std::numeric_limits<int64_t>::max()));
}

int64_t Quantity::value() const { return scaled(kNano); }
int64_t Quantity::milli() const { return scaled(kNano / 1000); }

void Quantity::add(const Quantity& other) {
  if (is_zero()) format_ = other.format_;
  nanos_ = saturate(nanos_ + other.nanos_);
}

void Quantity::subtract(const Quantity& other) {
  if (is_zero()) format_ = other.format_;
  nanos_ = saturate(nanos_ - other.nanos_);
}

}  // namespace kabuki
