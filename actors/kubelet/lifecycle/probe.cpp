#include "actors/kubelet/lifecycle/probe.hpp"

#include <algorithm>

namespace kabuki::kubelet {
namespace {

constexpr int64_t kSecond = 1'000'000'000;
constexpr int64_t kPeriodSeconds = 10;
constexpr int64_t kTimeoutSeconds = 1;
constexpr int64_t kFailures = 3;
// How far a search goes at once where outcomes never become steady.
constexpr int64_t kLookAhead = 256;
constexpr int kHttpFailure = 500;

int64_t or_default(int64_t value, int64_t otherwise) { return value > 0 ? value : otherwise; }

std::string port_text(const ContainerMessage& container,
                      const ::k8s::io::apimachinery::pkg::util::intstr::IntOrString& port) {
  if (port.type() == 0) return std::to_string(port.intval());
  for (const auto& known : container.ports()) {
    if (known.name() == port.strval()) return std::to_string(known.containerport());
  }
  return port.strval();
}

std::string http_failure(const ContainerMessage& container, const ::k8s::io::api::core::v1::HTTPGetAction& get,
                         const std::string& address, bool timed_out) {
  if (!timed_out) return "HTTP probe failed with statuscode: " + std::to_string(kHttpFailure);
  std::string scheme = get.scheme().empty() ? "http" : get.scheme();
  for (char& c : scheme) c = static_cast<char>(c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c);
  std::string path = get.path();
  if (path.empty() || path.front() != '/') path.insert(0, "/");
  return "Get \"" + scheme + "://" + (get.host().empty() ? address : get.host()) + ":" +
         port_text(container, get.port()) + path +
         "\": context deadline exceeded (Client.Timeout exceeded while awaiting headers)";
}

}  // namespace

ProbeRule probe_rule(const ProbeMessage& probe, int64_t started_ns, int64_t not_before_ns) {
  ProbeRule rule;
  rule.first_ns = std::max(started_ns + std::max<int64_t>(probe.initialdelayseconds(), 0) * kSecond, not_before_ns);
  rule.period_ns = or_default(probe.periodseconds(), kPeriodSeconds) * kSecond;
  rule.timeout_ns = or_default(probe.timeoutseconds(), kTimeoutSeconds) * kSecond;
  rule.successes = or_default(probe.successthreshold(), 1);
  rule.failures = or_default(probe.failurethreshold(), kFailures);
  return rule;
}

int64_t ProbeSeries::done_by(int64_t now_ns) const {
  if (now_ns < rule.first_ns) return 0;
  int64_t done = (now_ns - rule.first_ns) / rule.period_ns + 1;
  // The last one may still be under way.
  while (done > 0 && find(done - 1).at_ns > now_ns) --done;
  return done;
}

bool ProbeSeries::stands(int64_t done, bool initially) const {
  int64_t run = 0;
  bool of = true;
  for (int64_t n = done; n-- > 0;) {
    const bool ok = find(n).ok;
    run = run > 0 && ok == of ? run + 1 : 1;
    of = ok;
    if (run >= (ok ? rule.successes : rule.failures)) return ok;
  }
  return initially;
}

int64_t ProbeSeries::first_defeat(int64_t done) const {
  int64_t run = 0;
  for (int64_t n = 0; n < done; ++n) {
    run = find(n).ok ? 0 : run + 1;
    if (run >= rule.failures) return n;
    if (n > steady_from && run == 0) return -1;
  }
  return -1;
}

int64_t ProbeSeries::next(int64_t from, const std::function<bool(int64_t n)>& wanted) const {
  const int64_t turns = rule.failures + rule.successes;
  for (int64_t n = from;; ++n) {
    if (wanted(n)) return n;
    if (n >= steady_from && n - std::max(from, steady_from) > turns) return -1;
    if (n - from >= kLookAhead) return n;
  }
}

const char* probe_name(ProbeKind kind) {
  switch (kind) {
    case ProbeKind::startup:
      return "Startup";
    case ProbeKind::readiness:
      return "Readiness";
    case ProbeKind::liveness:
      return "Liveness";
  }
  return "";
}

std::string probe_failure(const ContainerMessage& container, const ProbeMessage& probe, const std::string& address,
                          bool timed_out) {
  const auto& handler = probe.handler();
  const std::string limit = std::to_string(or_default(probe.timeoutseconds(), kTimeoutSeconds)) + "s";
  if (handler.has_httpget()) return http_failure(container, handler.httpget(), address, timed_out);
  if (handler.has_tcpsocket()) {
    const auto& tcp = handler.tcpsocket();
    return "dial tcp " + (tcp.host().empty() ? address : tcp.host()) + ":" + port_text(container, tcp.port()) +
           (timed_out ? ": i/o timeout" : ": connect: connection refused");
  }
  if (handler.has_grpc()) {
    const std::string where = address + ":" + std::to_string(handler.grpc().port());
    return timed_out ? "timeout: failed to connect service \"" + where + "\" within " + limit +
                           ": context deadline exceeded"
                     : "service unhealthy (responded with \"NOT_SERVING\")";
  }
  // What a command that fails prints is not known here.
  if (!timed_out) return "";
  std::string command;
  for (const std::string& part : handler.exec().command()) command += (command.empty() ? "" : " ") + part;
  return "command timed out: \"" + command + "\" timed out after " + limit;
}

}  // namespace kabuki::kubelet
