#pragma once

#include <cstdint>

#include "actors/kubelet/lifecycle/view.hpp"
#include "messages/bus/pods.pb.h"
#include "messages/result.hpp"
#include "runtime/io/time.hpp"

namespace kabuki::kubelet {

/// A piece of a container's log.
struct LogPage {
  bus::ReadLogReply reply;
  int64_t next_ns = 0;  // of a log that goes on: when its next line comes; 0: only with a change of the pod
};

/// The log that is asked for, as far as it goes at `now`, at most 256 KiB of it: made of the pod's recorded status
/// and its annotations alone. Errors: BadRequest in a kubelet's words where there is no such run, or none yet.
/// Source: Kubernetes, validateContainerLogStatus of its kubelet.
Result<LogPage> log_page(const PodMessage& pod, const bus::ReadLog& request, io::WallTime now);

}  // namespace kabuki::kubelet
