#pragma once

#include <string>
#include <string_view>

namespace kabuki::yaml {

/// What a plain scalar stands for. `json` is its JSON text, empty for a string: that is the scalar itself.
struct Scalar {
  enum class Type { string, null, boolean, integer, number, not_a_number };
  Type type = Type::string;
  std::string json;
};

/// Resolves a scalar that stands without quotes and tag, as YAML 1.1 and Go's yaml.v2 do.
Scalar resolve(std::string_view plain);

/// Whether other readers of YAML 1.1 take this plain scalar for something else than the text that resolve() says it
/// is: a date, a number of base 60, a merge key. Go's writer quotes these.
bool is_ambiguous(std::string_view plain);

}  // namespace kabuki::yaml
