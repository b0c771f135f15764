#include "messages/apply/managed_fields.hpp"

#include <algorithm>
#include <map>
#include <tuple>
#include <vector>

#include "messages/apply/typed_json.hpp"
#include "messages/apply/version_views.hpp"
#include "messages/meta.hpp"
#include "messages/status.hpp"

namespace kabuki {
namespace {

using apply::Change;
using apply::FieldSet;
using google::protobuf::Message;
using patch::Json;

constexpr const char* kApply = "Apply";
constexpr const char* kUpdate = "Update";
constexpr const char* kBeforeFirstApply = "before-first-apply";

struct Entry {
  std::string manager;
  std::string operation;
  std::string api_version;
  std::string subresource;
  int64_t seconds = 0;
  FieldSet fields;
};

/// Fields that nobody manages: the system's own.
const FieldSet& system_fields() {
  static const FieldSet set = *FieldSet::parse(
      R"({"f:apiVersion":{},"f:kind":{},"f:metadata":{".":{},"f:name":{},"f:namespace":{},"f:creationTimestamp":{},
          "f:selfLink":{},"f:uid":{},"f:generation":{},"f:managedFields":{},"f:resourceVersion":{}}})");
  return set;
}

/// Leaves what is a manager's to have: of /status the status and metadata, of the main resource all but the status.
void keep_own(const Kind& kind, const FieldManager& manager, FieldSet* set) {
  set->remove(system_fields());
  set->member = false;
  if (manager.subresource == "status") {
    std::erase_if(set->children,
                  [](const auto& child) { return child.first != "f:status" && child.first != "f:metadata"; });
  } else if (kind.has_status) {
    set->children.erase("f:status");
  }
  // It is born with its finalizers, and only /finalize changes them.
  if (manager.subresource.empty() && kind.id == kinds::kNamespace) set->children.erase("f:spec");
}

std::vector<Entry> read_entries(const ObjectMeta& meta) {
  std::vector<Entry> entries;
  for (const auto& message : meta.managedfields()) {
    Entry entry{message.manager(), message.operation(), message.apiversion(), message.subresource(),
                message.time().seconds()};
    auto fields = FieldSet::parse(message.fieldsv1().raw().empty() ? "{}" : message.fieldsv1().raw());
    // What cannot be read is nobody's.
    if (!fields.ok() || entry.manager.empty()) continue;
    entry.fields = std::move(*fields);
    entries.push_back(std::move(entry));
  }
  return entries;
}

void write_entries(std::vector<Entry> entries, ObjectMeta* meta) {
  std::erase_if(entries, [](const Entry& entry) { return entry.fields.empty(); });
  std::stable_sort(entries.begin(), entries.end(), [](const Entry& a, const Entry& b) {
    return std::tie(a.operation, a.seconds, a.manager, a.api_version, a.subresource) <
           std::tie(b.operation, b.seconds, b.manager, b.api_version, b.subresource);
  });
  meta->clear_managedfields();
  for (const Entry& entry : entries) {
    auto* out = meta->add_managedfields();
    out->set_manager(entry.manager);
    out->set_operation(entry.operation);
    out->set_apiversion(entry.api_version);
    out->mutable_time()->set_seconds(entry.seconds);
    out->set_fieldstype("FieldsV1");
    out->mutable_fieldsv1()->set_raw(entry.fields.text());
    out->set_subresource(entry.subresource);
  }
}

Entry* find_entry(std::vector<Entry>& entries, const Entry& like) {
  for (Entry& entry : entries) {
    // Who applies is one manager, whichever version it speaks.
    const bool same_version = like.operation == kApply || entry.api_version == like.api_version;
    if (entry.manager == like.manager && entry.operation == like.operation && entry.subresource == like.subresource &&
        same_version) {
      return &entry;
    }
  }
  return nullptr;
}

/// Replaces the manager's entry; its time moves only where its fields do.
void put_entry(Entry entry, std::vector<Entry>* entries) {
  if (Entry* own = find_entry(*entries, entry)) {
    if (own->fields == entry.fields) entry.seconds = own->seconds;
    *own = std::move(entry);
  } else {
    entries->push_back(std::move(entry));
  }
}

std::string name_of(const Entry& entry) {
  std::string out = "\"" + entry.manager + "\"";
  if (!entry.subresource.empty()) out += " with subresource \"" + entry.subresource + "\"";
  if (entry.operation == kUpdate) out += " using " + entry.api_version;
  return out;
}

Error conflict_error(const std::vector<std::pair<std::string, std::string>>& conflicts) {
  Error error;
  error.code = 409;
  error.reason = "Conflict";
  error.has_details = true;
  std::map<std::string, std::vector<std::string>> by_manager;
  for (const auto& [manager, path] : conflicts) {
    error.causes.push_back({.reason = "FieldManagerConflict", .message = "conflict with " + manager, .field = path});
    by_manager[manager].push_back(path);
  }
  error.message = "Apply failed with " + std::to_string(conflicts.size()) +
                  (conflicts.size() == 1 ? " conflict: " : " conflicts: ");
  if (conflicts.size() == 1) {
    error.message += "conflict with " + conflicts[0].first + ": " + conflicts[0].second;
    return error;
  }
  bool first = true;
  for (const auto& [manager, paths] : by_manager) {
    if (!std::exchange(first, false)) error.message += "\n";
    error.message += "conflicts with " + manager + ":";
    for (const std::string& path : paths) error.message += "\n- " + path;
  }
  return error;
}

/// Who has which fields now; what was there before anybody recorded anything belongs to a manager of its own.
std::vector<Entry> entries_before_apply(const Kind& kind, const Message& live, const Json& json) {
  auto entries = read_entries(meta_of(live));
  if (!entries.empty()) return entries;
  Entry before{kBeforeFirstApply, kUpdate, kind.api_version(), "", meta_of(live).creationtimestamp().seconds()};
  before.fields = apply::paths_of(json, kind.descriptor);
  keep_own(kind, {}, &before.fields);
  entries.push_back(std::move(before));
  return entries;
}

Result<Json> read_configuration(const Kind& kind, std::string_view text) {
  auto json = patch::parse_document(text, "error decoding the apply configuration");
  if (!json.ok()) return json.error();
  auto type = peek_type_meta(text);
  if (!type.ok()) return type.error();
  if (type->kind != kind.kind || type->api_version != kind.api_version()) {
    return bad_request("the kind of the object (" + type->kind + ", " + type->api_version +
                       ") does not match the kind of the request (" + kind.kind + ", " + kind.api_version() + ")");
  }
  const auto metadata = json->find("metadata");
  if (metadata != json->end() && metadata->is_object() && metadata->contains("managedFields") &&
      !(*metadata)["managedFields"].is_null()) {
    return bad_request("metadata.managedFields must be nil");
  }
  return json;
}

}  // namespace

void record_update(const Kind& kind, const Message* old, const FieldManager& manager, Message* next, const Kind& as) {
  ObjectMeta* meta = mutable_meta(next);
  const bool cleared = meta->managedfields_size() == 1 && meta->managedfields(0).ByteSizeLong() == 0;
  if (cleared) return meta->clear_managedfields();
  std::vector<Entry> entries = read_entries(*meta);
  if (entries.empty() && old) entries = read_entries(meta_of(*old));

  Change change(kind, old, *next);
  const std::string version = as.api_version();
  apply::Difference difference = *change.in(version);
  keep_own(as, manager, &difference.changed);
  difference.removed.remove(system_fields());

  Entry own{manager.name, kUpdate, version, manager.subresource, manager.now_ns / 1'000'000'000};
  if (const Entry* known = find_entry(entries, own)) own.fields = known->fields;
  std::erase_if(entries, [&](Entry& entry) {
    const apply::Difference* seen = change.in(entry.api_version);
    if (!seen) return true;
    apply::Difference theirs = entry.api_version == version ? difference : *seen;
    if (entry.api_version != version) {
      keep_own(as, manager, &theirs.changed);
      theirs.removed.remove(system_fields());
    }
    if (!theirs.changed.empty()) entry.fields.remove(theirs.changed);
    entry.fields.remove(theirs.removed);
    return false;
  });
  own.fields.remove(difference.removed);
  own.fields.add(difference.changed);
  if (Entry* known = find_entry(entries, own)) {
    // Its own fields that changed were taken from it above, to be given back here.
    if (old && difference.changed.empty() && difference.removed.empty()) own.seconds = known->seconds;
    *known = std::move(own);
  } else {
    entries.push_back(std::move(own));
  }
  write_entries(std::move(entries), meta);
}

namespace {

/// Takes the notes of fields that the kind does not have out of `notes`, and tells of them; "" where there is none.
std::string undeclared(const Kind& kind, const Json& wanted, JsonNotes* notes) {
  constexpr std::string_view kUnknown = "unknown field \"";
  std::vector<std::string> told;
  std::erase_if(notes->notes, [&](std::string_view note) {
    if (!note.starts_with(kUnknown)) return false;
    note = note.substr(kUnknown.size(), note.size() - kUnknown.size() - 1);
    told.push_back(apply::written_path(wanted, kind.descriptor, note) + ": field not declared in schema");
    return true;
  });
  if (told.size() < 2) return told.empty() ? "" : told.front();
  std::string all = "errors:";
  for (const std::string& one : told) all += "\n  " + one;
  return all;
}

}  // namespace

Result<std::unique_ptr<Message>> apply_configuration(const Kind& kind, const Message* live,
                                                     std::string_view configuration, const FieldManager& manager,
                                                     bool force, JsonNotes* notes) {
  auto wanted = read_configuration(kind, configuration);
  if (!wanted.ok()) return wanted.error();
  std::unique_ptr<Message> checked(kind.make());
  JsonNotes seen;
  if (auto decoded = decode_json(configuration, checked.get(), &seen); !decoded.ok()) return decoded.error();
  std::string why = undeclared(kind, *wanted, &seen);
  if (why.empty()) why = apply::check_keys(*wanted, kind.descriptor);
  if (!why.empty()) {
    Error error = internal_error("");
    error.reason = "";
    error.message = "failed to create typed patch object (" + meta_of(*checked).namespace_() + "/" +
                    meta_of(*checked).name() + "; " + kind.api_version() + ", Kind=" + kind.kind + "): " + why;
    return error;
  }
  if (notes) *notes = std::move(seen);

  Json before = Json::object();
  std::vector<Entry> entries;
  if (live) {
    before = apply::json_of(kind, *live);
    entries = entries_before_apply(kind, *live, before);
    std::erase_if(entries, [&](const Entry& entry) { return !apply::version_of(kind, entry.api_version); });
  }
  Entry own{manager.name, kApply, kind.api_version(), manager.subresource, manager.now_ns / 1'000'000'000};
  own.fields = apply::paths_of(*wanted, kind.descriptor);
  keep_own(kind, manager, &own.fields);

  Json merged = apply::merge(before, *wanted, kind.descriptor);
  if (const Entry* known = find_entry(entries, own)) {
    std::vector<std::pair<std::string, FieldSet>> kept{{own.api_version, own.fields}};
    for (const Entry& entry : entries) {
      if (&entry != known) kept.emplace_back(entry.api_version, entry.fields);
    }
    auto pruned = apply::prune(kind, std::move(merged), {known->api_version, known->fields}, kept);
    if (!pruned.ok()) return pruned.error();
    merged = std::move(*pruned);
  }
  std::unique_ptr<Message> next(kind.make());
  if (auto decoded = decode_json(merged.dump(), next.get()); !decoded.ok()) return decoded.error();

  // Compared in canonical form: 1000m is no change of 1.
  Change change(kind, live, *next);
  std::vector<std::pair<std::string, std::string>> conflicts;
  for (Entry& entry : entries) {
    if (find_entry(entries, own) == &entry) continue;
    const apply::Difference& difference = *change.in(entry.api_version);
    const FieldSet lost = entry.fields.both(difference.changed);
    if (!force) lost.each([&](const std::string& path) { conflicts.emplace_back(name_of(entry), path); });
    entry.fields.remove(lost);
    entry.fields.remove(difference.removed);
  }
  if (!conflicts.empty()) return conflict_error(conflicts);
  put_entry(std::move(own), &entries);
  write_entries(std::move(entries), mutable_meta(next.get()));
  return next;
}

}  // namespace kabuki
