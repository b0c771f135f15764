#include "messages/list_encode.hpp"

#include <gtest/gtest.h>

#include "messages/api/core/v1/config_map.pb.h"
#include "messages/api/core/v1/container.pb.h"
#include "messages/api/core/v1/service.pb.h"
#include "messages/api/meta/v1/watch.pb.h"
#include "messages/encode.hpp"
#include "messages/envelope.hpp"
#include "messages/json.hpp"

namespace kabuki {
namespace {

namespace core = k8s::io::api::core::v1;
using k8s::io::apimachinery::pkg::apis::meta::v1::WatchEvent;

ObjectPtr config_map(const std::string& name, uint64_t revision) {
  core::ConfigMap map;
  map.mutable_metadata()->set_name(name);
  (*map.mutable_data())["k"] = name;
  return Object::encode(kinds::kConfigMap, map, revision);
}

const Kind& kind() { return kind_of(kinds::kConfigMap); }

TEST(ListEncode, JsonItemsCarryRevisionsButNoKind) {
  const ObjectPtr items[] = {config_map("a", 5), config_map("b", 7)};
  std::string out;
  append_list_json(kind(), items, {9, "token", 3}, &out);
  EXPECT_EQ(out,
            R"({"kind":"ConfigMapList","apiVersion":"v1","metadata":{"resourceVersion":"9","continue":"token",)"
            R"("remainingItemCount":3},"items":[{"metadata":{"name":"a","resourceVersion":"5"},"data":{"k":"a"}},)"
            R"({"metadata":{"name":"b","resourceVersion":"7"},"data":{"k":"b"}}]})");
  out.clear();
  append_list_json(kind(), {}, {9, "", {}}, &out);
  EXPECT_EQ(out, R"({"kind":"ConfigMapList","apiVersion":"v1","metadata":{"resourceVersion":"9"},"items":[]})");
}

TEST(ListEncode, ProtobufListParsesAsTheListMessage) {
  const ObjectPtr items[] = {config_map("a", 5), config_map("b", 7)};
  std::string out;
  append_list_protobuf(kind(), items, {9, "token", 3}, &out);
  const auto envelope = open_envelope(out);
  ASSERT_TRUE(envelope.ok());
  EXPECT_EQ(envelope->kind, "ConfigMapList");
  EXPECT_EQ(envelope->api_version, "v1");
  core::ConfigMapList list;
  ASSERT_TRUE(decode_envelope(out, &list).ok());
  ASSERT_EQ(list.items_size(), 2);
  EXPECT_EQ(serialize(list.items(1)), serialize(items[1]->as<core::ConfigMap>()));
  EXPECT_EQ(list.metadata().resourceversion(), "9");
  EXPECT_EQ(list.metadata().continue_(), "token");
  EXPECT_EQ(list.metadata().remainingitemcount(), 3);
}

TEST(ListEncode, WatchLinesAreAsObserved) {
  std::string out;
  append_event_json("ADDED", *config_map("a", 5), &out);
  append_bookmark_json(kind(), 8, true, &out);
  append_bookmark_json(kind_of(kinds::kPod), 9, false, &out);
  EXPECT_EQ(out,
            R"({"type":"ADDED","object":{"kind":"ConfigMap","apiVersion":"v1","metadata":{"name":"a",)"
            R"("resourceVersion":"5"},"data":{"k":"a"}}})"
            "\n"
            R"({"type":"BOOKMARK","object":{"kind":"ConfigMap","apiVersion":"v1","metadata":{"resourceVersion":"8",)"
            R"("annotations":{"k8s.io/initial-events-end":"true"}}}})"
            "\n"
            R"({"type":"BOOKMARK","object":{"kind":"Pod","apiVersion":"v1","metadata":{"resourceVersion":"9"}}})"
            "\n");
}

TEST(ListEncode, WatchFramesHoldAnEnvelopedObject) {
  std::string out;
  append_event_protobuf("MODIFIED", *config_map("a", 5), &out);
  ASSERT_GT(out.size(), 4u);
  uint32_t size = 0;
  for (size_t i = 0; i < 4; ++i) size = size << 8 | static_cast<unsigned char>(out[i]);
  EXPECT_EQ(size, out.size() - 4);
  WatchEvent event;
  ASSERT_TRUE(event.ParseFromString(out.substr(4)));
  EXPECT_EQ(event.type(), "MODIFIED");
  core::ConfigMap map;
  ASSERT_TRUE(decode_envelope(event.object().raw(), &map).ok());
  EXPECT_EQ(serialize(map), serialize(config_map("a", 5)->as<core::ConfigMap>()));
}

TEST(ListEncode, AnObjectWithoutMetadataGetsOne) {
  std::string out;
  append_object_json(*Object::make(kinds::kConfigMap, "", "", 3, ""), &out);
  EXPECT_EQ(out, R"({"kind":"ConfigMap","apiVersion":"v1","metadata":{"resourceVersion":"3"}})");
}

TEST(Envelope, OpensWhatGoWrites) {
  // kubectl create configmap x: TypeMeta{v1, ConfigMap}, raw with an empty generateName and creationTimestamp.
  const std::string raw("\x0a\x0d\x0a\x01x\x12\x00\x1a\x00\x22\x00\x2a\x00\x42\x00", 15);
  std::string body;
  append_envelope("v1", "ConfigMap", raw, &body);
  EXPECT_EQ(body.substr(0, 4), std::string("k8s\0", 4));
  core::ConfigMap map;
  ASSERT_TRUE(decode_envelope(body, &map).ok());
  core::ConfigMap expected;
  expected.mutable_metadata()->set_name("x");
  EXPECT_EQ(serialize(map), serialize(expected));
}

TEST(Envelope, ChecksValuesThatProtobufDoesNotKnow) {
  core::ResourceRequirements resources;
  (*resources.mutable_limits())["cpu"].set_string("0.5");
  std::string body;
  append_envelope("v1", "X", serialize(resources), &body);
  core::ResourceRequirements back;
  ASSERT_TRUE(decode_envelope(body, &back).ok());
  EXPECT_EQ(back.limits().at("cpu").string(), "500m");
  core::ResourceRequirements nothing;
  (*nothing.mutable_limits())["cpu"];
  body.clear();
  append_envelope("v1", "X", serialize(nothing), &body);
  ASSERT_TRUE(decode_envelope(body, &back).ok());
  EXPECT_EQ(back.limits().at("cpu").string(), "0");
  (*resources.mutable_limits())["cpu"].set_string("lots");
  body.clear();
  append_envelope("v1", "X", serialize(resources), &body);
  EXPECT_FALSE(decode_envelope(body, &back).ok());

  core::ConfigMap map;
  map.mutable_metadata()->add_managedfields()->mutable_fieldsv1()->set_raw("{ \"a\" : 1 }");
  body.clear();
  append_envelope("v1", "ConfigMap", serialize(map), &body);
  core::ConfigMap read;
  ASSERT_TRUE(decode_envelope(body, &read).ok());
  EXPECT_EQ(read.metadata().managedfields(0).fieldsv1().raw(), R"({"a":1})");
  map.mutable_metadata()->mutable_managedfields(0)->mutable_fieldsv1()->set_raw("{");
  body.clear();
  append_envelope("v1", "ConfigMap", serialize(map), &body);
  EXPECT_FALSE(decode_envelope(body, &read).ok());
}

TEST(Envelope, KeepsOnlyWhatJsonCanSay) {
  const auto decoded = [](core::ServicePort port) {
    std::string body;
    append_envelope("v1", "X", serialize(port), &body);
    return decode_envelope(body, &port).ok() ? port.ShortDebugString() : "refused";
  };
  core::ServicePort port;
  port.mutable_targetport()->set_intval(80);
  port.mutable_targetport()->set_strval("http");
  EXPECT_EQ(decoded(port), "targetPort { intVal: 80 }");
  port.mutable_targetport()->set_type(1);
  EXPECT_EQ(decoded(port), R"(targetPort { type: 1 strVal: "http" })");
  port.mutable_targetport()->set_type(2);
  EXPECT_EQ(decoded(port), "refused");

  core::ConfigMap map;
  map.mutable_metadata()->mutable_deletiontimestamp()->set_seconds(INT64_MAX);
  std::string body;
  append_envelope("v1", "ConfigMap", serialize(map), &body);
  ASSERT_TRUE(decode_envelope(body, &map).ok());
  std::string text;
  encode_json(map.metadata(), &text);
  EXPECT_EQ(text, R"({"deletionTimestamp":"9999-12-31T23:59:59Z"})");
}

TEST(Envelope, RefusesWhatIsNone) {
  core::ConfigMap map;
  for (const std::string& body :
       {std::string(), std::string("{}"), std::string("k8s"), std::string("k8s\0\x0a\x09", 6),
        std::string("k8s\0\x12\x02\x0a\x09", 8), std::string("k8s\0\x1a\x04gzip", 10)}) {
    const auto decoded = decode_envelope(body, &map);
    ASSERT_FALSE(decoded.ok());
    EXPECT_EQ(decoded.error().code, 400);
  }
}

}  // namespace
}  // namespace kabuki
