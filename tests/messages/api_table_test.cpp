#include <fstream>
#include <google/protobuf/descriptor.h>
#include <gtest/gtest.h>
#include <map>
#include <set>
#include <sstream>
#include <vector>

#include "messages/api/options.pb.h"
#include "tests/messages/api_messages.hpp"

namespace kabuki {
namespace {

using google::protobuf::Descriptor;
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

constexpr const char* kWithoutRow =
    "k8s.io.apiextensions_apiserver.pkg.apis.apiextensions.v1.CustomResourceSubresourceStatus";

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
    if (c[1].starts_with("JSONSchemaPropsOr") && c[3] == "schema") c[16] = "pointer";  // the table cannot know
    table[c[0] + "." + c[1]][std::stoi(c[2])] =
        line(c[3], c[4], c[5], json, marks(c[15], c[16], c[6], c[8], c[9], c[10], c[11], c[12], c[13]));
  }
  return table;
}

TEST(ApiMessages, AreFieldByFieldThoseOfTheTable) {
  const auto table = read_table();
  const auto messages = api_messages();
  ASSERT_EQ(messages.size(), 654u);
  for (const Descriptor* message : messages) {
    Fields fields;
    for (int i = 0; i < message->field_count(); ++i) {
      fields[message->field(i)->number()] = from_descriptor(message->field(i));
    }
    const auto expected = table.find(message->full_name());
    EXPECT_EQ(fields, expected == table.end() ? Fields{} : expected->second) << message->full_name();
  }
}

TEST(ApiMessages, AreAllOfTheTableAndNoOthers) {
  std::set<std::string> expected = {kWithoutRow};
  for (const auto& [name, fields] : read_table()) expected.insert(name);
  std::set<std::string> found;
  for (const Descriptor* message : api_messages()) {
    for (int i = 0; i < message->file()->message_type_count(); ++i) {
      found.insert(message->file()->message_type(i)->full_name());
    }
  }
  EXPECT_EQ(found, expected);
}

TEST(ApiMessages, DeclareTheirFieldsInTheTablesOrder) {
  std::ifstream file(KABUKI_TEST_DATA "/api_fields.tsv");
  std::map<std::string, std::vector<std::string>> expected;
  std::string text;
  std::getline(file, text);
  while (std::getline(file, text)) {
    std::istringstream row(text);
    std::string package, message, number, field;
    row >> package >> message >> number >> field;
    expected[package + "." + message].push_back(field);
  }
  for (const Descriptor* message : api_messages()) {
    std::vector<std::string> fields;
    for (int i = 0; i < message->field_count(); ++i) fields.push_back(message->field(i)->name());
    EXPECT_EQ(fields, expected[message->full_name()]) << message->full_name();
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
