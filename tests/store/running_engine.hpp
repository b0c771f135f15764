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
    revision = reached = loaded.ok() ? *loaded : 0;
    engine_->start(
        [&](uint64_t fed_to, std::vector<Change> changes) {
          const std::lock_guard lock(mutex_);
          EXPECT_FALSE(stopped_) << "fed after it was stopped";
          EXPECT_GE(fed_to, reached);
          reached = fed_to;
          for (const auto& change : changes) {
            EXPECT_LE(change.object->revision(), fed_to);
            this->changes.push_back(change);
            fed.push_back((change.type == Change::Type::put ? "put " : "deleted ") + text(change.object) + " was " +
                          text(change.previous));
          }
          answered_.notify_all();
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
    {
      const std::lock_guard lock(mutex_);
      batch_after_stop_ = stopped_;
    }
    engine_->submit(std::move(batch), [&](std::vector<MutationResult> results) {
      const std::lock_guard lock(mutex_);
      EXPECT_FALSE(stopped_ && !batch_after_stop_) << "answered after it was stopped";
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
  /// Submits, and lets what has to happen happen.
  std::vector<MutationResult> commit_in(const std::function<void()>& run, std::vector<Mutation> batch) {
    const size_t before = answers.size();
    submit(std::move(batch));
    run();
    EXPECT_EQ(answers.size(), before + 1);
    return answers.size() > before ? answers[before] : std::vector<MutationResult>();
  }
  /// What the engine says a fresh read must have seen.
  Result<uint64_t> barrier() {
    std::optional<Result<uint64_t>> answer;
    engine_->barrier([&](Result<uint64_t> revision) {
      const std::lock_guard lock(mutex_);
      answer = std::move(revision);
      answered_.notify_all();
    });
    std::unique_lock lock(mutex_);
    answered_.wait(lock, [&] { return answer.has_value(); });
    return *answer;
  }
  /// Waits until the feed is there.
  void wait_for_revision(uint64_t wanted) {
    std::unique_lock lock(mutex_);
    answered_.wait(lock, [&] { return reached >= wanted; });
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
  void stop() {
    engine_->stop();
    const std::lock_guard lock(mutex_);
    stopped_ = true;
  }
  /// Ends it without stopping where the engine knows such an end.
  void crash() { engine_.reset(); }

  std::vector<ObjectPtr> objects;  // as loaded
  uint64_t revision = 0;           // as loaded
  std::vector<std::string> fed;
  std::vector<Change> changes;  // as fed
  uint64_t reached = 0;         // by the feed
  std::vector<std::vector<MutationResult>> answers;
  std::vector<size_t> fed_before_answer;
  std::optional<Error> failure;

 private:
  std::mutex mutex_;
  std::condition_variable answered_;
  bool stopped_ = false;
  bool batch_after_stop_ = false;
  std::unique_ptr<Engine> engine_;
};

}  // namespace kabuki::store::test
