#include "actors/kubelet/lifecycle/image_name.hpp"

#include <algorithm>
#include <cstddef>

namespace kabuki::kubelet {
namespace {

constexpr const char* kMalformed = "invalid reference format";
constexpr size_t kTagMax = 128;
constexpr size_t kDigestMin = 32;

bool lower(char c) { return c >= 'a' && c <= 'z'; }
bool upper(char c) { return c >= 'A' && c <= 'Z'; }
bool digit(char c) { return c >= '0' && c <= '9'; }
bool word(char c) { return lower(c) || upper(c) || digit(c) || c == '_'; }

bool is_tag(std::string_view tag) {
  return !tag.empty() && tag.size() <= kTagMax && word(tag.front()) &&
         std::all_of(tag.begin(), tag.end(), [](char c) { return word(c) || c == '.' || c == '-'; });
}

bool is_digest(std::string_view digest) {
  const size_t colon = digest.find(':');
  if (colon == std::string_view::npos || colon == 0) return false;
  const std::string_view hex = digest.substr(colon + 1);
  return hex.size() >= kDigestMin && std::all_of(hex.begin(), hex.end(), [](char c) {
           return digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
         });
}

bool is_host(std::string_view host) {
  const size_t colon = host.rfind(':');
  if (colon != std::string_view::npos) {
    const std::string_view port = host.substr(colon + 1);
    if (port.empty() || !std::all_of(port.begin(), port.end(), digit)) return false;
    host = host.substr(0, colon);
  }
  return !host.empty() && host.front() != '.' && host.front() != '-' && host.back() != '.' && host.back() != '-' &&
         std::all_of(host.begin(), host.end(), [](char c) { return (word(c) && c != '_') || c == '.' || c == '-'; });
}

/// Letters and digits, set apart by one period, one or two underscores, or any number of hyphens.
bool is_component(std::string_view part) {
  size_t i = 0;
  while (true) {
    const size_t begin = i;
    while (i < part.size() && (lower(part[i]) || digit(part[i]))) ++i;
    if (i == begin) return false;
    if (i == part.size()) return true;
    const char mark = part[i];
    const size_t marks = std::min(part.find_first_not_of(mark, i), part.size()) - i;
    if (mark == '.' ? marks != 1 : mark == '_' ? marks > 2 : mark != '-') return false;
    i += marks;
  }
}

/// Whether what stands before the first slash is a host: else it is part of the path on the default one.
bool names_host(std::string_view first) {
  return first.find_first_of(".:") != std::string_view::npos || first == "localhost" ||
         std::any_of(first.begin(), first.end(), upper);
}

}  // namespace

std::string why_no_image_name(std::string_view image) {
  std::string_view path = image;
  std::string_view host;
  if (const size_t slash = image.find('/'); slash != std::string_view::npos && names_host(image.substr(0, slash))) {
    host = image.substr(0, slash);
    path = image.substr(slash + 1);
  }
  const std::string_view name = path.substr(0, path.find(':'));
  if (std::any_of(name.begin(), name.end(), upper)) {
    const bool official = host.empty() && name.find('/') == std::string_view::npos;
    return std::string(kMalformed) + ": repository name (" + (official ? "library/" : "") + std::string(name) +
           ") must be lowercase";
  }
  if (!host.empty() && !is_host(host)) return kMalformed;
  if (const size_t at = path.find('@'); at != std::string_view::npos) {
    if (!is_digest(path.substr(at + 1))) return kMalformed;
    path = path.substr(0, at);
  }
  if (const size_t colon = path.find(':'); colon != std::string_view::npos) {
    if (!is_tag(path.substr(colon + 1))) return kMalformed;
    path = path.substr(0, colon);
  }
  while (true) {
    const size_t slash = path.find('/');
    if (!is_component(path.substr(0, slash))) return kMalformed;
    if (slash == std::string_view::npos) return {};
    path.remove_prefix(slash + 1);
  }
}

}  // namespace kabuki::kubelet
