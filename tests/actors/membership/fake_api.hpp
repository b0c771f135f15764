#pragma once

#include <map>
#include <memory>
#include <string>
#include <tuple>

#include "messages/bus/objects.pb.h"
#include "messages/bus_failure.hpp"
#include "messages/object.hpp"
#include "messages/status.hpp"
#include "runtime/actor.hpp"

namespace kabuki::membership {

/// Objects by key with compare-and-swap, as an API server keeps them; outlives the actor that serves it.
struct FakeStore {
  std::map<Key, ObjectPtr> objects;
  uint64_t revision = 0;
  uint64_t writes = 0;

  /// Writes as somebody else.
  void touch(const Key& key) {
    auto& object = objects.at(key);
    object = Object::at_revision(*object, ++revision);
  }
};

/// GetObjects and single CREATE and UPDATE of WriteObjects, as far as membership uses them.
class FakeApi final : public runtime::Actor {
 public:
  explicit FakeApi(std::shared_ptr<FakeStore> store) : store_(std::move(store)) {}

 protected:
  void received(runtime::Inbound& in) override {
    if (const auto* get = in.as<bus::GetObjects>()) {
      bus::GetObjectsReply reply;
      std::vector<ObjectPtr> objects;
      for (const auto& key : get->keys()) {
        auto* item = reply.add_items();
        auto it = store_->objects.find(from_bus(key));
        if (it == store_->objects.end()) continue;
        item->set_found(true);
        item->set_object(static_cast<uint32_t>(objects.size()));
        objects.push_back(it->second);
      }
      in.reply.send(runtime::make_message(std::move(reply), std::move(objects)));
    } else if (const auto* write = in.as<bus::WriteObjects>()) {
      bus::WriteObjectsReply reply;
      auto* item = reply.add_items();
      auto result = apply(write->writes(0), in.message->objects);
      item->set_ok(result.ok());
      result.ok() ? item->set_revision(*result) : error_to_failure(result.error(), item->mutable_failure());
      in.reply.send(runtime::make_message(std::move(reply)));
    } else {
      in.reply.fail(bad_request("not understood"));
    }
  }

 private:
  static Key from_bus(const bus::Key& key) { return {static_cast<KindId>(key.kind()), key.namespace_(), key.name()}; }
  Result<uint64_t> apply(const bus::WriteObjects::Write& write, const std::vector<ObjectPtr>& objects) {
    auto key = from_bus(write.key());
    auto& kind = kind_of(key.kind);
    auto it = store_->objects.find(key);
    bool create = write.verb() == bus::WriteObjects::CREATE;
    if (create && it != store_->objects.end()) return already_exists(kind, key.name);
    if (!create && it == store_->objects.end()) return not_found(kind, key.name);
    if (!create && it->second->revision() != write.expected_revision()) return stale_write(kind, key.name);
    ++store_->writes;
    store_->objects[key] = Object::at_revision(*objects.at(write.object()), ++store_->revision);
    return store_->revision;
  }

  std::shared_ptr<FakeStore> store_;
};

}  // namespace kabuki::membership
