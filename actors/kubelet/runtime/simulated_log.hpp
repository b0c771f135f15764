#pragma once

#include <cstdint>
#include <limits>
#include <string>
#include <vector>

#include "actors/kubelet/runtime/behaviour.hpp"

namespace kabuki::kubelet {

/// What one run of a simulated container logs: a function of its annotations, its start and its end, so that nothing
/// is stored and any line is found at once by its number. Without `logs` it is a line at the start and one at the
/// end.
class SimulatedLog {
 public:
  /// One run of the container. `ended_ns` 0: it goes on.
  struct Life {
    int32_t restart_count = 0;
    int64_t started_ns = 0;
    int64_t ended_ns = 0;
    int32_t exit_code = 0;
  };
  SimulatedLog(const PodView& pod, size_t container, const Behaviour& behaviour, Life life);

  struct Line {
    int64_t at_ns = 0;
    std::string text;  // without a line feed
    bool operator==(const Line&) const = default;
  };
  static constexpr int64_t kNever = std::numeric_limits<int64_t>::max();

  /// How many lines there are by `now_ns`.
  int64_t count(int64_t now_ns) const;
  /// The n-th, from 0.
  Line line(int64_t n) const;
  /// When the n-th comes; never when none does.
  int64_t at(int64_t n) const;
  /// The number of the first that is not before `at_ns`.
  int64_t first_since(int64_t at_ns) const;
  /// The end of the log of a container that has ended: at most so many lines and bytes.
  std::string last(int64_t lines, size_t bytes) const;

 private:
  bool goes_on() const { return every_ > 0 && !lines_.empty(); }
  int64_t lines_at_start() const;

  std::string who_;
  std::vector<std::string> lines_;
  bool given_ = false;  // the lines are the annotation's
  int64_t every_ = 0;   // 0: all at the start
  Life life_;
};

}  // namespace kabuki::kubelet
