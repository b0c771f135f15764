#include "actors/api_server/metrics/use_cache.hpp"

#include <utility>

namespace kabuki::api_server {

NodeSample UseCache::find(const std::string& node, io::MonoTime now) const {
  const auto found = entries_.find(node);
  return found != entries_.end() && now - found->second.taken < life_ ? found->second.sample : nullptr;
}

void UseCache::put(const std::string& node, NodeSample sample, io::MonoTime now) {
  drop(node);
  pods_ += weight(*sample);
  by_age_.push_back(node);
  entries_[node] = {std::move(sample), now, std::prev(by_age_.end())};
  while (!by_age_.empty() && (pods_ > pods_max_ || now - entries_.at(by_age_.front()).taken >= life_)) {
    drop(std::string(by_age_.front()));
  }
}

void UseCache::drop(const std::string& node) {
  const auto found = entries_.find(node);
  if (found == entries_.end()) return;
  pods_ -= weight(*found->second.sample);
  by_age_.erase(found->second.age);
  entries_.erase(found);
}

}  // namespace kabuki::api_server
