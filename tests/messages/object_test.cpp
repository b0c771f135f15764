#include "messages/object.hpp"

#include <gtest/gtest.h>

#include "messages/api/core/v1/node.pb.h"
#include "messages/api/core/v1/pod.pb.h"
#include "messages/api/meta/v1/partial.pb.h"
#include "messages/encode.hpp"
#include "messages/field_scan.hpp"

namespace kabuki {
namespace {

namespace core = k8s::io::api::core::v1;

core::Pod web() {
  core::Pod pod;
  pod.mutable_metadata()->set_name("web-1");
  pod.mutable_metadata()->set_namespace_("default");
  pod.mutable_metadata()->set_uid("u-1");
  (*pod.mutable_metadata()->mutable_labels())["app"] = "web";
  (*pod.mutable_metadata()->mutable_labels())["tier"] = "front";
  pod.mutable_spec()->set_nodename("node-1");
  pod.mutable_spec()->set_hostnetwork(true);
  pod.mutable_spec()->set_priority(-5);
  return pod;
}

TEST(Object, KnowsItsKeyAndParsesBackWithItsRevision) {
  core::Pod pod = web();
  const ObjectPtr object = Object::encode(kinds::kPod, pod, 42);
  EXPECT_EQ(object->key(), (Key{kinds::kPod, "default", "web-1"}));
  EXPECT_EQ(object->key().text(), "pods/default/web-1");
  EXPECT_EQ(object->uid(), "u-1");
  EXPECT_EQ(object->body(), serialize(pod));
  pod.mutable_metadata()->set_resourceversion("42");
  EXPECT_EQ(serialize(object->as<core::Pod>()), serialize(pod));
}

TEST(Object, KeepsNoResourceVersionInItsBody) {
  core::Pod pod = web();
  const std::string body = serialize(pod);
  pod.mutable_metadata()->set_resourceversion("7");
  const ObjectPtr object = Object::encode(kinds::kPod, pod);
  EXPECT_EQ(object->body(), body);
  EXPECT_EQ(object->revision(), 0u);
  EXPECT_EQ(object->as<core::Pod>().metadata().resourceversion(), "");
  const ObjectPtr later = Object::at_revision(*object, 9);
  EXPECT_EQ(later->body(), body);
  EXPECT_EQ(later->as<core::Pod>().metadata().resourceversion(), "9");
}

TEST(Object, NamesClusterScopedKeysWithoutNamespace) {
  core::Node node;
  node.mutable_metadata()->set_name("n1");
  EXPECT_EQ(Object::encode(kinds::kNode, node)->key().text(), "nodes/n1");
}

TEST(Object, ReportsCorruptBytesWithItsKey) {
  const ObjectPtr object = Object::make(kinds::kPod, "default", "bad", 1, "\x0a\x7f");
  core::Pod pod;
  const auto parsed = object->parse(&pod);
  ASSERT_FALSE(parsed.ok());
  EXPECT_EQ(parsed.error().message, "Internal error occurred: the bytes of pods/default/bad are corrupt");
  EXPECT_EQ(object->uid(), "");
}

TEST(Object, IsSharedAndFreedByItsPointers) {
  ObjectPtr first = Object::make(kinds::kPod, "a", "b", 3, "");
  ObjectPtr second = first;
  EXPECT_EQ(first, second);
  first = nullptr;
  EXPECT_FALSE(first);
  EXPECT_EQ(second->name(), "b");
  second = std::move(first);
  EXPECT_FALSE(second);
}

TEST(FieldScan, ReadsSingleFieldsFromBytes) {
  const std::string body = serialize(web());
  const int node_name[] = {2, 10};
  const int host_network[] = {2, 11};
  const int priority[] = {2, 25};
  const int phase[] = {3, 1};
  EXPECT_EQ(scan_bytes(body, paths::kUid), "u-1");
  EXPECT_EQ(scan_bytes(body, node_name), "node-1");
  EXPECT_EQ(scan_bytes(body, phase), "");
  EXPECT_EQ(scan_varint(body, host_network), 1u);
  EXPECT_EQ(scan_varint(body, phase), std::nullopt);
  EXPECT_EQ(scan_varint(body, node_name), std::nullopt);
  EXPECT_EQ(scan_text(body, node_name), "node-1");
  EXPECT_EQ(scan_text(body, host_network, true), "true");
  EXPECT_EQ(scan_text("", host_network, true), "false");
  EXPECT_EQ(scan_text(body, priority), "-5");
  EXPECT_EQ(scan_text(body, phase), "");
}

TEST(FieldScan, TakesTheLastOfRepeatedFields) {
  const int one[] = {1};
  EXPECT_EQ(scan_bytes("\x0a\x01"
                       "a"
                       "\x0a\x01"
                       "b",
                       one),
            "b");
}

TEST(FieldScan, TakesMalformedBytesForAbsent) {
  const std::string body = serialize(web());
  for (size_t size = 0; size < body.size(); ++size) {
    const std::string_view cut = std::string_view(body).substr(0, size);
    const std::string_view uid = scan_bytes(cut, paths::kUid);
    EXPECT_TRUE(uid.empty() || uid == "u-1");
  }
  const int one[] = {1};
  EXPECT_EQ(scan_bytes("\x0a\x01"
                       "a"
                       "\x0f",
                       one),
            "");
  EXPECT_EQ(scan_varint("\x08\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01", one), std::nullopt);
}

TEST(FieldScan, VisitsMapsUntilToldToStop) {
  const std::string body = serialize(web());
  std::string seen;
  scan_string_map(body, paths::kLabels, [&](std::string_view key, std::string_view value) {
    ((seen += key) += '=') += value;
    seen += ';';
    return true;
  });
  EXPECT_EQ(seen, "app=web;tier=front;");
  int visits = 0;
  scan_string_map(body, paths::kLabels, [&](auto, auto) { return ++visits, false; });
  EXPECT_EQ(visits, 1);
}

TEST(Kinds, AreFoundByIdNameAndResource) {
  KindId expected = 1;
  for (const Kind& kind : all_kinds()) {
    EXPECT_EQ(kind.id, expected++);
    EXPECT_EQ(find_kind(kind.id), &kind);
    EXPECT_EQ(find_kind(kind.group, kind.kind), &kind);
    EXPECT_EQ(find_resource(kind.group, kind.version, kind.plural), &kind);
    std::unique_ptr<google::protobuf::Message> made(kind.make());
    EXPECT_EQ(made->GetDescriptor(), kind.descriptor);
  }
  EXPECT_EQ(find_kind(KindId{0}), nullptr);
  EXPECT_EQ(find_kind("apps", "Pod"), nullptr);
  EXPECT_EQ(kind_of(kinds::kDeployment).resource(), "deployments.apps");
  EXPECT_EQ(kind_of(kinds::kDeployment).api_version(), "apps/v1");
  EXPECT_EQ(kind_of(kinds::kServiceAccount).singular, "serviceaccount");
}

TEST(Kinds, SelectableFieldsLeadWhereTheirPathSays) {
  const auto numbers = [](KindId kind, std::string_view path) {
    for (const SelectableField& field : kind_of(kind).selectable) {
      if (field.path == path) return field.numbers;
    }
    return std::vector<int>{};
  };
  EXPECT_EQ(numbers(kinds::kPod, "metadata.name"), (std::vector<int>{1, 1}));
  EXPECT_EQ(numbers(kinds::kNode, "metadata.namespace"), (std::vector<int>{1, 3}));
  EXPECT_EQ(numbers(kinds::kPod, "spec.nodeName"), (std::vector<int>{2, 10}));
  EXPECT_EQ(numbers(kinds::kPod, "status.podIPs"), (std::vector<int>{3, 12, 1}));
  EXPECT_EQ(numbers(kinds::kEvent, "source"), (std::vector<int>{5, 1}));
  EXPECT_EQ(numbers(kinds::kSecret, "type"), (std::vector<int>{3}));
}

}  // namespace
}  // namespace kabuki
