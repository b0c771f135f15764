#pragma once

#include <simdjson.h>
#include <string>
#include <string_view>

#include "messages/result.hpp"

namespace kabuki::json {

/// Parses `text` with the calling thread's parser: the element dies with that thread's next call. Error: BadRequest
/// "json parse error: ..." in Go's words. Documents are at most 1024 levels deep.
Result<simdjson::dom::element> parse_document(std::string_view text);

/// Appends the value without spaces, keys in document order, strings escaped as Go does.
void append_raw(const simdjson::dom::element& value, std::string* out);

/// For messages: `a string "x"`, `a number 3.5`, `an object`.
std::string describe(const simdjson::dom::element& value);

}  // namespace kabuki::json
