#pragma once

#include <google/protobuf/descriptor.h>
#include <simdjson.h>
#include <span>
#include <string>
#include <string_view>

namespace kabuki::json {

/// One step from a document's top to a value in it.
struct Step {
  std::string_view name;
  int index;  // of a list's element; -1 for a name
};

/// Why a value does not fit where it stands, in the words of the two ways by which Go makes an object of JSON.
struct Problem {
  std::string decoding;    // encoding/json: of bodies, JSON patches and merge patches
  std::string converting;  // apimachinery's converter: of strategic merge patches
};

/// The words for `value` at `path` below a message `root`: "json: cannot unmarshal string into Go struct field
/// DeploymentSpec.spec.replicas of type int32", "unrecognized type: int32". Both are "" where the path leads to no
/// field. Go's names of types that are strings or maps at bottom (v1.PullPolicy) are not known: these say string.
Problem wrong_type(const google::protobuf::Descriptor* root, std::span<const Step> path,
                   const simdjson::dom::element& value);

}  // namespace kabuki::json
