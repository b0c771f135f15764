#include <map>

#include "messages/api/core/v1/persistent_volume_claim.pb.h"
#include "tools/sim/invariants/all.hpp"

namespace kabuki::tools {
namespace {

using ::k8s::io::api::core::v1::PersistentVolumeClaim;

class VolumesOnce final : public Invariant {
 public:
  VolumesOnce() : Invariant("volumes-once") {}

  void changed(const Seen& seen, const Breach& breach) override {
    if (seen.object().kind() != kinds::kPersistentVolumeClaim) return;
    const std::string volume = volume_of(seen.object());
    const std::string uid(seen.object().uid()), who = seen.object().key().text();
    const std::string before = seen.before && seen.after ? volume_of(*seen.before) : "";
    if (!before.empty() && before != volume) breach(who + " moved from " + before + " to \"" + volume + "\"");
    if (volume.empty()) return;
    if (!seen.after) return void(holders_.erase(volume));
    const auto [holder, is_first] = holders_.emplace(volume, uid);
    if (!is_first && holder->second != uid) breach(who + " has " + volume + " while another claim has it");
  }

  void forget() override { holders_.clear(); }

 private:
  static std::string volume_of(const Object& claim) { return claim.as<PersistentVolumeClaim>().spec().volumename(); }

  std::map<std::string, std::string> holders_;  // of volumes: uid of the claim
};

}  // namespace

std::unique_ptr<Invariant> volumes_once() { return std::make_unique<VolumesOnce>(); }

}  // namespace kabuki::tools
