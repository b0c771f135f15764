#pragma once

#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>

#include "store/engine.hpp"
#include "tests/soak/workload.hpp"

namespace kabuki::store::soak {

/// Submits to an engine with a bounded number in flight and compares what it answers with what it has to. One thread
/// uses it; the engine answers on its own.
class EngineClient {
 public:
  /// `acknowledged` is called for each commit that is, on the engine's thread.
  EngineClient(std::unique_ptr<Engine> engine, Expectation* expectation, std::function<void()> acknowledged = {})
      : engine_(std::move(engine)), expectation_(expectation), acknowledged_(std::move(acknowledged)) {}

  /// The contents, as far as it opens.
  Result<Contents> load();
  void start();
  /// False when the engine has failed.
  bool submit(Submission submission, size_t in_flight_max);
  /// Of the last submission, once it is answered; none when it is not known what became of it.
  std::optional<std::vector<MutationResult>> answer();
  /// Waits for all answers and ends the engine.
  void end();

  std::string wrong() const { return wrong_; }
  std::optional<Error> failure() const { return failure_; }

 private:
  void answered(const std::vector<MutationResult>& results);

  std::unique_ptr<Engine> engine_;
  Expectation* const expectation_;
  const std::function<void()> acknowledged_;
  std::mutex mutex_;
  std::condition_variable changed_;
  size_t in_flight_ = 0;
  std::optional<std::vector<MutationResult>> last_;
  bool unknown_ = false;
  std::string wrong_;
  std::optional<Error> failure_;
};

}  // namespace kabuki::store::soak
