// Devices and claims to them.
#include "messages/validation/rule.hpp"

namespace kabuki::validation {
namespace {

using namespace kinds;

// clang-format off
constexpr Rule kRules[] = {
    {kDeviceClass, "spec.selectors[].cel", Check::required},
    {kDeviceClass, "spec.selectors[].cel.expression", Check::required},
    {kDeviceClass, "spec.selectors", Check::max_items, "32"},
    {kDeviceClass, "spec.config", Check::max_items, "32"},

    {kResourceClaim, "spec.devices.requests", Check::max_items, "32"},
    {kResourceClaim, "spec.devices.requests", Check::unique, "name"},
    {kResourceClaim, "spec.devices.requests[].name", Check::required},
    {kResourceClaim, "spec.devices.requests[].name", Check::dns_label},
    {kResourceClaim, "spec.devices.requests[]", Check::exactly_one,
     "exactly|firstAvailable;exactly one of `exactly` or `firstAvailable` is required;exactly one of `exactly` "
     "or `firstAvailable` is required, but multiple fields are set"},
    {kResourceClaim, "spec.devices.requests[].exactly.deviceClassName", Check::required},
    {kResourceClaim, "spec.devices.requests[].exactly.deviceClassName", Check::dns_subdomain},
    {kResourceClaim, "spec.devices.requests[].exactly.allocationMode", Check::one_of, "All|ExactCount"},
    {kResourceClaim, "spec.devices.requests[].exactly.count", Check::positive,
     "must be greater than zero", "allocationMode=ExactCount"},
    {kResourceClaim, "spec.devices.constraints", Check::max_items, "32"},
    {kResourceClaim, "spec", Check::immutable},

    {kResourceClaimTemplate, "spec.spec.devices.requests", Check::max_items, "32"},
    {kResourceClaimTemplate, "spec.spec.devices.requests", Check::unique, "name"},
    {kResourceClaimTemplate, "spec.spec.devices.requests[].name", Check::required},
    {kResourceClaimTemplate, "spec.spec.devices.requests[].name", Check::dns_label},
    {kResourceClaimTemplate, "spec.spec.devices.requests[]", Check::exactly_one,
     "exactly|firstAvailable;exactly one of `exactly` or `firstAvailable` is required;exactly one of `exactly` "
     "or `firstAvailable` is required, but multiple fields are set"},
    {kResourceClaimTemplate, "spec.spec.devices.requests[].exactly.deviceClassName", Check::required},
    {kResourceClaimTemplate, "spec.spec.devices.requests[].exactly.deviceClassName", Check::dns_subdomain},
    {kResourceClaimTemplate, "spec.spec.devices.requests[].exactly.allocationMode", Check::one_of, "All|ExactCount"},
    {kResourceClaimTemplate, "spec.spec.devices.requests[].exactly.count", Check::positive,
     "must be greater than zero", "allocationMode=ExactCount"},
    {kResourceClaimTemplate, "spec.spec.devices.constraints", Check::max_items, "32"},
    {kResourceClaimTemplate, "spec", Check::immutable},

    {kResourceSlice, "spec.driver", Check::required},
    {kResourceSlice, "spec.driver", Check::dns_subdomain},
    {kResourceSlice, "spec.pool.name", Check::required},
    {kResourceSlice, "spec.pool.generation", Check::minimum, "0"},
    {kResourceSlice, "spec.pool.resourceSliceCount", Check::positive, "must be greater than zero"},
    {kResourceSlice, "spec", Check::exactly_one,
     "nodeName|nodeSelector|allNodes|perDeviceNodeSelection;exactly one of `nodeName`, `nodeSelector`, "
     "`allNodes`, `perDeviceNodeSelection` is required;exactly one of `nodeName`, `nodeSelector`, `allNodes`, "
     "`perDeviceNodeSelection` is required, but multiple fields are set"},
    {kResourceSlice, "spec.devices", Check::max_items, "128"},
    {kResourceSlice, "spec.devices", Check::unique, "name"},
    {kResourceSlice, "spec.devices[].name", Check::required},
    {kResourceSlice, "spec.devices[].name", Check::dns_label},
    {kResourceSlice, "spec.driver", Check::immutable},
    {kResourceSlice, "spec.nodeName", Check::immutable},
};
// clang-format on

}  // namespace

std::span<const Rule> device_rules() { return kRules; }

}  // namespace kabuki::validation
