// What a client sends as Protobuf, and what a disk gives back: bytes that may be anything.
#include <google/protobuf/descriptor.h>
#include <google/protobuf/stubs/logging.h>
#include <set>

#include "messages/envelope.hpp"
#include "messages/field_scan.hpp"
#include "messages/json.hpp"
#include "messages/json_encode.hpp"
#include "messages/json_syntax.hpp"
#include "messages/object.hpp"
#include "messages/selectors.hpp"
#include "tests/fuzz/fuzz_target.hpp"

namespace kabuki::fuzz {
namespace {

// It would tell each text that is no UTF-8, a thousand times a second.
[[maybe_unused]] const auto silenced = google::protobuf::SetLogHandler(nullptr);

/// Whether messages of this type hold JSON as it came, which is proven when an object comes in, not each time it is
/// shown.
bool holds_raw_json(const google::protobuf::Descriptor* type, std::set<const google::protobuf::Descriptor*>* seen) {
  if (!seen->insert(type).second) return false;
  if (type->name() == "RawExtension" || type->name() == "JSON") return true;
  for (int i = 0; i < type->field_count(); ++i) {
    const auto* below = type->field(i)->message_type();
    if (below != nullptr && holds_raw_json(below, seen)) return true;
  }
  return false;
}

void read_as_stored(const Kind& kind, std::string_view body) {
  const ObjectPtr object = Object::make(kind.id, "default", "web", 7, body);
  (void)object->uid();
  for (const SelectableField& field : kind.selectable) {
    (void)scan_text(body, field.numbers);
    (void)scan_bytes(body, field.numbers);
  }
  scan_string_map(body, paths::kLabels, [](std::string_view, std::string_view) { return true; });
  if (const auto selector = LabelSelector::parse("app=web,!gone"); selector.ok())
    (void)selector->matches_object(*object);
  auto message = make(kind);
  (void)object->parse(message.get());
  std::string text;
  encode_json_bytes(kind.descriptor, body, &text, kind.kind, kind.api_version());
  std::set<const google::protobuf::Descriptor*> seen;
  require(holds_raw_json(kind.descriptor, &seen) || explain_json_error(text).empty(),
          "malformed bytes still give JSON");
}

}  // namespace

KABUKI_FUZZ_TARGET(protobuf) {
  const Kind& kind = take_kind(&input);
  read_as_stored(kind, input);

  std::string enveloped;
  if (!is_enveloped(input)) {
    append_envelope(kind.api_version(), kind.kind, input, &enveloped);
    const auto opened = open_envelope(enveloped);
    require(opened.ok() && opened->raw == input && opened->kind == kind.kind, "an envelope keeps what is in it");
    input = enveloped;
  }
  auto message = make(kind);
  if (!decode_envelope(input, message.get()).ok()) return;
  const std::string bytes = bytes_of(*message);
  std::string body;
  append_envelope(kind.api_version(), kind.kind, bytes, &body);
  auto again = make(kind);
  require(decode_envelope(body, again.get()).ok(), "what is canonical can be read");
  require(bytes_of(*again) == bytes, "what is canonical stays as it is");

  auto by_json = make(kind);
  require(decode_json(json_of(kind, *message), by_json.get()).ok(), "what is canonical can be shown as JSON");
  require(bytes_of(*by_json) == bytes, "JSON keeps what came as Protobuf");
}

}  // namespace kabuki::fuzz
