#include "tools/say.hpp"

#include <CLI/Error.hpp>
#include <cctype>
#include <charconv>
#include <cmath>
#include <cstdio>
#include <cstdlib>

#include "messages/status.hpp"

namespace kabuki::tools {
namespace {

/// A century: whatever is longer is a mistake, and would leave the range of nanoseconds.
constexpr double kMostNs = 100.0 * 365 * 24 * 3600 * 1e9;

}  // namespace

void say(std::string_view line) {
  std::fwrite(line.data(), 1, line.size(), stdout);
  std::fputc('\n', stdout);
  std::fflush(stdout);
}

std::string counted(uint64_t number, std::string_view what) {
  return std::to_string(number) + " " + std::string(what) + (number == 1 ? "" : "s");
}

void give_up(std::string_view command, const Error& error) {
  // What the API says before a failure without a name of its own; here it says nothing.
  constexpr std::string_view kApiWords = "Internal error occurred: ";
  std::string_view message = error.message;
  if (message.starts_with(kApiWords)) message.remove_prefix(kApiWords.size());
  std::fprintf(stderr, "kabuki %.*s: %.*s\n", static_cast<int>(command.size()), command.data(),
               static_cast<int>(message.size()), message.data());
  throw CLI::RuntimeError(1);
}

Result<long long> parse_duration_ns(std::string_view text) {
  auto refuse = [&] {
    return bad_request("\"" + std::string(text) + "\" is not a duration; write 500ms, 40s, 5m, 1h30m");
  };
  if (text.empty()) return refuse();
  std::string_view rest = text;
  double total = 0;
  while (!rest.empty()) {
    double number = 0;
    auto [end, failure] = std::from_chars(rest.data(), rest.data() + rest.size(), number);
    if (failure != std::errc() || !std::isfinite(number) || number < 0) return refuse();
    rest.remove_prefix(static_cast<size_t>(end - rest.data()));
    size_t letters = 0;
    while (letters < rest.size() && std::isalpha(static_cast<unsigned char>(rest[letters]))) ++letters;
    std::string_view unit = rest.substr(0, letters);
    rest.remove_prefix(letters);
    double scale = unit == "ms"                  ? 1e6
                   : unit == "s" || unit.empty() ? 1e9
                   : unit == "m"                 ? 60e9
                   : unit == "h"                 ? 3600e9
                                                 : 0;
    // A number without unit is seconds, and stands alone.
    if (scale == 0 || (unit.empty() && (!rest.empty() || total != 0))) return refuse();
    total += number * scale;
    if (total > kMostNs) return refuse();
  }
  return static_cast<long long>(total);
}

}  // namespace kabuki::tools
