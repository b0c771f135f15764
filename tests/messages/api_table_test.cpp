#include <fstream>
#include <google/protobuf/descriptor.h>
#include <gtest/gtest.h>
#include <map>
#include <set>
#include <sstream>

#include "messages/api/autoscaling/v1/scale.pb.h"
#include "messages/api/core/v1/binding.pb.h"
#include "messages/api/meta/v1/condition.pb.h"
#include "messages/api/meta/v1/discovery.pb.h"
#include "messages/api/meta/v1/options.pb.h"
#include "messages/api/meta/v1/partial.pb.h"
#include "messages/api/meta/v1/status.pb.h"
#include "messages/api/meta/v1/watch.pb.h"
#include "messages/api/options.pb.h"
#include "messages/kinds.hpp"

namespace kabuki {
namespace {

using google::protobuf::Descriptor;
using google::protobuf::DescriptorPool;
using google::protobuf::FieldDescriptor;

/// A field as the table's columns say it, in one line.
std::string line(std::string_view name, std::string_view label, std::string_view type, std::string_view json,
                 std::string_view marks) {
  std::ostringstream out;
  out << name << ' ' << label << ' ' << type << " json=" << json << ' ' << marks;
  return out.str();
}

std::string scalar_or_message(const FieldDescriptor* field, std::string_view package) {
  if (field->type() != FieldDescriptor::TYPE_MESSAGE) return field->type_name();
  const Descriptor* type = field->message_type();
  return type->file()->package() == package ? type->name() : type->full_name();
}

std::string marks(std::string_view omit, std::string_view presence, std::string_view required,
                  std::string_view fallback, std::string_view strategy, std::string_view merge_key,
                  std::string_view list_type, std::string_view list_keys, std::string_view map_type) {
  std::ostringstream out;
  out << omit << ',' << presence << ',' << required << ",default=" << fallback << ",patch=" << strategy << '/'
      << merge_key << ",list=" << list_type << '/' << list_keys << ",map=" << map_type;
  return out.str();
}

std::string from_descriptor(const FieldDescriptor* field) {
  const std::string& package = field->file()->package();
  const auto& options = field->options();
  std::string type;
  std::string label = field->is_repeated() ? "repeated" : "optional";
  if (field->is_map()) {
    label = "map";
    const auto* entry = field->message_type();
    type = "map<" + scalar_or_message(entry->map_key(), package) + ", " +
           scalar_or_message(entry->map_value(), package) + ">";
  } else {
    type = scalar_or_message(field, package);
  }
  std::string json = field->has_json_name() ? field->json_name() : "";
  if (options.GetExtension(inlined)) json = "inline";
  return line(
      field->name(), label, type, json,
      marks(options.GetExtension(omitempty) ? "omitempty" : "", options.GetExtension(pointer) ? "pointer" : "",
            options.GetExtension(required) ? "required" : "", options.GetExtension(default_value),
            options.GetExtension(patch_strategy), options.GetExtension(patch_merge_key),
            options.GetExtension(list_type), options.GetExtension(list_map_keys), options.GetExtension(map_type)));
}

using Fields = std::map<int, std::string>;

std::map<std::string, Fields> read_table() {
  std::map<std::string, Fields> table;
  std::ifstream file(KABUKI_TEST_DATA "/api_fields.tsv");
  std::string text;
  std::getline(file, text);
  while (std::getline(file, text)) {
    std::vector<std::string> c;
    std::istringstream row(text + "\t.");
    for (std::string cell; std::getline(row, cell, '\t');) c.push_back(cell);
    const std::string json = c[14] == "-" ? "" : c[14];
    table[c[0] + "." + c[1]][std::stoi(c[2])] =
        line(c[3], c[4], c[5], json, marks(c[15], c[16], c[6], c[8], c[9], c[10], c[11], c[12], c[13]));
  }
  return table;
}

void collect(const Descriptor* message, std::set<const Descriptor*>* out) {
  if (!message || message->options().map_entry() || !out->insert(message).second) return;
  for (int i = 0; i < message->field_count(); ++i) {
    const FieldDescriptor* field = message->field(i);
    collect(field->is_map() ? field->message_type()->map_value()->message_type() : field->message_type(), out);
  }
}

/// Every message of the API that this program has: what the kinds and the roots beside them reach.
std::set<const Descriptor*> api_messages() {
  namespace meta = k8s::io::apimachinery::pkg::apis::meta::v1;
  std::set<const Descriptor*> messages;
  for (const Kind& kind : all_kinds()) {
    collect(kind.descriptor, &messages);
    collect(DescriptorPool::generated_pool()->FindMessageTypeByName(kind.descriptor->full_name() + "List"),
            &messages);
  }
  for (const Descriptor* root :
       {meta::Status::descriptor(), meta::WatchEvent::descriptor(), meta::PartialObjectMetadataList::descriptor(),
        meta::Condition::descriptor(), meta::CreateOptions::descriptor(), meta::UpdateOptions::descriptor(),
        meta::PatchOptions::descriptor(), meta::DeleteOptions::descriptor(), meta::ListOptions::descriptor(),
        meta::APIGroupList::descriptor(), meta::APIResourceList::descriptor(), meta::APIVersions::descriptor(),
        k8s::io::api::core::v1::Binding::descriptor(), k8s::io::api::autoscaling::v1::Scale::descriptor()}) {
    collect(root, &messages);
  }
  return messages;
}

TEST(ApiMessages, AreFieldByFieldThoseOfTheTable) {
  const auto table = read_table();
  const auto messages = api_messages();
  ASSERT_GT(messages.size(), 200u);
  for (const Descriptor* message : messages) {
    Fields fields;
    for (int i = 0; i < message->field_count(); ++i) {
      fields[message->field(i)->number()] = from_descriptor(message->field(i));
    }
    const auto expected = table.find(message->full_name());
    EXPECT_EQ(fields, expected == table.end() ? Fields{} : expected->second) << message->full_name();
  }
}

TEST(ApiMessages, TellAbsentFromEmptyExactlyWhereGoHasAPointer) {
  for (const Descriptor* message : api_messages()) {
    for (int i = 0; i < message->field_count(); ++i) {
      const FieldDescriptor* field = message->field(i);
      if (field->is_repeated() || field->type() == FieldDescriptor::TYPE_MESSAGE) continue;
      EXPECT_EQ(field->has_presence(), field->options().GetExtension(pointer)) << field->full_name();
    }
  }
}

}  // namespace
}  // namespace kabuki
