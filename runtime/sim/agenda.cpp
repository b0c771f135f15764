#include "runtime/sim/agenda.hpp"

#include <algorithm>
#include <set>

namespace kabuki::runtime::sim {

io::Timers::Id Agenda::after(io::Duration delay, std::function<void()> run) {
  const Id id = ++last_;
  waiting_.emplace(id, std::move(run));
  heap_.push_back({*now_ + std::max<int64_t>(delay.count(), 0), id});
  std::push_heap(heap_.begin(), heap_.end(), std::greater<>());
  return id;
}

void Agenda::cancel(Id id) {
  auto found = waiting_.find(id);
  if (found == waiting_.end()) return;
  auto dropped = std::move(found->second);
  waiting_.erase(found);
  if (heap_.size() > 64 && heap_.size() > 2 * waiting_.size()) {
    std::erase_if(heap_, [&](const Due& due) { return !waiting_.contains(due.id); });
    std::make_heap(heap_.begin(), heap_.end(), std::greater<>());
  }
}

void Agenda::skip_cancelled() {
  while (!heap_.empty() && !waiting_.contains(heap_.front().id)) {
    std::pop_heap(heap_.begin(), heap_.end(), std::greater<>());
    heap_.pop_back();
  }
}

bool Agenda::next(int64_t* at) {
  skip_cancelled();
  if (heap_.empty()) return false;
  *at = heap_.front().at;
  return true;
}

void Agenda::run_next() {
  skip_cancelled();
  const Id id = heap_.front().id;
  std::pop_heap(heap_.begin(), heap_.end(), std::greater<>());
  heap_.pop_back();
  auto found = waiting_.find(id);
  auto run = std::move(found->second);
  waiting_.erase(found);
  run();
}

void Agenda::clear() {
  // In order, since what is dropped may answer somebody.
  std::set<Id> ids;
  for (const auto& [id, run] : waiting_) ids.insert(id);
  for (const Id id : ids) cancel(id);
  heap_.clear();
}

}  // namespace kabuki::runtime::sim
