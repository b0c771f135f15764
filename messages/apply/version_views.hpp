#pragma once

#include <google/protobuf/message.h>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "messages/apply/typed_json.hpp"
#include "messages/kinds.hpp"

// One object seen in each version in which its kind is served, for managers who speak different ones.
namespace kabuki::apply {

/// The form of `kind`'s objects in `api_version`, which may be another group's; null where it is not served.
const Kind* version_of(const Kind& kind, const std::string& api_version);

/// The object as JSON, without managedFields.
patch::Json json_of(const Kind& kind, const google::protobuf::Message& object);

/// What changed from `old` (null: nothing was there) to `next`, both in the form of `kind`: in whichever version one
/// asks. The arguments must outlive it.
class Change {
 public:
  Change(const Kind& kind, const google::protobuf::Message* old, const google::protobuf::Message& next)
      : kind_(kind), old_(old), next_(next) {}
  /// Null where the version is not served.
  const Difference* in(const std::string& api_version);

 private:
  const Kind& kind_;
  const google::protobuf::Message* const old_;
  const google::protobuf::Message& next_;
  std::map<std::string, std::optional<Difference>> seen_;
};

/// Fields in the version in which they are recorded.
using VersionedFields = std::pair<std::string, FieldSet>;

/// `object`, in the form of `kind`, without what is in `gone` but in none of `kept`: as Kubernetes does, in each of
/// their versions, all of which are served. Error: BadRequest when the object is none of the kind.
Result<patch::Json> prune(const Kind& kind, patch::Json object, const VersionedFields& gone,
                          const std::vector<VersionedFields>& kept);

}  // namespace kabuki::apply
