#include <algorithm>
#include <cassert>
#include <google/protobuf/descriptor.h>

#include "messages/field_scan.hpp"
#include "messages/selectors.hpp"
#include "messages/status.hpp"

namespace kabuki {
namespace {

using Requirement = FieldSelector::Requirement;
using google::protobuf::Descriptor;
using google::protobuf::FieldDescriptor;

// Where the list of numbers ends; null when it leads nowhere.
const FieldDescriptor* field_at(const Descriptor* message, const std::vector<int>& numbers) {
  const FieldDescriptor* field = nullptr;
  for (int number : numbers) {
    field = message ? message->FindFieldByNumber(number) : nullptr;
    message = field ? field->message_type() : nullptr;
  }
  return field;
}

Result<Requirement> make_requirement(const Kind& kind, std::string_view name, bool negated,
                                     std::vector<std::string> values) {
  auto field = std::find_if(kind.selectable.begin(), kind.selectable.end(),
                            [&](const SelectableField& candidate) { return candidate.path == name; });
  if (field == kind.selectable.end()) return bad_request("field label not supported: " + std::string(name));
  std::sort(values.begin(), values.end());
  values.erase(std::unique(values.begin(), values.end()), values.end());
  const FieldDescriptor* descriptor = field_at(kind.descriptor, field->numbers);
  Requirement requirement{std::string(name), negated, std::move(values), field->numbers};
  if (descriptor && descriptor->cpp_type() == FieldDescriptor::CPPTYPE_BOOL)
    requirement.type = FieldSelector::Type::boolean;
  if (descriptor && (descriptor->cpp_type() == FieldDescriptor::CPPTYPE_INT32 ||
                     descriptor->cpp_type() == FieldDescriptor::CPPTYPE_INT64)) {
    requirement.type = FieldSelector::Type::integer;
  }
  return requirement;
}

// One term ends at a comma that no backslash escapes.
std::vector<std::string_view> split_terms(std::string_view text) {
  std::vector<std::string_view> terms;
  size_t start = 0;
  for (size_t at = 0; at < text.size(); ++at) {
    if (text[at] == '\\') {
      ++at;
    } else if (text[at] == ',') {
      terms.push_back(text.substr(start, at - start));
      start = at + 1;
    }
  }
  terms.push_back(text.substr(start));
  return terms;
}

Result<std::string> unescape(std::string_view text) {
  std::string value;
  for (size_t at = 0; at < text.size(); ++at) {
    if (text[at] == ',' || text[at] == '=') {
      return bad_request("invalid field selector: unescaped character in value: " +
                         std::to_string(static_cast<unsigned char>(text[at])));
    }
    if (text[at] != '\\') {
      value += text[at];
      continue;
    }
    if (++at == text.size()) return bad_request("invalid field selector: invalid escape sequence: \\");
    if (text[at] != '\\' && text[at] != ',' && text[at] != '=') {
      return bad_request(std::string("invalid field selector: invalid escape sequence: \\") + text[at]);
    }
    value += text[at];
  }
  return value;
}

bool listed(const std::vector<std::string>& values, std::string_view value) {
  return std::binary_search(values.begin(), values.end(), value, std::less<>());
}

}  // namespace

Result<FieldSelector> FieldSelector::parse(const Kind& kind, std::string_view text) {
  FieldSelector selector;
  for (std::string_view term : split_terms(text)) {
    if (term.empty()) continue;
    size_t sign = term.find('=');
    if (sign == std::string_view::npos) {
      return bad_request("invalid selector: '" + std::string(text) + "'; can't understand '" + std::string(term) +
                         "'");
    }
    bool negated = sign > 0 && term[sign - 1] == '!';
    std::string_view field = term.substr(0, negated ? sign - 1 : sign);
    std::string_view rest = term.substr(sign + 1);
    if (!negated && rest.starts_with('=')) rest.remove_prefix(1);
    auto value = unescape(rest);
    if (!value) return value.error();
    auto requirement = make_requirement(kind, field, negated, {std::move(*value)});
    if (!requirement) return requirement.error();
    selector.requirements_.push_back(std::move(*requirement));
  }
  return selector;
}

Result<FieldSelector> FieldSelector::any_of(const Kind& kind, std::string_view field,
                                            std::vector<std::string> values) {
  auto requirement = make_requirement(kind, field, false, std::move(values));
  if (!requirement) return requirement.error();
  FieldSelector selector;
  selector.requirements_.push_back(std::move(*requirement));
  return selector;
}

void FieldSelector::add(const FieldSelector& other) {
  requirements_.insert(requirements_.end(), other.requirements_.begin(), other.requirements_.end());
}

bool FieldSelector::matches_object(const Object& object) const {
  return std::all_of(requirements_.begin(), requirements_.end(), [&](const Requirement& requirement) {
    bool is_text = requirement.type == Type::text;
    bool found = is_text ? listed(requirement.values, scan_bytes(object.body(), requirement.numbers))
                         : listed(requirement.values,
                                  scan_text(object.body(), requirement.numbers, requirement.type == Type::boolean));
    return found != requirement.negated;
  });
}

}  // namespace kabuki
