#pragma once

#include <cstdint>
#include <limits>
#include <string_view>
#include <vector>

#include "messages/result.hpp"

namespace kabuki::kubelet {

/// What a simulated container answers its probes: a list of outcomes, one per probe, the last of which goes on. An
/// outcome is `ok`, `fail` or `timeout`; `fail(30%)` fails by chance, `fail(20s)` from 20 s after the container's
/// start on, `fail(20s,40s)` between the two, and is ok otherwise; `fail*3` stands for three. So `fail*3,ok`.
class ProbeScript {
 public:
  enum class Outcome : uint8_t { ok, fail, timeout };

  /// Error: BadRequest that names what is wrong with `text`.
  static Result<ProbeScript> parse(std::string_view text);

  /// Of the n-th probe, `since_start_ns` after the container's start. `chance` is that probe's own number in [0, 1).
  Outcome at(int64_t n, int64_t since_start_ns, double chance) const;
  /// From which probe on the outcome depends on neither number nor chance; the largest number: never.
  int64_t steady_number() const;
  /// From when on, after the container's start, it does not depend on the time.
  int64_t steady_since_ns() const;
  bool operator==(const ProbeScript&) const = default;

 private:
  struct Term {
    Outcome outcome = Outcome::ok;
    int64_t count = 1;
    double chance = 1;
    int64_t from_ns = 0;
    int64_t until_ns = std::numeric_limits<int64_t>::max();
    bool operator==(const Term&) const = default;
  };
  static bool read_term(std::string_view text, Term* out);

  std::vector<Term> terms_;
};

}  // namespace kabuki::kubelet
