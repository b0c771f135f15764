#include "messages/field_splice.hpp"

#include "messages/wire.hpp"

namespace kabuki {

std::string with_field(std::string_view message, int number, std::optional<std::string_view> bytes) {
  std::string out;
  out.reserve(message.size() + (bytes ? bytes->size() + 8 : 0));
  bool placed = !bytes;
  for (wire::Reader fields(message); fields.next();) {
    if (!placed && fields.number() >= number) {
      wire::append_bytes_field(number, *bytes, &out);
      placed = true;
    }
    if (fields.number() != number) out.append(fields.field());
  }
  if (!placed) wire::append_bytes_field(number, *bytes, &out);
  return out;
}

}  // namespace kabuki
