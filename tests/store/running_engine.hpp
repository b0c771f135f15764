#pragma once

#include <condition_variable>
#include <gtest/gtest.h>
#include <mutex>
#include <optional>

#include "tests/store/store_fixture.hpp"

namespace kabuki::store::test {

using Results = std::vector<MutationResult>;
using Texts = std::vector<std::string>;

/// An engine, loaded and started, and all it said.
class RunningEngine {
 public:
  explicit RunningEngine(std::unique_ptr<Engine> engine) : engine_(std::move(engine)) {
    auto loaded = engine_->load([&](ObjectPtr object) { objects.push_back(std::move(object)); });
    EXPECT_TRUE(loaded.ok()) << (loaded.ok() ? "" : loaded.error().message);
    revision = loaded.ok() ? *loaded : 0;
    engine_->start(
        [&](uint64_t fed_to, std::vector<Change> changes) {
          const std::lock_guard lock(mutex_);
          EXPECT_EQ(fed_to, changes.back().object->revision());
          for (const auto& change : changes) {
            fed.push_back((change.type == Change::Type::put ? "put " : "deleted ") + text(change.object) + " was " +
                          text(change.previous));
          }
        },
        [&](Error error) {
          const std::lock_guard lock(mutex_);
          failure = std::move(error);
          answered_.notify_all();
        });
  }
  ~RunningEngine() {
    if (engine_) engine_->stop();
  }

  void submit(std::vector<Mutation> batch) {
    engine_->submit(std::move(batch), [&](std::vector<MutationResult> results) {
      const std::lock_guard lock(mutex_);
      answers.push_back(std::move(results));
      fed_before_answer.push_back(fed.size());
      answered_.notify_all();
    });
  }
  /// Waits for the answer.
  std::vector<MutationResult> commit(std::vector<Mutation> batch) {
    const size_t before = answers.size();
    submit(std::move(batch));
    wait(before + 1);
    return answers[before];
  }
  void wait(size_t count) {
    std::unique_lock lock(mutex_);
    answered_.wait(lock, [&] { return answers.size() >= count; });
  }
  void wait_for_failure() {
    std::unique_lock lock(mutex_);
    answered_.wait(lock, [&] { return failure.has_value(); });
  }
  size_t answered() {
    const std::lock_guard lock(mutex_);
    return answers.size();
  }
  void stop() { engine_->stop(); }
  /// Ends it without stopping where the engine knows such an end.
  void crash() { engine_.reset(); }

  std::vector<ObjectPtr> objects;  // as loaded
  uint64_t revision = 0;           // as loaded
  std::vector<std::string> fed;
  std::vector<std::vector<MutationResult>> answers;
  std::vector<size_t> fed_before_answer;
  std::optional<Error> failure;

 private:
  std::mutex mutex_;
  std::condition_variable answered_;
  std::unique_ptr<Engine> engine_;
};

}  // namespace kabuki::store::test
