#pragma once

#include <cstdint>
#include <google/protobuf/message.h>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "messages/kinds.hpp"
#include "messages/object.hpp"
#include "messages/result.hpp"
#include "messages/versions.hpp"
#include "runtime/io/random.hpp"
#include "runtime/io/time.hpp"

namespace kabuki::bus {
class Fence;
}

namespace kabuki::api_server {

class Surroundings;

enum class PatchKind { json, merge, strategic, apply };

/// One write, as HTTP and the bus both ask for it.
struct Write {
  enum class Verb { create, update, patch, remove, bind };
  Verb verb = Verb::create;
  const Kind* kind = nullptr;
  const Version* version = nullptr;  // the form that a client speaks: what is patched, and how its fields are
                                     // recorded; null: as it is stored
  Key key;                           // name empty: create with generateName
  std::string subresource;           // "", "status", "scale", "finalize"
  std::shared_ptr<const google::protobuf::Message> object;  // create, update; a Scale for subresource scale
  ObjectPtr sent;  // a status that an actor updates, encoded as it came; `object` is null then
  PatchKind patch_kind = PatchKind::merge;
  std::string patch;
  std::string node;     // bind
  bool strict = false;  // patch: unknown fields are an error
  bool collect_notes = false;
  /// Who is recorded in metadata.managedFields; "" records nothing. Clients are always recorded, components only on
  /// objects where something is recorded already: a million pods are spared what nobody asks for.
  std::string field_manager;
  bool always_record = false;
  std::string manager_subresource;
  bool force = false;  // apply: takes fields from other managers

  // Preconditions; what does not hold is 409.
  std::string expected_uid;
  uint64_t expected_revision = 0;
  /// remove: the resourceVersion as a client wrote it, which may be no number; "" does not check.
  std::string expected_version;

  /// The host that asks, when it may write only what concerns its own nodes; "" may write everything.
  std::string host;
  /// The term under which it is done, which the store judges with every commit; null: whoever leads.
  std::shared_ptr<const bus::Fence> fence;
  /// Services: the address that an update gives one which needs an address and has none.
  std::string spare_address;
  /// Services: the node ports that a write may give, in this order.
  std::vector<int32_t> spare_ports;

  /// What admission refers to and the surroundings do not hold, as the store has it.
  std::vector<ObjectPtr> looked_up;

  std::optional<int64_t> grace_seconds;  // remove
  std::string propagation;               // remove: "", Background, Foreground, Orphan
  bool dry_run = false;
};

/// What deciding stands on beside the write and the current object.
struct WriteContext {
  io::WallTime now;
  io::Random* random = nullptr;
  /// How long a pod that says nothing about it stays on a node that is not ready.
  int64_t toleration_seconds = 300;
  /// What admission looks at; null: nothing is known.
  const Surroundings* surroundings = nullptr;
};

/// What is to be committed. Exactly one of: nothing (`unchanged`), a new version (`next`), the object's end
/// (`removed`).
struct Decision {
  enum class Effect { unchanged, put, removed };
  Effect effect = Effect::unchanged;
  /// The object after the write, parsed: what clients are answered. Of a removal the last version. Null for
  /// binds, and for statuses that actors update: `next` answers them.
  std::shared_ptr<google::protobuf::Message> object;
  /// Encoded form of `object` when the effect is put.
  ObjectPtr next;
  /// What the key's revision must still be; 0: absent.
  uint64_t expected_revision = 0;
  /// Field warnings of a patch.
  std::vector<std::string> notes;
};

/// Decides one write against `current` (null when the object does not exist): admission, defaults, validation,
/// preconditions, generation, finalizers, grace. Pure: the same arguments give the same decision, but for names and
/// uids, which come from context.random. Errors as a kube-apiserver words them.
Result<Decision> decide(const Write& write, const ObjectPtr& current, const WriteContext& context);

// The verbs, each in a file of its own.
Result<Decision> decide_create(const Write& write, const ObjectPtr& current, const WriteContext& context);
Result<Decision> decide_update(const Write& write, const ObjectPtr& current, const WriteContext& context);
Result<Decision> decide_patch(const Write& write, const ObjectPtr& current, const WriteContext& context);
Result<Decision> decide_remove(const Write& write, const ObjectPtr& current, const WriteContext& context);
Result<Decision> decide_bind(const Write& write, const ObjectPtr& current, const WriteContext& context);

/// The common end of update and patch: takes the wanted state `next` of `old`, restores what the endpoint may not
/// change, validates, counts the generation, notices that nothing changed or that the last finalizer went.
Result<Decision> finish_update(const Write& write, const ObjectPtr& current, const google::protobuf::Message& old,
                               std::shared_ptr<google::protobuf::Message> next, const WriteContext& context);

/// Records what changed between `old` (null: created) and `next` for the writer.
void record_manager(const Write& write, const google::protobuf::Message* old, const WriteContext& context,
                    google::protobuf::Message* next);

/// Parses `current`, with its resourceVersion set.
Result<std::shared_ptr<google::protobuf::Message>> parse_current(const Kind& kind, const ObjectPtr& current);

/// Refuses when expected_uid or expected_revision do not hold.
Result<> check_preconditions(const Write& write, const ObjectPtr& current);

}  // namespace kabuki::api_server
