#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "messages/result.hpp"

namespace kabuki {

/// One YAML document as JSON text. Plain scalars mean what sigs.k8s.io/yaml takes them for: true, false, null,
/// integers and floats of YAML 1.1; quoted ones are strings. Keys keep their order; merge keys (<<) are resolved. Of
/// several documents the first that is not empty counts. Error: BadRequest with the line.
Result<std::string> yaml_to_json(std::string_view text);

/// Every document of a stream that is not empty, in order.
Result<std::vector<std::string>> yaml_documents_to_json(std::string_view text);

/// JSON text as YAML in block style, keys sorted, as `kubectl -o yaml` prints it. Error: BadRequest when it is no
/// JSON.
Result<std::string> json_to_yaml(std::string_view json);

}  // namespace kabuki
