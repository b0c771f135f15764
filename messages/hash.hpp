#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace k8s::io::api::core::v1 {
class PodTemplateSpec;
}

namespace kabuki {

/// FNV-1a. Stable: the same bytes give the same number on every machine and in every version.
uint32_t fnv1a_32(std::string_view bytes);
uint64_t fnv1a_64(std::string_view bytes);

/// Spells digits and letters with the alphabet of generated names, which has no vowels and so forms no words.
/// Source: Kubernetes' rand.SafeEncodeString.
std::string safe_encode(std::string_view text);

/// The value of a `pod-template-hash` label: a name part that depends on the template and on how often it collided,
/// and on nothing else. Not the number that Kubernetes computes (that depends on Go's memory layout).
std::string pod_template_hash(const k8s::io::api::core::v1::PodTemplateSpec& pod_template, int32_t collisions = 0);

}  // namespace kabuki
