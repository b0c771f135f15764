#pragma once

#include <optional>
#include <set>
#include <string>
#include <vector>

#include "actors/controllers/plan.hpp"
#include "actors/controllers/view.hpp"
#include "messages/api/apps/v1/controller_revision.pb.h"
#include "messages/api/core/v1/pod_template.pb.h"

namespace kabuki::controllers {

inline constexpr const char* kRevisionHashLabel = "controller-revision-hash";

/// One recorded template of a stateful or daemon set.
struct Revision {
  ObjectPtr object;
  ::k8s::io::api::apps::v1::ControllerRevision message;

  const std::string& name() const { return message.metadata().name(); }
  /// Label controller.kubernetes.io/hash of its own.
  std::string hash() const;
  /// The template it holds; none when its data is not what Kubernetes writes.
  std::optional<::k8s::io::api::core::v1::PodTemplateSpec> pod_template() const;
};

/// What ControllerRevision keeps of a template: the strategic merge patch that brings it back, as `kubectl rollout
/// undo` sends it.
std::string revision_data(const ::k8s::io::api::core::v1::PodTemplateSpec& model);

/// The history of templates of one owner, oldest first.
class Revisions {
 public:
  /// Those that `owner` controls or may adopt. Adoptions go into `plan`.
  static Revisions of(const View& view, const Object& owner, bool may_change, Plan* plan);

  const std::vector<Revision>& all() const { return all_; }
  const Revision* find(const std::string& name) const;

  /// The revision of `model`. Null when it is not there yet as the newest: then `plan` got the write that makes it
  /// so, or, where its name is taken by another, `collided` is set and the owner's collisionCount must grow.
  const Revision* ensure(const View& view, const Object& owner,
                         const ::k8s::io::api::core::v1::PodTemplateSpec& model, int32_t collisions, Plan* plan,
                         bool* collided) const;

  /// Deletes the oldest of those not among `used` until at most `limit` are left of them.
  void cut(size_t limit, const std::set<std::string>& used, Plan* plan) const;

 private:
  std::vector<Revision> all_;
};

}  // namespace kabuki::controllers
