#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace kabuki {

/// Reads single fields out of an encoded Protobuf message without parsing the rest: what selects, indexes and
/// keys objects. All functions treat malformed bytes as "not there".

/// The length-delimited field (string, bytes or message) at `path`, a list of field numbers; of a repeated field
/// the last one. Empty where it is absent, as proto3 has it.
std::string_view scan_bytes(std::string_view body, std::span<const int> path);

/// The varint field (bool, int32, int64) at `path`; none where it is absent.
std::optional<uint64_t> scan_varint(std::string_view body, std::span<const int> path);

/// The field at `path` as a field selector compares it: a string as it is, a bool as "true" or "false", an integer
/// in decimal. `is_bool` tells the latter two apart.
std::string scan_text(std::string_view body, std::span<const int> path, bool is_bool = false);

/// Calls `visit` with each key and value of the map<string, string> at `path`, in encoded order, until it returns
/// false.
void scan_string_map(std::string_view body, std::span<const int> path,
                     const std::function<bool(std::string_view key, std::string_view value)>& visit);

/// Field numbers that every kind shares.
namespace paths {
inline constexpr int kUid[] = {1, 5};
inline constexpr int kGenerateName[] = {1, 2};
inline constexpr int kLabels[] = {1, 11};
inline constexpr int kAnnotations[] = {1, 12};
inline constexpr int kDeletionTimestamp[] = {1, 9};
inline constexpr int kOwnerReferences[] = {1, 13};
}  // namespace paths

}  // namespace kabuki
