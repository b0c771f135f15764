// What a client sends as JSON: decoded, defaulted, validated, stored, and shown again.
#include "messages/json.hpp"

#include "messages/defaults.hpp"
#include "messages/json_encode.hpp"
#include "messages/json_syntax.hpp"
#include "messages/object.hpp"
#include "messages/validation.hpp"
#include "tests/fuzz/fuzz_target.hpp"

namespace kabuki::fuzz {

KABUKI_FUZZ_TARGET(json) {
  const Kind& kind = take_kind(&input);
  (void)peek_type_meta(input);
  auto message = make(kind);
  JsonNotes notes;
  const auto decoded = decode_json(input, message.get(), &notes);
  if (!decoded.ok()) {
    require(!decoded.error().message.empty(), "a refusal says why");
    return;
  }

  const std::string text = json_of(kind, *message);
  require(explain_json_error(text).empty(), "what is written is JSON");
  auto again = make(kind);
  require(decode_json(text, again.get()).ok(), "what is written can be read");
  require(bytes_of(*again) == bytes_of(*message), "JSON keeps a message");

  std::string straight;
  encode_json_bytes(kind.descriptor, bytes_of(*message), &straight, kind.kind, kind.api_version());
  require(straight == text, "bytes and message give the same JSON");

  apply_defaults(kind, message.get());
  const std::string defaulted = bytes_of(*message);
  apply_defaults(kind, message.get());
  require(bytes_of(*message) == defaulted, "defaults applied twice change nothing");

  (void)validate_create(kind, *message);
  require(validate_update(kind, *again, *again).empty() || !validate_create(kind, *again).empty(),
          "what is sound may stay as it is");
  (void)validate_update(kind, *again, *message);

  const ObjectPtr object = Object::encode(kind.id, *message, 7);
  auto parsed = make(kind);
  require(object->parse(parsed.get()).ok(), "a stored object can be read");
}

}  // namespace kabuki::fuzz
