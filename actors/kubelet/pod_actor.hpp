#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "actors/kubelet/lifecycle/settle.hpp"
#include "actors/kubelet/lifecycle/state.hpp"
#include "actors/kubelet/runtime/container_runtime.hpp"
#include "actors/write.hpp"
#include "messages/bus/control.pb.h"
#include "messages/object.hpp"
#include "runtime/actor.hpp"
#include "runtime/one_of_many.hpp"

namespace kabuki::kubelet {

/// What all pods of a node share.
struct NodeContext {
  std::string node;
  std::string address;       // of the node
  runtime::Address kubelet;  // the node's actor: the only one whose word on the pod's object counts
  runtime::Address writer;   // of the host's writes
  runtime::Address api;
  std::shared_ptr<ContainerRuntime> runtime;
  bool events = true;
};

/// One pod on its node. It knows the newest version of its object and the records of its containers, steps the
/// lifecycle when something happens or is due, and records the status when it has changed; one write at a time.
/// Started anew it goes on from the recorded status. It ends, normally, when the pod's object is gone; its node
/// brings it back after any other end.
class PodActor : public runtime::Actor, runtime::OneOfMany {
 public:
  PodActor(std::shared_ptr<const NodeContext> node, ObjectPtr pod, overlay::Ipv4 ip);

 protected:
  void started() override;
  void received(runtime::Inbound& in) override;
  std::string health() const override;

 private:
  void take_version(const ObjectPtr& pod);
  /// Goes on from `pod`: with the records that are kept here, unless another life of this actor has recorded others.
  void adopt(const ObjectPtr& pod);
  void restore_records(const ObjectPtr& pod);
  void crash(const bus::CrashContainer& request, runtime::Inbound& in);
  void advance(std::vector<RuntimeEvent> first = {});
  void record(const PodView& view);
  /// Looks up what the pod refers to and cannot do without.
  void look_up_needs(const PodView& view);
  void needs_found(const std::vector<Key>& needs, const Result<runtime::MessagePtr>& answer);
  /// Asks the node whether the pod may have what it asks for now.
  void ask_for_resize();
  void retry_resize();
  void remove_object();
  void write(actors::Write write, std::function<void(const actors::WriteOutcome&)> done);
  void status_written(const actors::WriteOutcome& outcome);
  void read_again();
  void retry_later();
  void wake_at(int64_t ns);
  void tell_events(const PodView& view, const std::vector<Note>& notes);
  bool may_tell_event();

  const std::shared_ptr<const NodeContext> node_;
  ObjectPtr pod_;
  PodState state_;
  TimerId wake_timer_ = 0;
  int64_t wake_ns_ = 0;  // of wake_timer_; 0: none is set
  bool writing_ = false;
  bool stale_ = false;  // something happened during the write
  bool remove_ = false;
  bool looking_ = false;
  bool resizing_ = false;
  uint8_t failures_ = 0;
  int8_t event_tokens_;
  uint16_t event_sequence_ = 0;
  int64_t event_refill_seconds_ = 0;
  uint64_t written_hash_ = 0;            // of the status last written, and
  uint64_t written_revision_ = 0;        // the revision that it made
  uint64_t progress_ = 0;                // progress_of what pod_ has recorded, and
  uint64_t progress_tried_ = 0;          // of the status last written, done or not
  std::vector<runtime::Reply> crashed_;  // answered once the status tells of it
};

}  // namespace kabuki::kubelet
