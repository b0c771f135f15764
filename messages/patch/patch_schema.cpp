#include "messages/patch/patch_schema.hpp"

#include <google/protobuf/descriptor.h>

#include "messages/api/options.pb.h"

namespace kabuki::patch {
namespace {

using google::protobuf::Descriptor;
using google::protobuf::FieldDescriptor;

const FieldDescriptor* find_json_field(const Descriptor* message, std::string_view name) {
  for (int i = 0; i < message->field_count(); ++i) {
    const FieldDescriptor* field = message->field(i);
    if (field->options().GetExtension(kabuki::inlined)) {
      const FieldDescriptor* inner = find_json_field(field->message_type(), name);
      if (inner) return inner;
    } else if (field->json_name() == name) {
      return field;
    }
  }
  return nullptr;
}

// A strategy is a comma-separated list of words.
bool has_word(std::string_view strategy, std::string_view word) {
  while (!strategy.empty()) {
    size_t comma = std::min(strategy.find(','), strategy.size());
    if (strategy.substr(0, comma) == word) return true;
    strategy.remove_prefix(std::min(comma + 1, strategy.size()));
  }
  return false;
}

}  // namespace

FieldRule field_rule(const Descriptor* message, std::string_view name) {
  FieldRule rule;
  if (!message) return rule;
  if (message->options().map_entry()) {
    // Every key of a map has the rule of its values.
    rule.known = true;
    rule.message = message->map_value()->message_type();
    return rule;
  }
  const FieldDescriptor* field = find_json_field(message, name);
  if (!field) return rule;
  const std::string& strategy = field->options().GetExtension(kabuki::patch_strategy);
  rule.known = true;
  rule.message = field->message_type();
  rule.merge_list = field->is_repeated() && !field->is_map() && has_word(strategy, "merge");
  rule.replace = has_word(strategy, "replace");
  rule.merge_key = field->options().GetExtension(kabuki::patch_merge_key);
  return rule;
}

}  // namespace kabuki::patch
