#include "messages/json_encode.hpp"

#include <bit>
#include <charconv>
#include <cmath>
#include <google/protobuf/message.h>
#include <vector>

#include "messages/base64.hpp"
#include "messages/encode.hpp"
#include "messages/json.hpp"
#include "messages/json_plan.hpp"
#include "messages/time_format.hpp"
#include "messages/wire.hpp"

namespace kabuki {
namespace {

using json::Form;
using json::Member;
using json::Plan;
using json::Shape;
using wire::Reader;
using wire::Type;

void write_message(const Plan& plan, std::string_view body, std::string* out);
void write_members(const Plan& plan, std::string_view body, std::string* out);

Type wire_type(Form form) {
  switch (form) {
    case Form::boolean:
    case Form::int32:
    case Form::int64:
      return Type::varint;
    case Form::number:
      return Type::fixed64;
    default:
      return Type::bytes;
  }
}

void append_integer(int64_t value, std::string* out) {
  char digits[24];
  const auto end = std::to_chars(digits, digits + sizeof digits, value);
  out->append(digits, end.ptr);
}

void write_number(Form form, uint64_t value, std::string* out) {
  switch (form) {
    case Form::boolean:
      *out += value ? "true" : "false";
      return;
    case Form::int32:
      return append_integer(static_cast<int32_t>(value), out);
    case Form::number:
      return append_json_number(std::bit_cast<double>(value), out);
    default:
      return append_integer(static_cast<int64_t>(value), out);
  }
}

struct SmallMessage {  // the two or three fields of Time, IntOrString, Quantity, ...
  uint64_t numbers[4] = {};
  std::string_view bytes[4] = {};

  explicit SmallMessage(std::string_view body) {
    Reader reader(body);
    while (reader.next()) {
      if (reader.number() > 3) continue;
      if (reader.type() == Type::varint) numbers[reader.number()] = reader.value();
      if (reader.type() == Type::bytes) bytes[reader.number()] = reader.bytes();
    }
  }
};

void write_quoted(std::string_view text, std::string* out) { ((*out += '"') += text) += '"'; }

void write_string_list(std::string_view body, std::string* out) {
  *out += '[';
  Reader reader(body);
  while (reader.next()) {
    if (reader.type() != Type::bytes) continue;
    append_json_string(reader.bytes(), out);
    *out += ',';
  }
  if (out->back() == ',') out->pop_back();
  *out += ']';
}

void write_elements(const Member& member, std::string_view fields, std::string* out);

/// The list where there is one, else the schema, else the boolean.
void write_schema_or(const Plan& plan, std::string_view body, std::string* out) {
  const bool schema_first = plan.members[0].name == "schema";
  const Member& schema_member = plan.members[schema_first ? 0 : 1];
  const Member& alternative = plan.members[schema_first ? 1 : 0];
  bool allowed = false;
  bool any_schema = false;
  bool any_list = false;
  std::string_view schema;
  Reader reader(body);
  while (reader.next()) {
    if (reader.number() == schema_member.number && reader.type() == Type::bytes) {
      schema = reader.bytes();
      any_schema = true;
    } else if (reader.number() == alternative.number && reader.type() == wire_type(alternative.form)) {
      any_list = any_list || alternative.shape == Shape::list;
      allowed = alternative.shape == Shape::single && reader.value() != 0;
    }
  }
  if (any_list) {
    write_elements(alternative, body, out);
  } else if (any_schema) {
    write_message(*schema_member.message, schema, out);
  } else {
    *out += alternative.shape == Shape::list ? "null" : allowed ? "true" : "false";
  }
}

void write_bytes(const Plan* message, Form form, std::string_view bytes, std::string* out) {
  switch (form) {
    case Form::string:
      return append_json_string(bytes, out);
    case Form::message:
      return write_message(*message, bytes, out);
    case Form::string_list:
      return write_string_list(bytes, out);
    case Form::schema_or:
      return write_schema_or(*message, bytes, out);
    case Form::bytes:
      *out += '"';
      append_base64(bytes, out);
      *out += '"';
      return;
    default:
      break;
  }
  const SmallMessage small(bytes);
  const auto first = static_cast<int64_t>(small.numbers[1]);
  const auto second = static_cast<int32_t>(small.numbers[2]);
  switch (form) {
    case Form::quantity:
      return append_json_string(small.bytes[1].empty() ? "0" : small.bytes[1], out);
    case Form::int_or_string:
      return first == 1 ? append_json_string(small.bytes[3], out) : append_integer(second, out);
    case Form::time:
      return write_quoted(format_time(first), out);
    case Form::micro_time:
      return write_quoted(format_micro_time(first, second), out);
    case Form::duration:
      return write_quoted(format_duration(first), out);
    default:
      *out += small.bytes[1].empty() ? "null" : small.bytes[1];
      return;
  }
}

/// Whether Go would take the value for the zero of a field that is no pointer.
bool is_zero(const Member& member, const Reader& value) {
  switch (member.form) {
    case Form::boolean:
    case Form::int32:
    case Form::int64:
    case Form::number:
      return value.value() == 0;
    case Form::string:
    case Form::bytes:
    case Form::string_list:
      return value.bytes().empty();
    case Form::time:
    case Form::micro_time: {
      const SmallMessage time(value.bytes());
      return time.numbers[1] == 0 && time.numbers[2] == 0;
    }
    default:
      return false;
  }
}

void write_single(const Member& member, std::string_view fields, std::string* out) {
  Reader reader(fields);
  Reader last{{}};
  bool any = false;
  while (reader.next()) {
    if (reader.number() != member.number || reader.type() != wire_type(member.form)) continue;
    last = reader;
    any = true;
  }
  if (!any || (!member.pointer && is_zero(member, last))) {
    *out += member.absent;
    return;
  }
  *out += member.key;
  if (last.type() == Type::bytes) {
    write_bytes(member.message, member.form, last.bytes(), out);
  } else {
    write_number(member.form, last.value(), out);
  }
  *out += ',';
}

void write_packed(Form form, std::string_view packed, std::string* out) {
  // A packed list is a run of bare values: give each the tag that Reader wants.
  while (!packed.empty()) {
    size_t size = form == Form::number ? 8 : 1;
    if (form != Form::number) {
      while (size < packed.size() && (static_cast<unsigned char>(packed[size - 1]) & 0x80)) ++size;
    }
    std::string field;
    wire::append_tag(1, wire_type(form), &field);
    field += packed.substr(0, size);
    Reader reader(field);
    if (!reader.next()) return;
    write_number(form, reader.value(), out);
    *out += ',';
    packed.remove_prefix(std::min(size, packed.size()));
  }
}

void write_elements(const Member& member, std::string_view fields, std::string* out) {
  *out += '[';
  const Type type = wire_type(member.form);
  Reader reader(fields);
  while (reader.next()) {
    if (reader.number() != member.number) continue;
    if (reader.type() == Type::bytes && type != Type::bytes) {
      write_packed(member.form, reader.bytes(), out);
    } else if (reader.type() == type) {
      if (type == Type::bytes) {
        write_bytes(member.message, member.form, reader.bytes(), out);
      } else {
        write_number(member.form, reader.value(), out);
      }
      *out += ',';
    }
  }
  if (out->back() == ',') out->pop_back();
  *out += ']';
}

void write_list(const Member& member, std::string_view fields, std::string* out) {
  *out += member.key;
  write_elements(member, fields, out);
  *out += ',';
}

void write_entry(const Member& member, std::string_view entry, std::string* out) {
  std::string_view key;
  Reader value{{}};
  bool any = false;
  Reader reader(entry);
  while (reader.next()) {
    if (reader.number() == 1 && reader.type() == Type::bytes) key = reader.bytes();
    if (reader.number() == 2 && reader.type() == wire_type(member.form)) {
      value = reader;
      any = true;
    }
  }
  append_json_string(key, out);
  *out += ':';
  if (wire_type(member.form) == Type::bytes) {
    write_bytes(member.message, member.form, any ? value.bytes() : std::string_view(), out);
  } else {
    write_number(member.form, any ? value.value() : 0, out);
  }
  *out += ',';
}

/// Entries come sorted by key: bytes of the house are serialised so.
void write_map(const Member& member, std::string_view fields, std::string* out) {
  *out += member.key;
  *out += '{';
  Reader reader(fields);
  while (reader.next()) {
    if (reader.number() == member.number && reader.type() == Type::bytes) write_entry(member, reader.bytes(), out);
  }
  if (out->back() == ',') out->pop_back();
  *out += "},";
}

struct Range {
  const char* begin = nullptr;
  const char* end = nullptr;
};

/// Writes each member with a comma after it.
void write_members_at(const Plan& plan, std::string_view body, Range* ranges, std::string* out) {
  Reader reader(body);
  while (reader.next()) {
    const int index = plan.find(reader.number());
    if (index < 0) continue;
    Range& range = ranges[index];
    if (!range.begin) range.begin = reader.field().data();
    range.end = reader.position();
  }
  for (size_t i = 0; i < plan.members.size(); ++i) {
    const Member& member = plan.members[i];
    if (!ranges[i].begin) {
      *out += member.absent;
      continue;
    }
    const std::string_view fields(ranges[i].begin, static_cast<size_t>(ranges[i].end - ranges[i].begin));
    if (member.shape == Shape::list) {
      write_list(member, fields, out);
    } else if (member.shape == Shape::map) {
      write_map(member, fields, out);
    } else if (member.inlined) {
      Reader inner(fields);
      if (inner.next() && inner.type() == Type::bytes) write_members(*member.message, inner.bytes(), out);
    } else {
      write_single(member, fields, out);
    }
  }
}

void write_members(const Plan& plan, std::string_view body, std::string* out) {
  constexpr size_t kOnStack = 48;
  if (plan.members.size() <= kOnStack) {
    Range ranges[kOnStack];
    return write_members_at(plan, body, ranges, out);
  }
  std::vector<Range> ranges(plan.members.size());
  write_members_at(plan, body, ranges.data(), out);
}

void write_message(const Plan& plan, std::string_view body, std::string* out) {
  if (body.empty()) {
    *out += plan.empty;
    return;
  }
  *out += '{';
  write_members(plan, body, out);
  if (out->back() == ',') out->pop_back();
  *out += '}';
}

}  // namespace

void append_json_number(double value, std::string* out) {
  if (!std::isfinite(value)) {
    *out += "null";
    return;
  }
  const double size = std::fabs(value);
  const bool scientific = size != 0 && (size < 1e-6 || size >= 1e21);
  char digits[64];
  const auto end = std::to_chars(digits, digits + sizeof digits, value,
                                 scientific ? std::chars_format::scientific : std::chars_format::fixed);
  std::string_view text(digits, static_cast<size_t>(end.ptr - digits));
  const size_t n = text.size();
  if (scientific && text.substr(n - 4, 3) == "e-0") {  // Go writes e-7, not e-07
    out->append(text.substr(0, n - 2));
    text.remove_prefix(n - 1);
  }
  out->append(text);
}

void encode_json_bytes(const google::protobuf::Descriptor* descriptor, std::string_view body, std::string* out,
                       std::string_view kind, std::string_view api_version) {
  *out += '{';
  if (!kind.empty()) {
    *out += "\"kind\":";
    append_json_string(kind, out);
    *out += ',';
  }
  if (!api_version.empty()) {
    *out += "\"apiVersion\":";
    append_json_string(api_version, out);
    *out += ',';
  }
  write_members(json::plan_of(descriptor), body, out);
  if (out->back() == ',') out->pop_back();
  *out += '}';
}

void encode_json(const google::protobuf::Message& message, std::string* out, std::string_view kind,
                 std::string_view api_version) {
  encode_json_bytes(message.GetDescriptor(), serialize(message), out, kind, api_version);
}

}  // namespace kabuki
