#include "actors/kubelet/runtime/distribution.hpp"

#include <cmath>
#include <optional>
#include <string>

#include "messages/status.hpp"
#include "messages/time_format.hpp"

namespace kabuki::kubelet {
namespace {

// A century: keeps sums of times far from overflow.
constexpr int64_t kLongest = int64_t{100} * 365 * 24 * 3600 * 1'000'000'000;

std::optional<int64_t> duration(std::string_view text) {
  while (!text.empty() && text.front() == ' ') text.remove_prefix(1);
  while (!text.empty() && text.back() == ' ') text.remove_suffix(1);
  const auto nanos = parse_duration(text);
  if (!nanos || *nanos < 0 || *nanos > kLongest) return std::nullopt;
  return nanos;
}

}  // namespace

Result<Distribution> Distribution::parse(std::string_view text) {
  const Error malformed = bad_request("\"" + std::string(text) +
                                      "\" is no duration: expected a form such as 10s, uniform(5s,10s) or exp(30s)");
  const size_t open = text.find('(');
  if (open == std::string_view::npos) {
    const auto nanos = duration(text);
    if (!nanos) return malformed;
    return constant(*nanos);
  }
  if (text.back() != ')') return malformed;
  const std::string_view form = text.substr(0, open);
  const std::string_view inside = text.substr(open + 1, text.size() - open - 2);
  if (form == "exp") {
    const auto mean = duration(inside);
    if (!mean) return malformed;
    return Distribution(Kind::exponential, *mean, *mean);
  }
  const size_t comma = inside.find(',');
  if (form != "uniform" || comma == std::string_view::npos) return malformed;
  const auto low = duration(inside.substr(0, comma));
  const auto high = duration(inside.substr(comma + 1));
  if (!low || !high || *low > *high) return malformed;
  return uniform(*low, *high);
}

int64_t Distribution::draw(io::Random& random) const {
  switch (kind_) {
    case Kind::constant:
      return a_;
    case Kind::uniform:
      return random.between(a_, b_);
    case Kind::exponential:
      return std::min(std::llround(random.exponential(static_cast<double>(a_))), static_cast<long long>(kLongest));
  }
  return 0;
}

}  // namespace kabuki::kubelet
