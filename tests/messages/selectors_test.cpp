#include "messages/selectors.hpp"

#include <gtest/gtest.h>

#include "messages/api/core/v1/node.pb.h"
#include "messages/api/core/v1/pod.pb.h"
#include "messages/api/meta/v1/selector.pb.h"

namespace kabuki {
namespace {

using Labels = std::map<std::string, std::string>;
using Pod = ::k8s::io::api::core::v1::Pod;
using Node = ::k8s::io::api::core::v1::Node;

std::string label_error(std::string_view text) {
  auto selector = LabelSelector::parse(text);
  return selector ? "" : selector.error().message;
}

TEST(LabelSelector, MatchesByEveryOperator) {
  const Labels labels{{"app", "web"}, {"tier", "front"}, {"empty", ""}, {"size", "10"}};
  const std::pair<const char*, bool> cases[] = {
      {"", true},
      {"app=web", true},
      {"app==web", true},
      {"app=db", false},
      {"app!=db", true},
      {"app!=web", false},
      {"none!=x", true},
      {"app in (db, web)", true},
      {"app in (db)", false},
      {"app notin (db,cache)", true},
      {"app notin (web)", false},
      {"none notin (a)", true},
      {"app", true},
      {"none", false},
      {"!none", true},
      {"! app", false},
      {"size>9", true},
      {"size>10", false},
      {"size<11", true},
      {"app<11", false},
      {"empty=", true},
      {"empty", true},
      {"none=", false},
      {"empty in ()", false},
      {"empty in (,x)", true},
      {"app=web,tier=front,!none", true},
      {"app=web , tier in (back)", false},
  };
  for (auto [text, expected] : cases) {
    auto selector = LabelSelector::parse(text);
    if (std::string_view(text) == "empty in ()") {
      EXPECT_FALSE(selector.ok());
      continue;
    }
    ASSERT_TRUE(selector.ok()) << text << ": " << selector.error().message;
    EXPECT_EQ(selector->matches_map(labels), expected) << text;
  }
}

TEST(LabelSelector, TextIsReadBackAndSortedByKey) {
  const std::pair<const char*, const char*> cases[] = {
      {"", ""},
      {"b==2,a=1", "a=1,b=2"},
      {"c in (z,y,z),!d, e ,f!=g", "c in (y,z),!d,e,f!=g"},
      {"in in (in),notin=in", "in=in,notin=in"},
      {"n>1,m<5", "m<5,n>1"},
      {"x.io/a notin (1,2)", "x.io/a notin (1,2)"},
  };
  for (auto [text, expected] : cases) {
    auto selector = LabelSelector::parse(text);
    ASSERT_TRUE(selector.ok()) << text << ": " << selector.error().message;
    EXPECT_EQ(selector->text(), expected);
    EXPECT_EQ(LabelSelector::parse(selector->text())->requirements(), selector->requirements());
  }
}

TEST(LabelSelector, SaysWhatItCannotRead) {
  EXPECT_EQ(label_error("a b"), "unable to parse requirement: found 'b', expected: in, notin, =, ==, !=, gt, lt");
  EXPECT_EQ(label_error("=a"), "found '=', expected: !, identifier, or 'end of string'");
  EXPECT_EQ(label_error("a,"), "found '', expected: identifier after ','");
  EXPECT_EQ(label_error("a=b c"), "found 'c', expected: ',' or 'end of string'");
  EXPECT_EQ(label_error("a in b"), "unable to parse requirement: found 'b' expected: '('");
  EXPECT_EQ(label_error("a in (b"), "unable to parse requirement: found '', expected: ',' or ')'");
  EXPECT_EQ(label_error("a=("), "unable to parse requirement: found '(', expected: identifier");
  EXPECT_EQ(label_error("!"), "unable to parse requirement: found '', expected: identifier");
  EXPECT_EQ(
      label_error("a>x"),
      "unable to parse requirement: values[0]: Invalid value: \"x\": for 'Gt', 'Lt' operators, the value must be "
      "an integer");
  EXPECT_EQ(
      label_error("a=b_"),
      "unable to parse requirement: values[0][a]: Invalid value: \"b_\": a valid label must be an empty string or "
      "consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character "
      "(e.g. 'MyValue',  or 'my_value',  or '12345', regex used for validation is "
      "'(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?')");
  EXPECT_EQ(label_error("-a"),
            "unable to parse requirement: <nil>: Invalid value: \"-a\": name part must consist of alphanumeric "
            "characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyName',  or "
            "'my.name',  or '123-abc', regex used for validation is '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')");
}

TEST(LabelSelector, MessageFormIsTheConjunctionOfBothLists) {
  LabelSelectorMessage message;
  (*message.mutable_matchlabels())["app"] = "web";
  auto* expression = message.add_matchexpressions();
  expression->set_key("tier");
  expression->set_operator_("NotIn");
  expression->add_values("back");
  expression->add_values("a");
  EXPECT_EQ(LabelSelector::from_message(message)->text(), "app=web,tier notin (a,back)");
  EXPECT_TRUE(LabelSelector::from_message({})->empty());
  expression->set_operator_("Near");
  EXPECT_EQ(LabelSelector::from_message(message).error().message, "\"Near\" is not a valid label selector operator");
}

TEST(LabelSelector, ReadsAnObjectsLabelsFromItsBytes) {
  Pod pod;
  pod.mutable_metadata()->set_name("p");
  (*pod.mutable_metadata()->mutable_labels())["app"] = "web";
  (*pod.mutable_metadata()->mutable_labels())["x"] = "y";
  ObjectPtr object = Object::encode(kinds::kPod, pod);
  EXPECT_TRUE(LabelSelector::parse("app=web,!z,x in (y)")->matches_object(*object));
  EXPECT_FALSE(LabelSelector::parse("app=db")->matches_object(*object));
}

ObjectPtr pod_on(std::string_view node) {
  Pod pod;
  pod.mutable_metadata()->set_name("p");
  pod.mutable_metadata()->set_namespace_("ns");
  pod.mutable_spec()->set_nodename(std::string(node));
  return Object::encode(kinds::kPod, pod);
}

TEST(FieldSelector, ComparesTheFieldAsText) {
  const Kind& kind = kind_of(kinds::kPod);
  const std::pair<const char*, bool> cases[] = {
      {"", true},
      {"spec.nodeName=n1", true},
      {"spec.nodeName==n1", true},
      {"spec.nodeName=", false},
      {"spec.nodeName!=", true},
      {"spec.nodeName!=n1", false},
      {"metadata.name=p,metadata.namespace=ns", true},
      {"metadata.name=q,metadata.namespace=ns", false},
      {"status.phase=", true},
  };
  for (auto [text, expected] : cases) {
    auto selector = FieldSelector::parse(kind, text);
    ASSERT_TRUE(selector.ok()) << text;
    EXPECT_EQ(selector->matches_object(*pod_on("n1")), expected) << text;
  }
}

TEST(FieldSelector, ReadsBooleansAsWords) {
  Node node;
  node.mutable_metadata()->set_name("n");
  auto schedulable = FieldSelector::parse(kind_of(kinds::kNode), "spec.unschedulable=false").value();
  EXPECT_TRUE(schedulable.matches_object(*Object::encode(kinds::kNode, node)));
  node.mutable_spec()->set_unschedulable(true);
  EXPECT_FALSE(schedulable.matches_object(*Object::encode(kinds::kNode, node)));
}

TEST(FieldSelector, AnyOfMatchesEachValueAndAddsUp) {
  const Kind& kind = kind_of(kinds::kPod);
  FieldSelector selector = FieldSelector::any_of(kind, "spec.nodeName", {"n2", "n1"}).value();
  EXPECT_TRUE(selector.matches_object(*pod_on("n1")));
  EXPECT_TRUE(selector.matches_object(*pod_on("n2")));
  EXPECT_FALSE(selector.matches_object(*pod_on("n3")));
  selector.add(FieldSelector::parse(kind, "metadata.name=other").value());
  EXPECT_FALSE(selector.matches_object(*pod_on("n1")));
}

TEST(FieldSelector, RefusesWhatItDoesNotKnow) {
  const Kind& kind = kind_of(kinds::kConfigMap);
  EXPECT_EQ(FieldSelector::parse(kind, "spec.foo=bar").error().message, "field label not supported: spec.foo");
  EXPECT_EQ(FieldSelector::parse(kind, "metadata.name").error().message,
            "invalid selector: 'metadata.name'; can't understand 'metadata.name'");
  EXPECT_EQ(FieldSelector::parse(kind, "metadata.name=a\\b").error().message,
            "invalid field selector: invalid escape sequence: \\b");
  EXPECT_EQ(FieldSelector::parse(kind, "metadata.name=a\\,b\\=c\\\\")->requirements()[0].values,
            std::vector<std::string>{"a,b=c\\"});
}

}  // namespace
}  // namespace kabuki
