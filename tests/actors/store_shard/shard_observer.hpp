#pragma once

#include <gtest/gtest.h>
#include <map>
#include <memory>
#include <string>

#include "messages/kinds.hpp"
#include "runtime/actor.hpp"
#include "runtime/watch_client.hpp"

namespace kabuki::store::test {

/// What a watcher of a shard believes to be there: the revision of each pod.
class ShardObserver : public runtime::Actor {
 public:
  ShardObserver(runtime::Address shard, std::map<std::string, uint64_t>* view)
      : shard_(std::move(shard)), view_(*view) {}

 private:
  void started() override {
    runtime::WatchOptions options;
    options.source = shard_;
    options.selection.set_kind(kinds::kPod);
    options.probe = std::chrono::seconds(2);
    watch_ = std::make_unique<runtime::WatchClient>(
        *this, options,
        runtime::WatchClient::Handlers{.on_event =
                                           [this](auto, const ObjectPtr& object, uint64_t revision) {
                                             auto& known = view_[std::string(object->name())];
                                             EXPECT_GT(revision, known) << "a watch goes back";
                                             known = revision;
                                           },
                                       .on_synced = [] {},
                                       .on_reset = [this] { view_.clear(); },
                                       .on_batch = [] {}});
    view_.clear();
    watch_->open();
  }
  void received(runtime::Inbound& in) override { watch_->received(in); }

  const runtime::Address shard_;
  std::map<std::string, uint64_t>& view_;
  std::unique_ptr<runtime::WatchClient> watch_;
};

}  // namespace kabuki::store::test
