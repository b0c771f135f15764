#include "runtime/message.hpp"

#include <google/protobuf/descriptor.h>
#include <google/protobuf/io/coded_stream.h>
#include <google/protobuf/io/zero_copy_stream_impl_lite.h>
#include <limits>

#include "messages/status.hpp"

namespace kabuki::runtime {
namespace {

// version byte, verb's name, verb's bytes, number of objects, then of each kind, revision, namespace, name, body.
// Numbers are varints, strings have their length before them.
constexpr char kVersion = 1;
constexpr std::string_view kPackage = "kabuki.bus.";
constexpr size_t kSmallestObject = 5;

void put_number(std::string* out, uint64_t value) {
  while (value >= 0x80) {
    out->push_back(static_cast<char>(value | 0x80));
    value >>= 7;
  }
  out->push_back(static_cast<char>(value));
}

void put_string(std::string* out, std::string_view text) {
  put_number(out, text.size());
  out->append(text);
}

class Reader {
 public:
  explicit Reader(std::string_view bytes) : left_(bytes) {}

  bool number(uint64_t* value) {
    *value = 0;
    for (int shift = 0; shift < 64; shift += 7) {
      if (left_.empty()) return false;
      const auto byte = static_cast<unsigned char>(left_.front());
      left_.remove_prefix(1);
      if (shift == 63 && byte > 1) return false;
      *value |= uint64_t{byte & 0x7fu} << shift;
      if (byte < 0x80) return true;
    }
    return false;
  }

  bool string(std::string_view* text) {
    uint64_t size = 0;
    if (!number(&size) || size > left_.size()) return false;
    *text = left_.substr(0, size);
    left_.remove_prefix(size);
    return true;
  }

  size_t left() const { return left_.size(); }

 private:
  std::string_view left_;
};

Result<std::unique_ptr<const google::protobuf::Message>> decode_verb(std::string_view name, std::string_view bytes) {
  if (!name.starts_with(kPackage)) return bad_request("message: not a verb of the bus");
  const auto* descriptor =
      google::protobuf::DescriptorPool::generated_pool()->FindMessageTypeByName(std::string(name));
  const auto* prototype =
      descriptor ? google::protobuf::MessageFactory::generated_factory()->GetPrototype(descriptor) : nullptr;
  if (!prototype) return bad_request("message: not a verb of the bus");
  std::unique_ptr<google::protobuf::Message> body(prototype->New());
  if (bytes.size() > std::numeric_limits<int>::max() ||
      !body->ParseFromArray(bytes.data(), static_cast<int>(bytes.size())))
    return bad_request("message: malformed " + std::string(name));
  return std::unique_ptr<const google::protobuf::Message>(std::move(body));
}

Result<ObjectPtr> decode_object(Reader& reader) {
  uint64_t kind = 0, revision = 0;
  std::string_view ns, name, body;
  const bool sound = reader.number(&kind) && reader.number(&revision) && reader.string(&ns) && reader.string(&name) &&
                     reader.string(&body) && kind <= std::numeric_limits<KindId>::max() &&
                     name.size() <= std::numeric_limits<uint16_t>::max() &&
                     body.size() <= std::numeric_limits<uint32_t>::max();
  if (!sound || !find_kind(static_cast<KindId>(kind))) return bad_request("message: malformed object");
  return Object::make(static_cast<KindId>(kind), ns, name, revision, body);
}

}  // namespace

std::string encode_message(const Message& message) {
  std::string body;
  {
    google::protobuf::io::StringOutputStream stream(&body);
    google::protobuf::io::CodedOutputStream coded(&stream);
    coded.SetSerializationDeterministic(true);
    message.body->SerializeToCodedStream(&coded);
  }
  std::string out;
  size_t size = body.size() + 64;
  for (const auto& object : message.objects) size += object ? object->body().size() + 64 : 0;
  out.reserve(size);
  out.push_back(kVersion);
  put_string(&out, message.body->GetDescriptor()->full_name());
  put_string(&out, body);
  put_number(&out, message.objects.size());
  for (const auto& object : message.objects) {
    put_number(&out, object->kind());
    put_number(&out, object->revision());
    put_string(&out, object->ns());
    put_string(&out, object->name());
    put_string(&out, object->body());
  }
  return out;
}

Result<MessagePtr> decode_message(std::string_view bytes) {
  if (bytes.empty() || bytes.front() != kVersion) return bad_request("message: unknown version");
  Reader reader(bytes.substr(1));
  std::string_view verb, body;
  uint64_t count = 0;
  if (!reader.string(&verb) || !reader.string(&body) || !reader.number(&count))
    return bad_request("message: malformed header");
  if (count > reader.left() / kSmallestObject) return bad_request("message: more objects than bytes");
  auto decoded = decode_verb(verb, body);
  if (!decoded.ok()) return decoded.error();
  auto message = std::make_shared<Message>();
  message->body = std::move(*decoded);
  message->objects.reserve(count);
  for (uint64_t i = 0; i < count; ++i) {
    auto object = decode_object(reader);
    if (!object.ok()) return object.error();
    message->objects.push_back(std::move(*object));
  }
  if (reader.left() != 0) return bad_request("message: bytes after its end");
  return MessagePtr(std::move(message));
}

}  // namespace kabuki::runtime
