#include <google/protobuf/message.h>
#include <gtest/gtest.h>
#include <memory>
#include <string>

#include "messages/defaults.hpp"
#include "messages/encode.hpp"
#include "messages/json.hpp"
#include "messages/validation.hpp"

namespace kabuki {
namespace {

// A write that changes nothing must be seen as such: what a client reads and sends back is stored as the same bytes.
void expect_stable(KindId id, const std::string& manifest) {
  const Kind& kind = kind_of(id);
  std::unique_ptr<google::protobuf::Message> object(kind.make());
  ASSERT_TRUE(decode_json(manifest, object.get()).ok()) << manifest;
  apply_defaults(kind, object.get());
  std::unique_ptr<google::protobuf::Message> stored(kind.make());
  ASSERT_TRUE(stored->ParseFromString(serialize(*object)));
  canonicalize(stored.get());
  EXPECT_EQ(serialize(*stored), serialize(*object)) << "defaults are not canonical: " << manifest;

  std::string json;
  encode_json(*object, &json, kind.kind, kind.api_version());
  std::unique_ptr<google::protobuf::Message> again(kind.make());
  auto decoded = decode_json(json, again.get());
  ASSERT_TRUE(decoded.ok()) << decoded.error().message;
  apply_defaults(kind, again.get());
  EXPECT_EQ(serialize(*again), serialize(*object)) << json;
  EXPECT_TRUE(validate_update(kind, *object, *again).empty());
}

TEST(Defaults, AreTheSameAfterAClientSentThemBack) {
  const std::string meta = R"("metadata":{"name":"x","namespace":"default"})";
  const std::string pod_spec = R"({"containers":[{"name":"c","image":"nginx","resources":{"limits":{"cpu":"0.5"}},
      "env":[{"name":"A","valueFrom":{"fieldRef":{"fieldPath":"metadata.name"}}}],
      "livenessProbe":{"httpGet":{"port":80}},"ports":[{"containerPort":80}],
      "volumeMounts":[{"name":"v","mountPath":"/v"}]}],
      "initContainers":[{"name":"i","image":"a:1","securityContext":{},"resources":{}}],
      "volumes":[{"name":"v"},{"name":"e","emptyDir":{}},{"name":"s","secret":{"secretName":"s"}}]})";
  expect_stable(kinds::kPod, "{" + meta + R"(,"spec":)" + pod_spec + "}");
  const std::string workload = "{" + meta + R"(,"spec":{"selector":{"matchLabels":{"a":"b"}},
      "template":{"metadata":{"labels":{"a":"b"},"creationTimestamp":null},"spec":)" +
                               pod_spec + "}},\"status\":{}}";
  expect_stable(kinds::kDeployment, workload);
  expect_stable(kinds::kReplicaSet, workload);
  expect_stable(kinds::kService, "{" + meta + R"(,"spec":{"ports":[{"port":80}],"selector":{"a":"b"}}})");
  expect_stable(kinds::kService, "{" + meta + R"(,"spec":{"type":"LoadBalancer","ports":[{"port":80,
      "targetPort":"http"}],"sessionAffinity":"ClientIP"},"status":{"loadBalancer":{}}})");
  expect_stable(kinds::kConfigMap, "{" + meta + R"(,"data":{"a":"b"}})");
  expect_stable(kinds::kSecret, "{" + meta + R"(,"stringData":{"a":"b"},"data":{"c":"ZA=="}})");
  expect_stable(kinds::kNamespace, R"({"metadata":{"name":"x"},"spec":{},"status":{}})");
  expect_stable(kinds::kNode, R"({"metadata":{"name":"x"},"spec":{"podCIDR":"10.0.0.0/24"},
      "status":{"capacity":{"cpu":"4","memory":"16384Mi"}}})");
  expect_stable(kinds::kServiceAccount, "{" + meta + "}");
  expect_stable(kinds::kLease, "{" + meta + R"(,"spec":{"holderIdentity":"h","leaseDurationSeconds":40}})");
}

}  // namespace
}  // namespace kabuki
