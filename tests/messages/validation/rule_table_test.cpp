#include <fstream>
#include <google/protobuf/message.h>
#include <gtest/gtest.h>
#include <map>
#include <memory>
#include <set>

#include "messages/defaults.hpp"
#include "messages/encode.hpp"
#include "messages/field_route.hpp"
#include "messages/json.hpp"
#include "messages/patch/patch_message.hpp"
#include "messages/validation.hpp"
#include "messages/validation/rule.hpp"
#include "tests/messages/validation/expect_causes.hpp"

namespace kabuki {
namespace {

using google::protobuf::Message;
using validation::Check;
using validation::Rule;

std::vector<std::vector<std::string>> read_rows(const std::string& file) {
  std::vector<std::vector<std::string>> rows;
  std::ifstream in(std::string(KABUKI_TEST_DATA "/") + file);
  std::string line;
  std::getline(in, line);
  while (std::getline(in, line)) {
    std::vector<std::string> cells;
    std::istringstream row(line + "\t.");
    for (std::string cell; std::getline(row, cell, '\t');) cells.push_back(cell);
    cells.pop_back();
    rows.push_back(std::move(cells));
  }
  return rows;
}

/// `@33@x#@` stands for x0,x1,...: as many as it says.
std::string expanded(std::string text) {
  for (size_t at = text.find('@'); at != std::string::npos; at = text.find('@')) {
    const size_t item = text.find('@', at + 1);
    const size_t end = text.find('@', item + 1);
    std::string list;
    for (int i = 0; i < std::stoi(text.substr(at + 1)); ++i) {
      for (char c : text.substr(item + 1, end - item - 1)) list += c == '#' ? std::to_string(i) : std::string(1, c);
      list += ',';
    }
    list.pop_back();
    text.replace(at, end - at + 1, list);
  }
  return text;
}

const Kind& kind_named(const std::string& name) {
  for (const Kind& kind : all_kinds()) {
    if (kind.kind == name) return kind;
  }
  ADD_FAILURE() << "no kind " << name;
  return kind_of(kinds::kPod);
}

/// One object of each kind that has rules, which all of them accept.
const std::map<std::string, std::string>& objects() {
  static const auto all = [] {
    std::map<std::string, std::string> out;
    for (const auto& row : read_rows("rule_objects.tsv")) out[row[0]] = row[1];
    return out;
  }();
  return all;
}

/// The kind's object, patched, with defaults.
std::unique_ptr<Message> object(const Kind& kind, const std::string& patch) {
  std::unique_ptr<Message> out(kind.make());
  const auto decoded = decode_json(objects().at(kind.kind), out.get());
  EXPECT_TRUE(decoded.ok()) << kind.kind << decoded.error().message;
  if (!patch.empty()) {
    JsonNotes notes;
    const auto patched = patch_message(PatchType::merge, expanded(patch), kind, out.get(), &notes);
    EXPECT_TRUE(patched.ok()) << kind.kind << ": " << patched.error().message << " " << patch;
    EXPECT_TRUE(notes.notes.empty()) << kind.kind << patch << notes.notes[0];
  }
  apply_defaults(kind, out.get());
  return out;
}

bool is_of_updates(Check check) {
  return check == Check::immutable || check == Check::set_once || check == Check::no_change ||
         check == Check::only_changes;
}

struct Outcome {
  Lines causes;
  size_t seen = 0;
};

Outcome outcome(const Rule& rule, const Message* old, const Message& now) {
  validation::Findings findings;
  Outcome out;
  out.seen = validation::check_rule(rule, old, now, &findings);
  out.causes = lines(findings.take());
  return out;
}

std::string identity(const std::string& kind, std::string_view path, std::string_view check, std::string_view when) {
  return kind + " " + std::string(path) + " " + std::string(check) + " " + std::string(when);
}

std::map<std::string, const Rule*> all_rules() {
  std::map<std::string, const Rule*> rules;
  for (const Kind& kind : all_kinds()) {
    for (const Rule* rule : validation::rules_of(kind.id)) {
      const std::string name = identity(kind.kind, rule->path, validation::name_of(rule->check), rule->when);
      EXPECT_TRUE(rules.emplace(name, rule).second) << name << " stands twice";
    }
  }
  return rules;
}

TEST(RuleTable, EveryRuleAcceptsOneExampleAndRefusesAnother) {
  auto rules = all_rules();
  ASSERT_GT(rules.size(), 500u);
  for (const auto& row : read_rows("rule_examples.tsv")) {
    const std::string name = identity(row[0], row[1], row[2], row[3]);
    SCOPED_TRACE(name);
    const auto found = rules.find(name);
    if (found == rules.end()) {
      ADD_FAILURE() << "an example of no rule";
      continue;
    }
    const Rule& rule = *found->second;
    const Kind& kind = kind_named(row[0]);
    const auto accepted = object(kind, row[6]);
    const auto refused = object(kind, row[4]);
    const Message* old = is_of_updates(rule.check) ? accepted.get() : nullptr;

    const Outcome good = outcome(rule, old, *accepted);
    EXPECT_EQ(good.causes, Lines{});
    EXPECT_GT(good.seen, 0u) << "the example has nothing that the rule looks at";

    const Outcome bad = outcome(rule, old, *refused);
    if (row[5] == "*") {
      EXPECT_FALSE(bad.causes.empty());
    } else {
      EXPECT_EQ(bad.causes, Lines{row[5]});
    }
    const auto all = old ? validate_update(kind, *old, *refused) : validate_create(kind, *refused);
    for (const std::string& cause : bad.causes) {
      const Lines texts = lines(all);
      EXPECT_NE(std::find(texts.begin(), texts.end(), cause), texts.end()) << "not applied: " << cause;
    }
    rules.erase(found);
  }
  for (const auto& [name, rule] : rules) ADD_FAILURE() << "no example: " << name;
}

TEST(RuleTable, EveryExampleObjectIsValid) {
  for (const auto& [name, text] : objects()) {
    const Kind& kind = kind_named(name);
    const auto made = object(kind, "");
    EXPECT_EQ(lines(validate_create(kind, *made)), Lines{}) << name;
    EXPECT_EQ(lines(validate_update(kind, *made, *made)), Lines{}) << name;
  }
}

TEST(RuleTable, DefaultsAreStableAndCanonical) {
  for (const auto& [name, text] : objects()) {
    const Kind& kind = kind_named(name);
    const auto made = object(kind, "");
    std::unique_ptr<Message> stored(kind.make());
    ASSERT_TRUE(stored->ParseFromString(serialize(*made)));
    canonicalize(stored.get());
    EXPECT_EQ(serialize(*stored), serialize(*made)) << "not canonical: " << name;
    std::string json;
    encode_json(*made, &json, kind.kind, kind.api_version());
    std::unique_ptr<Message> again(kind.make());
    ASSERT_TRUE(decode_json(json, again.get()).ok());
    apply_defaults(kind, again.get());
    EXPECT_EQ(serialize(*again), serialize(*made)) << json;
  }
}

TEST(RuleTable, KindsWithoutFunctionsHaveRules) {
  std::set<std::string> without;
  for (const Kind& kind : all_kinds()) {
    if (validation::rules_of(kind.id).empty()) without.insert(kind.kind);
  }
  EXPECT_EQ(without,
            (std::set<std::string>{"Pod", "Node", "Namespace", "ConfigMap", "Secret", "Service", "ServiceAccount",
                                   "Event", "Lease", "Deployment", "ReplicaSet", "CertificateSigningRequest"}));
}

}  // namespace
}  // namespace kabuki
