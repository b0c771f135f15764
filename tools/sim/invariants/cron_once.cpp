#include <map>
#include <string>
#include <utility>

#include "messages/api/batch/v1/job.pb.h"
#include "tools/sim/invariants/all.hpp"
#include "tools/sim/invariants/owner.hpp"

namespace kabuki::tools {
namespace {

using ::k8s::io::api::batch::v1::Job;

constexpr const char* kScheduledAt = "batch.kubernetes.io/cronjob-scheduled-timestamp";

class CronOnce final : public Invariant {
 public:
  CronOnce() : Invariant("cron-once") {}

  void changed(const Seen& seen, const Breach& breach) override {
    if (seen.object().kind() != kinds::kJob || seen.before || !seen.after) return;
    const auto job = seen.after->as<Job>();
    const auto owner = controller_of(job, "CronJob");
    if (!owner) return;
    const std::string who = seen.after->key().text();
    const auto time = job.metadata().annotations().find(kScheduledAt);
    if (time == job.metadata().annotations().end()) return breach(who + " does not say for what time it is");
    auto [first, is_first] = jobs_.emplace(std::pair(owner->uid(), time->second), who);
    if (!is_first) breach(who + " is for " + time->second + " as " + first->second + " was");
  }

  void forget() override { jobs_.clear(); }

 private:
  std::map<std::pair<std::string, std::string>, std::string> jobs_;  // by CronJob and time, ever
};

}  // namespace

std::unique_ptr<Invariant> cron_once() { return std::make_unique<CronOnce>(); }

}  // namespace kabuki::tools
