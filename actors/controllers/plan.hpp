#pragma once

#include <chrono>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "actors/event_recorder.hpp"
#include "actors/write.hpp"
#include "runtime/io/time.hpp"

namespace kabuki::controllers {

/// When a decision is made. Ages of what is recorded in objects are measured by `wall`, silence of somebody by
/// `mono`.
struct Instant {
  io::WallTime wall;
  io::MonoTime mono;
};

/// What is said, as an event about `about`, once the answer to a write is there. In the texts "{name}" stands for the
/// name of what was written and "{error}" for why it was not; an empty text says nothing.
struct Announcement {
  Key about;
  std::string uid;
  std::string done_reason, done;
  std::string failed_reason, failed;
  bool operator==(const Announcement&) const = default;
};

struct Step {
  actors::Write write;
  std::optional<Announcement> say;
  bool operator==(const Step&) const = default;
};

/// An object that must be known not to exist, by asking the store, before a plan is carried out.
struct Gone {
  Key key;
  std::string uid;  // "": under no uid
  bool operator==(const Gone&) const = default;
};

/// What a view must have been shown to hold, by asking the store, before a plan that counts is carried out.
struct Confirm {
  std::set<KindId> kinds;
  /// Once confirmed for a key it is so until another text is asked for, or a plan of the key asks for nothing.
  std::string what;
  bool operator==(const Confirm&) const = default;
};

/// What a reconcile wants done: at most one write per object. Empty when the world is as it should be.
struct Plan {
  std::vector<Step> steps;
  std::vector<actors::EventNote> events;
  std::vector<Gone> only_if_gone;
  /// The plan is made anew when the views have reached what the store held after this was asked for.
  Confirm confirm;
  /// Reconcile again after this long though nothing changed.
  std::optional<io::Duration> again_after;
  bool operator==(const Plan&) const = default;

  bool empty() const { return steps.empty(); }
  void add(actors::Write write) { steps.push_back({std::move(write), std::nullopt}); }
  void add(actors::Write write, Announcement say) { steps.push_back({std::move(write), std::move(say)}); }
  /// The soonest of all that were asked for.
  void again(io::Duration after) { again_after = again_after ? std::min(*again_after, after) : after; }
};

}  // namespace kabuki::controllers
