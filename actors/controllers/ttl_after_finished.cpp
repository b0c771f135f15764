#include "actors/controllers/ttl_after_finished.hpp"

#include "actors/controllers/job_conditions.hpp"

namespace kabuki::controllers {
namespace {

namespace batch = ::k8s::io::api::batch::v1;

}  // namespace

Plan reconcile_ttl_after_finished(const View& view, const Key& key, const Instant& now) {
  Plan plan;
  const ObjectPtr object = view.find(key);
  if (!object) return plan;
  const auto job = object->as<batch::Job>();
  const auto* finished = finished_condition(job.status());
  if (!finished || !job.spec().has_ttlsecondsafterfinished() || job.metadata().has_deletiontimestamp()) return plan;
  const int64_t left =
      finished->lasttransitiontime().seconds() + job.spec().ttlsecondsafterfinished() - now.wall.seconds();
  if (left > 0) {
    plan.again(std::chrono::seconds(left));
    return plan;
  }
  actors::Write remove = actors::Write::remove(*object, "Foreground");
  // Its time may have been prolonged meanwhile.
  remove.expected_revision = object->revision();
  plan.add(std::move(remove));
  return plan;
}

Controller ttl_after_finished_controller() {
  Controller controller;
  controller.name = "ttl-after-finished-controller";
  controller.watches = {kinds::kJob};
  controller.concerns = [](const View&, const Change& change, std::vector<Key>* keys) {
    keys->push_back(change.object().key());
  };
  controller.reconcile = reconcile_ttl_after_finished;
  return controller;
}

}  // namespace kabuki::controllers
