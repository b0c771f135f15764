#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "messages/bus/objects.pb.h"
#include "messages/object.hpp"
#include "runtime/message.hpp"

namespace kabuki::actors {

/// Under which term of leadership a component writes: of a past one its writes are refused. Without a lease nothing
/// is checked.
struct Fence {
  std::string lease;  // in kube-system
  std::string holder;
  uint32_t term = 0;
  /// The revision at which the term began, which grows from term to term even where the Lease was made anew. Not part
  /// of what is checked.
  uint64_t began = 0;
  bool operator==(const Fence&) const = default;
};

/// One write that a component asks of the API server: what bus.WriteObjects.Write says, with the object at hand
/// instead of its position. The factories below set what their verb needs.
struct Write {
  using Verb = bus::WriteObjects::Verb;

  Verb verb = bus::WriteObjects::CREATE;
  Key key;                               // of a create with generateName the name is empty
  ObjectPtr object;                      // create, update, update_status
  uint64_t expected_revision = 0;        // 0: not checked
  std::string expected_uid;              // "": not checked
  std::string node;                      // bind
  std::string patch;                     // patch: a JSON merge patch
  std::string subresource;               // patch: "" or "status"; update of a namespace: "finalize"
  std::optional<int64_t> grace_seconds;  // remove: none is the object's own
  std::string propagation;               // remove: "" is the kind's default

  /// Compares objects by their bytes.
  bool operator==(const Write& other) const;

  static Write create(KindId kind, const google::protobuf::Message& message);
  /// Replaces `read` by `message`, provided that nobody changed it since.
  static Write update(const Object& read, const google::protobuf::Message& message);
  /// Replaces a namespace's finalizers, which a plain update leaves as they are.
  static Write update_finalizers(const Object& read, const google::protobuf::Message& message);
  static Write update_status(const Object& read, const google::protobuf::Message& message);
  /// Only the very object that was read (its uid), whatever changed in it.
  static Write remove(const Object& read, std::string propagation = {});
  static Write bind(Key pod, std::string uid, std::string node);
  static Write merge_patch(Key key, std::string uid, std::string patch, std::string subresource = {});
};

/// "CREATE pods/default/": for logs and failed tests.
std::string text(const Write& write);

/// The bus message that asks for all of `writes`, in order; objects are shared, not copied.
runtime::MessagePtr write_message(std::span<const Write> writes, const std::string& user_agent,
                                  const Fence& fence = {});

/// How one write ended. `error` is none when it was done. `unknown`: it may have been done (no answer came).
struct WriteOutcome {
  std::optional<Error> error;
  bool unknown = false;
  uint64_t revision = 0;
  ObjectPtr object;  // the new version, where the reply carries one
};

/// Reads the answer to `count` writes: one outcome per write, in order. An answer that is missing or is no
/// WriteObjectsReply leaves every outcome unknown, except a refusal of the request as a whole (4xx).
std::vector<WriteOutcome> read_outcomes(const Result<runtime::MessagePtr>& answer, size_t count);

}  // namespace kabuki::actors
