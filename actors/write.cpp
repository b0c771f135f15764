#include "actors/write.hpp"

#include "messages/bus_failure.hpp"
#include "messages/meta.hpp"

namespace kabuki::actors {
namespace {

bool same_bytes(const ObjectPtr& a, const ObjectPtr& b) {
  if (!a || !b) return !a && !b;
  return a->kind() == b->kind() && a->ns() == b->ns() && a->name() == b->name() && a->body() == b->body();
}

Write over(const Object& read, Write::Verb verb, const google::protobuf::Message& message) {
  Write write;
  write.verb = verb;
  write.key = read.key();
  write.object = Object::encode(read.kind(), message);
  write.expected_revision = read.revision();
  write.expected_uid = std::string(read.uid());
  return write;
}

WriteOutcome failed(Error error, bool unknown) {
  WriteOutcome outcome;
  outcome.error = std::move(error);
  outcome.unknown = unknown;
  return outcome;
}

bool may_have_happened(const Error& error) { return error.code >= 500; }

}  // namespace

bool Write::operator==(const Write& other) const {
  return verb == other.verb && key == other.key && same_bytes(object, other.object) &&
         expected_revision == other.expected_revision && expected_uid == other.expected_uid && node == other.node &&
         patch == other.patch && subresource == other.subresource && grace_seconds == other.grace_seconds &&
         propagation == other.propagation;
}

Write Write::create(KindId kind, const google::protobuf::Message& message) {
  const ObjectMeta& meta = meta_of(message);
  Write write;
  write.verb = bus::WriteObjects::CREATE;
  write.key = {kind, meta.namespace_(), meta.name()};
  write.object = Object::encode(kind, message);
  return write;
}

Write Write::update(const Object& read, const google::protobuf::Message& message) {
  return over(read, bus::WriteObjects::UPDATE, message);
}

Write Write::update_finalizers(const Object& read, const google::protobuf::Message& message) {
  Write write = update(read, message);
  write.subresource = "finalize";
  return write;
}

Write Write::update_status(const Object& read, const google::protobuf::Message& message) {
  return over(read, bus::WriteObjects::UPDATE_STATUS, message);
}

Write Write::remove(const Object& read, std::string propagation) {
  Write write;
  write.verb = bus::WriteObjects::DELETE;
  write.key = read.key();
  write.expected_uid = std::string(read.uid());
  write.propagation = std::move(propagation);
  return write;
}

Write Write::bind(Key pod, std::string uid, std::string node) {
  Write write;
  write.verb = bus::WriteObjects::BIND;
  write.key = std::move(pod);
  write.expected_uid = std::move(uid);
  write.node = std::move(node);
  return write;
}

Write Write::merge_patch(Key key, std::string uid, std::string patch, std::string subresource) {
  Write write;
  write.verb = bus::WriteObjects::PATCH_MERGE;
  write.key = std::move(key);
  write.expected_uid = std::move(uid);
  write.patch = std::move(patch);
  write.subresource = std::move(subresource);
  return write;
}

std::string text(const Write& write) {
  std::string out = bus::WriteObjects::Verb_Name(write.verb) + " " + write.key.text();
  if (!write.node.empty()) out += " -> " + write.node;
  if (!write.patch.empty()) out += " " + write.patch;
  return out;
}

runtime::MessagePtr write_message(std::span<const Write> writes, const std::string& user_agent, const Fence& fence) {
  bus::WriteObjects verb;
  verb.set_user_agent(user_agent);
  if (!fence.lease.empty()) {
    verb.mutable_fence()->set_lease(fence.lease);
    verb.mutable_fence()->set_holder(fence.holder);
    verb.mutable_fence()->set_term(fence.term);
  }
  std::vector<ObjectPtr> objects;
  for (const Write& write : writes) {
    auto* out = verb.add_writes();
    out->set_verb(write.verb);
    out->mutable_key()->set_kind(write.key.kind);
    out->mutable_key()->set_namespace_(write.key.ns);
    out->mutable_key()->set_name(write.key.name);
    if (write.object) {
      out->set_object(static_cast<uint32_t>(objects.size()));
      objects.push_back(write.object);
    }
    out->set_expected_revision(write.expected_revision);
    out->set_expected_uid(write.expected_uid);
    out->set_node(write.node);
    out->set_patch(write.patch);
    out->set_subresource(write.subresource);
    out->set_has_grace(write.grace_seconds.has_value());
    out->set_grace_seconds(write.grace_seconds.value_or(0));
    out->set_propagation(write.propagation);
  }
  return runtime::make_message(std::move(verb), std::move(objects));
}

std::vector<WriteOutcome> read_outcomes(const Result<runtime::MessagePtr>& answer, size_t count) {
  if (!answer.ok()) {
    return std::vector<WriteOutcome>(count, failed(answer.error(), may_have_happened(answer.error())));
  }
  const auto* reply = (*answer)->as<bus::WriteObjectsReply>();
  if (!reply || static_cast<size_t>(reply->items_size()) != count) {
    Error error;
    error.message = "the answer to a write is no answer to a write";
    return std::vector<WriteOutcome>(count, failed(std::move(error), true));
  }
  std::vector<WriteOutcome> outcomes;
  outcomes.reserve(count);
  for (const auto& item : reply->items()) {
    if (!item.ok()) {
      Error error = failure_to_error(item.failure());
      const bool unknown = may_have_happened(error);
      outcomes.push_back(failed(std::move(error), unknown));
      continue;
    }
    WriteOutcome outcome;
    outcome.revision = item.revision();
    if (item.has_object() && item.object() < (*answer)->objects.size()) {
      outcome.object = (*answer)->objects[item.object()];
    }
    outcomes.push_back(std::move(outcome));
  }
  return outcomes;
}

}  // namespace kabuki::actors
