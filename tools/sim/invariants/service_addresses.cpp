#include <map>
#include <string>

#include "messages/api/core/v1/service.pb.h"
#include "tools/sim/invariants/all.hpp"

namespace kabuki::tools {
namespace {

using ::k8s::io::api::core::v1::Service;

class ServiceAddresses final : public Invariant {
 public:
  ServiceAddresses() : Invariant("service-addresses") {}

  void changed(const Seen& seen, const Breach& breach) override {
    if (seen.object().kind() != kinds::kService) return;
    const Key key = seen.object().key();
    const std::string had = address_of(seen.before);
    const std::string has = address_of(seen.after);
    if (had == has) return;
    if (auto user = users_.find(had); user != users_.end() && user->second == key) users_.erase(user);
    if (has.empty()) return;
    const auto [user, free] = users_.emplace(has, key);
    if (!free) breach(key.text() + " got " + has + " while " + user->second.text() + " had it");
  }
  void forget() override { users_.clear(); }

 private:
  static std::string address_of(const ObjectPtr& service) {
    if (!service) return "";
    const std::string address = service->as<Service>().spec().clusterip();
    return address == "None" ? "" : address;
  }

  std::map<std::string, Key> users_;
};

}  // namespace

std::unique_ptr<Invariant> service_addresses() { return std::make_unique<ServiceAddresses>(); }

}  // namespace kabuki::tools
