#include "messages/validation/findings.hpp"

#include "messages/encode.hpp"
#include "messages/go_quote.hpp"
#include "messages/json.hpp"
#include "messages/status.hpp"

namespace kabuki::validation {
std::string FieldPath::text() const {
  if (!parent_) return std::string(name_);
  std::string text = parent_->text();
  switch (step_) {
    case Step::child:
      return text.append(".").append(name_);
    case Step::index:
      return text.append("[").append(std::to_string(index_)).append("]");
    case Step::key:
      return text.append("[").append(name_).append("]");
  }
  return text;
}

void Findings::required(const FieldPath& path, std::string_view why) {
  causes_.push_back(required_value(path.text(), why));
}

void Findings::forbidden(const FieldPath& path, std::string_view why) {
  causes_.push_back(forbidden_value(path.text(), why));
}

void Findings::invalid(const FieldPath& path, std::string_view value, std::string_view why) {
  invalid_json(path, go_quoted(value), why);
}

void Findings::invalid(const FieldPath& path, int64_t value, std::string_view why) {
  invalid_json(path, std::to_string(value), why);
}

void Findings::invalid_json(const FieldPath& path, std::string_view json, std::string_view why) {
  causes_.push_back(invalid_value(path.text(), json, why));
}

void Findings::invalid(const FieldPath& path, const google::protobuf::Message& value, std::string_view why) {
  std::string json;
  encode_json(value, &json);
  invalid_json(path, json, why);
}

void Findings::invalid(const FieldPath& path, std::string_view value, const NameProblems& problems) {
  for (const std::string& problem : problems) invalid(path, value, problem);
}

void Findings::duplicate(const FieldPath& path, std::string_view value) {
  causes_.push_back(duplicate_value(path.text(), value));
}

void Findings::duplicate_json(const FieldPath& path, std::string_view json) {
  causes_.push_back({"FieldValueDuplicate", "Duplicate value: " + std::string(json), path.text()});
}

void Findings::too_many(const FieldPath& path, int size, int max) {
  causes_.push_back({"FieldValueTooMany",
                     "Too many: " + std::to_string(size) + ": must have at most " + std::to_string(max) + " items",
                     path.text()});
}

void Findings::not_found(const FieldPath& path, std::string_view value) {
  causes_.push_back({"FieldValueNotFound", "Not found: " + go_quoted(value), path.text()});
}

void Findings::too_long(const FieldPath& path, int max_bytes) {
  causes_.push_back(kabuki::too_long(path.text(), max_bytes));
}

void Findings::unsupported(const FieldPath& path, std::string_view value,
                           std::span<const std::string_view> supported) {
  causes_.push_back(unsupported_value(path.text(), value, {supported.begin(), supported.end()}));
}

void Findings::check_choice(const FieldPath& path, std::string_view value,
                            std::initializer_list<std::string_view> supported) {
  if (value.empty()) {
    required(path);
  } else if (std::find(supported.begin(), supported.end(), value) == supported.end()) {
    unsupported(path, value, supported);
  }
}

void Findings::check_not_negative(const FieldPath& path, int64_t value) {
  if (value < 0) invalid(path, value, kNegative);
}

void Findings::check_port(const FieldPath& path, int64_t port) {
  for (const std::string& problem : check_port_number(port)) invalid(path, port, problem);
}

void Findings::check_unchanged(const FieldPath& path, std::string_view old, std::string_view now) {
  if (old != now) invalid(path, now, kImmutable);
}

std::string map_json(const google::protobuf::Map<std::string, std::string>& map) {
  if (map.empty()) return "null";
  std::string json = "{";
  for (std::string_view key : sorted_keys(map)) {
    if (json.size() > 1) json += ",";
    append_json_string(key, &json);
    json += ":";
    append_json_string(map.at(std::string(key)), &json);
  }
  return json + "}";
}

bool same(const google::protobuf::Message& a, const google::protobuf::Message& b) {
  return a.ByteSizeLong() == b.ByteSizeLong() && serialize(a) == serialize(b);
}

}  // namespace kabuki::validation
