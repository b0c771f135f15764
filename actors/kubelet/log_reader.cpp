#include "actors/kubelet/log_reader.hpp"

#include <algorithm>
#include <utility>
#include <vector>

#include "actors/kubelet/limits.hpp"
#include "actors/kubelet/log_page.hpp"
#include "messages/status.hpp"

namespace kabuki::kubelet {
namespace {

std::string pod_of(const bus::ReadLog& request) { return request.namespace_() + "/" + request.pod(); }

}  // namespace

LogReader::LogReader(runtime::Actor& owner, std::function<ObjectPtr(const std::string& pod)> find)
    : actor_(owner), find_(std::move(find)) {}

void LogReader::answer(const bus::ReadLog& request, runtime::Inbound& in) {
  const uint64_t follower = next_follower_++;
  Follower& entry = followers_[follower];
  entry.request = request;
  if (!in.message->objects.empty()) entry.shown = in.message->objects.front();
  entry.asker = std::move(in.reply);
  entry.until_ns = actor_.now().ns + limits::kLogWait.count();
  look(follower);
}

void LogReader::pod_changed(const std::string& pod) {
  std::vector<uint64_t> woken;
  for (const auto& [id, follower] : followers_) {
    if (pod_of(follower.request) == pod) woken.push_back(id);
  }
  for (const uint64_t id : woken) look(id);
}

bool LogReader::look(uint64_t id) {
  Follower& follower = followers_.at(id);
  if (follower.timer) actor_.cancel(std::exchange(follower.timer, 0));
  const auto finish = [&](Result<bus::ReadLogReply> reply) {
    runtime::Reply asker = std::move(follower.asker);
    followers_.erase(id);
    if (!reply) return asker.fail(reply.error());
    asker.send(runtime::make_message(std::move(*reply)));
  };
  ObjectPtr pod = find_(pod_of(follower.request));
  if (follower.shown && (!pod || pod->revision() < follower.shown->revision())) pod = follower.shown;
  if (!pod || (!follower.request.uid().empty() && pod->uid() != follower.request.uid())) {
    if (follower.request.run().empty()) {
      finish(not_found(kind_of(kinds::kPod), follower.request.pod()));
    } else {
      bus::ReadLogReply gone;
      gone.set_ended(true);
      finish(std::move(gone));
    }
    return true;
  }
  const io::WallTime now = actor_.now();
  auto page = log_page(pod->as<PodMessage>(), follower.request, now);
  const bool waits = page.ok() && page->reply.text().empty() && !page->reply.ended() &&
                     !follower.request.run().empty() && now.ns < follower.until_ns;
  if (!waits) {
    if (page.ok()) {
      finish(std::move(page->reply));
    } else {
      finish(page.error());
    }
    return true;
  }
  const int64_t wake = page->next_ns == 0 ? follower.until_ns : std::min(page->next_ns, follower.until_ns);
  follower.timer = actor_.after(io::Duration(std::max<int64_t>(wake - now.ns, 0)), [this, id] {
    followers_.at(id).timer = 0;
    look(id);
  });
  return false;
}

}  // namespace kabuki::kubelet
