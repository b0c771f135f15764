#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "messages/api/core/v1/pod.pb.h"
#include "messages/bus/objects.pb.h"
#include "messages/status.hpp"
#include "messages/watch_sequence.hpp"
#include "runtime/actor.hpp"
#include "runtime/view_state.hpp"
#include "runtime/view_streams.hpp"

namespace kabuki::runtime {

/// Pods as a store keeps them: outlives the actor that serves them.
struct PodStore {
  uint64_t revision = 1;
  std::map<std::string, ObjectPtr> pods;
  uint64_t made = 0;
  struct Past {
    uint64_t revision = 0;
    std::string name;
    ObjectPtr pod;  // null: it was removed
  };
  std::vector<Past> past;

  ObjectPtr put(const std::string& name, const std::string& node) {
    k8s::io::api::core::v1::Pod pod;
    auto it = pods.find(name);
    pod.mutable_metadata()->set_name(name);
    pod.mutable_metadata()->set_namespace_("default");
    pod.mutable_metadata()->set_uid(it == pods.end() ? "uid-" + std::to_string(++made)
                                                     : std::string(it->second->uid()));
    pod.mutable_spec()->set_nodename(node);
    auto object = Object::encode(kinds::kPod, pod, ++revision);
    past.push_back({revision, name, object});
    return pods[name] = object;
  }
  ObjectPtr remove(const std::string& name) {
    auto object = pods.at(name);
    pods.erase(name);
    past.push_back({++revision, name, nullptr});
    return Object::at_revision(*object, revision);
  }
};

/// Serves watches of a PodStore as an API server does. A new life knows no past streams and no history.
class PodSource final : public Actor {
 public:
  explicit PodSource(std::shared_ptr<PodStore> store) : store_(std::move(store)) {}

  void put(const std::string& name, const std::string& node) {
    auto object = store_->put(name, node);
    streams_.take(state_.apply(bus::WatchEvents::MODIFIED, object, object->revision()));
    streams_.flush();
  }
  void remove(const std::string& name) {
    auto object = store_->remove(name);
    streams_.take(state_.apply(bus::WatchEvents::DELETED, object, object->revision()));
    streams_.flush();
  }
  using Actor::fail;

  static inline PodSource* alive = nullptr;  // the present life; single-threaded tests only

 protected:
  void started() override {
    alive = this;
    state_.begin_list();
    for (const auto& [name, object] : store_->pods) {
      state_.apply(bus::WatchEvents::ADDED, object, object->revision());
    }
    state_.end_list(store_->revision);
  }
  void received(Inbound& in) override {
    if (const auto* open = in.as<bus::OpenWatch>()) {
      auto opened =
          streams_.open(*open, std::move(*Selection::parse(open->selection())), sequence_place(random().next()));
      if (!opened) return in.reply.fail(opened.error());
      in.reply.send(make_message(bus::WatchOpened()));
      streams_.flush();
    } else if (const auto* credit = in.as<bus::WatchCredit>()) {
      auto granted = streams_.credit(*credit);
      granted.ok() ? in.reply.send(make_message(bus::Empty())) : in.reply.fail(granted.error());
    } else if (const auto* close = in.as<bus::CloseWatch>()) {
      streams_.close({close->watcher(), close->stream()});
    } else {
      in.reply.fail(bad_request("pods only"));
    }
  }

 public:
  ~PodSource() override {
    if (alive == this) alive = nullptr;
  }

 private:
  std::shared_ptr<PodStore> store_;
  ViewState state_{kinds::kPod, ""};
  ViewStreams streams_{state_, [this](const Address& to, MessagePtr message) { tell(to, std::move(message)); },
                       [](const ViewStreams::Id&) {}};
};

}  // namespace kabuki::runtime
