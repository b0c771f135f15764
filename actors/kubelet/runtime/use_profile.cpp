#include "actors/kubelet/runtime/use_profile.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numbers>
#include <optional>
#include <string>

#include "messages/quantity.hpp"
#include "messages/status.hpp"
#include "messages/time_format.hpp"
#include "runtime/io/random.hpp"

namespace kabuki::kubelet {
namespace {

constexpr int64_t kForEver = std::numeric_limits<int64_t>::max();
// How long a drawn amount stays: what a metrics server takes for one sample.
constexpr int64_t kSlotNs = 15'000'000'000;
// How far ahead `first_above` looks where there is no formula.
constexpr int64_t kSlotsAhead = 240;
constexpr int64_t kSinePieces = 1'000;
constexpr int64_t kMostPercent = 1'000'000;
constexpr int64_t kLongest = int64_t{100} * 365 * 24 * 3600 * 1'000'000'000;

std::string_view trim(std::string_view text) {
  while (!text.empty() && text.front() == ' ') text.remove_prefix(1);
  while (!text.empty() && text.back() == ' ') text.remove_suffix(1);
  return text;
}

std::vector<std::string_view> split(std::string_view text) {
  std::vector<std::string_view> out;
  while (true) {
    const size_t comma = text.find(',');
    out.push_back(trim(text.substr(0, comma)));
    if (comma == std::string_view::npos) return out;
    text.remove_prefix(comma + 1);
  }
}

std::optional<int64_t> read_time(std::string_view text) {
  const auto nanos = parse_duration(text);
  if (!nanos || *nanos <= 0 || *nanos > kLongest) return std::nullopt;
  return nanos;
}

/// `part` of `whole` between two amounts, without overflow.
int64_t between(int64_t low, int64_t high, int64_t part, int64_t whole) {
  return low + static_cast<int64_t>(static_cast<__int128>(high - low) * part / whole);
}

/// From `low` at the beginning of the period over `high` at its middle and back.
int64_t sine(int64_t low, int64_t high, int64_t period, int64_t now) {
  const double turn = static_cast<double>(now % period) / static_cast<double>(period);
  const double part = (1 - std::cos(2 * std::numbers::pi * turn)) / 2;
  // In whole steps, so that the last bit of a cosine is never seen.
  return between(low, high, std::llround(part * kSinePieces), kSinePieces);
}

}  // namespace

int64_t UseProfile::Amount::of(int64_t request) const { return percent ? between(0, request, value, 100) : value; }

bool UseProfile::read_amount(std::string_view text, Unit unit, Amount* out) {
  out->percent = text.ends_with('%');
  if (out->percent) text.remove_suffix(1);
  const auto quantity = Quantity::parse(text);
  if (!quantity.ok() || quantity->sign() < 0) return false;
  if (out->percent) {
    out->value = quantity->value();
    return out->value <= kMostPercent && text.find_first_not_of("0123456789") == std::string_view::npos;
  }
  out->value = unit == Unit::milli ? quantity->milli() : quantity->value();
  return true;
}

UseProfile UseProfile::constant(int64_t amount) {
  UseProfile out;
  out.amounts_ = {{amount, false}};
  return out;
}

UseProfile UseProfile::share(int64_t percent) {
  UseProfile out;
  out.amounts_ = {{percent, true}};
  return out;
}

Result<UseProfile> UseProfile::parse(std::string_view text, Unit unit) {
  const char* example = unit == Unit::milli
                            ? "200m, 80%, uniform(100m,300m), sine(100m,400m,10m), ramp(100m,1,5m) or "
                              "steps(100m,5m,400m)"
                            : "64Mi, 80%, uniform(64Mi,96Mi), sine(64Mi,1Gi,10m), ramp(64Mi,1Gi,5m) or "
                              "steps(64Mi,5m,1Gi)";
  const Error malformed =
      bad_request("\"" + std::string(text) + "\" is no use of a resource: expected a form such as " + example);
  UseProfile out;
  const size_t open = text.find('(');
  if (open == std::string_view::npos) {
    if (!read_amount(text, unit, &out.amounts_.emplace_back())) return malformed;
    return out;
  }
  if (text.back() != ')') return malformed;
  const std::string_view form = text.substr(0, open);
  const auto parts = split(text.substr(open + 1, text.size() - open - 2));
  size_t amounts = 2, most = 3;
  if (form == "uniform") {
    out.form_ = Form::uniform;
    most = 2;
  } else if (form == "sine") {
    out.form_ = Form::sine;
  } else if (form == "ramp") {
    out.form_ = Form::ramp;
  } else if (form == "steps" && parts.size() % 2 == 1) {
    out.form_ = Form::steps;
    amounts = 1;
    most = parts.size();
  } else {
    return malformed;
  }
  if (parts.size() != most) return malformed;
  for (size_t i = 0; i < parts.size(); ++i) {
    const bool is_amount = out.form_ == Form::steps ? i % 2 == 0 : i < amounts;
    if (is_amount) {
      if (!read_amount(parts[i], unit, &out.amounts_.emplace_back())) return malformed;
      continue;
    }
    const auto time = read_time(parts[i]);
    if (!time) return malformed;
    out.times_.push_back(*time);
  }
  return out;
}

int64_t UseProfile::at(const Container& container, int64_t now_ns) const {
  const int64_t since = std::max<int64_t>(0, now_ns - container.started_ns);
  const int64_t first = amounts_.front().of(container.request);
  const int64_t second = amounts_.back().of(container.request);
  switch (form_) {
    case Form::constant:
      return first;
    case Form::uniform: {
      io::Random random = io::Random(container.seed).split(std::to_string(now_ns / kSlotNs));
      return random.between(std::min(first, second), std::max(first, second));
    }
    case Form::sine:
      return sine(first, second, times_.front(), std::max<int64_t>(0, now_ns));
    case Form::ramp:
      return since >= times_.front() ? second : between(first, second, since, times_.front());
    case Form::steps: {
      int64_t end = 0;
      for (size_t i = 0; i < times_.size(); ++i) {
        end += times_[i];
        if (since < end) return amounts_[i].of(container.request);
      }
      return second;
    }
  }
  return 0;
}

UseProfile::Crossing UseProfile::first_above(int64_t bound, const Container& container, int64_t from_ns) const {
  if (at(container, from_ns) > bound) return {true, from_ns};
  switch (form_) {
    case Form::constant:
      return {false, kForEver};
    case Form::ramp: {
      const int64_t last = container.started_ns + times_.front();
      if (from_ns >= last || at(container, last) <= bound) return {false, kForEver};
      int64_t below = std::max(from_ns, container.started_ns), above = last;
      while (above - below > 1) {
        const int64_t middle = below + (above - below) / 2;
        (at(container, middle) > bound ? above : below) = middle;
      }
      return {true, above};
    }
    case Form::steps: {
      int64_t begin = container.started_ns;
      for (const int64_t time : times_) {
        begin += time;
        if (begin > from_ns && at(container, begin) > bound) return {true, begin};
      }
      return {false, kForEver};
    }
    case Form::uniform:
    case Form::sine: {
      const int64_t first = amounts_.front().of(container.request), second = amounts_.back().of(container.request);
      if (std::max(first, second) <= bound) return {false, kForEver};
      const int64_t step = form_ == Form::uniform ? kSlotNs : std::max<int64_t>(1, times_.front() / kSlotsAhead);
      int64_t at_ns = from_ns / step * step;
      for (int64_t i = 0; i < kSlotsAhead; ++i) {
        at_ns += step;
        if (at(container, at_ns) > bound) return {true, at_ns};
      }
      return {false, at_ns};
    }
  }
  return {false, kForEver};
}

}  // namespace kabuki::kubelet
