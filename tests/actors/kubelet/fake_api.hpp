#pragma once

#include <algorithm>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "actors/kubelet/lifecycle/view.hpp"
#include "actors/kubelet/node_status.hpp"
#include "actors/kubelet/pod_objects.hpp"
#include "messages/bus/objects.pb.h"
#include "messages/bus_failure.hpp"
#include "messages/field_splice.hpp"
#include "messages/status.hpp"
#include "runtime/actor.hpp"
#include "runtime/view_state.hpp"
#include "runtime/view_streams.hpp"

namespace kabuki::kubelet {

/// What a FakeApi keeps: it outlives the actor.
struct FakeStore {
  uint64_t revision = 1;
  std::map<Key, ObjectPtr> objects;
  uint64_t made = 0;
  uint64_t cidrs = 0;
  uint64_t batches = 0;
  uint64_t writes = 0;
  io::Duration write_delay{0};         // of requests that write pods, and of empty ones behind them
  double failing = 0;                  // share of the writes that are lost, before or after they were done
  std::vector<std::string> pod_lines;  // phases of pods as they were written: "web Running"
  std::vector<std::string> events;     // names
  std::vector<ObjectPtr> event_objects;

  const Object* find(KindId kind, const std::string& ns, const std::string& name) const {
    const auto found = objects.find({kind, ns, name});
    return found == objects.end() ? nullptr : found->second.get();
  }
  PodMessage pod(const std::string& name) const {
    const Object* found = find(kinds::kPod, "default", name);
    return found ? found->as<PodMessage>() : PodMessage();
  }
};

/// As much of an API server as kubelets need: writes with preconditions, reads, and watches of pods. Nodes get a
/// prefix when they are created.
class FakeApi final : public runtime::Actor {
 public:
  explicit FakeApi(std::shared_ptr<FakeStore> store) : store_(std::move(store)) {}
  ~FakeApi() override {
    if (alive == this) alive = nullptr;
  }
  static inline FakeApi* alive = nullptr;  // single-threaded tests only

  void put(KindId kind, const google::protobuf::Message& message) { store(Object::encode(kind, message)); }
  void create_pod(PodMessage pod) {
    pod.mutable_metadata()->set_uid("uid-" + std::to_string(++store_->made));
    pod.mutable_metadata()->set_namespace_("default");
    put(kinds::kPod, pod);
  }
  /// As DELETE by a client: grace 0 removes it at once.
  void delete_pod(const std::string& name, int64_t grace) {
    const Object* found = store_->find(kinds::kPod, "default", name);
    if (!found) return;
    if (grace == 0) return erase(found->key());
    PodMessage pod = found->as<PodMessage>();
    pod.mutable_metadata()->mutable_deletiontimestamp()->set_seconds(now().seconds() + grace);
    pod.mutable_metadata()->set_deletiongraceperiodseconds(grace);
    put(kinds::kPod, pod);
  }

 protected:
  void started() override {
    alive = this;
    state_.begin_list();
    for (const auto& [key, object] : store_->objects) {
      if (key.kind == kinds::kPod) state_.apply(bus::WatchEvents::ADDED, object, object->revision());
    }
    state_.end_list(store_->revision);
  }

  void received(runtime::Inbound& in) override {
    if (const auto* write = in.as<bus::WriteObjects>()) {
      const bool late = write->writes().empty() || std::ranges::any_of(write->writes(), [](const auto& one) {
                          return one.key().kind() == kinds::kPod;
                        });
      if (!late || store_->write_delay == io::Duration::zero()) return answer_writes(*write, in);
      auto later = std::make_shared<runtime::Inbound>(std::move(in));
      after(store_->write_delay, [this, later] { answer_writes(*later->as<bus::WriteObjects>(), *later); });
      return;
    }
    if (const auto* get = in.as<bus::GetObjects>()) return answer_get(*get, in);
    if (in.as<bus::ListObjects>()) return answer_list(*in.as<bus::ListObjects>(), in);
    if (const auto* open = in.as<bus::OpenWatch>()) {
      auto opened = streams_.open(*open, std::move(*runtime::Selection::parse(open->selection())));
      if (!opened.ok()) return in.reply.fail(opened.error());
      in.reply.send(runtime::make_message(bus::WatchOpened()));
      return streams_.flush();
    }
    if (const auto* credit = in.as<bus::WatchCredit>()) {
      auto granted = streams_.credit(*credit);
      granted.ok() ? in.reply.send(runtime::make_message(bus::Empty())) : in.reply.fail(granted.error());
      return;
    }
    if (const auto* close = in.as<bus::CloseWatch>()) {
      streams_.close({close->watcher(), close->stream()});
      return;
    }
    in.reply.fail(bad_request("not in a fake"));
  }

 private:
  using Reply = bus::WriteObjectsReply;

  void answer_writes(const bus::WriteObjects& request, runtime::Inbound& in) {
    ++store_->batches;
    const bool lost_before = random().chance(store_->failing / 2);
    const bool lost_after = random().chance(store_->failing / 2);
    if (lost_before) return in.reply.fail(unavailable("lost"));
    Reply reply;
    std::vector<ObjectPtr> objects;
    for (const auto& write : request.writes()) {
      ++store_->writes;
      auto done = apply(write, in.message->objects);
      auto* item = reply.add_items();
      item->set_ok(done.ok());
      if (!done.ok()) {
        error_to_failure(done.error(), item->mutable_failure());
        continue;
      }
      if (!*done) continue;
      item->set_revision((*done)->revision());
      item->set_has_object(true);
      item->set_object(static_cast<uint32_t>(objects.size()));
      objects.push_back(*done);
    }
    if (lost_after) return in.reply.fail(timed_out("lost"));
    in.reply.send(runtime::make_message(std::move(reply), std::move(objects)));
  }

  Result<ObjectPtr> apply(const bus::WriteObjects::Write& write, const std::vector<ObjectPtr>& objects) {
    const Key key{static_cast<KindId>(write.key().kind()), write.key().namespace_(), write.key().name()};
    const Kind& kind = kind_of(key.kind);
    const auto found = store_->objects.find(key);
    if (write.verb() == bus::WriteObjects::CREATE) {
      if (found != store_->objects.end()) return already_exists(kind, key.name);
      return create(objects[write.object()]);
    }
    if (found == store_->objects.end()) return not_found(kind, key.name);
    const ObjectPtr current = found->second;
    if (!write.expected_uid().empty() && write.expected_uid() != current->uid())
      return conflict(kind, key.name, "uid");
    if (write.expected_revision() != 0 && write.expected_revision() != current->revision()) {
      return stale_write(kind, key.name);
    }
    switch (write.verb()) {
      case bus::WriteObjects::DELETE:
        if (!write.has_grace() || write.grace_seconds() != 0) return bad_request("kubelets delete with grace 0");
        erase(key);
        return ObjectPtr();
      case bus::WriteObjects::UPDATE_STATUS: {
        const std::string body =
            with_field(current->body(), PodMessage::kStatusFieldNumber, recorded_status(*objects[write.object()]));
        return store(Object::make(current->kind(), current->ns(), current->name(), 0, body));
      }
      case bus::WriteObjects::UPDATE:
        return store(objects[write.object()]);
      default:
        return current;
    }
  }

  Result<ObjectPtr> create(const ObjectPtr& object) {
    if (object->kind() == kinds::kNode) {
      NodeMessage node = object->as<NodeMessage>();
      node.mutable_spec()->set_podcidr("10.244." + std::to_string(store_->cidrs++) + ".0/24");
      return store(Object::encode(kinds::kNode, node));
    }
    return store(object);
  }

  ObjectPtr store(const ObjectPtr& object) {
    const ObjectPtr stored = Object::at_revision(*object, ++store_->revision);
    if (stored->kind() == kinds::kEvent) {
      store_->events.push_back(std::string(stored->name()));
      store_->event_objects.push_back(stored);
      return stored;
    }
    store_->objects[stored->key()] = stored;
    if (stored->kind() == kinds::kPod) {
      const PodMessage pod = stored->as<PodMessage>();
      if (pod.status().has_starttime()) {
        const std::string line = pod.metadata().name() + " " + pod.status().phase();
        if (store_->pod_lines.empty() || store_->pod_lines.back() != line) store_->pod_lines.push_back(line);
      }
      changed(bus::WatchEvents::MODIFIED, stored);
    }
    return stored;
  }

  void erase(const Key& key) {
    const ObjectPtr last = Object::at_revision(*store_->objects.at(key), ++store_->revision);
    store_->objects.erase(key);
    if (key.kind == kinds::kPod) changed(bus::WatchEvents::DELETED, last);
  }

  void changed(bus::WatchEvents::Type type, const ObjectPtr& object) {
    streams_.take(state_.apply(type, object, object->revision()));
    streams_.flush();
  }

  void answer_get(const bus::GetObjects& request, runtime::Inbound& in) {
    bus::GetObjectsReply reply;
    std::vector<ObjectPtr> objects;
    for (const auto& key : request.keys()) {
      auto* item = reply.add_items();
      const auto found = store_->objects.find({static_cast<KindId>(key.kind()), key.namespace_(), key.name()});
      if (found == store_->objects.end()) continue;
      item->set_found(true);
      item->set_object(static_cast<uint32_t>(objects.size()));
      objects.push_back(found->second);
    }
    in.reply.send(runtime::make_message(std::move(reply), std::move(objects)));
  }

  void answer_list(const bus::ListObjects& request, runtime::Inbound& in) {
    const auto selection = runtime::Selection::parse(request.selection());
    if (!selection.ok()) return in.reply.fail(selection.error());
    std::vector<ObjectPtr> objects;
    for (const auto& [key, object] : store_->objects) {
      if (key.kind == selection->kind() && selection->matches(*object)) objects.push_back(object);
    }
    bus::ListObjectsReply reply;
    reply.set_revision(store_->revision);
    in.reply.send(runtime::make_message(std::move(reply), std::move(objects)));
  }

  std::shared_ptr<FakeStore> store_;
  runtime::ViewState state_{kinds::kPod, "spec.nodeName"};
  runtime::ViewStreams streams_{
      state_, [this](const runtime::Address& to, runtime::MessagePtr message) { tell(to, std::move(message)); },
      [](const runtime::ViewStreams::Id&) {}};
};

}  // namespace kabuki::kubelet
