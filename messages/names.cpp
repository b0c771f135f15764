#include "messages/names.hpp"

#include <algorithm>
#include <initializer_list>

namespace kabuki {
namespace {

constexpr size_t kLabelMax = 63;
constexpr size_t kSubdomainMax = 253;
constexpr size_t kPortNameMax = 15;

constexpr std::string_view kQualifiedFormat = "([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]";
constexpr std::string_view kQualifiedWhy =
    "must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character";

bool is_lower(char c) { return c >= 'a' && c <= 'z'; }
bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_lower_alnum(char c) { return is_lower(c) || is_digit(c); }
bool is_alnum(char c) { return is_lower_alnum(c) || (c >= 'A' && c <= 'Z'); }

bool is_label(std::string_view value, bool letter_first) {
  return !value.empty() && (letter_first ? is_lower(value.front()) : is_lower_alnum(value.front())) &&
         is_lower_alnum(value.back()) &&
         std::all_of(value.begin(), value.end(), [](char c) { return is_lower_alnum(c) || c == '-'; });
}

bool is_subdomain(std::string_view value) {
  for (size_t start = 0;;) {
    size_t dot = value.find('.', start);
    if (!is_label(value.substr(start, dot - start), false)) return false;
    if (dot == std::string_view::npos) return true;
    start = dot + 1;
  }
}

// The name part of a qualified name, and a label value that is not empty.
bool is_name_part(std::string_view value) {
  return !value.empty() && is_alnum(value.front()) && is_alnum(value.back()) &&
         std::all_of(value.begin(), value.end(),
                     [](char c) { return is_alnum(c) || c == '-' || c == '_' || c == '.'; });
}

std::string at_most(size_t bytes) { return "must be no more than " + std::to_string(bytes) + " characters"; }

std::string mismatch(std::string_view why, std::string_view format,
                     std::initializer_list<std::string_view> examples) {
  std::string text(why);
  text += " (e.g. ";
  for (std::string_view example : examples) {
    if (example != *examples.begin()) text += " or ";
    text.append("'").append(example).append("', ");
  }
  return text.append("regex used for validation is '").append(format).append("')");
}

}  // namespace

NameProblems check_dns1123_label(std::string_view value) {
  NameProblems problems;
  if (value.size() > kLabelMax) problems.push_back(at_most(kLabelMax));
  if (!is_label(value, false)) {
    problems.push_back(
        mismatch("a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', "
                 "and must start and end with an alphanumeric character",
                 "[a-z0-9]([-a-z0-9]*[a-z0-9])?", {"my-name", "123-abc"}));
  }
  return problems;
}

NameProblems check_dns1123_subdomain(std::string_view value) {
  NameProblems problems;
  if (value.size() > kSubdomainMax) problems.push_back(at_most(kSubdomainMax));
  if (!is_subdomain(value)) {
    problems.push_back(
        mismatch("a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and "
                 "must start and end with an alphanumeric character",
                 "[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*", {"example.com"}));
  }
  return problems;
}

NameProblems check_dns1035_label(std::string_view value) {
  NameProblems problems;
  if (value.size() > kLabelMax) problems.push_back(at_most(kLabelMax));
  if (!is_label(value, true)) {
    problems.push_back(
        mismatch("a DNS-1035 label must consist of lower case alphanumeric characters or '-', start with "
                 "an alphabetic character, and end with an alphanumeric character",
                 "[a-z]([-a-z0-9]*[a-z0-9])?", {"my-name", "abc-123"}));
  }
  return problems;
}

NameProblems check_qualified_name(std::string_view value) {
  NameProblems problems;
  std::string_view name = value;
  if (size_t slash = value.find('/'); slash != std::string_view::npos) {
    std::string_view prefix = value.substr(0, slash);
    name = value.substr(slash + 1);
    if (name.find('/') != std::string_view::npos) {
      return {mismatch("a qualified name " + std::string(kQualifiedWhy), kQualifiedFormat,
                       {"MyName", "my.name", "123-abc"}) +
              " with an optional DNS subdomain prefix and '/' (e.g. 'example.com/MyName')"};
    }
    if (prefix.empty()) {
      problems.push_back("prefix part must be non-empty");
    } else {
      for (std::string& problem : check_dns1123_subdomain(prefix)) problems.push_back("prefix part " + problem);
    }
  }
  if (name.empty()) {
    problems.push_back("name part must be non-empty");
  } else if (name.size() > kLabelMax) {
    problems.push_back("name part " + at_most(kLabelMax));
  }
  if (!is_name_part(name)) {
    problems.push_back(
        mismatch("name part " + std::string(kQualifiedWhy), kQualifiedFormat, {"MyName", "my.name", "123-abc"}));
  }
  return problems;
}

NameProblems check_label_value(std::string_view value) {
  NameProblems problems;
  if (value.size() > kLabelMax) problems.push_back(at_most(kLabelMax));
  if (!value.empty() && !is_name_part(value)) {
    problems.push_back(
        mismatch("a valid label must be an empty string or consist of alphanumeric characters, '-', '_' "
                 "or '.', and must start and end with an alphanumeric character",
                 "(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?", {"MyValue", "my_value", "12345"}));
  }
  return problems;
}

NameProblems check_config_key(std::string_view value) {
  NameProblems problems;
  if (value.size() > kSubdomainMax) problems.push_back(at_most(kSubdomainMax));
  bool sound = !value.empty() && std::all_of(value.begin(), value.end(),
                                             [](char c) { return is_alnum(c) || c == '-' || c == '_' || c == '.'; });
  if (!sound) {
    problems.push_back(mismatch("a valid config key must consist of alphanumeric characters, '-', '_' or '.'",
                                "[-._a-zA-Z0-9]+", {"key.name", "KEY_NAME", "key-name"}));
  }
  if (value == "." || value == "..") {
    problems.push_back("must not be '" + std::string(value) + "'");
  } else if (value.starts_with("..")) {
    problems.push_back("must not start with '..'");
  }
  return problems;
}

NameProblems check_env_name(std::string_view value) {
  bool sound = !value.empty() &&
               std::all_of(value.begin(), value.end(), [](char c) { return c >= ' ' && c <= '~' && c != '='; });
  if (sound) return {};
  return {"a valid environment variable name must consist only of printable ASCII characters other than '='"};
}

NameProblems check_port_name(std::string_view value) {
  NameProblems problems;
  if (value.size() > kPortNameMax) problems.push_back(at_most(kPortNameMax));
  if (!std::all_of(value.begin(), value.end(), [](char c) { return is_lower_alnum(c) || c == '-'; })) {
    problems.push_back("must contain only alpha-numeric characters (a-z, 0-9), and hyphens (-)");
  }
  if (!std::any_of(value.begin(), value.end(), is_lower))
    problems.push_back("must contain at least one letter (a-z)");
  if (value.find("--") != std::string_view::npos) problems.push_back("must not contain consecutive hyphens");
  if (value.starts_with('-') || value.ends_with('-')) {
    problems.push_back("must not begin or end with a hyphen");
  }
  return problems;
}

NameProblems check_port_number(int64_t value) {
  if (value >= 1 && value <= 65535) return {};
  return {"must be between 1 and 65535, inclusive"};
}

NameProblems check_path_segment(std::string_view value) {
  if (value == "." || value == "..") return {"may not be '" + std::string(value) + "'"};
  NameProblems problems;
  for (char c : {'/', '%'}) {
    if (value.find(c) != std::string_view::npos) problems.push_back(std::string("may not contain '") + c + "'");
  }
  return problems;
}

}  // namespace kabuki
