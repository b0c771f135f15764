#pragma once

#include <google/protobuf/text_format.h>
#include <map>
#include <string>
#include <vector>

#include "actors/kubelet/lifecycle/needs.hpp"
#include "actors/kubelet/lifecycle/resize_notes.hpp"
#include "actors/kubelet/lifecycle/settle.hpp"
#include "actors/kubelet/lifecycle/status.hpp"
#include "actors/kubelet/lifecycle/step.hpp"
#include "actors/kubelet/runtime/simulated.hpp"
#include "messages/encode.hpp"
#include "messages/time_format.hpp"

namespace kabuki::kubelet {

inline constexpr int64_t kPlaySecond = 1'000'000'000;
inline constexpr int64_t kPlayStart = 1'700'000'000 * kPlaySecond;

inline PodMessage pod_from(const std::string& text) {
  PodMessage pod;
  // Merging allows metadata to be given in parts.
  EXPECT_TRUE(google::protobuf::TextFormat::MergeFromString(text, &pod)) << text;
  pod.mutable_metadata()->set_namespace_("default");
  if (pod.metadata().name().empty()) pod.mutable_metadata()->set_name("web");
  if (pod.metadata().uid().empty()) pod.mutable_metadata()->set_uid("u-1");
  return pod;
}

/// One pod with simulated containers, played forward without an actor; every status that changes is kept.
struct PodPlay {
  PodMessage pod;
  PodState state;
  SimulatedRuntime runtime;
  int64_t now = kPlayStart;
  bool removed = false;
  std::vector<std::string> history;  // of `line`
  std::vector<std::string> notes;
  std::vector<std::string> messages;  // of the notes
  std::map<Key, ObjectPtr> api = {};  // what the pod may refer to

  explicit PodPlay(PodMessage message) : pod(std::move(message)) {
    state = restore(view_of(pod));
    state.ip = *overlay::Ipv4::parse("10.244.0.5");
  }

  /// All that lived in memory is lost.
  void restart() {
    state = restore(view_of(pod));
    state.ip = *overlay::Ipv4::parse("10.244.0.5");
  }

  int64_t settle_once(std::vector<RuntimeEvent> first = {}) {
    const PodView view = view_of(pod);
    Settled settled = settle(view, state, runtime, {now}, std::move(first));
    take(settled.notes);
    if (settled.look) {
      take_needs(state, missing_of(view, [this](const Key& key) { return api[key]; }), {now});
      RuntimeEvent known;
      known.kind = RuntimeEvent::Kind::needs_known;
      settled = settle(view, state, runtime, {now}, {known});
      take(settled.notes);
    }
    PodStatusMessage status = build_status(view, state, "172.16.0.1", {now});
    if (serialize(status) != serialize(pod.status())) {
      const std::vector<Note> resized = resize_notes(view, status);
      take(resized);
      // What containers may use has changed.
      if (!resized.empty()) settled.wake_ns = now;
      *pod.mutable_status() = std::move(status);
      history.push_back(line());
    }
    removed = settled.remove;
    return settled.wake_ns;
  }

  void take(const std::vector<Note>& told) {
    for (const Note& n : told) {
      notes.push_back(n.reason);
      messages.push_back(n.message);
    }
  }

  /// Plays until `seconds` after the start, or until the pod is removed.
  void run_until(double seconds) {
    const int64_t end = kPlayStart + static_cast<int64_t>(seconds * kPlaySecond);
    while (!removed) {
      const int64_t wake = settle_once();
      if (wake == 0 || wake > end) break;
      ASSERT_GT(wake, now - 1);
      now = std::max(wake, now);
    }
    if (!removed) now = end;
  }

  void remove(int64_t grace_seconds) {
    pod.mutable_metadata()->mutable_deletiontimestamp()->set_seconds(now / kPlaySecond + grace_seconds);
    pod.mutable_metadata()->set_deletiongraceperiodseconds(grace_seconds);
  }

  void crash(const std::string& container, int32_t code) {
    RuntimeEvent event;
    const PodView view = view_of(pod);
    ASSERT_TRUE(runtime.crash_container(view, state, view.find(container), code, {now}, &event));
    settle_once({event});
  }

  /// "Running a:running/0 b:CrashLoopBackOff/2": the phase, then of each container what it is at and its restarts.
  std::string line() const {
    std::string out = pod.status().phase();
    for (const auto* list : {&pod.status().initcontainerstatuses(), &pod.status().containerstatuses()}) {
      for (const auto& c : *list) {
        const auto& s = c.state();
        const std::string at = s.has_running() ? c.ready() ? "ready" : "running"
                               : s.has_terminated()
                                   ? s.terminated().reason() + "(" + std::to_string(s.terminated().exitcode()) + ")"
                                   : s.waiting().reason();
        out += " " + c.name() + ":" + at + "/" + std::to_string(c.restartcount());
      }
    }
    return out;
  }
};

}  // namespace kabuki::kubelet
