#include "actors/kubelet/lifecycle/container_id.hpp"

#include <charconv>

#include "runtime/io/random.hpp"

namespace kabuki::kubelet {
namespace {

constexpr std::string_view kScheme = "simulated://";
constexpr size_t kDigits = 64;
constexpr size_t kStreakDigits = 8;
constexpr size_t kStartDigits = 16;
constexpr uint64_t kSeed = 0x6b6162756b69;

void append_hex(uint64_t value, size_t digits, std::string* out) {
  for (size_t i = digits; i-- > 0;) out->push_back("0123456789abcdef"[value >> (4 * i) & 15]);
}

std::optional<uint64_t> read_hex(std::string_view text) {
  uint64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value, 16);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

}  // namespace

std::string simulated_id(std::string_view uid, std::string_view container, int32_t restart_count, SimulatedId id) {
  std::string who(uid);
  who.append("/").append(container).append("/").append(std::to_string(restart_count));
  io::Random digits = io::Random(kSeed).split(who);
  std::string out(kScheme);
  out.reserve(kScheme.size() + kDigits);
  append_hex(digits.next(), 16, &out);
  append_hex(digits.next(), 16, &out);
  append_hex(digits.next(), kDigits - kStreakDigits - kStartDigits - 32, &out);
  append_hex(id.streak, kStreakDigits, &out);
  append_hex(static_cast<uint64_t>(id.started_ns), kStartDigits, &out);
  return out;
}

std::optional<SimulatedId> read_simulated_id(std::string_view text) {
  if (!text.starts_with(kScheme) || text.size() != kScheme.size() + kDigits) return std::nullopt;
  text.remove_prefix(text.size() - kStreakDigits - kStartDigits);
  const auto streak = read_hex(text.substr(0, kStreakDigits));
  const auto start = read_hex(text.substr(kStreakDigits));
  if (!streak || !start) return std::nullopt;
  return SimulatedId{static_cast<uint32_t>(*streak), static_cast<int64_t>(*start)};
}

std::string simulated_image_id(std::string_view image) {
  io::Random digits = io::Random(kSeed).split(image);
  const size_t colon = image.rfind(':');
  const size_t slash = image.rfind('/');
  const bool tagged = colon != std::string_view::npos && (slash == std::string_view::npos || colon > slash);
  std::string out(image.substr(0, tagged ? colon : image.size()));
  const size_t digest = out.find('@');
  if (digest != std::string::npos) out.resize(digest);
  out.append("@sha256:");
  for (int i = 0; i < 4; ++i) append_hex(digits.next(), 16, &out);
  return out;
}

}  // namespace kabuki::kubelet
