#pragma once

#include "actors/controllers/controller.hpp"

namespace kabuki::controllers {

/// Tells of each CustomResourceDefinition, in its conditions, that its names are accepted and that its resources are
/// not served, as the API server keeps the definitions alone. A client that waits for Established learns why it
/// waits.
Plan reconcile_custom_resource_definition(const View& view, const Key& key, const Instant& now);

Controller custom_resource_definition_controller();

}  // namespace kabuki::controllers
