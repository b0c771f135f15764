#pragma once

#include <algorithm>
#include <cstdint>
#include <google/protobuf/map.h>
#include <google/protobuf/message.h>
#include <initializer_list>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "messages/names.hpp"
#include "messages/result.hpp"
#include "messages/validation/field_path.hpp"

namespace kabuki::validation {

inline constexpr std::string_view kNegative = "must be greater than or equal to 0";
inline constexpr std::string_view kImmutable = "field is immutable";

/// Collects what is wrong, in the order of the checks.
class Findings {
 public:
  void required(const FieldPath& path, std::string_view why = {});
  void forbidden(const FieldPath& path, std::string_view why);
  void invalid(const FieldPath& path, std::string_view value, std::string_view why);
  void invalid(const FieldPath& path, int64_t value, std::string_view why);
  /// `json` is printed as it is.
  void invalid_json(const FieldPath& path, std::string_view json, std::string_view why);
  /// The message is printed as JSON.
  void invalid(const FieldPath& path, const google::protobuf::Message& value, std::string_view why);
  void invalid(const FieldPath& path, std::string_view value, const NameProblems& problems);
  void duplicate(const FieldPath& path, std::string_view value);
  void duplicate_json(const FieldPath& path, std::string_view json);
  void too_many(const FieldPath& path, int size, int max);
  void not_found(const FieldPath& path, std::string_view value);
  void too_long(const FieldPath& path, int max_bytes);
  void unsupported(const FieldPath& path, std::string_view value, std::span<const std::string_view> supported);
  void unsupported(const FieldPath& path, std::string_view value, std::initializer_list<std::string_view> supported) {
    unsupported(path, value, std::span<const std::string_view>(supported.begin(), supported.size()));
  }

  /// Checks that stand everywhere. An empty value of a choice is a missing one.
  void check_choice(const FieldPath& path, std::string_view value, std::initializer_list<std::string_view> supported);
  void check_not_negative(const FieldPath& path, int64_t value);
  void check_port(const FieldPath& path, int64_t port);
  void check_unchanged(const FieldPath& path, std::string_view old, std::string_view now);

  std::vector<Cause> take() { return std::move(causes_); }

 private:
  std::vector<Cause> causes_;
};

/// The keys of a Protobuf map, sorted: it has no order of its own.
template <class Map>
std::vector<std::string_view> sorted_keys(const Map& map) {
  std::vector<std::string_view> keys;
  keys.reserve(map.size());
  for (const auto& entry : map) keys.push_back(entry.first);
  std::sort(keys.begin(), keys.end());
  return keys;
}

/// A map of strings as JSON; null when it is empty, as an absent one prints.
std::string map_json(const google::protobuf::Map<std::string, std::string>& map);

/// Whether two messages of one type are the same, byte by byte.
bool same(const google::protobuf::Message& a, const google::protobuf::Message& b);

}  // namespace kabuki::validation
