#include "tools/sim/checks.hpp"

#include <algorithm>
#include <utility>

#include "tools/sim/checks/all.hpp"

namespace kabuki::tools {
namespace {

constexpr size_t kLinesKept = 8;

std::string joined(const Lines& lines) {
  std::string out;
  for (size_t i = 0; i < std::min(lines.size(), kLinesKept); ++i) out += (out.empty() ? "" : "; ") + lines[i];
  if (lines.size() > kLinesKept) out += "; and " + std::to_string(lines.size() - kLinesKept) + " more";
  return out;
}

}  // namespace

std::string_view text(Verdict verdict) {
  switch (verdict) {
    case Verdict::passed:
      return "passed";
    case Verdict::failed:
      return "failed";
    case Verdict::ran_out_of_time:
      return "ran out of time";
  }
  return "";
}

std::vector<Check> judge(const Observed& observed, const History& history, const Workloads& workloads) {
  std::vector<Check> checks;
  auto in_the_end = [&](std::string name, const Lines& wrong) {
    Verdict verdict = wrong.empty() ? Verdict::passed : observed.settled ? Verdict::failed : Verdict::ran_out_of_time;
    checks.push_back({std::move(name), verdict, joined(wrong)});
  };
  auto always = [&](const std::string& name) {
    const Lines& breaches = history.breaches(name);
    checks.push_back({name, breaches.empty() ? Verdict::passed : Verdict::failed, joined(breaches)});
  };
  in_the_end("settles", observed.settled ? Lines{} : Lines{observed.why_not_settled});
  in_the_end("rest-writes-nothing", observed.written_at_rest);
  in_the_end("right-pods", wrong_pods(observed, workloads));
  in_the_end("acknowledged-writes", lost_writes(observed, workloads));
  if (std::ranges::any_of(workloads.all(), [](const auto& one) { return !one->client().breaches().empty(); })) {
    checks.back().verdict = Verdict::failed;
  }
  in_the_end("endpoints-ready", wrong_endpoints(observed));
  in_the_end("no-orphans", orphans(observed));
  in_the_end("no-homeless", homeless(observed));
  in_the_end("served-is-stored", served_wrongly(observed, history));
  in_the_end("views-agree", wrong_views(observed, history));
  in_the_end("nodes-ready", wrong_nodes(observed));
  in_the_end("supervision-tree", wrong_trees(observed));
  for (const char* promise : {"bound-once", "addresses-unique", "phases-final", "uids-unique", "revisions-increase",
                              "store-recovers", "restores", "one-leader-a-term"}) {
    always(promise);
  }
  checks.push_back({"fenced", observed.under_past_terms.empty() ? Verdict::passed : Verdict::failed,
                    joined(observed.under_past_terms)});
  for (const auto& invariant : history.invariants()) always(invariant->name());
  return checks;
}

}  // namespace kabuki::tools
