#include "messages/int_or_string.hpp"

#include <algorithm>
#include <charconv>
#include <limits>
#include <string>
#include <string_view>

#include "messages/api/util/intstr.pb.h"
#include "messages/status.hpp"

namespace kabuki {
namespace {

constexpr int64_t kTypeInt = 0;
constexpr int64_t kTypeString = 1;

}  // namespace

Result<int32_t> scaled_value(const IntOrStringMessage& value, int32_t total, Rounding rounding) {
  if (value.type() == kTypeInt) return value.intval();
  std::string_view text = value.strval();
  int32_t percent = 0;
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), percent);
  if (error != std::errc() || std::string_view(end, text.data() + text.size() - end) != "%") {
    return bad_request("invalid value for IntOrString: invalid type: string is not a percentage");
  }
  int64_t product = int64_t{percent} * total;
  int64_t scaled = product / 100;
  if (rounding == Rounding::up && product > 0 && product % 100 != 0) ++scaled;
  if (rounding == Rounding::down && product < 0 && product % 100 != 0) --scaled;
  return static_cast<int32_t>(
      std::clamp<int64_t>(scaled, std::numeric_limits<int32_t>::min(), std::numeric_limits<int32_t>::max()));
}

IntOrStringMessage int_value(int32_t value) {
  IntOrStringMessage message;
  message.set_type(kTypeInt);
  message.set_intval(value);
  return message;
}

IntOrStringMessage string_value(std::string value) {
  IntOrStringMessage message;
  message.set_type(kTypeString);
  message.set_strval(std::move(value));
  return message;
}

}  // namespace kabuki
