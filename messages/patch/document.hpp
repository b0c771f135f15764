#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

#include "messages/result.hpp"

// For messages/patch alone: everyone else passes JSON as text.
namespace kabuki::patch {

using Json = nlohmann::json;

/// Nesting that patches and documents may have; deeper ones are refused, since patching recurses.
inline constexpr int kMaxDepth = 500;

/// Parses JSON; of a key that comes twice the last counts. Error: BadRequest, "<what>: <why>" in Go's words, or the
/// why alone where `what` is "".
Result<Json> parse_document(std::string_view text, std::string_view what);

/// What encoding/json calls a value: "array", "number", ...
std::string_view name_of(const Json& value);

/// As Go's fmt prints a map[string]interface{} with %+v: map[a:1 b:[x y]].
std::string print_go(const Json& value);

std::string print_document(const Json& document);

/// What a kube-apiserver answers to a patch that it can read but not apply: 422 without causes.
Error unprocessable_patch();

}  // namespace kabuki::patch
