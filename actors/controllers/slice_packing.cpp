#include "actors/controllers/slice_packing.hpp"

#include <algorithm>
#include <list>
#include <map>
#include <utility>

#include "actors/controllers/owners.hpp"
#include "messages/encode.hpp"

namespace kabuki::controllers {
namespace {

namespace discovery = ::k8s::io::api::discovery::v1;
using actors::Write;

/// A slice on its way from what is to what shall be.
struct Slice {
  ObjectPtr object;  // null: a new one
  EndpointSlice message;
  bool changed = false;
  bool doomed = false;

  int size() const { return message.endpoints_size(); }
};

std::string group_key(const std::string& type, const auto& ports) {
  std::vector<std::string> encoded;
  for (const auto& port : ports) encoded.push_back(serialize(port));
  std::sort(encoded.begin(), encoded.end());
  std::string key = type;
  for (const std::string& port : encoded) key += '/' + std::to_string(port.size()) + port;
  return key;
}

/// By what an endpoint remains the same although its conditions change.
std::string identity(const discovery::Endpoint& endpoint) {
  std::string text =
      endpoint.hostname() + '\0' + endpoint.targetref().namespace_() + '\0' + endpoint.targetref().name() + '\0';
  std::vector<std::string> addresses(endpoint.addresses().begin(), endpoint.addresses().end());
  std::sort(addresses.begin(), addresses.end());
  for (const std::string& address : addresses) text += address + '\0';
  return text;
}

class Packing {
 public:
  Packing(const EndpointSlice& model, const std::vector<ObjectPtr>& existing, int most) : model_(model), most_(most) {
    for (const ObjectPtr& object : existing) {
      if (is_being_deleted(*object)) continue;
      Slice& slice = slices_.emplace_back(Slice{object, object->as<EndpointSlice>(), false, true});
      by_group_[group_key(slice.message.addresstype(), slice.message.ports())].push_back(&slice);
    }
  }

  void fill(const SliceGroup& group) {
    const std::vector<Slice*> have = by_group_[group_key(group.address_type, group.ports)];
    if (group.endpoints.empty()) return fill_none(group, have);
    std::map<std::string, const discovery::Endpoint*> wanted;
    for (const auto& endpoint : group.endpoints) wanted.emplace(identity(endpoint), &endpoint);
    for (Slice* slice : have) keep_wanted(slice, &wanted);
    std::vector<const discovery::Endpoint*> rest;
    for (const auto& endpoint : group.endpoints) {
      auto it = wanted.find(identity(endpoint));
      if (it != wanted.end() && it->second == &endpoint) rest.push_back(&endpoint);
    }
    place(group, have, rest);
  }

  void write(Plan* plan) {
    reuse();
    for (Slice& slice : slices_) {
      if (slice.doomed) {
        if (slice.object) plan->add(Write::remove(*slice.object));
        continue;
      }
      if (!slice.object) {
        plan->add(Write::create(kinds::kEndpointSlice, slice.message));
        continue;
      }
      *slice.message.mutable_metadata()->mutable_labels() = model_.metadata().labels();
      *slice.message.mutable_metadata()->mutable_annotations() = model_.metadata().annotations();
      if (serialize(slice.message) == serialize(slice.object->as<EndpointSlice>())) continue;
      plan->add(Write::update(*slice.object, slice.message));
    }
  }

 private:
  void fill_none(const SliceGroup& group, const std::vector<Slice*>& have) {
    for (Slice* slice : have) {
      if (slice->size() > 0) continue;
      slice->doomed = false;
      return;
    }
    add_slice(group);
  }

  Slice* add_slice(const SliceGroup& group) {
    Slice& slice = slices_.emplace_back(Slice{nullptr, model_, true, false});
    slice.message.set_addresstype(group.address_type);
    slice.message.mutable_ports()->Assign(group.ports.begin(), group.ports.end());
    return &slice;
  }

  /// What is not wanted any more goes; a slice that would be empty stays doomed.
  static void keep_wanted(Slice* slice, std::map<std::string, const discovery::Endpoint*>* wanted) {
    google::protobuf::RepeatedPtrField<discovery::Endpoint> kept;
    for (const auto& endpoint : slice->message.endpoints()) {
      auto it = wanted->find(identity(endpoint));
      if (it == wanted->end()) {
        slice->changed = true;
        continue;
      }
      slice->changed |= serialize(endpoint) != serialize(*it->second);
      *kept.Add() = *it->second;
      wanted->erase(it);
    }
    if (kept.empty()) return;
    slice->doomed = false;
    slice->message.mutable_endpoints()->Swap(&kept);
  }

  void place(const SliceGroup& group, const std::vector<Slice*>& have,
             const std::vector<const discovery::Endpoint*>& rest) {
    auto next = rest.begin();
    auto fill_up = [&](Slice* slice) {
      for (; next != rest.end() && slice->size() < most_; ++next) *slice->message.add_endpoints() = **next;
      slice->changed = true;
    };
    // Those closest to being full first.
    std::vector<Slice*> changing;
    for (Slice* slice : have) {
      if (slice->changed && !slice->doomed) changing.push_back(slice);
    }
    std::stable_sort(changing.begin(), changing.end(), [](Slice* a, Slice* b) { return a->size() > b->size(); });
    for (Slice* slice : changing) {
      if (next != rest.end()) fill_up(slice);
    }
    while (next != rest.end()) {
      Slice* fits = tightest(have, static_cast<int>(rest.end() - next));
      fill_up(fits ? fits : add_slice(group));
    }
  }

  /// Of the unchanged ones that have room for `count` more the one with the least room.
  Slice* tightest(const std::vector<Slice*>& have, int count) const {
    Slice* best = nullptr;
    for (Slice* slice : have) {
      if (slice->changed || slice->doomed || slice->size() + count > most_) continue;
      if (!best || slice->size() > best->size()) best = slice;
    }
    return best;
  }

  void reuse() {
    for (Slice& fresh : slices_) {
      if (fresh.object || fresh.doomed) continue;
      auto spare = std::find_if(slices_.begin(), slices_.end(), [&](const Slice& slice) {
        return slice.doomed && slice.object && slice.message.addresstype() == fresh.message.addresstype();
      });
      if (spare == slices_.end()) continue;
      *fresh.message.mutable_metadata() = spare->message.metadata();
      fresh.object = std::exchange(spare->object, nullptr);
    }
  }

  const EndpointSlice& model_;
  const int most_;
  std::list<Slice> slices_;
  std::map<std::string, std::vector<Slice*>> by_group_;
};

}  // namespace

void pack_slices(const EndpointSlice& model, const std::vector<ObjectPtr>& existing,
                 const std::vector<SliceGroup>& groups, int most_per_slice, Plan* plan) {
  Packing packing(model, existing, most_per_slice);
  for (const SliceGroup& group : groups) packing.fill(group);
  packing.write(plan);
}

}  // namespace kabuki::controllers
