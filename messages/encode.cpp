#include "messages/encode.hpp"

#include <google/protobuf/descriptor.h>
#include <google/protobuf/io/coded_stream.h>
#include <google/protobuf/io/zero_copy_stream_impl_lite.h>
#include <google/protobuf/message.h>
#include <vector>

#include "messages/api/options.pb.h"

namespace kabuki {

using google::protobuf::FieldDescriptor;
using google::protobuf::Message;

std::string serialize(const Message& message) {
  std::string out;
  serialize_to(message, &out);
  return out;
}

void serialize_to(const Message& message, std::string* out) {
  const size_t size = message.ByteSizeLong();
  const size_t before = out->size();
  out->resize(before + size);
  google::protobuf::io::ArrayOutputStream array(out->data() + before, static_cast<int>(size));
  google::protobuf::io::CodedOutputStream coded(&array);
  coded.SetSerializationDeterministic(true);
  message.SerializeWithCachedSizes(&coded);
}

void canonicalize(Message* message) {
  const auto* reflection = message->GetReflection();
  std::vector<const FieldDescriptor*> fields;
  reflection->ListFields(*message, &fields);
  for (const FieldDescriptor* field : fields) {
    if (field->cpp_type() != FieldDescriptor::CPPTYPE_MESSAGE || field->is_map()) continue;
    if (field->is_repeated()) {
      const int size = reflection->FieldSize(*message, field);
      for (int i = 0; i < size; ++i) canonicalize(reflection->MutableRepeatedMessage(message, field, i));
      continue;
    }
    Message* child = reflection->MutableMessage(message, field);
    canonicalize(child);
    if (!field->options().GetExtension(pointer) && child->ByteSizeLong() == 0) reflection->ClearField(message, field);
  }
}

}  // namespace kabuki
