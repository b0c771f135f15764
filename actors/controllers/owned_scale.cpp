#include "actors/controllers/owned_scale.hpp"

#include "messages/field_scan.hpp"

namespace kabuki::controllers {
namespace {

/// spec.replicas, in every kind with a scale.
constexpr int kReplicas[] = {2, 1};
constexpr int32_t kDefaultReplicas = 1;

int32_t replicas_of(const Object& object) {
  const auto replicas = scan_varint(object.body(), kReplicas);
  return replicas ? static_cast<int32_t>(*replicas) : kDefaultReplicas;
}

ObjectPtr find_owner(const View& view, const Owner& owner, std::string_view ns) {
  const Key key = key_of(owner, ns);
  const ObjectPtr found = key.kind == 0 ? nullptr : view.find(key);
  return found && found->uid() == owner.uid ? found : nullptr;
}

}  // namespace

std::vector<KindId> scaled_kinds() {
  std::vector<KindId> kinds;
  for (const Kind& kind : all_kinds()) {
    if (kind.has_scale) kinds.push_back(kind.id);
  }
  return kinds;
}

OwnedScale owned_scale(const View& view, const Owner& controller, std::string_view ns) {
  const Key key = key_of(controller, ns);
  OwnedScale scale;
  if (key.kind == 0) {
    scale.error = "no matches for kind \"" + std::string(controller.kind) + "\" in version \"" +
                  std::string(controller.api_version) + "\"";
    return scale;
  }
  if (const Kind& kind = kind_of(key.kind); !kind.has_scale) {
    scale.error = kind.resource() + " does not implement the scale subresource";
    return scale;
  }
  ObjectPtr object = find_owner(view, controller, ns);
  if (!object) return scale;
  if (key.kind == kinds::kReplicaSet) {
    const auto owners = owners_of(*object);
    const Owner* above = controller_in(owners);
    if (above && above->kind == "Deployment") {
      if (const ObjectPtr deployment = find_owner(view, *above, ns)) object = deployment;
    }
  }
  scale.uid = std::string(object->uid());
  scale.replicas = replicas_of(*object);
  return scale;
}

bool scale_changed(const Change& change) {
  return !change.before || !change.after || replicas_of(*change.before) != replicas_of(*change.after);
}

}  // namespace kabuki::controllers
