#include "actors/controllers/revisions.hpp"

#include <algorithm>
#include <string_view>

#include "actors/controllers/claim.hpp"
#include "actors/controllers/owners.hpp"
#include "messages/hash.hpp"
#include "messages/json.hpp"

namespace kabuki::controllers {
namespace {

namespace apps = ::k8s::io::api::apps::v1;
namespace core = ::k8s::io::api::core::v1;
using actors::Write;

constexpr const char* kHashLabel = "controller.kubernetes.io/hash";
constexpr std::string_view kBefore = R"({"spec":{"template":{"$patch":"replace")";
constexpr std::string_view kAfter = "}}";

std::string hash_of(const std::string& data, int32_t collisions) {
  return safe_encode(std::to_string(fnv1a_32(collisions == 0 ? data : data + std::to_string(collisions))));
}

}  // namespace

std::string revision_data(const core::PodTemplateSpec& model) {
  std::string json;
  encode_json(model, &json);
  // Between the braces of the patch stand the template's own members.
  std::string data(kBefore);
  if (json.size() > 2) data += ",";
  return data.append(json, 1).append(kAfter);
}

std::string Revision::hash() const {
  auto it = message.metadata().labels().find(kHashLabel);
  return it == message.metadata().labels().end() ? "" : it->second;
}

std::optional<core::PodTemplateSpec> Revision::pod_template() const {
  const std::string& data = message.data().raw();
  if (!data.starts_with(kBefore) || !data.ends_with(kAfter)) return std::nullopt;
  std::string json(data, kBefore.size(), data.size() - kBefore.size() - kAfter.size());
  json.starts_with(',') ? json.replace(0, 1, "{") : json.insert(0, "{");
  core::PodTemplateSpec model;
  if (!decode_json(json, &model).ok()) return std::nullopt;
  return model;
}

Revisions Revisions::of(const View& view, const Object& owner, bool may_change, Plan* plan) {
  Revisions revisions;
  const auto selector = selector_of(owner);
  if (!selector) return revisions;
  Claim claim = claim_dependents(view, owner, kinds::kControllerRevision, *selector, may_change);
  for (Write& write : claim.writes) plan->add(std::move(write));
  for (const ObjectPtr& object : claim.kept) {
    revisions.all_.push_back({object, object->as<apps::ControllerRevision>()});
  }
  std::stable_sort(revisions.all_.begin(), revisions.all_.end(),
                   [](const Revision& a, const Revision& b) { return a.message.revision() < b.message.revision(); });
  return revisions;
}

const Revision* Revisions::find(const std::string& name) const {
  for (const Revision& revision : all_) {
    if (revision.name() == name) return &revision;
  }
  return nullptr;
}

const Revision* Revisions::ensure(const View& view, const Object& owner, const core::PodTemplateSpec& model,
                                  int32_t collisions, Plan* plan, bool* collided) const {
  const std::string data = revision_data(model);
  for (auto it = all_.rbegin(); it != all_.rend(); ++it) {
    if (it->message.data().raw() != data) continue;
    if (it == all_.rbegin()) return &*it;
    // Rolled back: the old one becomes the newest.
    auto renewed = it->message;
    renewed.set_revision(all_.back().message.revision() + 1);
    plan->add(Write::update(*it->object, renewed));
    return nullptr;
  }
  apps::ControllerRevision fresh;
  const std::string hash = hash_of(data, collisions);
  auto* meta = fresh.mutable_metadata();
  meta->set_name(std::string(owner.name()) + "-" + hash);
  meta->set_namespace_(std::string(owner.ns()));
  *meta->mutable_labels() = model.metadata().labels();
  (*meta->mutable_labels())[kHashLabel] = hash;
  *meta->add_ownerreferences() = controller_reference(owner);
  fresh.mutable_data()->set_raw(data);
  fresh.set_revision(all_.empty() ? 1 : all_.back().message.revision() + 1);
  if (view.find({kinds::kControllerRevision, std::string(owner.ns()), meta->name()})) {
    *collided = true;
  } else {
    plan->add(Write::create(kinds::kControllerRevision, fresh));
  }
  return nullptr;
}

void Revisions::cut(size_t limit, const std::set<std::string>& used, Plan* plan) const {
  std::vector<const Revision*> unused;
  for (const Revision& revision : all_) {
    if (!used.contains(revision.name())) unused.push_back(&revision);
  }
  if (unused.size() <= limit) return;
  for (size_t i = 0; i < unused.size() - limit; ++i) plan->add(Write::remove(*unused[i]->object));
}

}  // namespace kabuki::controllers
