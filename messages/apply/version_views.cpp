#include "messages/apply/version_views.hpp"

#include "messages/json.hpp"
#include "messages/versions.hpp"

namespace kabuki::apply {
namespace {

using google::protobuf::Message;
using patch::Json;

/// The kind that is stored where `kind` is one of its versions.
const Kind& stored_of(const Kind& kind) {
  const Version* version = find_version(kind.id);
  return version && version->stored ? kind_of(version->stored) : kind;
}

/// `object`, in the form of `from`, in that of `to`, another version of the same kind.
std::unique_ptr<Message> converted(const Kind& from, const Message& object, const Kind& to) {
  std::unique_ptr<Message> stored;
  if (const Version* version = find_version(from.id)) stored = to_stored(*version, object);
  const Version* version = find_version(to.id);
  if (!version) return stored;
  return from_stored(*version, stored ? *stored : object);
}

/// Every node above a member becomes one too: what somebody has something of does not go as a whole.
FieldSet with_ancestors(FieldSet set) {
  for (auto& [element, child] : set.children) child = with_ancestors(std::move(child));
  set.member |= !set.children.empty();
  return set;
}

Result<Json> converted(const Kind& from, const Json& object, const Kind& to) {
  if (&from == &to) return object;
  std::unique_ptr<Message> message(from.make());
  if (auto decoded = decode_json(object.dump(), message.get()); !decoded.ok()) return decoded.error();
  return json_of(to, *converted(from, *message, to));
}

}  // namespace

const Kind* version_of(const Kind& kind, const std::string& api_version) {
  if (kind.api_version() == api_version) return &kind;
  const Kind& stored = stored_of(kind);
  if (stored.api_version() == api_version) return &stored;
  for (const Version& version : all_versions()) {
    if (version.stored == stored.id && version.kind.api_version() == api_version) return &version.kind;
  }
  return nullptr;
}

Json json_of(const Kind& kind, const Message& object) {
  std::string text;
  encode_json(object, &text, kind.kind, kind.api_version());
  Json json = *patch::parse_document(text, "object");
  if (json.contains("metadata")) json["metadata"].erase("managedFields");
  return json;
}

const Difference* Change::in(const std::string& api_version) {
  auto [found, is_new] = seen_.try_emplace(api_version);
  std::optional<Difference>& seen = found->second;
  const Kind* as = is_new ? version_of(kind_, api_version) : nullptr;
  if (as) {
    const auto json = [&](const Message& object) {
      return as == &kind_ ? json_of(kind_, object) : json_of(*as, *converted(kind_, object, *as));
    };
    seen = difference(old_ ? json(*old_) : Json::object(), json(next_), as->descriptor);
  }
  return seen ? &*seen : nullptr;
}

Result<Json> prune(const Kind& kind, Json object, const VersionedFields& gone,
                   const std::vector<VersionedFields>& kept) {
  std::map<std::string, FieldSet> by_version;
  for (const auto& [version, fields] : kept) by_version[version].add(fields);
  const Kind& first = *version_of(kind, gone.first);
  auto whole = converted(kind, object, first);
  if (!whole.ok()) return whole.error();
  FieldSet going = gone.second;
  if (const auto same = by_version.find(gone.first); same != by_version.end()) {
    going.remove(with_ancestors(same->second));
  }
  auto pruned = converted(first, without(*whole, going, first.descriptor), kind);
  if (!pruned.ok()) return pruned.error();
  // What others have in another version comes back.
  for (const auto& [version, fields] : by_version) {
    if (version == gone.first) continue;
    const Kind& as = *version_of(kind, version);
    auto all = converted(kind, object, as);
    if (!all.ok()) return all.error();
    auto left = converted(kind, *pruned, as);
    if (!left.ok()) return left.error();
    FieldSet wanted = paths_of(*left, as.descriptor);
    wanted.add(fields);
    FieldSet rest = paths_of(*all, as.descriptor);
    rest.remove(with_ancestors(std::move(wanted)));
    pruned = converted(as, without(*all, rest, as.descriptor), kind);
    if (!pruned.ok()) return pruned.error();
  }
  return std::move(*pruned);
}

}  // namespace kabuki::apply
