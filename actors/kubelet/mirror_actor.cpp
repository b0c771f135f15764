#include "actors/kubelet/mirror_actor.hpp"

#include <map>
#include <optional>
#include <utility>

#include "actors/kubelet/limits.hpp"
#include "actors/kubelet/mirror_pod.hpp"
#include "actors/write.hpp"
#include "messages/bus/objects.pb.h"
#include "messages/encode.hpp"
#include "messages/status.hpp"

namespace kabuki::kubelet {
namespace {

using actors::Write;
using runtime::MessagePtr;

/// The component itself and the actors directly below it.
constexpr uint32_t kInspectDepth = 2;

class MirrorActor final : public runtime::Actor {
 public:
  explicit MirrorActor(MirrorOptions options) : options_(std::move(options)) {}

 private:
  void started() override { look(); }

  void received(runtime::Inbound& in) override {
    in.reply.fail(bad_request("mirror pods do not understand " + in.message->body->GetTypeName()));
  }

  std::string health() const override { return std::to_string(shown_) + " static pods"; }

  void look() {
    found_.clear();
    waiting_ = options_.components.size();
    for (const std::string& component : options_.components) {
      bus::Inspect inspect;
      inspect.set_depth(kInspectDepth);
      ask({host_name() + "/" + component}, runtime::make_message(inspect), limits::kWriteTimeout,
          [this, component](Result<MessagePtr> answer) {
            const auto* reply = answer ? (*answer)->as<bus::InspectReply>() : nullptr;
            if (reply) found_[component] = reply->actor();
            if (--waiting_ == 0) read();
          });
    }
  }
  void look_later() {
    after(limits::kMirrorPeriod, [this] { look(); });
  }

  void read() {
    bus::GetObjects request;
    const auto add = [&](KindId kind, std::string_view ns, const std::string& name) {
      auto* key = request.add_keys();
      key->set_kind(kind);
      key->set_namespace_(std::string(ns));
      key->set_name(name);
    };
    add(kinds::kNode, "", options_.node.name);
    for (const std::string& component : options_.components) {
      add(kinds::kPod, kMirrorNamespace, component + "-" + options_.node.name);
    }
    ask(options_.api, runtime::make_message(std::move(request)), limits::kWriteTimeout,
        [this](Result<MessagePtr> answer) {
          const auto* reply = answer ? (*answer)->as<bus::GetObjectsReply>() : nullptr;
          if (!reply || reply->items_size() != static_cast<int>(options_.components.size()) + 1) return look_later();
          reconcile(*reply, (*answer)->objects);
        });
  }

  void reconcile(const bus::GetObjectsReply& reply, const std::vector<ObjectPtr>& objects) {
    const auto object = [&](int i) -> ObjectPtr {
      const auto& item = reply.items(i);
      return item.found() && item.object() < objects.size() ? objects[item.object()] : nullptr;
    };
    const ObjectPtr node = object(0);
    std::vector<Write> writes;
    shown_ = 0;
    for (size_t i = 0; node && i < options_.components.size(); ++i) {
      const auto found = found_.find(options_.components[i]);
      // Of one that does not answer nothing is known: its picture stays as it is.
      if (found == found_.end()) continue;
      ++shown_;
      auto write = write_for(found->second, node->as<NodeMessage>(), object(static_cast<int>(i) + 1));
      if (write) writes.push_back(std::move(*write));
    }
    if (writes.empty()) return look_later();
    const runtime::Address writer{name().substr(0, name().rfind('/') + 1) + options_.writer};
    ask(writer, actors::write_message(writes, "kubelet"), limits::kWriteTimeout,
        [this, count = writes.size()](Result<MessagePtr> answer) {
          for (const actors::WriteOutcome& outcome : actors::read_outcomes(answer, count)) {
            if (outcome.error) return look_later();
          }
          // What was made has no status yet.
          after(limits::kMirrorPause, [this] { look(); });
        });
  }

  std::optional<Write> write_for(const bus::ActorInfo& component, const NodeMessage& node,
                                 const ObjectPtr& recorded) {
    const PodMessage wanted = mirror_pod(component, node);
    if (!recorded) return Write::create(kinds::kPod, wanted);
    PodMessage pod = recorded->as<PodMessage>();
    if (pod.metadata().has_deletiontimestamp() || !same_actors(wanted, pod)) {
      Write removal = Write::remove(*recorded);
      removal.grace_seconds = 0;
      return removal;
    }
    PodStatusMessage status = mirror_status(pod, component, options_.node.address, now());
    if (serialize(status) == serialize(pod.status())) return std::nullopt;
    *pod.mutable_status() = std::move(status);
    return Write::update_status(*recorded, pod);
  }

  const MirrorOptions options_;
  std::map<std::string, bus::ActorInfo> found_;
  size_t waiting_ = 0;
  size_t shown_ = 0;
};

}  // namespace

std::unique_ptr<runtime::Actor> make_mirror_actor(MirrorOptions options) {
  return std::make_unique<MirrorActor>(std::move(options));
}

}  // namespace kabuki::kubelet
