#include "store/engines/etcd_replica.hpp"

#include <map>

#include "messages/status.hpp"

namespace kabuki::store::etcd {

uint64_t Replica::revision_of(const KeyView& key) const {
  const auto it = current_.find(key);
  return it == current_.end() ? 0 : (*it)->revision();
}

Result<Applied> Replica::apply(std::vector<mvccpb::Event> events) {
  Applied out;
  const uint64_t before = revision_;
  // Of each revision, how many objects are still to come.
  std::map<int64_t, size_t> left;
  for (const auto& event : events) left[event.kv().mod_revision()] += event.kv().key().starts_with(keys_.objects);
  for (const auto& event : events) {
    const auto revision = static_cast<uint64_t>(event.kv().mod_revision());
    if (revision <= before) continue;
    const bool put = event.type() == mvccpb::Event::PUT;
    const auto& key = event.kv().key();
    if (key.starts_with(keys_.objects)) {
      const size_t place = --left[event.kv().mod_revision()];
      if (auto applied = apply_object(event, place, &out.changes); !applied.ok()) return applied.error();
    } else if (key == keys_.head && put) {
      const auto id = decode_commit_id(event.kv().value());
      if (!id) return internal_error("etcd's key " + key + " is malformed");
      if (id->instance == instance_) out.own.emplace_back(id->number, revision);
    } else if (key == keys_.head || key == keys_.identity || key == keys_.base) {
      return internal_error("somebody replaced the shard below " + keys_.prefix + " in etcd");
    }
    revision_ = revision;
  }
  return out;
}

Result<> Replica::apply_object(const mvccpb::Event& event, size_t place, std::vector<Change>* changes) {
  const auto corrupt = [&](const char* what) {
    return internal_error("the store in etcd is corrupt: " + std::string(what) + " of " + event.kv().key());
  };
  const auto key = keys_.parse_object(event.kv().key());
  if (!key) return corrupt("malformed key");
  const uint64_t revision = visible(static_cast<uint64_t>(event.kv().mod_revision()), place);
  const auto it = current_.find(*key);
  Change change;
  if (it != current_.end()) {
    change.previous = *it;
    current_.erase(it);
  }
  if (event.type() == mvccpb::Event::PUT) {
    const auto value = decode_value(event.kv().value());
    if (!value || value->place != place) return corrupt("malformed value");
    change.object = Object::make(key->kind, key->ns, key->name, revision, value->body);
    current_.insert(change.object);
  } else {
    if (!change.previous) return corrupt("deletion of what was never there,");
    change.type = Change::Type::deleted;
    change.object = Object::at_revision(*change.previous, revision);
  }
  changes->push_back(std::move(change));
  return {};
}

}  // namespace kabuki::store::etcd
