#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <gtest/gtest.h>
#include <set>
#include <sstream>

#include "actors/api_server/discovery.hpp"
#include "actors/api_server/table/printer.hpp"
#include "messages/validation.hpp"
#include "messages/validation/rule.hpp"
#include "messages/versions.hpp"

// The coverage table of actors/api_server/README.md is made from the code. KABUKI_WRITE_COVERAGE=1 in the environment
// of this test writes it; else it compares.
namespace kabuki::api_server {
namespace {

namespace fs = std::filesystem;

const fs::path kTests = fs::path(KABUKI_TEST_DATA) / ".." / "..";
const fs::path kReadme = kTests / ".." / "actors" / "api_server" / "README.md";
constexpr const char* kBegin =
    "<!-- coverage: written by CoverageTable.IsWhatTheCodeSays with KABUKI_WRITE_COVERAGE=1 -->\n";
constexpr const char* kEnd = "<!-- end of coverage -->\n";

std::string text_of(const fs::path& path) {
  std::ostringstream out;
  out << std::ifstream(path).rdbuf();
  return out.str();
}

std::string joined(const std::vector<std::string>& parts, const char* between = ", ") {
  std::string out;
  for (const std::string& part : parts) out += (out.empty() ? "" : between) + part;
  return out;
}

bool is_word(char c) { return std::isalnum(static_cast<unsigned char>(c)) || c == '_'; }

bool has_word(std::string_view text, std::string_view word) {
  for (size_t at = 0; (at = text.find(word, at)) != std::string_view::npos; ++at) {
    const size_t end = at + word.size();
    if ((at == 0 || !is_word(text[at - 1])) && (end == text.size() || !is_word(text[end]))) return true;
  }
  return false;
}

/// Whether a test of real clients speaks of the kind: its plural or its Kind as a word, its singular as an argument.
/// Of another version than the stored one: by its version, as in a manifest or as an argument.
bool speaks_of(std::string_view text, const Kind& kind) {
  if (find_version(kind.id)) {
    return text.find(kind.api_version() + "\"") != std::string_view::npos ||
           text.find(kind.plural + "." + kind.version + "." + kind.group) != std::string_view::npos;
  }
  return has_word(text, kind.plural) || has_word(text, kind.kind) ||
         text.find("\"" + kind.singular + "\"") != std::string_view::npos ||
         text.find("\"" + kind.singular + "/") != std::string_view::npos;
}

std::string verbs_text(const Kind& kind) {
  static const Kind all;
  const auto verbs = verbs_of(kind);
  if (verbs == verbs_of(all)) return "all";
  return verbs.size() + 1 == verbs_of(all).size() ? "all but deletecollection" : joined(verbs);
}

std::string parts_text(const Kind& kind) {
  std::vector<std::string> parts;
  for (const Subresource& part : subresources_of(kind)) parts.push_back(part.name);
  return joined(parts);
}

std::string validation_text(const Kind& kind) {
  const Version* version = find_version(kind.id);
  if (version && !version->stored) return "computed";
  if (version) return "as " + kind_of(version->stored).api_version();
  const size_t rules = validation::rules_of(kind.id).size();
  std::vector<std::string> parts;
  if (validated_by_functions(kind)) parts.push_back("functions");
  if (rules > 0) parts.push_back(std::to_string(rules) + " rules");
  return parts.empty() ? "metadata" : joined(parts);
}

std::string table_text(const Kind& kind) {
  const auto verbs = verbs_of(kind);
  if (std::find(verbs.begin(), verbs.end(), "list") == verbs.end()) return "-";
  const auto& columns = table::printer_of(kind).columns;
  const auto wide = std::count_if(columns.begin(), columns.end(), [](const auto& column) { return column.wide; });
  std::string out = std::to_string(columns.size() - static_cast<size_t>(wide));
  return wide > 0 ? out + " + " + std::to_string(wide) + " wide" : out;
}

std::map<std::string, std::string> read_tests(const fs::path& folder, const std::string& suffix) {
  std::map<std::string, std::string> out;
  for (const auto& entry : fs::directory_iterator(folder)) {
    const std::string name = entry.path().filename().string();
    if (name.ends_with(suffix)) out[name.substr(0, name.size() - suffix.size())] = text_of(entry.path());
  }
  return out;
}

/// Of more tests the first are named, so that not every new test changes the table.
constexpr size_t kNamed = 3;

/// `all` is a test that takes every kind of `objects`.
std::string mentions(const std::map<std::string, std::string>& tests, const Kind& kind, const std::string& all = {},
                     const std::set<std::string>& objects = {}) {
  std::vector<std::string> names;
  for (const auto& [name, text] : tests) {
    const bool taken = name == all && !find_version(kind.id) && objects.contains(kind.kind);
    if (!taken && !speaks_of(text, kind)) continue;
    if (names.size() == kNamed) return joined(names) + ", ...";
    names.push_back(name);
  }
  return joined(names);
}

/// Kinds of which tests/messages/data has an object, which every_kind_test.cpp takes through all verbs.
std::set<std::string> kinds_with_objects() {
  std::set<std::string> out;
  std::istringstream lines(text_of(kTests / "messages" / "data" / "rule_objects.tsv"));
  std::string line;
  std::getline(lines, line);
  while (std::getline(lines, line)) out.insert(line.substr(0, line.find('\t')));
  return out;
}

std::string coverage() {
  const auto e2e = read_tests(kTests / "e2e", "_test.py");
  const auto simulated = read_tests(kTests / "actors" / "api_server", "_test.cpp");
  const auto everyone = kinds_with_objects();
  std::string out =
      "| kind | verbs | parts | validation | columns | simulated API server | real clients |\n"
      "|---|---|---|---|---|---|---|\n";
  for (const Kind& kind : served_kinds()) {
    const std::string unit =
        everyone.contains(kind.kind) && !find_version(kind.id) ? "every_kind" : mentions(simulated, kind);
    out += "| " + kind.api_version() + " " + kind.kind + " | " + verbs_text(kind) + " | " + parts_text(kind) + " | " +
           validation_text(kind) + " | " + table_text(kind) + " | " + unit + " | " +
           mentions(e2e, kind, "kinds", everyone) + " |\n";
  }
  return out;
}

TEST(CoverageTable, IsWhatTheCodeSays) {
  std::string readme = text_of(kReadme);
  const size_t begin = readme.find(kBegin);
  const size_t end = readme.find(kEnd);
  ASSERT_TRUE(begin != std::string::npos && end != std::string::npos && begin < end) << kReadme;
  const size_t from = begin + std::string_view(kBegin).size();
  const std::string expected = coverage();
  if (std::getenv("KABUKI_WRITE_COVERAGE")) {
    std::ofstream(kReadme) << readme.substr(0, from) << expected << readme.substr(end);
    return;
  }
  EXPECT_EQ(readme.substr(from, end - from), expected);
}

TEST(CoverageTable, NoKindIsWithoutATestOfTheSimulatedServer) {
  const auto simulated = read_tests(kTests / "actors" / "api_server", "_test.cpp");
  const auto everyone = kinds_with_objects();
  for (const Kind& kind : all_kinds()) {
    EXPECT_TRUE(everyone.contains(kind.kind) || !mentions(simulated, kind).empty()) << kind.kind;
  }
}

}  // namespace
}  // namespace kabuki::api_server
