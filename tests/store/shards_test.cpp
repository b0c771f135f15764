#include "store/shards.hpp"

#include <gtest/gtest.h>

#include "messages/bus/types.pb.h"
#include "store/engines/rocksdb_format.hpp"
#include "tests/store/store_fixture.hpp"

namespace kabuki::store::test {
namespace {

TEST(ShardMap, KeepsPodsLeasesAndEventsApart) {
  const auto map = ShardMap::standard();
  EXPECT_EQ(map.shard_of(kinds::kPod), "pods");
  EXPECT_EQ(map.shard_of(kinds::kLease), "leases");
  EXPECT_EQ(map.shard_of(kinds::kEvent), "events");
  EXPECT_EQ(map.shard_of(kinds::kNode), "objects");
  EXPECT_EQ(map.shard_of(kinds::kDeployment), "objects");
  EXPECT_EQ(map.names(), (std::vector<std::string>{"events", "leases", "objects", "pods"}));
  EXPECT_EQ(map.text(), "events=events;leases=leases.coordination.k8s.io;objects=*;pods=pods");
}

TEST(ShardMap, ReadsWhatPeopleWriteAndItsOwnText) {
  const auto map = ShardMap::parse("pods=po; config=no,Secrets ;leases=leases.coordination.k8s.io;rest=*,pv");
  ASSERT_TRUE(map.ok()) << map.error().message;
  EXPECT_EQ(map->text(), "config=nodes,secrets;leases=leases.coordination.k8s.io;pods=pods;rest=*");
  EXPECT_EQ(map->shard_of(kinds::kSecret), "config");
  EXPECT_EQ(map->shard_of(kinds::kPersistentVolume), "rest");
  EXPECT_EQ(ShardMap::parse(map->text())->text(), map->text());
  EXPECT_EQ(ShardMap::parse(ShardMap::standard().text())->text(), ShardMap::standard().text());
  EXPECT_EQ(ShardMap::parse("a=pods")->text(), "a=pods;objects=*");
  EXPECT_EQ(ShardMap::parse("all=*")->names(), std::vector<std::string>{"all"});
}

TEST(ShardMap, RefusesToPartWhatChangesTogether) {
  const auto parsed = ShardMap::parse("net=services");
  ASSERT_FALSE(parsed.ok());
  EXPECT_EQ(parsed.error().message,
            "ipaddresses.networking.k8s.io must be kept by the same shard as services, which is \"net\": they change "
            "together");
  EXPECT_EQ(ShardMap::parse("config=cm,secrets").error().message,
            "configmaps must be kept by the same shard as services, which is \"objects\": they change together");
  EXPECT_TRUE(ShardMap::parse("net=services,ipaddresses,configmaps").ok());
  EXPECT_TRUE(ShardMap::parse("config=cm,secrets,services,ipaddresses;rest=*").ok());
}

TEST(ShardMap, SaysWhatIsWrongWithAMapping) {
  const auto refusal = [](std::string_view text) { return ShardMap::parse(text).error().message; };
  EXPECT_EQ(refusal("pods"), "\"pods\" names no resources; write NAME=RESOURCE,RESOURCE or NAME=*");
  EXPECT_EQ(refusal("a=pods;b=po"), "pods cannot be kept by \"a\" and by \"b\"");
  EXPECT_EQ(refusal("a=*;b=*"), "\"a\" and \"b\" cannot both keep the rest");
  EXPECT_EQ(refusal("a=things"), "there is no resource \"things\" for the shard \"a\"");
  EXPECT_EQ(refusal("a="), "there is no resource \"\" for the shard \"a\"");
  for (const char* name : {"", "A", "a/b", ".a", "a.b", "-a", "a-"}) {
    EXPECT_EQ(
        refusal(std::string(name) + "=pods"),
        "\"" + std::string(name) + "\" cannot be the name of a shard: it is of lower case letters, digits and -");
  }
}

TEST(Selection, ReadsTheFormOfTheBus) {
  bus::Selection in;
  in.set_kind(kinds::kPod);
  in.set_label_selector("app=web");
  auto* node = in.add_fields();
  node->set_field("spec.nodeName");
  node->add_values("n1");
  node->add_values("n2");
  auto* not_named = in.add_fields();
  not_named->set_field("metadata.name");
  not_named->set_negated(true);
  not_named->add_values("a");
  not_named->add_values("x,y=z\\");
  const auto selection = Selection::from_bus(in);
  ASSERT_TRUE(selection.ok());
  EXPECT_TRUE(selection->matches(*pod("b", "n2", 0, "x", "web")));
  EXPECT_FALSE(selection->matches(*pod("a", "n2", 0, "x", "web")));
  EXPECT_FALSE(selection->matches(*pod("b", "n3", 0, "x", "web")));
  EXPECT_FALSE(selection->matches(*pod("b", "n1", 0, "x", "db")));
  EXPECT_FALSE(selection->plain());
}

TEST(Selection, AFieldThatNamesOneObjectIsItsName) {
  bus::Selection in;
  in.set_kind(kinds::kPod);
  for (const char* field : {"metadata.name", "metadata.namespace"}) {
    auto* requirement = in.add_fields();
    requirement->set_field(field);
    requirement->add_values("a");
  }
  const auto selection = Selection::from_bus(in);
  ASSERT_TRUE(selection.ok());
  EXPECT_EQ(selection->name, "a");
  EXPECT_EQ(selection->ns, "a");
}

TEST(Selection, RefusesWhatItCannotSelectBy) {
  bus::Selection in;
  in.set_kind(999);
  EXPECT_EQ(Selection::from_bus(in).error().code, 400);
  in.set_kind(kinds::kPod);
  in.set_label_selector("a in (");
  EXPECT_EQ(Selection::from_bus(in).error().code, 400);
  in.clear_label_selector();
  auto* field = in.add_fields();
  field->set_field("spec.color");
  field->add_values("red");
  EXPECT_EQ(Selection::from_bus(in).error().code, 400);
}

TEST(RocksdbFormat, KeysSortAsListsDo) {
  const std::vector<Key> keys{{1, "", "b"},   {1, "a", ""}, {1, "a", "z"}, {1, "a-b", "a"},
                              {1, "aa", "a"}, {2, "", "a"}, {256, "", "a"}};
  std::vector<std::string> encoded;
  for (const auto& key : keys) {
    encoded.push_back(format::encode_key(key));
    const auto decoded = format::decode_key(encoded.back());
    ASSERT_TRUE(decoded);
    EXPECT_EQ(*decoded, KeyView(key));
    EXPECT_GE(encoded.back(), format::kFirstObject);
  }
  EXPECT_TRUE(std::is_sorted(encoded.begin(), encoded.end()));
}

TEST(RocksdbFormat, RefusesMalformedBytes) {
  const KeyView key(1, "a", "b");
  const auto value = format::encode_value(*thing("b", "body", 77, "a"));
  EXPECT_EQ(text(format::decode_value(key, value)), "a/b@77=body");
  EXPECT_FALSE(format::decode_value(key, value.substr(0, 8)));
  EXPECT_FALSE(format::decode_value(key, '\2' + value.substr(1)));
  EXPECT_FALSE(format::decode_value(key, ""));
  EXPECT_FALSE(format::decode_key(""));
  EXPECT_FALSE(format::decode_key({"\0\1", 2}));
  EXPECT_FALSE(format::decode_key({"\0\1a", 3}));
  EXPECT_FALSE(format::decode_key({"\0\0a\0b", 5}));
  EXPECT_FALSE(format::decode_revision("1234567"));
  EXPECT_FALSE(format::decode_meta("kabuki shard, format x\n"));
  EXPECT_FALSE(format::decode_meta("something"));
}

}  // namespace
}  // namespace kabuki::store::test
