#include "tests/messages/random_message.hpp"

#include <google/protobuf/descriptor.h>
#include <iterator>
#include <limits>
#include <string>

#include "messages/api/options.pb.h"

namespace kabuki {
namespace {

using google::protobuf::FieldDescriptor;
using google::protobuf::Message;

constexpr int kDepthMax = 7;
/// A schema of schemas would grow without end.
constexpr int kMessagesMax = 500;

class Filler {
 public:
  explicit Filler(std::mt19937_64* random) : random_(random) {}

  void fill(Message* out, int depth) {
    const std::string& type = out->GetDescriptor()->name();
    if (type == "Quantity" || type == "QuantityValue")
      return text(out, pick_of({"1", "500m", "2Gi", "1e3", "-3", "12E"}));
    if (type == "IntOrString") return int_or_string(out);
    if (type == "Time") return number(out, "seconds", between(1, 4102444800));
    if (type == "Duration") return number(out, "duration", between(1, 1'000'000'000'000));
    if (type == "FieldsV1") return raw(out, "Raw");
    if (type == "RawExtension") return raw(out, "raw");
    if (type == "MicroTime") {
      number(out, "seconds", between(1, 4102444800));
      return number(out, "nanos", between(0, 999'999) * 1000);
    }
    if (type == "JSON") return raw(out, "raw");
    if (type.starts_with("JSONSchemaPropsOr")) return schema_or(out, depth);
    if (--left_ < 0) return;
    const auto* descriptor = out->GetDescriptor();
    for (int i = 0; i < descriptor->field_count(); ++i) fill_field(descriptor->field(i), out, depth);
  }

 private:
  uint64_t draw() { return (*random_)(); }
  int64_t between(int64_t low, int64_t high) {
    return low + static_cast<int64_t>(draw() % static_cast<uint64_t>(high - low + 1));
  }
  std::string pick_of(std::initializer_list<const char*> words) { return *(words.begin() + draw() % words.size()); }
  std::string word() {
    return pick_of({"", "a", "web-1", "x.y/z", "\"quoted\"", "<&>", "line\nline", "\u00fc\u20ac\U0001F600",
                    "\x01\x7f", "null", "1", "a: b", "\u2028"});
  }

  static const FieldDescriptor* named(Message* out, const char* name) {
    return out->GetDescriptor()->FindFieldByName(name);
  }
  void text(Message* out, const std::string& value) {
    out->GetReflection()->SetString(out, named(out, "string"), value);
  }
  void raw(Message* out, const char* field) {
    out->GetReflection()->SetString(out, named(out, field),
                                    pick_of({"{}", R"({"f:a":{".":{}}})", R"([1,-2.5,null,"\u003c"])", "true"}));
  }
  void number(Message* out, const char* name, int64_t value) {
    const auto* field = named(out, name);
    if (field->cpp_type() == FieldDescriptor::CPPTYPE_INT32) {
      out->GetReflection()->SetInt32(out, field, static_cast<int32_t>(value));
    } else {
      out->GetReflection()->SetInt64(out, field, value);
    }
  }
  void int_or_string(Message* out) {
    if (draw() % 2) return number(out, "intVal", between(1, INT32_MAX));
    number(out, "type", 1);
    out->GetReflection()->SetString(out, named(out, "strVal"), word());
  }

  // A schema or what else there may be: never both, never neither.
  void schema_or(Message* out, int depth) {
    const auto* other = out->GetDescriptor()->field(out->GetDescriptor()->field(0)->name() == "schema" ? 1 : 0);
    const auto* reflection = out->GetReflection();
    const bool boolean = other->cpp_type() == FieldDescriptor::CPPTYPE_BOOL;
    if (draw() % 2 == 0) {
      if (boolean) reflection->SetBool(out, other, true);
      return fill(reflection->MutableMessage(out, named(out, "schema")), depth + 1);
    }
    if (boolean) return scalar(other, false, out);
    for (uint64_t i = draw() % 3 + 1; i-- > 0;) {
      if (other->cpp_type() == FieldDescriptor::CPPTYPE_MESSAGE) {
        fill(reflection->AddMessage(out, other), depth + 1);
      } else {
        scalar(other, true, out);
      }
    }
  }

  void fill_field(const FieldDescriptor* field, Message* out, int depth) {
    if (draw() % 3 == 0) return;
    const auto* reflection = out->GetReflection();
    const bool is_message = field->cpp_type() == FieldDescriptor::CPPTYPE_MESSAGE;
    if (is_message && (depth >= kDepthMax || left_ <= 0)) return;
    if (field->is_map()) {
      const uint64_t size = draw() % 4;
      for (uint64_t i = 0; i < size; ++i) add_entry(field, "key" + std::to_string(i) + word(), out, depth);
    } else if (field->is_repeated()) {
      const uint64_t size = draw() % 3;
      for (uint64_t i = 0; i < size; ++i) {
        if (is_message) {
          fill(reflection->AddMessage(out, field), depth + 1);
        } else {
          scalar(field, true, out);
        }
      }
    } else if (is_message) {
      Message* child = reflection->MutableMessage(out, field);
      fill(child, depth + 1);
      if (!field->options().GetExtension(pointer) && child->ByteSizeLong() == 0) reflection->ClearField(out, field);
    } else {
      scalar(field, false, out);
    }
  }

  void add_entry(const FieldDescriptor* field, const std::string& key, Message* out, int depth) {
    Message* entry = out->GetReflection()->AddMessage(out, field);
    const auto* type = entry->GetDescriptor();
    entry->GetReflection()->SetString(entry, type->map_key(), key);
    if (type->map_value()->cpp_type() == FieldDescriptor::CPPTYPE_MESSAGE) {
      fill(entry->GetReflection()->MutableMessage(entry, type->map_value()), depth + 1);
    } else {
      scalar(type->map_value(), false, entry);
    }
  }

  void scalar(const FieldDescriptor* field, bool add, Message* out) {
    const auto* reflection = out->GetReflection();
    switch (field->cpp_type()) {
      case FieldDescriptor::CPPTYPE_STRING: {
        std::string value = field->type() == FieldDescriptor::TYPE_BYTES ? word() + "\xff" : word();
        return add ? reflection->AddString(out, field, value) : reflection->SetString(out, field, value);
      }
      case FieldDescriptor::CPPTYPE_BOOL: {
        const bool value = draw() % 2;
        return add ? reflection->AddBool(out, field, value) : reflection->SetBool(out, field, value);
      }
      case FieldDescriptor::CPPTYPE_INT32: {
        const auto value = static_cast<int32_t>(integer());
        return add ? reflection->AddInt32(out, field, value) : reflection->SetInt32(out, field, value);
      }
      case FieldDescriptor::CPPTYPE_INT64: {
        const int64_t value = integer();
        return add ? reflection->AddInt64(out, field, value) : reflection->SetInt64(out, field, value);
      }
      case FieldDescriptor::CPPTYPE_DOUBLE: {
        constexpr double kNumbers[] = {0, 0.5, -2, 1e21, 1e-7};
        const double value = kNumbers[draw() % std::size(kNumbers)];
        return add ? reflection->AddDouble(out, field, value) : reflection->SetDouble(out, field, value);
      }
      default:
        return;
    }
  }
  int64_t integer() {
    switch (draw() % 4) {
      case 0:
        return 0;
      case 1:
        return static_cast<int64_t>(draw());
      case 2:
        return -1;
      default:
        return between(1, 1000);
    }
  }

  std::mt19937_64* random_;
  int left_ = kMessagesMax;
};

}  // namespace

void fill_randomly(std::mt19937_64* random, Message* out, int depth) { Filler(random).fill(out, depth); }

}  // namespace kabuki
