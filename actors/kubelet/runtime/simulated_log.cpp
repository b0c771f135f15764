#include "actors/kubelet/runtime/simulated_log.hpp"

#include <algorithm>
#include <string_view>

namespace kabuki::kubelet {
namespace {

constexpr std::string_view kNumber = "{n}";

std::string with_number(const std::string& text, int64_t n) {
  std::string out = text;
  for (size_t at = 0; (at = out.find(kNumber, at)) != std::string::npos;) {
    out.replace(at, kNumber.size(), std::to_string(n));
  }
  return out;
}

}  // namespace

SimulatedLog::SimulatedLog(const PodView& pod, size_t container, const Behaviour& behaviour, Life life)
    : who_("container " + pod.spec(container).name() + " of pod " + pod.ns() + "/" + pod.name()),
      lines_(behaviour.logs),
      given_(behaviour.has_logs || behaviour.log_every),
      every_(behaviour.log_every.value_or(0)),
      life_(life) {
  if (!behaviour.has_logs && every_ > 0) lines_ = {"line {n}"};
}

/// Of lines that all come at the start: the annotation's, or the one that says so.
int64_t SimulatedLog::lines_at_start() const { return given_ ? static_cast<int64_t>(lines_.size()) : 1; }

int64_t SimulatedLog::count(int64_t now_ns) const {
  const int64_t end = life_.ended_ns == 0 ? now_ns : std::min(now_ns, life_.ended_ns);
  if (end < life_.started_ns) return 0;
  if (goes_on()) return (end - life_.started_ns) / every_ + 1;
  const bool ended = !given_ && life_.ended_ns != 0 && now_ns >= life_.ended_ns;
  return lines_at_start() + (ended ? 1 : 0);
}

int64_t SimulatedLog::at(int64_t n) const {
  if (goes_on()) {
    const int64_t at = life_.started_ns + n * every_;
    return life_.ended_ns != 0 && at > life_.ended_ns ? kNever : at;
  }
  if (n < lines_at_start()) return life_.started_ns;
  return !given_ && n == 1 && life_.ended_ns != 0 ? life_.ended_ns : kNever;
}

SimulatedLog::Line SimulatedLog::line(int64_t n) const {
  if (given_) return {at(n), with_number(lines_[static_cast<size_t>(n) % lines_.size()], n + 1)};
  if (n == 0) return {at(0), who_ + " started, restart " + std::to_string(life_.restart_count)};
  return {at(1), who_ + " ended with exit code " + std::to_string(life_.exit_code)};
}

int64_t SimulatedLog::first_since(int64_t at_ns) const {
  if (at_ns <= life_.started_ns) return 0;
  if (goes_on()) return (at_ns - life_.started_ns + every_ - 1) / every_;
  return lines_at_start();
}

std::string SimulatedLog::last(int64_t lines, size_t bytes) const {
  const int64_t end = count(life_.ended_ns);
  std::string out;
  for (int64_t n = std::max<int64_t>(0, end - lines); n < end; ++n) out += line(n).text + "\n";
  if (out.size() > bytes) out.erase(0, out.size() - bytes);
  return out;
}

}  // namespace kabuki::kubelet
