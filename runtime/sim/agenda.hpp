#pragma once

#include <functional>
#include <unordered_map>
#include <vector>

#include "runtime/io/clock.hpp"

namespace kabuki::runtime::sim {

/// What will happen when, in the world's time: a heap ordered by time, equal times in the order they were put in.
class Agenda final : public io::Timers {
 public:
  explicit Agenda(const int64_t* now) : now_(now) {}

  Id after(io::Duration delay, std::function<void()> run) override;
  void cancel(Id id) override;
  /// The time of the next entry; false when there is none.
  bool next(int64_t* at);
  /// Takes the next entry out and runs it.
  void run_next();
  void clear();

 private:
  struct Due {
    int64_t at = 0;
    Id id = 0;
    bool operator>(const Due& other) const { return at != other.at ? at > other.at : id > other.id; }
  };
  void skip_cancelled();

  const int64_t* now_;
  Id last_ = 0;
  std::vector<Due> heap_;  // may still hold cancelled ones
  std::unordered_map<Id, std::function<void()>> waiting_;
};

}  // namespace kabuki::runtime::sim
