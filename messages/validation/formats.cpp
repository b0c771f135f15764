#include "messages/validation/formats.hpp"

#include <algorithm>
#include <arpa/inet.h>
#include <array>
#include <charconv>
#include <optional>
#include <string>
#include <vector>

#include "messages/field_route.hpp"
#include "messages/time_format.hpp"
#include "messages/validation/time_zones.hpp"

namespace kabuki::validation {
namespace {

/// Bits of an address; 0 when the text is none.
int address_bits(std::string_view text) {
  const std::string address(text);
  unsigned char buffer[16];
  if (inet_pton(AF_INET, address.c_str(), buffer) == 1) return 32;
  if (inet_pton(AF_INET6, address.c_str(), buffer) == 1) return 128;
  return 0;
}

std::optional<int> small_number(std::string_view text) {
  int number = 0;
  const auto end = std::from_chars(text.data(), text.data() + text.size(), number);
  if (text.empty() || end.ec != std::errc() || end.ptr != text.data() + text.size() || number < 0)
    return std::nullopt;
  return number;
}

struct CronField {
  int low;
  int high;
  std::vector<std::string_view> names;  // of low, low + 1, ...
};

const std::array<CronField, 5>& cron_fields() {
  static const std::array<CronField, 5> fields = {
      CronField{0, 59, {}}, CronField{0, 23, {}}, CronField{1, 31, {}},
      CronField{1, 12, {"jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"}},
      CronField{0, 6, {"sun", "mon", "tue", "wed", "thu", "fri", "sat"}}};
  return fields;
}

std::string lower(std::string_view text) {
  std::string out(text);
  for (char& c : out) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  return out;
}

/// Empty when one range (`*`, `5`, `1-5`, `mon-fri/2`) fits the field.
std::string range_problem(std::string_view text, const CronField& field) {
  const std::string whole(text);
  const auto slash = split_words(text, '/');
  if (slash.empty() || slash.size() > 2 || text.ends_with('/')) return "too many slashes: " + whole;
  const auto value_of = [&](std::string_view word) -> std::optional<int> {
    for (size_t i = 0; i < field.names.size(); ++i) {
      if (lower(word) == field.names[i]) return field.low + static_cast<int>(i);
    }
    return small_number(word);
  };
  std::optional<int> low = field.low, high = field.high;
  if (slash[0] != "*" && slash[0] != "?") {
    const auto ends = split_words(slash[0], '-');
    if (ends.empty() || ends.size() > 2) return "too many hyphens: " + whole;
    low = value_of(ends[0]);
    high = ends.size() == 2 ? value_of(ends[1]) : low;
    if (!low || !high) return "failed to parse int from " + std::string(slash[0]);
  }
  if (slash.size() == 2) {
    const auto step = small_number(slash[1]);
    if (!step) return "failed to parse int from " + std::string(slash[1]);
    if (*step == 0) return "step of range should be a positive number: " + whole;
  }
  if (*low < field.low) {
    return "beginning of range (" + std::to_string(*low) + ") below minimum (" + std::to_string(field.low) +
           "): " + whole;
  }
  if (*high > field.high) {
    return "end of range (" + std::to_string(*high) + ") above maximum (" + std::to_string(field.high) +
           "): " + whole;
  }
  if (*low > *high) {
    return "beginning of range (" + std::to_string(*low) + ") beyond end of range (" + std::to_string(*high) +
           "): " + whole;
  }
  return {};
}

/// Empty when `text` is cron's five fields or a word such as `@daily`.
std::string cron_problem(std::string_view text) {
  if (text.starts_with('@')) {
    for (std::string_view word : {"@yearly", "@annually", "@monthly", "@weekly", "@daily", "@midnight", "@hourly"}) {
      if (text == word) return {};
    }
    constexpr std::string_view kEvery = "@every ";
    if (!text.starts_with(kEvery)) return "unrecognized descriptor: " + std::string(text);
    const std::string duration(text.substr(kEvery.size()));
    if (parse_duration(duration)) return {};
    return "failed to parse duration " + std::string(text) + ": time: invalid duration \"" + duration + "\"";
  }
  std::vector<std::string_view> words = split_words(text, ' ');
  std::erase_if(words, [](std::string_view word) { return word.empty(); });
  if (words.size() != cron_fields().size()) {
    std::string list;
    for (std::string_view word : words) list += (list.empty() ? "" : " ") + std::string(word);
    return "expected exactly 5 fields, found " + std::to_string(words.size()) + ": [" + list + "]";
  }
  for (size_t i = 0; i < words.size(); ++i) {
    for (std::string_view range : split_words(words[i], ',')) {
      if (std::string problem = range_problem(range, cron_fields()[i]); !problem.empty()) return problem;
    }
  }
  return {};
}

}  // namespace

NameProblems check_ip_address(std::string_view value) {
  if (address_bits(value) != 0) return {};
  return {"must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)"};
}

NameProblems check_cidr(std::string_view value) {
  const size_t slash = value.find('/');
  if (slash != std::string_view::npos) {
    const int bits = address_bits(value.substr(0, slash));
    const auto length = small_number(value.substr(slash + 1));
    if (bits != 0 && length && *length <= bits) return {};
  }
  return {"must be a valid CIDR value, (e.g. 10.9.8.0/24 or 2001:db8::/64)"};
}

NameProblems check_domain_path(std::string_view value) {
  const size_t slash = value.find('/');
  if (slash == std::string_view::npos || slash == 0 || slash + 1 == value.size()) {
    return {"must be a domain-prefixed path (such as \"acme.io/foo\")"};
  }
  NameProblems problems = check_dns1123_subdomain(value.substr(0, slash));
  constexpr std::string_view kMore = "-._~!$&'()*+,;=:@%/";
  const std::string_view path = value.substr(slash + 1);
  const bool fits = std::all_of(path.begin(), path.end(), [&](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || kMore.find(c) != kMore.npos;
  });
  if (!fits) problems.emplace_back("Invalid path (e.g. 'acme.io/foo')");
  return problems;
}

NameProblems check_absolute_path(std::string_view value) {
  if (value.starts_with('/')) return {};
  return {"must be an absolute path"};
}

NameProblems check_host_name(std::string_view value) {
  if (address_bits(value) != 0) return {"must be a DNS name, not an IP address"};
  if (value.starts_with("*.")) return check_dns1123_subdomain(value.substr(2));
  return check_dns1123_subdomain(value);
}

NameProblems check_full_domain(std::string_view value) {
  NameProblems problems = check_dns1123_subdomain(value);
  if (problems.empty() && std::count(value.begin(), value.end(), '.') < 2) {
    problems.emplace_back("should be a domain with at least three segments separated by dots");
  }
  return problems;
}

NameProblems check_https_url(std::string_view value) {
  constexpr std::string_view kForm = "; desired format: https://host[/path]";
  constexpr std::string_view kScheme = "https://";
  NameProblems problems;
  if (!value.starts_with(kScheme)) {
    return {"'https' is the only allowed URL scheme" + std::string(kForm)};
  }
  const std::string_view rest = value.substr(kScheme.size());
  const std::string_view host = rest.substr(0, rest.find_first_of("/?#"));
  if (host.empty()) problems.push_back("host must be specified" + std::string(kForm));
  if (host.find('@') != std::string_view::npos) problems.emplace_back("user information is not permitted in the URL");
  if (rest.find('#') != std::string_view::npos) problems.emplace_back("fragments are not permitted in the URL");
  if (rest.find('?') != std::string_view::npos)
    problems.emplace_back("query parameters are not permitted in the URL");
  return problems;
}

NameProblems check_schedule(std::string_view value) {
  NameProblems problems;
  std::string_view fields = value;
  if (value.starts_with("TZ=") || value.starts_with("CRON_TZ=")) fields = fields.substr(fields.find(' ') + 1);
  if (std::string problem = cron_problem(fields); !problem.empty()) problems.push_back(std::move(problem));
  if (value.find("TZ") != std::string_view::npos) {
    problems.emplace_back("cannot use TZ or CRON_TZ in schedule, use timeZone field instead");
  }
  return problems;
}

NameProblems check_time_zone(std::string_view value) {
  if (value.empty()) return {"timeZone must be nil or non-empty string"};
  NameProblems problems;
  if (lower(value) == "local") {
    problems.emplace_back("timeZone must be an explicit time zone as defined in https://www.iana.org/time-zones");
  }
  // To Go "Local" is a zone, "local" is none.
  if (value != "Local" && !is_time_zone(value)) problems.push_back("unknown time zone " + std::string(value));
  return problems;
}

}  // namespace kabuki::validation
