#include "actors/api_server/write/arena_message.hpp"
#include "actors/api_server/write/write.hpp"
#include "messages/status.hpp"

namespace kabuki::api_server {

Result<std::shared_ptr<google::protobuf::Message>> parse_current(const Kind& kind, const ObjectPtr& current) {
  std::shared_ptr<google::protobuf::Message> message = make_in_arena(kind);
  auto parsed = current->parse(message.get());
  if (!parsed) return parsed.error();
  return message;
}

Result<> check_preconditions(const Write& write, const ObjectPtr& current) {
  const Kind& kind = *write.kind;
  if (!write.expected_uid.empty() && current->uid() != write.expected_uid) {
    // Deletions name the kind, everything else the resource: so a kube-apiserver answers.
    if (write.verb == Write::Verb::remove) {
      Error error = conflict(kind, write.key.name, "");
      error.kind = kind.kind;
      error.message = "Operation cannot be fulfilled on " + kind.kind + " \"" + write.key.name +
                      "\": the UID in the precondition (" + write.expected_uid +
                      ") does not match the UID in record (" + std::string(current->uid()) +
                      "). The object might have been deleted and then recreated";
      return error;
    }
    std::string where = write.key.ns.empty() ? "" : write.key.ns + "/";
    return conflict(kind, write.key.name,
                    "StorageError: invalid object, Code: 4, Key: /registry/" + kind.plural + "/" + where +
                        write.key.name +
                        ", ResourceVersion: 0, AdditionalErrorMsg: Precondition failed: UID in "
                        "precondition: " +
                        write.expected_uid + ", UID in object meta: " + std::string(current->uid()));
  }
  std::string version = write.expected_version;
  if (version.empty() && write.expected_revision != 0) version = std::to_string(write.expected_revision);
  if (!version.empty() && version != std::to_string(current->revision())) {
    if (write.verb == Write::Verb::remove) {
      Error error = conflict(kind, write.key.name, "");
      error.kind = kind.kind;
      error.message = "Operation cannot be fulfilled on " + kind.kind + " \"" + write.key.name +
                      "\": the ResourceVersion in the precondition (" + version +
                      ") does not match the ResourceVersion in record (" + std::to_string(current->revision()) +
                      "). The object might have been modified";
      return error;
    }
    return stale_write(kind, write.key.name);
  }
  return {};
}

Result<Decision> decide(const Write& write, const ObjectPtr& current, const WriteContext& context) {
  if (write.verb == Write::Verb::create) return decide_create(write, current, context);
  if (!current) return not_found(*write.kind, write.key.name);
  if (auto held = check_preconditions(write, current); !held) return held.error();
  switch (write.verb) {
    case Write::Verb::update:
      return decide_update(write, current, context);
    case Write::Verb::patch:
      return decide_patch(write, current, context);
    case Write::Verb::remove:
      return decide_remove(write, current, context);
    case Write::Verb::bind:
      return decide_bind(write, current, context);
    case Write::Verb::create:
      break;
  }
  return internal_error("a write without a verb");
}

}  // namespace kabuki::api_server
