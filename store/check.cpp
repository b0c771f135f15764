#include "store/check.hpp"

#include <algorithm>
#include <google/protobuf/message.h>
#include <memory>
#include <tuple>

#include "messages/kinds.hpp"
#include "messages/meta.hpp"

namespace kabuki::store {

void StoreCheck::found(bool error, const Key& key, std::string what) {
  findings_.push_back({error, shard_, key.text(), std::move(what)});
}

void StoreCheck::begin_shard(const std::string& shard) {
  shard_ = shard;
  newest_revision_ = 0;
  last_.reset();
}

void StoreCheck::end_shard(uint64_t revision) {
  if (newest_revision_ <= revision) return;
  found(true, newest_,
        "has revision " + std::to_string(newest_revision_) + ", its shard is at " + std::to_string(revision));
}

void StoreCheck::add(const Object& object) {
  ++objects_;
  const Key key = object.key();
  const Kind* kind = find_kind(key.kind);
  if (!kind) {
    findings_.push_back({true, shard_, key.ns + "/" + key.name, "no kind has the id " + std::to_string(key.kind)});
    return;
  }
  look_at_place(object, key);
  if (key.kind == kinds::kNamespace) namespaces_.insert(key.name);
  if (!key.ns.empty()) first_in_.try_emplace({shard_, key.ns}, key);
  const std::unique_ptr<google::protobuf::Message> message(kind->make());
  if (auto parsed = object.parse(message.get()); !parsed) return found(true, key, parsed.error().message);
  look_at_meta(*message, key);
}

void StoreCheck::look_at_place(const Object& object, const Key& key) {
  const Kind& kind = kind_of(key.kind);
  if (mapping_.shard_of(kind) != shard_) found(true, key, "belongs to the shard \"" + mapping_.shard_of(kind) + "\"");
  if (last_ && key <= *last_) found(true, key, "comes after " + last_->text());
  last_ = key;
  if (object.revision() == 0) found(true, key, "has no revision");
  if (object.revision() > newest_revision_) {
    newest_revision_ = object.revision();
    newest_ = key;
  }
  if (kind.namespaced && key.ns.empty()) found(true, key, "is in no namespace");
  if (!kind.namespaced && !key.ns.empty()) found(true, key, "is in a namespace, but its kind is the cluster's");
}

void StoreCheck::look_at_meta(const google::protobuf::Message& message, const Key& key) {
  const ObjectMeta& meta = meta_of(message);
  if (meta.name() != key.name || meta.namespace_() != key.ns) {
    found(true, key, "calls itself \"" + meta.namespace_() + "/" + meta.name() + "\"");
  }
  if (meta.uid().empty()) {
    found(true, key, "has no uid");
  } else if (const auto [known, fresh] = uids_.try_emplace(meta.uid(), key); !fresh) {
    found(true, key, "has the uid of " + known->second.text() + ", " + meta.uid());
  }
  if (!meta.has_creationtimestamp()) found(true, key, "has no creationTimestamp");
  for (const auto& owner : meta.ownerreferences()) {
    references_.push_back({shard_, key, owner.uid(), owner.kind() + " " + owner.name()});
  }
}

std::vector<Finding> StoreCheck::finish() {
  for (const auto& [place, key] : first_in_) {
    const auto& [shard, ns] = place;
    if (namespaces_.contains(ns)) continue;
    findings_.push_back({!running_, shard, key.text(), "is in the namespace \"" + ns + "\", which there is not"});
  }
  for (const Reference& reference : references_) {
    const auto owner = uids_.find(reference.owner_uid);
    const std::string& text = reference.owner;
    if (owner == uids_.end()) {
      findings_.push_back({false, reference.shard, reference.key.text(),
                           "is owned by " + text + " (" + reference.owner_uid + "), which there is not"});
    } else if (!owner->second.ns.empty() && owner->second.ns != reference.key.ns) {
      findings_.push_back(
          {true, reference.shard, reference.key.text(), "is owned by " + text + " of another namespace"});
    }
  }
  std::ranges::stable_sort(findings_, [](const Finding& a, const Finding& b) {
    return std::tie(a.shard, a.key) < std::tie(b.shard, b.key);
  });
  return std::exchange(findings_, {});
}

}  // namespace kabuki::store
