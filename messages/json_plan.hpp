#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace google::protobuf {
class Descriptor;
class FieldDescriptor;
}  // namespace google::protobuf

namespace kabuki::json {

/// How one value stands in JSON and on the wire.
enum class Form : uint8_t {
  string,
  bytes,  // base64
  boolean,
  int32,
  int64,
  number,    // double
  message,   // an object
  quantity,  // canonical string; a number is read too
  int_or_string,
  time,         // RFC 3339 seconds
  micro_time,   // RFC 3339, six digits
  duration,     // "1m30s"
  raw,          // JSON as it is: FieldsV1, RawExtension, JSON
  string_list,  // a message that stands as an array of strings: Verbs, ExtraValue
  schema_or,    // a JSON schema, or what the message has beside `schema`: a boolean, a list of schemas or of strings
};

/// The form of a field whose type is this message.
Form form_of_message(const google::protobuf::Descriptor* message);

enum class Shape : uint8_t { single, list, map };

struct Plan;

/// One field of a message, or (inlined) a message whose members stand among its parent's.
struct Member {
  std::string name;
  std::string key;     // `"name":`
  std::string absent;  // what is written when the field is not there: `"name":null`, or nothing
  int number = 0;
  Form form = Form::string;
  Shape shape = Shape::single;
  bool pointer = false;  // absent and empty are two values
  bool inlined = false;
  const Plan* message = nullptr;  // of Form::message and Form::schema_or
};

/// What encoding and decoding need of a message, worked out once.
struct Plan {
  /// Where a JSON name leads: a member of this message, or into an inlined one.
  struct Name {
    std::string text;
    const Member* member = nullptr;  // the field itself or the inlined message that has it
  };

  const google::protobuf::Descriptor* descriptor = nullptr;
  std::vector<Member> members;  // in declaration order
  std::vector<int16_t> member_of_number;
  std::vector<Name> names;
  std::vector<int16_t> buckets;  // a hash table into names; -1 is free
  std::string empty;             // JSON of the empty message
  bool has_type_meta = false;    // a kind of its own: may carry apiVersion and kind

  /// Index into members, or -1.
  int find(int number) const {
    return static_cast<size_t>(number) < member_of_number.size() ? member_of_number[static_cast<size_t>(number)] : -1;
  }

  /// Null where no field has this JSON name.
  const Name* find_name(std::string_view name) const;
};

/// The plan of a message; valid for the life of the process. Thread-safe.
const Plan& plan_of(const google::protobuf::Descriptor* descriptor);

}  // namespace kabuki::json
