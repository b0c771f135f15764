#include "actors/kubelet/runtime/behaviour.hpp"

#include <algorithm>
#include <charconv>
#include <map>

#include "messages/status.hpp"
#include "messages/time_format.hpp"

namespace kabuki::kubelet {
namespace {

constexpr int64_t kSecond = 1'000'000'000;
constexpr int64_t kMilli = 1'000'000;
constexpr int32_t kCannotRun = 128;

Error annotation_error(const std::string& key, std::string_view why) {
  return bad_request("annotation " + std::string(kSimPrefix) + key + ": " + std::string(why));
}

std::string_view trim(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\n')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\n')) text.remove_suffix(1);
  return text;
}

std::vector<std::string_view> split(std::string_view text, char separator) {
  std::vector<std::string_view> out;
  while (true) {
    const size_t at = text.find(separator);
    out.push_back(trim(text.substr(0, at)));
    if (at == std::string_view::npos) return out;
    text.remove_prefix(at + 1);
  }
}

std::optional<int32_t> exit_code(std::string_view text) {
  int32_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size() || value < 0 || value > 255) return std::nullopt;
  return value;
}

/// Reads one annotation into a Behaviour; the error says what was expected. Empty: understood.
using Read = std::string (*)(std::string_view text, Behaviour* out);

template <class T>
std::string read_duration(std::string_view text, T Behaviour::*field, Behaviour* out) {
  auto parsed = Distribution::parse(text);
  if (!parsed.ok()) return parsed.error().message;
  out->*field = *parsed;
  return {};
}

std::string read_pull(std::string_view text, Behaviour* out) {
  if (text == "fail") {
    out->pull_fails = true;
    return {};
  }
  return read_duration(text, &Behaviour::pull_latency, out);
}

std::string read_exit_codes(std::string_view text, Behaviour* out) {
  if (!out->run_time) out->run_time = Distribution::constant(kSecond);
  if (text == "oom") {
    out->out_of_memory = true;
    out->exit_codes = {137};
    return {};
  }
  if (text == "cannot-run") {
    out->cannot_run = true;
    out->run_time = Distribution::constant(0);
    out->exit_codes = {kCannotRun};
    return {};
  }
  out->exit_codes.clear();
  for (const std::string_view part : split(text, ',')) {
    const auto code = exit_code(part);
    if (!code)
      return "\"" + std::string(text) + "\" is no exit code: expected 0 to 255, a list of them, oom or cannot-run";
    out->exit_codes.push_back(*code);
  }
  return {};
}

std::string read_stop(std::string_view text, Behaviour* out) {
  if (text == "ignore") {
    out->ignores_stop = true;
    return {};
  }
  return read_duration(text, &Behaviour::stop_latency, out);
}

std::string read_stop_code(std::string_view text, Behaviour* out) {
  const auto code = exit_code(text);
  if (!code) return "\"" + std::string(text) + "\" is no exit code: expected 0 to 255";
  out->stop_exit_code = *code;
  return {};
}

std::string read_ready(std::string_view text, Behaviour* out) {
  if (text == "never") {
    out->never_ready = true;
    return {};
  }
  return read_duration(text, &Behaviour::ready_after, out);
}

std::string read_writes(std::string_view text, Behaviour* out) {
  for (const std::string_view part : split(text, ';')) {
    const size_t equals = part.find('=');
    if (equals == std::string_view::npos || part.empty() || part.front() != '/') {
      return "\"" + std::string(part) + "\" is no file: expected /path=text";
    }
    out->writes.push_back({std::string(part.substr(0, equals)), std::string(part.substr(equals + 1))});
  }
  return {};
}

std::string read_reads(std::string_view text, Behaviour* out) {
  for (const std::string_view part : split(text, ';')) {
    if (part.empty() || part.front() != '/') return "\"" + std::string(part) + "\" is no absolute path";
    out->reads.emplace_back(part);
  }
  return {};
}

std::string read_exec(std::string_view text, Behaviour* out) {
  auto parsed = parse_exec_outcomes(text);
  if (!parsed.ok()) return parsed.error().message;
  out->exec = std::move(*parsed);
  return {};
}

std::string read_use(std::string_view text, UseProfile::Unit unit, std::optional<UseProfile>* out) {
  auto parsed = UseProfile::parse(text, unit);
  if (!parsed.ok()) return parsed.error().message;
  *out = std::move(*parsed);
  return {};
}

std::string read_probe(std::string_view text, std::optional<ProbeScript> Behaviour::*field, Behaviour* out) {
  auto parsed = ProbeScript::parse(text);
  if (!parsed.ok()) return parsed.error().message;
  out->*field = *parsed;
  return {};
}

std::string read_hook(std::string_view text, std::optional<Distribution> Behaviour::*field, bool Behaviour::*fails,
                      Behaviour* out) {
  if (text != "fail") return read_duration(text, field, out);
  out->*fails = true;
  return {};
}

std::string read_image_user(std::string_view text, Behaviour* out) {
  if (text != "root" && text != "other") return "\"" + std::string(text) + "\" is neither root nor other";
  out->image_is_root = text == "root";
  return {};
}

std::string read_logs(std::string_view text, Behaviour* out) {
  out->has_logs = true;
  while (!text.empty()) {
    const size_t end = text.find('\n');
    out->logs.emplace_back(text.substr(0, end));
    if (end == std::string_view::npos) break;
    text.remove_prefix(end + 1);
  }
  return {};
}

std::string read_log_every(std::string_view text, Behaviour* out) {
  const auto every = parse_duration(text);
  if (!every || *every < kMilli) return "\"" + std::string(text) + "\" is no duration of at least 1ms";
  out->log_every = *every;
  return {};
}

/// In the order they are applied: `run-time` before `exit-code`, which has a default for it.
const std::vector<std::pair<std::string_view, Read>>& readers() {
  static const std::vector<std::pair<std::string_view, Read>> table = {
      {"start-latency", [](auto text, auto* out) { return read_duration(text, &Behaviour::start_latency, out); }},
      {"image-pull", read_pull},
      {"run-time", [](auto text, auto* out) { return read_duration(text, &Behaviour::run_time, out); }},
      {"exit-code", read_exit_codes},
      {"stop-latency", read_stop},
      {"stop-exit-code", read_stop_code},
      {"ready-after", read_ready},
      {"unhealthy-after", [](auto text, auto* out) { return read_duration(text, &Behaviour::unhealthy_after, out); }},
      {"startup-probe", [](auto text, auto* out) { return read_probe(text, &Behaviour::startup_probe, out); }},
      {"readiness-probe", [](auto text, auto* out) { return read_probe(text, &Behaviour::readiness_probe, out); }},
      {"liveness-probe", [](auto text, auto* out) { return read_probe(text, &Behaviour::liveness_probe, out); }},
      {"probe-latency", [](auto text, auto* out) { return read_duration(text, &Behaviour::probe_latency, out); }},
      {"post-start",
       [](auto text, auto* out) {
         return read_hook(text, &Behaviour::post_start, &Behaviour::post_start_fails, out);
       }},
      {"pre-stop",
       [](auto text, auto* out) { return read_hook(text, &Behaviour::pre_stop, &Behaviour::pre_stop_fails, out); }},
      {"image-user", read_image_user},
      {"logs", read_logs},
      {"log-every", read_log_every},
      {"writes", read_writes},
      {"reads", read_reads},
      {"exec", read_exec},
      {"cpu-use", [](auto text, auto* out) { return read_use(text, UseProfile::Unit::milli, &out->cpu_use); }},
      {"memory-use", [](auto text, auto* out) { return read_use(text, UseProfile::Unit::whole, &out->memory_use); }},
  };
  return table;
}

Result<> check_key(const PodView& pod, const std::string& key) {
  const size_t dot = key.rfind('.');
  const std::string_view setting = std::string_view(key).substr(dot == std::string::npos ? 0 : dot + 1);
  const bool known =
      std::any_of(readers().begin(), readers().end(), [&](const auto& r) { return r.first == setting; });
  if (!known) return annotation_error(key, "there is no such setting of a simulated container");
  if (dot != std::string::npos && pod.find(key.substr(0, dot)) == pod.containers.size()) {
    return annotation_error(key, "the pod has no container \"" + key.substr(0, dot) + "\"");
  }
  return {};
}

}  // namespace

Result<Behaviour> behaviour_of(const PodView& pod, size_t container) {
  Behaviour out;
  if (pod.role(container) == Role::init) out.run_time = Distribution::uniform(5 * kMilli, 20 * kMilli);
  // Ordered, so that of several mistakes it is always the same one that is reported.
  std::map<std::string, std::string> annotations;
  for (const auto& [key, value] : pod.message->metadata().annotations()) {
    if (key.starts_with(kSimPrefix)) annotations.emplace(key.substr(kSimPrefix.size()), value);
  }
  if (annotations.empty()) return out;
  for (const auto& [key, value] : annotations) {
    auto checked = check_key(pod, key);
    if (!checked.ok()) return checked.error();
  }
  for (const auto& [setting, read] : readers()) {
    auto found = annotations.find(pod.spec(container).name() + "." + std::string(setting));
    if (found == annotations.end()) found = annotations.find(std::string(setting));
    if (found == annotations.end()) continue;
    const std::string wrong = read(trim(found->second), &out);
    if (!wrong.empty()) return annotation_error(found->first, wrong);
  }
  return out;
}

}  // namespace kabuki::kubelet
