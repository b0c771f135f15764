#include "actors/api_server/metrics/use_reader.hpp"

#include <utility>

#include "actors/api_server/metrics/limits.hpp"

namespace kabuki::api_server {

UseReader::UseReader(Ask ask, Now now, io::Duration resolution)
    : ask_(std::move(ask)), now_(std::move(now)), resolution_(resolution), cache_(resolution, kSampledPodsKept) {}

void UseReader::read(const std::vector<Node>& nodes, Done done) {
  auto round = std::make_shared<Round>();
  round->done = std::move(done);
  // Held open until all are asked for.
  round->left = 1;
  for (const Node& node : nodes) {
    if (NodeSample known = cache_.find(node.name, now_())) {
      round->samples[node.name] = std::move(known);
      continue;
    }
    if (node.host.empty()) continue;
    ++round->left;
    auto& rounds = rounds_[node.name];
    rounds.push_back(round);
    if (rounds.size() == 1) waiting_.push_back(node);
  }
  send();
  if (--round->left == 0) round->done(round->samples);
}

void UseReader::send() {
  while (in_flight_ < kNodesAskedAtOnce && !waiting_.empty()) {
    const Node node = std::move(waiting_.front());
    waiting_.pop_front();
    ++in_flight_;
    ask_({node.host + "/kubelet/" + node.name}, runtime::make_message(bus::ReadNodeUse()), kNodeUseTimeout,
         [this, name = node.name](const Result<runtime::MessagePtr>& answer) { answered(name, answer); });
  }
}

void UseReader::answered(const std::string& node, const Result<runtime::MessagePtr>& answer) {
  --in_flight_;
  NodeSample sample;
  if (answer) {
    if (const auto* use = (*answer)->as<bus::NodeUse>()) sample = NodeSample(*answer, use);
  }
  if (sample) cache_.put(node, sample, now_());
  const auto rounds = rounds_.extract(node);
  send();
  for (const auto& round : rounds.mapped()) {
    if (sample) round->samples[node] = sample;
    if (--round->left == 0) round->done(round->samples);
  }
}

}  // namespace kabuki::api_server
