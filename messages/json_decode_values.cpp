// The decoder's leaves: single values that are not objects of members.
#include <bit>

#include "messages/base64.hpp"
#include "messages/json_decode.hpp"
#include "messages/json_document.hpp"
#include "messages/quantity.hpp"
#include "messages/time_format.hpp"
#include "messages/wire.hpp"

namespace kabuki::json {

using simdjson::dom::element_type;

bool Decoder::scalar(Form form, int number, bool keep_zero, const Element& value) {
  switch (form) {
    case Form::string: {
      const auto text = value.get_string();
      if (text.error()) return expected("a string", value);
      if (keep_zero || !text.value_unsafe().empty()) wire::append_bytes_field(number, text.value_unsafe(), out_);
      return true;
    }
    case Form::bytes: {
      const auto text = value.get_string();
      if (text.error()) return expected("a string of base64", value);
      const auto bytes = decode_base64(text.value_unsafe());
      if (!bytes) return expected("base64", value);
      if (keep_zero || !bytes->empty()) wire::append_bytes_field(number, *bytes, out_);
      return true;
    }
    case Form::boolean: {
      const auto flag = value.get_bool();
      if (flag.error()) return expected("true or false", value);
      if (keep_zero || flag.value_unsafe()) wire::append_varint_field(number, flag.value_unsafe(), out_);
      return true;
    }
    case Form::number: {
      const auto found = value.get_double();
      if (found.error()) return expected("a number", value);
      const auto bits = std::bit_cast<uint64_t>(found.value_unsafe());
      if (!keep_zero && bits == 0) return true;
      wire::append_tag(number, wire::Type::fixed64, out_);
      out_->append(reinterpret_cast<const char*>(&bits), sizeof bits);
      return true;
    }
    default:
      break;
  }
  if (value.type() == element_type::UINT64) return expected("an integer of 64 bits", value);
  const auto found = value.get_int64();
  if (found.error()) return expected("an integer", value);
  const int64_t integer = found.value_unsafe();
  if (form == Form::int32 && (integer < INT32_MIN || integer > INT32_MAX)) {
    return expected("an integer of 32 bits", value);
  }
  if (keep_zero || integer != 0) wire::append_varint_field(number, static_cast<uint64_t>(integer), out_);
  return true;
}

bool Decoder::special(Form form, int number, const Element& value) {
  switch (form) {
    case Form::string_list:
      return string_list(number, value);
    case Form::raw: {
      std::string raw;
      append_raw(value, &raw);
      const size_t begin = begin_message(number);
      wire::append_bytes_field(1, raw, out_);
      end_message(begin);
      return true;
    }
    case Form::int_or_string: {
      const auto integer = value.get_int64();
      const auto text = value.get_string();
      if (integer.error() && text.error()) return expected("an integer or a string", value);
      if (!integer.error() && (integer.value_unsafe() < INT32_MIN || integer.value_unsafe() > INT32_MAX)) {
        return expected("an integer of 32 bits", value);
      }
      const size_t begin = begin_message(number);
      if (!text.error()) {
        wire::append_varint_field(1, 1, out_);
        wire::append_bytes_field(3, text.value_unsafe(), out_);
      } else if (integer.value_unsafe() != 0) {
        wire::append_varint_field(2, static_cast<uint64_t>(integer.value_unsafe()), out_);
      }
      end_message(begin);
      return true;
    }
    case Form::quantity: {
      const element_type type = value.type();
      if (type == element_type::INT64 || type == element_type::UINT64 || type == element_type::DOUBLE) {
        std::string digits;
        append_raw(value, &digits);
        return text_form(form, number, digits, value);
      }
      break;
    }
    default:
      break;
  }
  const auto text = value.get_string();
  if (text.error()) return expected(form == Form::quantity ? "a quantity" : "a string", value);
  return text_form(form, number, text.value_unsafe(), value);
}

bool Decoder::text_form(Form form, int number, std::string_view text, const Element& value) {
  const auto write_moment = [&](const Moment& moment, int32_t nanos) {
    const size_t begin = begin_message(number);
    if (moment.seconds != 0) wire::append_varint_field(1, static_cast<uint64_t>(moment.seconds), out_);
    if (nanos != 0) wire::append_varint_field(2, static_cast<uint64_t>(nanos), out_);
    end_message(begin);
    return true;
  };
  if (form == Form::quantity) {
    const auto quantity = Quantity::parse(text);
    if (!quantity) return expected("a quantity", value);
    const size_t begin = begin_message(number);
    wire::append_bytes_field(1, quantity->text(), out_);
    end_message(begin);
    return true;
  }
  if (form == Form::duration) {
    const auto nanos = parse_duration(text);
    if (!nanos) return expected("a duration such as 1m30s", value);
    const size_t begin = begin_message(number);
    if (*nanos != 0) wire::append_varint_field(1, static_cast<uint64_t>(*nanos), out_);
    end_message(begin);
    return true;
  }
  const auto moment = parse_time(text);
  if (!moment) return expected("an RFC 3339 time", value);
  // What JSON does not show is not kept either: whole seconds, whole microseconds.
  return write_moment(*moment, form == Form::time ? 0 : moment->nanos / 1000 * 1000);
}

bool Decoder::string_list(int number, const Element& value) {
  const auto array = value.get_array();
  if (array.error()) return expected("an array", value);
  const size_t begin = begin_message(number);
  for (const Element item : array.value_unsafe()) {
    const auto text = item.get_string();
    if (text.error()) return expected("a string", item);
    wire::append_bytes_field(1, text.value_unsafe(), out_);
  }
  end_message(begin);
  return true;
}

bool Decoder::schema_or(const Plan& plan, int number, const Element& value) {
  const bool schema_first = plan.members[0].name == "schema";
  const Member& schema = plan.members[schema_first ? 0 : 1];
  const Member& alternative = plan.members[schema_first ? 1 : 0];
  const bool boolean = alternative.form == Form::boolean;
  const size_t begin = begin_message(number);
  bool fine = false;
  if (value.is_object()) {
    if (boolean) wire::append_varint_field(alternative.number, 1, out_);
    fine = this->value(schema, schema.number, true, value);
  } else if (boolean) {
    if (!value.is_bool()) return expected("true, false or an object", value);
    fine = scalar(Form::boolean, alternative.number, false, value);
  } else {
    if (!value.is_array()) return expected("an object or an array", value);
    fine = list(alternative, value);
  }
  end_message(begin);
  return fine;
}

}  // namespace kabuki::json
