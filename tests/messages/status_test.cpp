#include "messages/status.hpp"

#include <fstream>
#include <gtest/gtest.h>
#include <map>

#include "messages/api/meta/v1/status.pb.h"
#include "tests/messages/json_test_support.hpp"

namespace kabuki {
namespace {

/// Bodies that a kube-apiserver answered with, by case.
std::map<std::string, std::string> observed() {
  std::map<std::string, std::string> bodies;
  std::ifstream file(KABUKI_TEST_DATA "/observed_status.tsv");
  for (std::string line; std::getline(file, line);) {
    const size_t tab = line.find('\t');
    bodies[line.substr(0, tab)] = line.substr(tab + 1);
  }
  return bodies;
}

std::string body_of(const Error& error) {
  StatusMessage status;
  to_status(error, &status);
  return json_of(status, "Status", "v1");
}

const Kind& config_map() { return kind_of(kinds::kConfigMap); }
const Kind& deployment() { return kind_of(kinds::kDeployment); }

TEST(Status, FailuresAreWordedAsObserved) {
  const auto bodies = observed();
  const std::pair<const char*, Error> cases[] = {
      {"404", not_found(kind_of(kinds::kPod), "nope")},
      {"404path", path_not_found()},
      {"405", method_not_allowed()},
      {"415",
       unsupported_media_type(
           "the body of the request was in an unknown format - accepted media types include: application/json, "
           "application/yaml, application/vnd.kubernetes.protobuf")},
      {"409exists", already_exists(config_map(), "gn-jbdxz")},
      {"409conflict", stale_write(config_map(), "gn-jbdxz")},
      {"delagain", not_found(config_map(), "gn-jbdxz")},
      {"badfs", bad_request("field label not supported: spec.foo")},
      {"rvfuture", too_large_resource_version(99999999, 184896)},
      {"rvmatchbad",
       invalid("meta.k8s.io", "ListOptions", "",
               {forbidden_value("resourceVersionMatch",
                                "resourceVersionMatch is forbidden unless resourceVersion is provided")})},
      {"exactold", expired("The resourceVersion for the provided list is too old.")},
      {"401",
       forbidden(kind_of(kinds::kPod), "",
                 "User \"system:anonymous\" cannot list resource \"pods\" in API group \"\" at the cluster scope")},
      {"immut", not_found(deployment(), "web3")},
      {"immut2",
       invalid(deployment(), "web",
               {invalid_value("spec.template.metadata.labels", R"({"app":"web"})",
                              "`selector` does not match template `labels`"),
                invalid_value("spec.selector", R"({"matchLabels":{"app":"web","q":"r"}})", "field is immutable")})},
      {"ssaConflict",
       invalid(deployment(), "web3",
               {required_value("spec.selector"),
                invalid_value("spec.template.metadata.labels", "null", "`selector` does not match template `labels`"),
                required_value("spec.template.spec.containers")})},
      {"ssaNoMgr",
       invalid("meta.k8s.io", "PatchOptions", "", {required_value("fieldManager", "is required for apply patch")})},
  };
  for (const auto& [name, error] : cases) {
    ASSERT_TRUE(bodies.contains(name)) << name;
    EXPECT_EQ(body_of(error), bodies.at(name)) << name;
  }
}

TEST(Status, EveryObservedBodyComesBackAsItWas) {
  for (const auto& [name, body] : observed()) {
    if (name == "del" || name == "createInTerm") continue;  // not failures that Error carries, or a field of its own
    StatusMessage status;
    JsonNotes notes;
    ASSERT_EQ(decode_outcome(body, &status, &notes), "ok") << name;
    EXPECT_EQ(notes.notes, std::vector<std::string>{}) << name;
    EXPECT_EQ(body_of(from_status(status)), body) << name;
  }
}

TEST(Status, ErrorsSurviveTheWayThroughAMessage) {
  const Error errors[] = {not_found(config_map(), "x"),
                          internal_error("disk"),
                          too_many_requests("slow down", 3),
                          unavailable("starting"),
                          timed_out(""),
                          unauthorized(),
                          not_acceptable("406: Not Acceptable"),
                          request_too_large("too large"),
                          conflict(config_map(), "x", "why"),
                          invalid(config_map(), "x", {too_long("metadata.name", 253)})};
  for (const Error& error : errors) {
    StatusMessage status;
    to_status(error, &status);
    EXPECT_EQ(from_status(status), error);
  }
}

TEST(Status, CausesArePrintedAsGoPrintsThem) {
  EXPECT_EQ(unsupported_value("f", "x", {"a", "b"}).message, R"(Unsupported value: "x": supported values: "a", "b")");
  EXPECT_EQ(unsupported_value("f", R"("x")", {}).message, R"(Unsupported value: "x")");
  EXPECT_EQ(duplicate_value("f", "x").message, R"(Duplicate value: "x")");
  EXPECT_EQ(duplicate_value("f", R"({"a":1})").message, R"(Duplicate value: {"a":1})");
  EXPECT_EQ(too_long("f", 63).message, "Too long: may not be more than 63 bytes");
  EXPECT_EQ(not_found(config_map(), "a\"\n\x01").message, R"(configmaps "a\"\n\x01" not found)");
}

}  // namespace
}  // namespace kabuki
