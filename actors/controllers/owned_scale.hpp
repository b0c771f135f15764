#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "actors/controllers/controller.hpp"
#include "actors/controllers/owners.hpp"

namespace kabuki::controllers {

/// How many pods the owner of a pod asks for.
struct OwnedScale {
  std::string uid;  // of who asks: a replica set's deployment asks in its place; "" where there is none
  int32_t replicas = 0;
  std::string error;  // the kind has no scale
};

/// Asks the owner itself, or what controls it where that is a deployment. The view must watch scaled_kinds().
OwnedScale owned_scale(const View& view, const Owner& controller, std::string_view ns);

/// The kinds with a /scale.
std::vector<KindId> scaled_kinds();

/// Whether spec.replicas changed, or the object came or went.
bool scale_changed(const Change& change);

}  // namespace kabuki::controllers
