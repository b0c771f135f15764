#include "tests/soak/engine_client.hpp"

#include <algorithm>

namespace kabuki::store::soak {

Result<Contents> EngineClient::load() {
  Contents contents;
  const auto revision = engine_->load([&](const ObjectPtr& object) { contents.load(*object); });
  if (!revision) return revision.error();
  contents.loaded(*revision);
  return contents;
}

void EngineClient::start() {
  engine_->start([](uint64_t, std::vector<Change>) {},
                 [this](Error error) {
                   const std::lock_guard lock(mutex_);
                   failure_ = std::move(error);
                   changed_.notify_all();
                 });
}

bool EngineClient::submit(Submission submission, size_t in_flight_max) {
  auto batch = submission.batch;
  {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return in_flight_ < in_flight_max; });
    if (unknown_ || failure_) return false;
    expectation_->submitted(std::move(submission));
    ++in_flight_;
  }
  engine_->submit(std::move(batch), [this](const std::vector<MutationResult>& results) { answered(results); });
  return true;
}

void EngineClient::answered(const std::vector<MutationResult>& results) {
  const std::lock_guard lock(mutex_);
  --in_flight_;
  last_ = results;
  changed_.notify_all();
  const auto is = [&](Outcome outcome) {
    return std::any_of(results.begin(), results.end(), [&](const auto& result) { return result.outcome == outcome; });
  };
  if (is(Outcome::unknown)) {
    unknown_ = true;
    return;
  }
  if (unknown_) {
    wrong_ = "a commit was acknowledged after one whose end is unknown";
    return;
  }
  if (is(Outcome::refused)) return;  // for who asked to put right
  if (results != expectation_->waiting(0).results) wrong_ = "a commit was answered otherwise than it has to be";
  expectation_->acknowledged();
  if (acknowledged_ && wrong_.empty()) acknowledged_();
}

std::optional<std::vector<MutationResult>> EngineClient::answer() {
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [&] { return in_flight_ == 0; });
  return unknown_ ? std::nullopt : last_;
}

void EngineClient::end() {
  {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return in_flight_ == 0; });
  }
  engine_->stop();
  engine_.reset();
}

}  // namespace kabuki::store::soak
