// What is served without being stored: access reviews, component statuses, v1/bindings.
#include <gtest/gtest.h>

#include "actors/api_server/authorization.hpp"
#include "actors/api_server/components.hpp"
#include "actors/api_server/reviews.hpp"
#include "messages/api/authentication/v1/self_subject_review.pb.h"
#include "messages/api/coordination/v1/lease.pb.h"
#include "messages/api/core/v1/component_status.pb.h"
#include "messages/api/core/v1/pod.pb.h"
#include "messages/envelope.hpp"
#include "messages/json.hpp"
#include "tests/actors/api_server/api_sim.hpp"

namespace kabuki::api_server {
namespace {

using Json = nlohmann::ordered_json;

const http::Identity kAdmin{.user = "admin", .groups = {"system:masters", "system:authenticated"}};
const http::Identity kJane{.user = "jane", .groups = {"dev", "system:authenticated"}};

/// The status of the answer; of a refusal its code, its message and its causes' fields.
std::string answered(const std::string& plural, const http::Identity& asker, const std::string& ns,
                     const std::string& body) {
  const Version* version =
      find_version(plural == "selfsubjectreviews" ? "authentication.k8s.io" : "authorization.k8s.io", "v1", plural);
  std::unique_ptr<google::protobuf::Message> review(version->kind.make());
  EXPECT_TRUE(decode_json(body, review.get()).ok()) << body;
  auto done = answer_review(version->kind, asker, ns, {1'000'000'000}, review.get());
  if (!done) {
    std::string out = std::to_string(done.error().code) + " " + done.error().message;
    return out;
  }
  std::string json;
  encode_json(*review, &json);
  return Json::parse(json)["status"].dump();
}

TEST(Reviews, SayWhatAuthorizationWouldDo) {
  struct Row {
    const http::Identity& who;
    const char* asked;
    bool allowed;
  };
  const http::Identity anonymous;
  const Row rows[] = {
      {kAdmin, R"("resourceAttributes": {"verb": "delete", "resource": "pods", "namespace": "kube-system"})", true},
      {kAdmin, R"("nonResourceAttributes": {"verb": "get", "path": "/metrics"})", true},
      {kAdmin, R"("nonResourceAttributes": {})", true},
      {kJane, R"("resourceAttributes": {"verb": "get", "resource": "pods"})", false},
      {kJane,
       R"("resourceAttributes": {"verb": "create", "group": "authorization.k8s.io", "resource": "selfsubjectaccessreviews"})",
       true},
      {kJane,
       R"("resourceAttributes": {"verb": "create", "group": "authorization.k8s.io", "resource": "subjectaccessreviews"})",
       false},
      {kJane, R"("nonResourceAttributes": {"verb": "get", "path": "/apis/apps/v1"})", true},
      {kJane, R"("nonResourceAttributes": {"verb": "get", "path": "/metrics"})", false},
      {kJane, R"("nonResourceAttributes": {"verb": "create", "path": "/livez"})", false},
      {kJane, R"("nonResourceAttributes": {"verb": "get"})", false},
      {anonymous, R"("nonResourceAttributes": {"verb": "get", "path": "/livez"})", true},
      {anonymous, R"("nonResourceAttributes": {"verb": "get", "path": "/apis"})", false},
      {anonymous,
       R"("resourceAttributes": {"verb": "create", "group": "authorization.k8s.io", "resource": "selfsubjectaccessreviews"})",
       false},
  };
  for (const Row& row : rows) {
    const std::string expected = std::string("{\"allowed\":") + (row.allowed ? "true}" : "false}");
    EXPECT_EQ(answered("selfsubjectaccessreviews", row.who, "", "{\"spec\": {" + std::string(row.asked) + "}}"),
              expected)
        << row.who.user << " " << row.asked;
    std::string groups;
    for (const std::string& group : row.who.groups) groups += (groups.empty() ? "\"" : ",\"") + group + "\"";
    EXPECT_EQ(
        answered("subjectaccessreviews", kAdmin, "",
                 R"({"spec": {"user": ")" + row.who.user + R"(", "groups": [)" + groups + "], " + row.asked + "}}"),
        expected)
        << "asked by another: " << row.who.user << " " << row.asked;
  }
}

TEST(Reviews, RefuseWhatIsNoQuestion) {
  const auto self = [](const std::string& body) { return answered("selfsubjectaccessreviews", kAdmin, "", body); };
  EXPECT_EQ(
      self("{}"),
      "422 SelfSubjectAccessReview.authorization.k8s.io \"\" is invalid: spec.resourceAttributes: Invalid value: "
      "null: exactly one of nonResourceAttributes or resourceAttributes must be specified");
  EXPECT_EQ(self(R"({"spec": {"resourceAttributes": {"verb": "get"}, "nonResourceAttributes": {"path": "/x"}}})"),
            "422 SelfSubjectAccessReview.authorization.k8s.io \"\" is invalid: spec.nonResourceAttributes: Invalid "
            "value: {\"path\":\"/x\"}: cannot be specified in combination with resourceAttributes");
  EXPECT_EQ(self(R"({"metadata": {"name": "x"}, "spec": {"resourceAttributes": {"verb": "get"}}})"),
            "422 SelfSubjectAccessReview.authorization.k8s.io \"\" is invalid: metadata: Invalid value: "
            "{\"name\":\"x\"}: must be empty");
  EXPECT_EQ(answered("subjectaccessreviews", kAdmin, "", R"({"spec": {"resourceAttributes": {"verb": "get"}}})"),
            "422 SubjectAccessReview.authorization.k8s.io \"\" is invalid: spec.user: Invalid value: \"\": at least "
            "one of user or group must be specified");
  const auto local = [](const std::string& body) {
    return answered("localsubjectaccessreviews", kAdmin, "shop", body);
  };
  EXPECT_EQ(local(R"({"metadata": {"namespace": "shop"}, "spec": {"user": "jane",
                      "resourceAttributes": {"verb": "get", "namespace": "shop", "resource": "pods"}}})"),
            R"({"allowed":false})");
  EXPECT_EQ(local(R"({"spec": {"user": "jane", "resourceAttributes": {"verb": "get", "namespace": "other"}}})"),
            "422 LocalSubjectAccessReview.authorization.k8s.io \"\" is invalid: spec.resourceAttributes.namespace: "
            "Invalid value: \"other\": must match metadata.namespace");
  EXPECT_EQ(local(R"({"spec": {"user": "jane", "nonResourceAttributes": {"path": "/x"}}})"),
            "422 LocalSubjectAccessReview.authorization.k8s.io \"\" is invalid: spec.nonResourceAttributes: Invalid "
            "value: {\"path\":\"/x\"}: disallowed on this kind of request");
  EXPECT_EQ(answered("selfsubjectrulesreviews", kAdmin, "", "{}"), "400 no namespace on request");
}

TEST(Reviews, ListAllThatOneMay) {
  const std::string asked = R"({"spec": {"namespace": "shop"}})";
  EXPECT_EQ(answered("selfsubjectrulesreviews", kAdmin, "", asked),
            R"({"resourceRules":[{"verbs":["*"],"apiGroups":["*"],"resources":["*"]}],)"
            R"("nonResourceRules":[{"verbs":["*"],"nonResourceURLs":["*"]}],"incomplete":false})");
  // The list and the single answers must not part ways.
  const Json jane = Json::parse(answered("selfsubjectrulesreviews", kJane, "", asked));
  for (const auto& rule : jane["resourceRules"]) {
    EXPECT_TRUE(may(kJane, {.verb = "create",
                            .path = {},
                            .group = rule["apiGroups"][0].get_ref<const std::string&>(),
                            .resource = rule["resources"][0].get_ref<const std::string&>()}));
  }
  EXPECT_EQ(jane["resourceRules"].size(), 3U);
  for (const std::string url : jane["nonResourceRules"][0]["nonResourceURLs"]) {
    EXPECT_TRUE(may(kJane, {.verb = "get", .path = url, .group = {}, .resource = {}})) << url;
  }
  EXPECT_EQ(answered("selfsubjectreviews", kJane, "", "{}"),
            R"({"userInfo":{"username":"jane","groups":["dev","system:authenticated"]}})");
}

TEST(Components, AreHealthyWhileTheirLeadersRenew) {
  ::k8s::io::api::coordination::v1::Lease lease;
  const auto failure = [&](int64_t at_s) {
    return lease_failure("kube-scheduler", Object::encode(kinds::kLease, lease), {at_s * 1'000'000'000});
  };
  EXPECT_EQ(lease_failure("kube-scheduler", nullptr, {}),
            "nobody leads: there is no Lease kube-system/kube-scheduler");
  EXPECT_EQ(failure(0), "nobody leads: Lease kube-system/kube-scheduler was given up");
  lease.mutable_spec()->set_holderidentity("host-1");
  lease.mutable_spec()->set_leasedurationseconds(15);
  lease.mutable_spec()->mutable_renewtime()->set_seconds(100);
  EXPECT_EQ(failure(100), "");
  EXPECT_EQ(failure(115), "");
  EXPECT_EQ(failure(116), "host-1 has not renewed Lease kube-system/kube-scheduler for 16 s");
}

struct Computed : ApiSim {
  std::shared_ptr<FakeSink> as(const http::Identity& who, const std::string& path, const std::string& body) {
    http::Request request{.method = "POST", .path = path, .query = {}, .headers = {}, .body = body, .identity = who};
    auto sink = std::make_shared<FakeSink>();
    gate->dispatch(std::move(request), sink);
    EXPECT_TRUE(world->run_until([&] { return sink->ended; }, 1min));
    return sink;
  }
};

TEST_F(Computed, ReviewsAreAnsweredToWhoMayAsk) {
  const std::string path = "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews";
  const std::string body =
      R"({"kind":"SelfSubjectAccessReview","apiVersion":"authorization.k8s.io/v1","spec":{"resourceAttributes":{"namespace":"default","verb":"create","resource":"pods"}}})";
  auto asked = as(kAdmin, path, body);
  EXPECT_EQ(asked->status, 201);
  EXPECT_EQ(asked->body, R"({"kind":"SelfSubjectAccessReview","apiVersion":"authorization.k8s.io/v1","metadata":{},)"
                         R"("spec":{"resourceAttributes":{"namespace":"default","verb":"create","resource":"pods"}},)"
                         R"("status":{"allowed":true}})");
  EXPECT_EQ(as(kJane, path, body)->json()["status"]["allowed"], false);
  EXPECT_EQ(as({}, path, body)->status, 403);
  EXPECT_EQ(as(kJane, "/apis/authorization.k8s.io/v1/subjectaccessreviews", "{}")->status, 403);
  auto who = as(kAdmin, "/apis/authentication.k8s.io/v1/selfsubjectreviews",
                R"({"kind":"SelfSubjectReview","apiVersion":"authentication.k8s.io/v1"})");
  EXPECT_EQ(who->status, 201);
  EXPECT_EQ(who->json()["status"]["userInfo"]["username"], "admin");
  auto elsewhere = as(kAdmin, "/apis/authorization.k8s.io/v1/namespaces/default/localsubjectaccessreviews",
                      R"({"metadata":{"namespace":"other"},"spec":{"user":"jane","nonResourceAttributes":{}}})");
  EXPECT_EQ(elsewhere->status, 400) << elsewhere->body;
  // They can be asked, and that is all.
  for (const char* method : {"GET", "PUT", "DELETE", "PATCH"}) EXPECT_EQ(http(method, path)->status, 405) << method;
  EXPECT_EQ(http("GET", path + "/x")->status, 405);
  EXPECT_EQ(http("POST", path + "/x", body)->status, 405);
}

TEST_F(Computed, ProtobufQuestionsGetProtobufAnswers) {
  std::string body;
  append_envelope("authentication.k8s.io/v1", "SelfSubjectReview", "", &body);
  auto who = http("POST", "/apis/authentication.k8s.io/v1/selfsubjectreviews", body,
                  {{"content-type", "application/vnd.kubernetes.protobuf"},
                   {"accept", "application/vnd.kubernetes.protobuf,application/json"}});
  ASSERT_EQ(who->status, 201) << who->body;
  ::k8s::io::api::authentication::v1::SelfSubjectReview answer;
  ASSERT_TRUE(decode_envelope(who->body, &answer).ok());
  EXPECT_EQ(answer.status().userinfo().username(), "admin");
}

TEST_F(Computed, ComponentStatusesTellOfLeadersAndStore) {
  const auto statuses = [&](const std::string& path) {
    std::map<std::string, std::string> out;
    const auto list = http("GET", path)->json();
    for (const auto& item : list["items"]) {
      out[item["metadata"]["name"]] = item["conditions"][0]["status"].get<std::string>() + " " +
                                      item["conditions"][0]["message"].get<std::string>();
    }
    return out;
  };
  using Map = std::map<std::string, std::string>;
  const std::string path = "/api/v1/componentstatuses";
  EXPECT_EQ(statuses(path),
            (Map{{"controller-manager", "False nobody leads: there is no Lease kube-system/kube-controller-manager"},
                 {"etcd-0", "True ok"},
                 {"scheduler", "False nobody leads: there is no Lease kube-system/kube-scheduler"}}));
  ::k8s::io::api::coordination::v1::Lease lease;
  lease.mutable_metadata()->set_name("kube-scheduler");
  lease.mutable_metadata()->set_namespace_("kube-system");
  lease.mutable_spec()->set_holderidentity("host-1");
  lease.mutable_spec()->set_leasedurationseconds(2'000'000'000);  // since 1970
  ::k8s::io::api::core::v1::Namespace space;
  space.mutable_metadata()->set_name("kube-system");
  ASSERT_FALSE(write({actors::Write::create(kinds::kNamespace, space)})[0].error);
  ASSERT_FALSE(write({actors::Write::create(kinds::kLease, lease)})[0].error);
  EXPECT_EQ(statuses(path + "?fieldSelector=metadata.name=scheduler"), (Map{{"scheduler", "True ok"}}));
  auto one = http("GET", path + "/etcd-0");
  EXPECT_EQ(one->body, R"({"kind":"ComponentStatus","apiVersion":"v1","metadata":{"name":"etcd-0"},)"
                       R"("conditions":[{"type":"Healthy","status":"True","message":"ok"}]})");
  EXPECT_EQ(std::count(one->headers.begin(), one->headers.end(),
                       http::Headers::value_type{"warning", "299 - \"v1 ComponentStatus is deprecated in v1.19+\""}),
            1);
  EXPECT_EQ(http("GET", path + "/etcd-1")->status, 404);
  EXPECT_EQ(http("GET", path + "?watch=1")->status, 405);
  auto table = http("GET", path + "/etcd-0", "", {{"accept", "application/json;as=Table;v=v1;g=meta.k8s.io"}});
  EXPECT_EQ(table->json()["rows"][0]["cells"], Json::parse(R"(["etcd-0","Healthy","ok",""])"));
}

TEST_F(Computed, WhoMayDoAnythingActsAsAnotherWithThatOnesRights) {
  const std::string pods = "/api/v1/namespaces/default/pods";
  EXPECT_EQ(http("GET", pods, "", {{"impersonate-user", "jane"}})->status, 403);
  EXPECT_EQ(http("GET", pods, "", {{"impersonate-user", "jane"}, {"impersonate-group", "system:masters"}})->status,
            200);
  EXPECT_EQ(http("GET", "/apis/apps/v1", "", {{"impersonate-user", "jane"}})->status,
            http("GET", "/apis/apps/v1")->status);
  EXPECT_EQ(http("GET", pods, "", {{"impersonate-group", "system:masters"}})->status, 400);
  http::Request request;
  request.identity = {.user = "joe", .groups = {"system:authenticated"}};
  EXPECT_EQ(acting_identity(request)->user, "joe");
  request.headers = {{"impersonate-user", "jane"}};
  const auto refused = acting_identity(request);
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(
      refused.error().message,
      "users \"jane\" is forbidden: User \"joe\" cannot impersonate resource \"users\" in API group \"\" at the "
      "cluster scope");
}

TEST_F(Computed, ATokenIsNoAnonymity) {
  http::Request request;
  for (const char* shown : {"Bearer nonsense", "bearer x"}) {
    request.headers = {{"authorization", shown}};
    const auto refused = acting_identity(request);
    ASSERT_FALSE(refused.ok()) << shown;
    EXPECT_EQ(refused.error(), unauthorized());
  }
  for (const char* shown : {"Basic am9lOng=", "Bearer ", ""}) {
    request.headers = {{"authorization", shown}};
    EXPECT_TRUE(acting_identity(request)->anonymous()) << shown;
  }
  request.headers = {{"authorization", "Bearer nonsense"}};
  request.identity = {.user = "joe", .groups = {"system:authenticated"}};
  EXPECT_EQ(acting_identity(request)->user, "joe") << "the certificate counts";
}

TEST_F(Computed, EachUseOfEndpointsIsWarnedOf) {
  const std::string path = "/api/v1/namespaces/default/endpoints";
  const http::Headers::value_type warning{
      "warning", "299 - \"v1 Endpoints is deprecated in v1.33+; use discovery.k8s.io/v1 EndpointSlice\""};
  const auto warned = [&](const auto& answer) {
    return std::count(answer->headers.begin(), answer->headers.end(), warning) == 1;
  };
  EXPECT_TRUE(warned(http("POST", path, R"({"metadata":{"name":"e"}})")));
  EXPECT_TRUE(warned(http("GET", path)));
  EXPECT_TRUE(warned(http("GET", path + "/e")));
  EXPECT_TRUE(warned(http("DELETE", path + "/e")));
  EXPECT_FALSE(warned(http("GET", "/api/v1/namespaces/default/services")));
  const auto watch = send("GET", path + "?watch=1");
  const auto other = send("GET", "/api/v1/namespaces/default/services?watch=1");
  world->run_for(1s);
  EXPECT_EQ(watch->status, 200);
  EXPECT_TRUE(warned(watch));
  EXPECT_FALSE(warned(other));
}

TEST_F(Computed, BindingsOfTheOldKindBindThePodTheyName) {
  const auto pod = [](const std::string& name) {
    return R"({"metadata":{"name":")" + name + R"("},"spec":{"containers":[{"name":"c","image":"i"}]}})";
  };
  ASSERT_EQ(http("POST", "/api/v1/namespaces/default/pods", pod("a"))->status, 201);
  const auto bind = [&](const std::string& path, const std::string& body) {
    auto answer = http("POST", path, body);
    return std::to_string(answer->status) + " " + answer->json().value("message", "");
  };
  const std::string old = "/api/v1/namespaces/default/bindings";
  EXPECT_EQ(bind(old, R"({"metadata":{"name":"nope"},"target":{"name":"n1"}})"), "404 pods \"nope\" not found");
  EXPECT_EQ(bind(old, R"({"metadata":{"name":"a"},"target":{"name":"n1","kind":"Pod"}})"),
            "422 Binding \"a\" is invalid: target.kind: Unsupported value: \"Pod\": supported values: \"Node\", "
            "\"<empty>\"");
  EXPECT_EQ(bind(old, R"({"metadata":{"name":"a"},"target":{}})"),
            "422 Binding \"a\" is invalid: target.name: Required value");
  EXPECT_EQ(bind(old, R"({"metadata":{"name":"a","namespace":"other"},"target":{"name":"n1"}})"),
            "400 the namespace of the provided object does not match the namespace sent on the request");
  EXPECT_EQ(bind("/api/v1/namespaces/default/pods/a/binding", R"({"metadata":{"name":"b"},"target":{"name":"n1"}})"),
            "400 name in URL does not match name in Binding object");
  EXPECT_EQ(
      bind(old,
           R"({"kind":"Binding","apiVersion":"v1","metadata":{"name":"a"},"target":{"kind":"Node","name":"n1"}})"),
      "201 ");
  EXPECT_EQ(http("GET", "/api/v1/namespaces/default/pods/a")->json()["spec"]["nodeName"], "n1");
  EXPECT_EQ(bind(old, R"({"metadata":{"name":"a"},"target":{"name":"n2"}})").substr(0, 3), "409");
  EXPECT_EQ(http("GET", old)->status, 405);
}

}  // namespace
}  // namespace kabuki::api_server
