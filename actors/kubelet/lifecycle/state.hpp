#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "overlay/cidr.hpp"

namespace kabuki::kubelet {

/// How a container ended.
struct Termination {
  int32_t exit_code = 0;
  std::string reason;  // Completed, Error, OOMKilled, ContainerStatusUnknown
  std::string message;
  std::string id;
  int64_t started_ns = 0;
  int64_t finished_ns = 0;
  int32_t restart_count = 0;
  uint32_t streak = 0;
  bool operator==(const Termination&) const = default;
};

/// What is being done about a container now. A container that has ended is idle and has `ended`.
/// Configuring: its image is there, what its environment is taken from is being looked up.
enum class ContainerPhase : uint8_t { idle, pulling, configuring, starting, running, stopping };

/// Why a container waits, when it is not simply its turn to come.
enum class Waiting : uint8_t {
  none,
  err_image_pull,
  image_pull_back_off,
  crash_loop_back_off,
  config_error,
  invalid_image_name,
  image_never_pull,
  post_start_error,
};

enum class ProbeKind : uint8_t { startup, readiness, liveness };

/// What the kubelet knows of one container of a pod; all of it that outlives a step is in the pod's status, too.
struct ContainerRecord {
  ContainerPhase phase = ContainerPhase::idle;
  Waiting waiting = Waiting::none;
  bool startup = false;                 // running: its startup probe has passed
  bool ready = false;                   // running: its readiness probe says so
  bool unhealthy = false;               // stopping: because of a probe or a hook that failed
  uint32_t failures = 0;                // pulls or creates that failed in a row
  int32_t restart_count = 0;            // of the newest container, running or about to start
  uint32_t streak = 0;                  // restarts of it since it last ran for long: what the back-off grows with
  int64_t since_ns = 0;                 // when the phase, or the reason to wait, began
  int64_t started_ns = 0;               // running, stopping
  int64_t retry_ns = 0;                 // idle: not before
  int64_t told_ns = 0;                  // up to when failures, or the pull, have been told; 0: not known
  int64_t kill_ns = 0;                  // stopping: when it is killed
  std::string id;                       // running, stopping
  std::unique_ptr<std::string> detail;  // of `waiting`, where it needs words
  std::unique_ptr<Termination> ended;   // the newest container, once it has ended
  std::unique_ptr<Termination> before;  // the one before the newest
};

enum class Sandbox : uint8_t { none, creating, ready, stopped };

/// Something that a pod refers to and that the API does not have.
struct Missing {
  static constexpr size_t kVolume = static_cast<size_t>(-1);
  size_t container = kVolume;
  std::string message;
  bool operator==(const Missing&) const = default;
};

/// What the node says of a pod that is to use more or less than it was given.
struct ResizeVerdict {
  int64_t generation = 0;  // of the pod, that it was said of; 0: nothing was said
  std::string reason;      // Infeasible or Deferred; "": it may
  std::string message;
  bool operator==(const ResizeVerdict&) const = default;
};

/// What few pods have to remember.
struct Rarely {
  std::string evicted;           // why it is evicted; "": it is not
  int64_t looked_ns = 0;         // when what it refers to was last looked up; 0: never
  std::vector<Missing> missing;  // of that
  uint8_t mounts_failed = 0;     // in a row
  ResizeVerdict resize;
};

/// A pod's life between two steps: small, because there are a million of them.
struct PodState {
  Sandbox sandbox = Sandbox::none;
  bool over = false;  // reached its end: nothing is ever started again
  bool deadline_exceeded = false;
  overlay::Ipv4 ip;  // the pod's, given before its sandbox is made
  int64_t sandbox_since_ns = 0;
  int64_t start_seconds = 0;                // when its kubelet first saw it
  std::vector<ContainerRecord> containers;  // as in PodView
  std::unique_ptr<Rarely> rarely;

  Rarely& rare() {
    if (!rarely) rarely = std::make_unique<Rarely>();
    return *rarely;
  }
  bool evicted() const { return rarely && !rarely->evicted.empty(); }
};

/// What a container runtime has to tell. `at_ns` is when it happened, which may be long ago.
struct RuntimeEvent {
  enum class Kind : uint8_t {
    sandbox_ready,
    sandbox_failed,
    pulling,  // the image is being fetched: advice
    image_pulled,
    pull_failed,
    started,
    never_pulled,       // the image is not there, and the policy is never to pull it
    start_failed,       // could not be created: `reason` is CreateContainerConfigError or the like
    startup_passed,     // its startup probe has succeeded
    readiness_changed,  // as its readiness probe says
    probe_failed,       // one probe: advice
    probes_told,        // failures before this moment were told by another life
    unhealthy,          // `probe` has failed so often that it is to be stopped
    post_start_failed,
    pre_stop_failed,
    needs_known,  // what the pod refers to has been looked up
    evicted,      // for want of room on the node: `message` says why
    exited,
  };
  Kind kind = Kind::exited;
  size_t container = 0;
  int64_t at_ns = 0;
  int32_t exit_code = 0;
  bool startup = false;  // started: no startup probe has to pass first
  bool ready = false;    // started, startup_passed, readiness_changed
  ProbeKind probe = ProbeKind::startup;
  std::string id;  // started
  std::string reason;
  std::string message;
};

/// What the kubelet asks of the container runtime.
struct Action {
  enum class Kind : uint8_t { run_sandbox, stop_sandbox, pull_image, start_container, stop_container };
  Kind kind = Kind::run_sandbox;
  size_t container = 0;
  bool operator==(const Action&) const = default;
};

/// Something worth an Event of the API.
struct Note {
  bool warning = false;
  std::string reason;
  std::string message;
  std::string container;  // "" is the pod as a whole
  bool operator==(const Note&) const = default;
};

}  // namespace kabuki::kubelet
