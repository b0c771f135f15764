#include "actors/scheduler/node_table.hpp"

#include <algorithm>
#include <cassert>
#include <functional>

#include "messages/api/core/v1/node.pb.h"
#include "messages/quantity.hpp"

namespace kabuki::scheduler {
namespace {

namespace core = ::k8s::io::api::core::v1;

// The default of a kubelet that does not say how many pods it takes.
constexpr int64_t kDefaultMaxPods = 110;

template <class Map>
const Quantity amount(const Map& map, const char* resource) {
  auto it = map.find(resource);
  if (it == map.end()) return {};
  auto quantity = Quantity::parse(it->second.string());
  return quantity.ok() ? *quantity : Quantity();
}

}  // namespace

NodeFacts facts_of(const core::Node& node) {
  NodeFacts facts;
  const auto& status = node.status();
  const auto& allocatable = status.allocatable_size() > 0 ? status.allocatable() : status.capacity();
  facts.cpu_milli = amount(allocatable, "cpu").milli();
  facts.memory_bytes = amount(allocatable, "memory").value();
  facts.pods = allocatable.contains("pods") ? amount(allocatable, "pods").value() : kDefaultMaxPods;
  facts.unschedulable = node.spec().unschedulable();
  for (const auto& taint : node.spec().taints()) {
    facts.taints.push_back({taint.key(), taint.value(),
                            taint.effect() == "NoExecute"          ? Taint::Effect::no_execute
                            : taint.effect() == "PreferNoSchedule" ? Taint::Effect::prefer_no_schedule
                                                                   : Taint::Effect::no_schedule});
  }
  for (const auto& [resource, text] : allocatable) {
    if (resource == "cpu" || resource == "memory" || resource == "pods") continue;
    const int64_t value = amount(allocatable, resource.c_str()).value();
    if (value > 0) facts.other[resource] = value;
  }
  for (const auto& image : status.images()) {
    for (const auto& name : image.names()) facts.images[name] = image.sizebytes();
  }
  facts.labels.assign(node.metadata().labels().begin(), node.metadata().labels().end());
  std::sort(facts.labels.begin(), facts.labels.end());
  return facts;
}

uint32_t NodeTable::intern(const std::vector<Taint>& taints) {
  auto [it, fresh] = taint_ids_.emplace(taints, static_cast<uint32_t>(taint_lists_.size()));
  if (fresh) taint_lists_.push_back(taints);
  return it->second;
}

NodeSlot NodeTable::find(const std::string& name) const {
  auto it = by_name_.find(name);
  return it == by_name_.end() ? kNoNode : it->second;
}

NodeSlot NodeTable::slot(const std::string& name) {
  auto [it, fresh] = by_name_.emplace(name, 0);
  if (!fresh) return it->second;
  NodeSlot slot;
  if (!free_.empty()) {
    std::pop_heap(free_.begin(), free_.end(), std::greater<>());
    slot = free_.back();
    free_.pop_back();
  } else {
    slot = static_cast<NodeSlot>(present_.size());
    names_.emplace_back();
    labels_.emplace_back();
    for (auto* maps : {&other_, &other_used_, &images_}) maps->emplace_back();
    for (auto* bytes : {&present_, &unschedulable_}) bytes->push_back(0);
    taint_list_.push_back(0);
    for (auto* numbers : {&cpu_milli_, &memory_bytes_, &max_pods_, &cpu_used_, &memory_used_, &pods_used_,
                          &scored_cpu_used_, &scored_memory_used_}) {
      numbers->push_back(0);
    }
  }
  names_[slot] = name;
  it->second = slot;
  return slot;
}

bool NodeTable::put(const std::string& name, const NodeFacts& facts) {
  const NodeSlot s = slot(name);
  const uint32_t taints = intern(facts.taints);
  const bool changed = !present_[s] || unschedulable_[s] != facts.unschedulable || taint_list_[s] != taints ||
                       cpu_milli_[s] != facts.cpu_milli || memory_bytes_[s] != facts.memory_bytes ||
                       max_pods_[s] != facts.pods || labels_[s] != facts.labels || other_[s] != facts.other ||
                       images_[s] != facts.images;
  if (!changed) return false;
  size_ += !present_[s];
  present_[s] = 1;
  unschedulable_[s] = facts.unschedulable;
  taint_list_[s] = taints;
  cpu_milli_[s] = facts.cpu_milli;
  memory_bytes_[s] = facts.memory_bytes;
  max_pods_[s] = facts.pods;
  labels_[s] = facts.labels;
  other_[s] = facts.other;
  put_images(s, facts.images);
  return true;
}

void NodeTable::remove(const std::string& name) {
  const NodeSlot s = find(name);
  if (s == kNoNode || !present_[s]) return;
  present_[s] = 0;
  put_images(s, {});
  --size_;
  forget_if_unused(s);
}

void NodeTable::forget_if_unused(NodeSlot s) {
  if (present_[s] || pods_used_[s] > 0) return;
  by_name_.erase(names_[s]);
  names_[s].clear();
  labels_[s].clear();
  other_[s].clear();
  free_.push_back(s);
  std::push_heap(free_.begin(), free_.end(), std::greater<>());
}

void NodeTable::put_images(NodeSlot s, const std::map<std::string, int64_t>& images) {
  for (const auto& [name, bytes] : images_[s]) {
    if (--image_nodes_[name] == 0) image_nodes_.erase(name);
  }
  images_[s] = images;
  for (const auto& [name, bytes] : images) ++image_nodes_[name];
}

namespace {

int64_t value_in(const std::map<std::string, int64_t>& map, const std::string& key) {
  const auto it = map.find(key);
  return it == map.end() ? 0 : it->second;
}

}  // namespace

int64_t NodeTable::other(NodeSlot s, const std::string& resource) const { return value_in(other_[s], resource); }
int64_t NodeTable::other_used(NodeSlot s, const std::string& resource) const {
  return value_in(other_used_[s], resource);
}
int64_t NodeTable::image_bytes(NodeSlot s, const std::string& image) const { return value_in(images_[s], image); }
size_t NodeTable::nodes_with_image(const std::string& image) const {
  const auto it = image_nodes_.find(image);
  return it == image_nodes_.end() ? 0 : it->second;
}

void NodeTable::add_pod(NodeSlot s, const PodDemand& demand) {
  cpu_used_[s] += demand.cpu_milli;
  memory_used_[s] += demand.memory_bytes;
  pods_used_[s] += 1;
  scored_cpu_used_[s] += demand.scored_cpu_milli;
  scored_memory_used_[s] += demand.scored_memory_bytes;
  for (const auto& [resource, amount] : demand.other) other_used_[s][resource] += amount;
}

void NodeTable::remove_pod(NodeSlot s, const PodDemand& demand) {
  assert(pods_used_[s] > 0);
  cpu_used_[s] -= demand.cpu_milli;
  memory_used_[s] -= demand.memory_bytes;
  pods_used_[s] -= 1;
  scored_cpu_used_[s] -= demand.scored_cpu_milli;
  scored_memory_used_[s] -= demand.scored_memory_bytes;
  for (const auto& [resource, amount] : demand.other) {
    if ((other_used_[s][resource] -= amount) == 0) other_used_[s].erase(resource);
  }
  forget_if_unused(s);
}

}  // namespace kabuki::scheduler
