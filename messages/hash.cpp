#include "messages/hash.hpp"

#include "messages/api/core/v1/pod_template.pb.h"
#include "messages/encode.hpp"

namespace kabuki {
namespace {

constexpr std::string_view kSafeAlphabet = "bcdfghjklmnpqrstvwxz2456789";

template <class Number>
Number fnv1a(std::string_view bytes, Number hash, Number prime) {
  for (unsigned char byte : bytes) hash = (hash ^ byte) * prime;
  return hash;
}

}  // namespace

uint32_t fnv1a_32(std::string_view bytes) { return fnv1a<uint32_t>(bytes, 2166136261u, 16777619u); }

uint64_t fnv1a_64(std::string_view bytes) { return fnv1a<uint64_t>(bytes, 14695981039346656037u, 1099511628211u); }

std::string safe_encode(std::string_view text) {
  std::string encoded;
  for (unsigned char byte : text) encoded += kSafeAlphabet[byte % kSafeAlphabet.size()];
  return encoded;
}

std::string pod_template_hash(const k8s::io::api::core::v1::PodTemplateSpec& pod_template, int32_t collisions) {
  std::string bytes = serialize(pod_template);
  if (collisions > 0) bytes.append("\xff").append(std::to_string(collisions));
  return safe_encode(std::to_string(fnv1a_32(bytes)));
}

}  // namespace kabuki
