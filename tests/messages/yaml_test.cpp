#include "messages/yaml.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace kabuki {
namespace {

std::string json(std::string_view yaml) {
  const auto converted = yaml_to_json(yaml);
  return converted ? *converted : converted.error().message;
}

TEST(Yaml, PlainScalarsMeanWhatGosYamlTakesThemFor) {
  const std::pair<const char*, const char*> cases[] = {{"true", "true"},
                                                       {"False", "false"},
                                                       {"yes", "true"},
                                                       {"off", "false"},
                                                       {"~", "null"},
                                                       {"Null", "null"},
                                                       {"12", "12"},
                                                       {"+7", "7"},
                                                       {"-0", "0"},
                                                       {"0x1F", "31"},
                                                       {"0o17", "15"},
                                                       {"017", "15"},
                                                       {"0b101", "5"},
                                                       {"1_000", "1000"},
                                                       {"1.5", "1.5"},
                                                       {"1e3", "1000"},
                                                       {".5", "0.5"},
                                                       {"6.", "6"},
                                                       {"08", "8"},
                                                       {"1.2.3", "\"1.2.3\""},
                                                       {"tRue", "\"tRue\""},
                                                       {"100m", "\"100m\""},
                                                       {"2026-11-22", "\"2026-11-22\""},
                                                       {"'5'", "\"5\""},
                                                       {"\"true\"", "\"true\""},
                                                       {"!!str 5", "\"5\""},
                                                       {"12:30", "\"12:30\""},
                                                       {"9223372036854775808", "9223372036854775808"},
                                                       {"a b", "\"a b\""}};
  for (const auto& [text, expected] : cases)
    EXPECT_EQ(json(std::string("v: ") + text), "{\"v\":" + std::string(expected) + "}") << text;
}

TEST(Yaml, KeysAreStrings) { EXPECT_EQ(json("1: a\ntrue: b\n'x': c"), R"({"1":"a","true":"b","x":"c"})"); }

TEST(Yaml, ResolvesAnchorsAndMergeKeys) {
  EXPECT_EQ(json("base: &b {a: 1, c: 2}\nuse:\n  <<: *b\n  c: 3\n"), R"({"base":{"a":1,"c":2},"use":{"c":3,"a":1}})");
}

TEST(Yaml, KeepsBlocksAndFlows) {
  EXPECT_EQ(json("a: |\n  x\n  y\nb: >-\n  p\n  q\nc: [1, {d: e}]\nf:\n- g\n- h: 1\n"),
            R"({"a":"x\ny\n","b":"p q","c":[1,{"d":"e"}],"f":["g",{"h":1}]})");
}

TEST(Yaml, ReadsEveryDocumentThatIsNotEmpty) {
  const auto documents = yaml_documents_to_json("---\n# nothing\n---\na: 1\n---\n---\nb: 2\n...\n");
  ASSERT_TRUE(documents.ok());
  EXPECT_EQ(*documents, (std::vector<std::string>{R"({"a":1})", R"({"b":2})"}));
}

TEST(Yaml, RefusesWhatJsonCannotSay) {
  EXPECT_EQ(json("a: .nan"), "error converting YAML to JSON: yaml: line 1: JSON has no .nan");
  EXPECT_EQ(json("a: 1\n[b]: 2"), "error converting YAML to JSON: yaml: line 2: a key must be a scalar");
  EXPECT_TRUE(json("a: [1").starts_with("error converting YAML to JSON: yaml: line "));
}

TEST(Yaml, RefusesBombsWithoutExploding) {
  std::string bomb = "a0: &a0 [x,x,x,x,x,x,x,x,x,x]\n";
  for (int i = 1; i < 12; ++i) {
    const std::string from = "*a" + std::to_string(i - 1);
    bomb += "a" + std::to_string(i) + ": &a" + std::to_string(i) + " [";
    for (int j = 0; j < 10; ++j) bomb += (j ? "," : "") + from;
    bomb += "]\n";
  }
  EXPECT_TRUE(json(bomb).ends_with("document contains excessive aliasing"));
  EXPECT_TRUE(json(std::string(5000, '[')).starts_with("error converting YAML to JSON"));
}

TEST(Yaml, WritesBlockStyleWithSortedKeys) {
  const auto yaml = json_to_yaml(
      R"({"kind":"Pod","apiVersion":"v1","metadata":{"labels":{"a":"true","b":"1"},"name":"x","annotations":{}},"spec":)"
      R"({"containers":[{"name":"c","args":["--x","a: b","- y","","null"],"command":[]},{"name":"d","n":1.5}]},)"
      R"("data":{"f":"l1\nl2\n","g":"l1\nl2","h":" l\n","t":"a\tb","i":"it's # x"},"z":null,"y":true,"m":[[1,2],[]]})");
  ASSERT_TRUE(yaml.ok());
  EXPECT_EQ(*yaml, R"(apiVersion: v1
data:
  f: |
    l1
    l2
  g: |-
    l1
    l2
  h: " l\n"
  i: 'it''s # x'
  t: "a\tb"
kind: Pod
m:
- - 1
  - 2
- []
metadata:
  annotations: {}
  labels:
    a: "true"
    b: "1"
  name: x
spec:
  containers:
  - args:
    - --x
    - 'a: b'
    - '- y'
    - ""
    - "null"
    command: []
    name: c
  - "n": 1.5
    name: d
"y": true
z: null
)");
}

TEST(Yaml, RefusesWhatBeginsNoValueAndWhatContainsItself) {
  for (const char* text : {",", "a: 1\n---\n,b: c\n", ",: yes\nba\xc6\xe0[9:{ "}) {
    EXPECT_THAT(json(text), testing::HasSubstr("did not find expected node content")) << text;
  }
  EXPECT_EQ(json("&a [*a]"), "error converting YAML to JSON: yaml: line 1: anchor value contains itself");
  EXPECT_EQ(json("a: &x {b: 1}\nc: *x\n"), R"({"a":{"b":1},"c":{"b":1}})");
}

/// PyYAML makes a datetime, a number or an error of these where they stand without quotes.
TEST(Yaml, QuotesTextsThatAreNoTextToOtherReaders) {
  const auto yaml = json_to_yaml(
      R"({"a":["2026-11-23T21:23:34Z","2026-11-23","2001-12-14 21:59:43.10 -5","190:20:30","22:22","=","<<","x\u2028y\nz"],)"
      R"("b":["10.0.0.1","fd00::1","8080:http","2026-11-23-nightly","1.2.3","v1"]})");
  ASSERT_TRUE(yaml.ok());
  EXPECT_EQ(*yaml, R"(a:
- "2026-11-23T21:23:34Z"
- "2026-11-23"
- "2001-12-14 21:59:43.10 -5"
- "190:20:30"
- "22:22"
- "="
- "\u003c\u003c"
- "x\u2028y\nz"
b:
- 10.0.0.1
- fd00::1
- 8080:http
- 2026-11-23-nightly
- 1.2.3
- v1
)");
}

/// Where a text is hard to write, what is read back tells whether it was.
TEST(Yaml, KeepsTextsThatLookLikeSyntax) {
  const std::string long_key = R"([{"b":2,")" + std::string(2000, 'k') + R"(":{"a":[1]}}])";
  for (const std::string& text : {std::string(R"("two\nlines")"), long_key, std::string("\"\xEF\xBB\xBFmarked\"")}) {
    const auto yaml = json_to_yaml(text);
    ASSERT_TRUE(yaml.ok()) << text;
    EXPECT_EQ(json(*yaml), text) << *yaml;
  }
}

}  // namespace
}  // namespace kabuki
