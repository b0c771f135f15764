#include "actors/kubelet/event_aggregator.hpp"

#include <string>

#include "messages/api/core/v1/event.pb.h"
#include "messages/hash.hpp"
#include "messages/time_format.hpp"

namespace kabuki::kubelet {
namespace {

constexpr size_t kRemembered = 4096;  // client-go's EventCorrelator: maxLruCacheEntries

uint64_t fingerprint(const ::k8s::io::api::core::v1::Event& event) {
  std::string text;
  for (const std::string* part : {&event.involvedobject().uid(), &event.involvedobject().fieldpath(), &event.type(),
                                  &event.reason(), &event.message(), &event.source().host()}) {
    text += *part;
    text += '\0';
  }
  return fnv1a_64(text);
}

}  // namespace

std::optional<bus::WriteObjects::Write> EventAggregator::repeats(const Object& event, io::WallTime now) {
  uint64_t print = fingerprint(event.as<::k8s::io::api::core::v1::Event>());
  auto found = seen_.find(print);
  if (found == seen_.end()) {
    if (by_age_.size() >= kRemembered) {
      seen_.erase(by_age_.front());
      by_age_.pop_front();
    }
    by_age_.push_back(print);
    seen_.emplace(print, Seen{event.key()});
    return std::nullopt;
  }
  Seen& seen = found->second;
  bus::WriteObjects::Write write;
  write.set_verb(bus::WriteObjects::PATCH_MERGE);
  write.mutable_key()->set_kind(seen.event.kind);
  write.mutable_key()->set_namespace_(seen.event.ns);
  write.mutable_key()->set_name(seen.event.name);
  write.set_patch("{\"count\":" + std::to_string(++seen.count) + ",\"lastTimestamp\":\"" +
                  format_time(now.seconds()) + "\"}");
  return write;
}

void EventAggregator::forget(const Key& event) {
  for (auto it = by_age_.begin(); it != by_age_.end(); ++it) {
    if (seen_.at(*it).event != event) continue;
    seen_.erase(*it);
    by_age_.erase(it);
    return;
  }
}

}  // namespace kabuki::kubelet
