#include <absl/strings/escaping.h>
#include <gtest/gtest.h>

#include "actors/api_server/authorization.hpp"
#include "actors/api_server/body.hpp"
#include "actors/api_server/delete_options.hpp"
#include "actors/api_server/negotiation.hpp"
#include "actors/api_server/parameters.hpp"
#include "actors/api_server/request_info.hpp"
#include "messages/api/core/v1/config_map.pb.h"

namespace kabuki::api_server {
namespace {

using Query = std::vector<std::pair<std::string, std::string>>;

http::Request request(std::string method, std::string path, Query query = {}) {
  http::Request out;
  out.method = std::move(method);
  out.path = std::move(path);
  out.query = std::move(query);
  return out;
}

/// "verb resource/subresource namespace name", "405 verb", or "404".
std::string meaning(const std::string& method, const std::string& path, Query query = {}) {
  auto info = parse_path(path);
  if (!info) return std::to_string(info.error().code);
  http::Request asked = request(method, path, std::move(query));
  std::string verb(verb_of(asked, *info));
  if (!info->kind) return verb + " " + info->path;
  if (!serves_verb(asked, verb, *info)) return "405 " + verb;
  return verb + " " + info->kind->plural + (info->subresource.empty() ? "" : "/" + info->subresource) + " " +
         (info->ns.empty() ? "-" : info->ns) + " " + (info->name.empty() ? "-" : info->name);
}

TEST(RequestInfo, SaysWhatAPathAndAMethodMean) {
  struct Row {
    const char* method;
    const char* path;
    const char* expected;
  };
  const Row rows[] = {
      {"GET", "/", "get /"},
      {"GET", "/api/v1/", "get /api/v1"},
      {"GET", "/healthz", "get /healthz"},
      {"GET", "/api/v1/pods", "list pods - -"},
      {"GET", "/api/v1/namespaces/shop/pods", "list pods shop -"},
      {"GET", "/api/v1/namespaces/shop/pods/a", "get pods shop a"},
      {"GET", "/api/v1/namespaces/shop/pods/a/status", "get pods/status shop a"},
      {"GET", "/api/v1/namespaces/shop", "get namespaces - shop"},
      {"GET", "/api/v1/namespaces/shop/status", "get namespaces/status - shop"},
      {"PUT", "/api/v1/namespaces/shop/finalize", "update namespaces/finalize - shop"},
      {"PATCH", "/api/v1/namespaces/shop/finalize", "405 patch"},
      {"GET", "/api/v1/namespaces/shop/finalize", "405 get"},
      {"GET", "/apis/apps/v1/namespaces/shop/deployments/web/scale", "get deployments/scale shop web"},
      {"GET", "/api/v1/nodes/n", "get nodes - n"},
      {"GET", "/api/v1/namespaces/shop/nodes/n", "404"},
      {"GET", "/api/v1/nothing", "404"},
      {"GET", "/api/v1/namespaces/shop/pods/a/nothing", "404"},
      {"GET", "/api/v1/namespaces/shop/pods/a/status/more", "404"},
      {"GET", "/api/v1/namespaces/shop/configmaps/a/status", "404"},
      {"POST", "/api/v1/namespaces/shop/pods", "create pods shop -"},
      {"POST", "/api/v1/namespaces/shop/pods/a", "405 create"},
      {"POST", "/api/v1/pods", "405 create"},
      {"POST", "/api/v1/nodes", "create nodes - -"},
      {"POST", "/api/v1/namespaces/shop/pods/a/binding", "create pods/binding shop a"},
      {"PUT", "/api/v1/namespaces/shop/pods/a/binding", "405 update"},
      {"PATCH", "/api/v1/namespaces/shop/pods/a/binding", "405 patch"},
      {"GET", "/api/v1/namespaces/shop/pods/a/binding", "405 get"},
      {"PUT", "/api/v1/namespaces/shop/pods", "405 update"},
      {"DELETE", "/api/v1/namespaces/shop/pods/a", "delete pods shop a"},
      {"DELETE", "/api/v1/namespaces/shop/pods/a/status", "405 delete"},
      {"DELETE", "/api/v1/namespaces/shop/pods", "deletecollection pods shop -"},
      {"DELETE", "/api/v1/pods", "405 deletecollection"},
      {"DELETE", "/api/v1/namespaces", "405 deletecollection"},
      {"DELETE", "/api/v1/nodes", "deletecollection nodes - -"},
      {"GET", "/api/v1/namespaces/shop/pods/a/exec", "get pods/exec shop a"},
      {"POST", "/api/v1/namespaces/shop/pods/a/exec", "create pods/exec shop a"},
      {"POST", "/api/v1/namespaces/shop/pods/a/attach", "create pods/attach shop a"},
      {"DELETE", "/api/v1/namespaces/shop/pods/a/exec", "405 delete"},
      {"HEAD", "/api/v1/namespaces/shop/pods/a/attach", "405 get"},
      {"HEAD", "/api/v1/namespaces/shop/pods/a", "405 get"},
      {"GET", "/api/v1/watch/pods", "watch pods - -"},
      {"GET", "/api/v1/watch/namespaces/shop/pods/a", "watch pods shop a"},
      {"GET", "/api/v1/watch/namespaces/shop/pods/a/status", "404"},
      {"DELETE", "/api/v1/watch/namespaces/shop/pods", "405 deletecollection"},
      {"POST", "/api/v1/watch/namespaces/shop/pods", "405 create"},
  };
  for (const Row& row : rows) EXPECT_EQ(meaning(row.method, row.path), row.expected) << row.method << " " << row.path;
}

TEST(RequestInfo, SaysWhatIsNotServed) {
  const std::pair<const char*, const char*> cases[] = {
      {"/api/v1/namespaces/shop/pods/a/portforward",
       "pods/portforward is not served: simulated containers listen on no ports"},
      {"/api/v1/namespaces/shop/pods/a/proxy/index.html",
       "pods/proxy is not served: simulated containers listen on no ports"},
      {"/api/v1/namespaces/shop/services/web:80/proxy",
       "services/proxy is not served: simulated containers listen on no ports"},
      {"/api/v1/nodes/n/proxy/stats/summary", "nodes/proxy is not served: kubelets speak no HTTP"},
      {"/api/v1/namespaces/shop/configmaps/a/proxy", "the server could not find the requested resource"},
  };
  for (const auto& [path, message] : cases) {
    const auto info = parse_path(path);
    ASSERT_FALSE(info.ok()) << path;
    EXPECT_EQ(info.error().code, 404);
    EXPECT_EQ(info.error().message, message);
  }
}

TEST(RequestInfo, WatchesCollectionsAlone) {
  EXPECT_EQ(meaning("GET", "/api/v1/pods", {{"watch", "1"}}), "watch pods - -");
  EXPECT_EQ(meaning("GET", "/api/v1/pods", {{"watch", ""}}), "watch pods - -");
  EXPECT_EQ(meaning("GET", "/api/v1/pods", {{"watch", "False"}}), "list pods - -");
  EXPECT_EQ(meaning("GET", "/api/v1/namespaces/shop/pods/a", {{"watch", "true"}}), "get pods shop a");
}

TEST(Authorization, LetsMastersDoAnythingAndAnonymousSeeHealth) {
  auto pods = *parse_path("/api/v1/namespaces/shop/pods/a");
  http::Identity admin{.user = "admin", .groups = {"system:masters"}};
  EXPECT_TRUE(authorize(admin, "delete", pods).ok());
  for (const char* path : {"/healthz", "/livez/ping", "/readyz", "/version"}) {
    EXPECT_TRUE(authorize({}, "get", *parse_path(path)).ok()) << path;
  }
  for (const char* path : {"/metrics", "/healthzx", "/api", "/"}) {
    EXPECT_EQ(authorize({}, "get", *parse_path(path)).error().code, 403) << path;
  }
  EXPECT_EQ(
      authorize({}, "get", pods).error().message,
      "pods \"a\" is forbidden: User \"system:anonymous\" cannot get resource \"pods\" in API group \"\" in the "
      "namespace \"shop\"");
}

TEST(Negotiation, TakesTheFirstFormThatCanBeServed) {
  using As = Format::As;
  auto format = [](std::string_view accept, bool watch = false) {
    auto found = negotiate(accept, watch);
    return found ? std::optional(*found) : std::nullopt;
  };
  EXPECT_EQ(format(""), Format{});
  EXPECT_EQ(format("*/*"), Format{});
  EXPECT_EQ(format("text/html, application/yaml"), (Format{Encoding::yaml, As::object}));
  EXPECT_EQ(format("application/vnd.kubernetes.protobuf,application/json"), (Format{Encoding::protobuf, As::object}));
  EXPECT_EQ(format("application/json;as=Table;v=v1;g=meta.k8s.io,application/json"),
            (Format{Encoding::json, As::table}));
  EXPECT_EQ(format("application/json;as=Table;v=v1beta1;g=meta.k8s.io, application/json"), Format{});
  EXPECT_EQ(format("application/json; as=PartialObjectMetadata; g=meta.k8s.io; v=v1"),
            (Format{Encoding::json, As::partial_metadata}));
  EXPECT_EQ(format("application/yaml", true), std::nullopt);
  EXPECT_EQ(format("text/html"), std::nullopt);
  EXPECT_EQ(format(",;,=;"), std::nullopt);
}

TEST(Parameters, FlagsAreTrueUnlessTheySayNot) {
  for (const char* yes : {"", "1", "true", "yes", "no"})
    EXPECT_TRUE(query_flag(request("", "", {{"f", yes}}), "f")) << yes;
  for (const char* no : {"0", "false", "FALSE"}) EXPECT_FALSE(query_flag(request("", "", {{"f", no}}), "f")) << no;
  EXPECT_FALSE(query_flag(request("", ""), "f"));
}

int list_code(Query query) {
  auto read = list_parameters(kind_of(kinds::kPod), request("GET", "", std::move(query)));
  return read ? 200 : read.error().code;
}

TEST(Parameters, ListsAndWatchesSayWhatTheyCannotRead) {
  EXPECT_EQ(list_code({{"limit", "5"}, {"resourceVersion", "7"}, {"timeoutSeconds", "9223372036854775807"}}), 200);
  EXPECT_EQ(list_code({{"limit", "-1"}}), 200);
  EXPECT_EQ(list_code({{"limit", "many"}}), 400);
  EXPECT_EQ(list_code({{"resourceVersion", "-1"}}), 422);
  EXPECT_EQ(list_code({{"resourceVersion", "18446744073709551616"}}), 422);
  EXPECT_EQ(list_code({{"timeoutSeconds", "99999999999999999999999"}}), 400);
  EXPECT_EQ(list_code({{"resourceVersion", "x"}}), 422);
  EXPECT_EQ(list_code({{"resourceVersionMatch", "Exact"}}), 422);
  EXPECT_EQ(list_code({{"resourceVersionMatch", "Exact"}, {"resourceVersion", "0"}}), 422);
  EXPECT_EQ(list_code({{"resourceVersionMatch", "Sometimes"}, {"resourceVersion", "1"}}), 422);
  EXPECT_EQ(list_code({{"sendInitialEvents", "true"}}), 422);
  EXPECT_EQ(list_code({{"sendInitialEvents", "false"}}), 422);
  EXPECT_EQ(list_code({{"resourceVersionMatch", "Exact"}, {"resourceVersion", "7"}, {"continue", "x"}}), 422);
  EXPECT_EQ(list_code({{"watch", "1"}, {"resourceVersionMatch", "NotOlderThan"}}), 422);
  EXPECT_EQ(list_code({{"watch", "1"}, {"sendInitialEvents", "true"}}), 422);
  EXPECT_EQ(list_code({{"watch", "1"}, {"sendInitialEvents", "true"}, {"resourceVersionMatch", "NotOlderThan"}}),
            200);
  EXPECT_EQ(list_code({{"labelSelector", "a in ("}}), 400);
  EXPECT_EQ(list_code({{"fieldSelector", "spec.foo=1"}}), 400);
  auto long_watch =
      list_parameters(kind_of(kinds::kPod), request("GET", "", {{"timeoutSeconds", "9223372036854775807"}}));
  EXPECT_GT(io::Duration(std::chrono::seconds(long_watch->timeout_seconds)).count(), 0);
}

TEST(Parameters, WritesAreRefusedInKubernetesWords) {
  struct Row {
    const char* method;
    std::vector<std::pair<std::string, std::string>> query;
    const char* why;
  };
  const Row rows[] = {
      {"POST", {{"dryRun", "No"}}, "CreateOptions: dryRun: Unsupported value: [\"No\"]: supported values: \"All\""},
      {"PUT",
       {{"dryRun", "All"}, {"dryRun", ""}},
       "UpdateOptions: dryRun: Unsupported value: [\"All\",\"\"]: supported values: \"All\""},
      {"PUT",
       {{"fieldValidation", "Maybe"}},
       "UpdateOptions: fieldValidation: Unsupported value: \"Maybe\": supported values: \"\", \"Ignore\", "
       "\"Strict\", "
       "\"Warn\""},
      {"PATCH",
       {{"fieldManager", std::string(129, 'x')}},
       "PatchOptions: fieldManager: Too long: may not be more than 128 bytes"},
      {"PATCH",
       {{"fieldManager", "a\tb"}},
       "PatchOptions: fieldManager: Invalid value: \"a\\tb\": should only contain printable characters"},
      {"PATCH", {{"force", "true"}}, "PatchOptions: force: Forbidden: may not be specified for non-apply patch"},
      {"PATCH", {{"fieldManager", std::string(128, 'x')}, {"dryRun", "All"}}, ""},
  };
  for (const Row& row : rows) {
    http::Request request{.method = row.method, .path = {}, .query = row.query};
    const auto read = write_parameters(request);
    std::string why;
    if (!read) {
      EXPECT_EQ(read.error().code, 422);
      why = read.error().kind + ": " + read.error().causes[0].field + ": " + read.error().causes[0].message;
    }
    EXPECT_EQ(why, row.why);
  }
  http::Request apply{.method = "PATCH",
                      .path = {},
                      .query = {{"force", "true"}},
                      .headers = {{"content-type", "application/apply-patch+yaml"}}};
  EXPECT_TRUE(write_parameters(apply).ok());
}

TEST(Parameters, ALimitBelowNothingIsNone) {
  http::Request request{.method = "GET", .path = {}, .query = {{"limit", "-1"}}};
  EXPECT_EQ(list_parameters(kind_of(kinds::kPod), request)->limit, 0U);
  request.query = {{"limit", "x"}};
  EXPECT_EQ(list_parameters(kind_of(kinds::kPod), request).error().message,
            "strconv.ParseInt: parsing \"x\": invalid syntax");
}

TEST(Parameters, ContinueTokensComeBackEqual) {
  const Kind& pods = kind_of(kinds::kPod);
  const Kind& nodes = kind_of(kinds::kNode);
  ContinueToken pod{.revision = 17, .ns = "shop", .name = "a.b-c"};
  ContinueToken node{.revision = ~uint64_t{0}, .name = "n"};
  ContinueToken latest{.revision = 0, .ns = "shop", .name = "a"};
  EXPECT_EQ(*read_continue_token(pods, "", write_continue_token(pods, "", pod)), pod);
  EXPECT_EQ(*read_continue_token(pods, "shop", write_continue_token(pods, "shop", pod)), pod);
  EXPECT_EQ(*read_continue_token(nodes, "", write_continue_token(nodes, "", node)), node);
  EXPECT_EQ(*read_continue_token(pods, "", write_continue_token(pods, "", latest)), latest);
  // As observed.
  EXPECT_EQ(write_continue_token(pods, "default", {184899, "default", "web3-7fdcbfff6f-rbwpn"}),
            "eyJ2IjoibWV0YS5rOHMuaW8vdjEiLCJydiI6MTg0ODk5LCJzdGFydCI6Ii93ZWIzLTdmZGNiZmZmNmYtcmJ3cG5cdTAwMDAifQ");
}

TEST(Parameters, ContinueTokensAreRefusedInKubernetesWords) {
  const auto token = [](std::string_view json) {
    std::string text = absl::WebSafeBase64Escape(absl::string_view(json.data(), json.size()));
    while (text.ends_with('=')) text.pop_back();
    return text;
  };
  const std::pair<std::string, const char*> rows[] = {
      {"?", "illegal base64 data at input byte 0"},
      {"z9bad", "illegal base64 data at input byte 4"},
      {token("not json"), "invalid character 'o' in literal null (expecting 'u')"},
      {token("[]"), "json: cannot unmarshal array into Go value of type storage.continueToken"},
      {token("{}"), "server does not recognize this encoded version \"\""},
      {token(R"({"v":"v9"})"), "server does not recognize this encoded version \"v9\""},
      {token(R"({"v":"meta.k8s.io/v1"})"), "incorrect encoded start resourceVersion (version meta.k8s.io/v1)"},
      {token(R"({"v":"meta.k8s.io/v1","rv":-2,"start":"a/b"})"),
       "incorrect encoded start resourceVersion (version meta.k8s.io/v1)"},
      {token(R"({"v":"meta.k8s.io/v1","rv":1})"), "encoded start key empty (version meta.k8s.io/v1)"},
      {token(R"({"v":"meta.k8s.io/v1","rv":1,"start":"/../b"})"), "/../b"},
  };
  for (const auto& [text, why] : rows) {
    auto read = read_continue_token(kind_of(kinds::kPod), "shop", text);
    ASSERT_FALSE(read.ok()) << text;
    EXPECT_EQ(read.error().code, 400);
    EXPECT_EQ(read.error().message, std::string("invalid continue token: continue key is not valid: ") + why);
  }
}

Result<Write> delete_of(Query query, std::string body = "") {
  http::Request asked = request("DELETE", "", std::move(query));
  asked.body = std::move(body);
  Write write;
  auto read = read_delete_options(asked, &write);
  if (!read) return read.error();
  return write;
}

TEST(Body, IsOfThePathsTypeUnlessItSaysAnother) {
  const ExpectedType config_map{"v1", "ConfigMap", k8s::io::api::core::v1::ConfigMap::descriptor()};
  const auto read = [&](std::string_view body) {
    return decode_body(body, Encoding::json, config_map, FieldValidation::strict);
  };
  EXPECT_TRUE(read(R"({"data":{"a":"b"}})").ok());
  EXPECT_TRUE(read(R"({"kind":"ConfigMap"})").ok());
  EXPECT_TRUE(read(R"({"apiVersion":"v1"})").ok());
  EXPECT_EQ(read(R"({"kind":"Secret"})").error().code, 400);
  EXPECT_EQ(read(R"({"apiVersion":"v2","kind":"ConfigMap"})").error().code, 400);
}

TEST(DeleteOptions, AreReadFromTheQueryWithoutABody) {
  auto write = delete_of({{"gracePeriodSeconds", "5"}, {"propagationPolicy", "Orphan"}, {"dryRun", "All"}});
  ASSERT_TRUE(write.ok());
  EXPECT_EQ(write->grace_seconds, 5);
  EXPECT_EQ(write->propagation, "Orphan");
  EXPECT_TRUE(write->dry_run);
  EXPECT_EQ(delete_of({{"orphanDependents", "false"}})->propagation, "Background");
  EXPECT_EQ(delete_of({{"orphanDependents", "true"}})->propagation, "Orphan");
}

TEST(DeleteOptions, OfABodyCountAlone) {
  auto write = delete_of({{"gracePeriodSeconds", "5"}},
                         R"({"propagationPolicy":"Foreground","preconditions":{"uid":"u","resourceVersion":"x7"}})");
  ASSERT_TRUE(write.ok());
  EXPECT_EQ(write->grace_seconds, std::nullopt);
  EXPECT_EQ(write->propagation, "Foreground");
  EXPECT_EQ(write->expected_uid, "u");
  EXPECT_EQ(write->expected_version, "x7");
}

TEST(DeleteOptions, NeverTakeNonsenseForNoGrace) {
  for (const char* grace : {"abc", "1s", "99999999999999999999", " 1"}) {
    auto write = delete_of({{"gracePeriodSeconds", grace}});
    ASSERT_FALSE(write.ok()) << grace;
    EXPECT_EQ(write.error().code, 400);
  }
  EXPECT_EQ(delete_of({}, R"({"gracePeriodSeconds":"abc"})").error().code, 400);
  EXPECT_EQ(delete_of({}, R"({"dryRun":["Some"]})").error().code, 422);
  EXPECT_EQ(delete_of({{"dryRun", "Some"}}).error().code, 422);
  EXPECT_EQ(delete_of({}, R"({"orphanDependents":true,"propagationPolicy":"Orphan"})").error().code, 422);
}

}  // namespace
}  // namespace kabuki::api_server
