#include <map>
#include <set>
#include <string>

#include "messages/api/batch/v1/job.pb.h"
#include "messages/api/core/v1/pod.pb.h"
#include "tools/sim/invariants/all.hpp"
#include "tools/sim/invariants/owner.hpp"

namespace kabuki::tools {
namespace {

using ::k8s::io::api::batch::v1::Job;
using ::k8s::io::api::core::v1::Pod;

std::string end_of(const Job& job) {
  for (const auto& condition : job.status().conditions()) {
    if (condition.status() == "True" && (condition.type() == "Complete" || condition.type() == "Failed")) {
      return condition.type();
    }
  }
  return "";
}

class JobsExact final : public Invariant {
 public:
  JobsExact() : Invariant("jobs-exact") {}

  void changed(const Seen& seen, const Breach& breach) override {
    if (seen.object().kind() == kinds::kPod && seen.after) return look_at_pod(seen);
    if (seen.object().kind() != kinds::kJob || !seen.after) return;
    const auto job = seen.after->as<Job>();
    const std::string who = seen.after->key().text();
    Counts& counts = jobs_[job.metadata().uid()];
    counts.restored |= seen.restoring;
    const int succeeded = job.status().succeeded(), failed = job.status().failed();
    if (job.spec().has_completions() && succeeded > job.spec().completions()) {
      breach(who + " counts " + std::to_string(succeeded) + " that succeeded, asked for " +
             std::to_string(job.spec().completions()));
    }
    if (succeeded < counts.succeeded || failed < counts.failed) {
      breach(who + " counts back from " + std::to_string(counts.succeeded) + " that succeeded and " +
             std::to_string(counts.failed) + " that failed to " + std::to_string(succeeded) + " and " +
             std::to_string(failed));
    }
    if (succeeded > static_cast<int>(counts.pods.size()) && !counts.restored) {
      breach(who + " counts " + std::to_string(succeeded) + " that succeeded, and " +
             std::to_string(counts.pods.size()) + " have");
    }
    const std::string end = end_of(job);
    if (!counts.end.empty() && end != counts.end) breach(who + " was " + counts.end + " and is \"" + end + "\"");
    if (end == "Complete" && job.spec().has_completions() && succeeded != job.spec().completions()) {
      breach(who + " is Complete with " + std::to_string(succeeded) + " of " +
             std::to_string(job.spec().completions()));
    }
    counts.succeeded = succeeded;
    counts.failed = failed;
    counts.end = end;
  }

  void forget() override { jobs_.clear(); }

 private:
  struct Counts {
    int succeeded = 0;
    int failed = 0;
    std::string end;
    std::set<std::string> pods;  // that succeeded, by uid
    bool restored = false;       // what was before is not known
  };

  void look_at_pod(const Seen& seen) {
    const auto pod = seen.after->as<Pod>();
    if (pod.status().phase() != "Succeeded") return;
    if (const auto owner = controller_of(pod, "Job")) jobs_[owner->uid()].pods.insert(pod.metadata().uid());
  }

  std::map<std::string, Counts> jobs_;  // by uid
};

}  // namespace

std::unique_ptr<Invariant> jobs_exact() { return std::make_unique<JobsExact>(); }

}  // namespace kabuki::tools
