#include "messages/patch/json_patch.hpp"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>
#include <rapidcheck.h>

#include "messages/patch/merge_patch.hpp"

namespace kabuki {
namespace {

using Json = nlohmann::json;

std::string patched(std::string_view json, std::string_view patch) {
  auto result = apply_json_patch(json, patch);
  return result ? *result : std::to_string(result.error().code) + ": " + result.error().message;
}

constexpr const char* kRejected = "422: the server rejected our request due to an error in our request";

TEST(JsonPatch, DoesEachOperation) {
  struct Case {
    const char* json;
    const char* patch;
    const char* expected;
  };
  const Case cases[] = {
      {R"({"a":1})", R"([])", R"({"a":1})"},
      {R"({"a":1})", R"([{"op":"add","path":"/b","value":[2]}])", R"({"a":1,"b":[2]})"},
      {R"({"a":1})", R"([{"op":"add","path":"/a","value":2}])", R"({"a":2})"},
      {R"({"a":[1,2]})", R"([{"op":"add","path":"/a/1","value":9}])", R"({"a":[1,9,2]})"},
      {R"({"a":[1,2]})", R"([{"op":"add","path":"/a/-","value":9}])", R"({"a":[1,2,9]})"},
      {R"({"a":[1,2]})", R"([{"op":"remove","path":"/a/0"}])", R"({"a":[2]})"},
      {R"({"a":{"b":1}})", R"([{"op":"remove","path":"/a/b"}])", R"({"a":{}})"},
      {R"({"a":1})", R"([{"op":"replace","path":"/a","value":null}])", R"({"a":null})"},
      {R"({"a":1})", R"([{"op":"replace","path":"","value":{"b":2}}])", R"({"b":2})"},
      {R"({"a":{"b":1},"c":{}})", R"([{"op":"move","from":"/a/b","path":"/c/d"}])", R"({"a":{},"c":{"d":1}})"},
      {R"({"a":[1]})", R"([{"op":"copy","from":"/a","path":"/b"}])", R"({"a":[1],"b":[1]})"},
      {R"({"a/b":{"~":1}})", R"([{"op":"replace","path":"/a~1b/~0","value":2}])", R"({"a/b":{"~":2}})"},
      {R"({"a":1})", R"([{"op":"test","path":"/a","value":1},{"op":"remove","path":"/a"}])", R"({})"},
      {R"({})", R"([{"op":"test","path":"/a","value":null}])", R"({})"},
  };
  for (const Case& each : cases) EXPECT_EQ(patched(each.json, each.patch), each.expected) << each.patch;
}

TEST(JsonPatch, RejectsWhatCannotBeDone) {
  for (const char* patch : {
           R"([{"op":"test","path":"/a","value":2}])",
           R"([{"op":"remove","path":"/x"}])",
           R"([{"op":"replace","path":"/x","value":1}])",
           R"([{"op":"add","path":"/x/y","value":1}])",
           R"([{"op":"add","path":"/l/3","value":1}])",
           R"([{"op":"add","path":"/l/x","value":1}])",
           R"([{"op":"remove","path":"/l/2"}])",
           R"([{"op":"add","path":"/x"}])",
           R"([{"op":"add","path":"x","value":1}])",
           R"([{"op":"add","path":"/~2","value":1}])",
           R"([{"op":"move","from":"/o","path":"/o/p"}])",
           R"([{"op":"copy","from":"/x","path":"/y"}])",
           R"([{"op":"frob","path":"/a"}])",
           R"([{"path":"/a"}])",
           R"([{"op":"remove"}])",
       }) {
    EXPECT_EQ(patched(R"({"a":1,"l":[1,2],"o":{}})", patch), kRejected) << patch;
  }
}

TEST(JsonPatch, RefusesWhatIsNoPatch) {
  EXPECT_EQ(patched("{}", "{}"),
            "400: error decoding patch: json: cannot unmarshal object into Go value of type []interface {}");
  EXPECT_EQ(patched("{}", "[1]"), "400: json: cannot unmarshal number into Go value of type jsonpatch.Operation");
  EXPECT_EQ(patched("{}", "["), "400: error decoding patch: unexpected end of JSON input");
  EXPECT_EQ(apply_json_patch("{}", std::string(100000, '[')).error().code, 400);
  std::string many = "[";
  for (size_t i = 0; i <= kMaxPatchOperations; ++i) many += R"({"op":"test","path":"/a","value":null},)";
  many.back() = ']';
  EXPECT_EQ(apply_json_patch("{}", many).error().code, 413);
}

TEST(MergePatch, FollowsTheTableOfTheRfc) {
  const std::array<const char*, 3> cases[] = {
      {R"({"a":"b"})", R"({"a":"c"})", R"({"a":"c"})"},
      {R"({"a":"b"})", R"({"b":"c"})", R"({"a":"b","b":"c"})"},
      {R"({"a":"b"})", R"({"a":null})", R"({})"},
      {R"({"a":"b","b":"c"})", R"({"a":null})", R"({"b":"c"})"},
      {R"({"a":["b"]})", R"({"a":"c"})", R"({"a":"c"})"},
      {R"({"a":"c"})", R"({"a":["b"]})", R"({"a":["b"]})"},
      {R"({"a":{"b":"c"}})", R"({"a":{"b":"d","c":null}})", R"({"a":{"b":"d"}})"},
      {R"({"a":[{"b":"c"}]})", R"({"a":[1]})", R"({"a":[1]})"},
      {R"({"e":null})", R"({"a":1})", R"({"a":1,"e":null})"},
      {R"({})", R"({"a":{"bb":{"ccc":null}}})", R"({"a":{"bb":{}}})"},
  };
  for (const auto& [json, patch, expected] : cases) EXPECT_EQ(apply_merge_patch(json, patch).value(), expected);
  EXPECT_EQ(apply_merge_patch("{}", "[]").error().message,
            "error decoding patch: json: cannot unmarshal array into Go value of type map[string]interface {}");
  EXPECT_EQ(apply_merge_patch("{}", "x").error().message,
            "error decoding patch: invalid character 'x' looking for beginning of value");
}

// Objects of numbers and objects, without nulls: a merge patch cannot say null.
Json arbitrary_object(int depth) {
  Json object = Json::object();
  int members = *rc::gen::inRange(0, 4);
  for (int i = 0; i < members; ++i) {
    std::string key(1, *rc::gen::inRange('a', 'e'));
    bool nested = depth > 0 && *rc::gen::arbitrary<bool>();
    object[key] = nested ? arbitrary_object(depth - 1) : Json(*rc::gen::inRange(0, 5));
  }
  return object;
}

Json difference(const Json& from, const Json& to) {
  Json patch = Json::object();
  for (const auto& [key, value] : from.items()) {
    if (!to.contains(key)) patch[key] = nullptr;
  }
  for (const auto& [key, value] : to.items()) {
    if (from.contains(key) && from[key] == value) continue;
    // An object that replaces an object is merged into it, so it must be a difference itself.
    patch[key] =
        from.contains(key) && from[key].is_object() && value.is_object() ? difference(from[key], value) : value;
  }
  return patch;
}

TEST(MergePatch, TheDifferenceOfTwoObjectsLeadsFromOneToTheOther) {
  EXPECT_TRUE(rc::check([] {
    Json from = arbitrary_object(3);
    Json to = arbitrary_object(3);
    RC_ASSERT(apply_merge_patch(from.dump(), difference(from, to).dump()).value() == to.dump());
  }));
}

}  // namespace
}  // namespace kabuki
