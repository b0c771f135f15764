#pragma once

#include <string_view>
#include <vector>

#include "messages/kinds.hpp"
#include "messages/result.hpp"

namespace kabuki {

/// What is wrong with an object that is to be created, in Kubernetes' words and order; empty when it is sound.
/// Defaults are applied and the name is generated before. Pure.
std::vector<Cause> validate_create(const Kind& kind, const google::protobuf::Message& object);

/// What is wrong with turning `old` into `now`: also what may not change any more. Parts that stay the same are not
/// validated again. `subresource` ("" or "ephemeralcontainers", "resize", ...) may change what the main endpoint may
/// not.
std::vector<Cause> validate_update(const Kind& kind, const google::protobuf::Message& old,
                                   const google::protobuf::Message& now, std::string_view subresource = {});

/// Whether rules of this kind are functions, beside or instead of those in the tables.
bool validated_by_functions(const Kind& kind);

}  // namespace kabuki
