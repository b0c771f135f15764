#pragma once

#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>

namespace kabuki::wire {

/// Protobuf's wire types that the API uses.
enum class Type : uint8_t { varint = 0, fixed64 = 1, bytes = 2, fixed32 = 5 };

/// Steps through the fields of one encoded message without copying. `next` ends at the last byte and at the first
/// malformed one; `sound` tells the two apart.
class Reader {
 public:
  explicit Reader(std::string_view body) : at_(body.data()), end_(body.data() + body.size()) {}

  bool next() {
    start_ = at_;
    if (at_ == end_) return false;
    uint64_t tag = 0;
    if (!read_varint(&tag) || tag > UINT32_MAX || (tag >> 3) == 0) return fail();
    number_ = static_cast<int>(tag >> 3);
    type_ = static_cast<Type>(tag & 7);
    switch (type_) {
      case Type::varint:
        return read_varint(&number_value_) || fail();
      case Type::bytes: {
        uint64_t size = 0;
        if (!read_varint(&size) || size > static_cast<uint64_t>(end_ - at_)) return fail();
        bytes_ = {at_, static_cast<size_t>(size)};
        at_ += size;
        return true;
      }
      case Type::fixed64:
      case Type::fixed32: {
        const size_t size = type_ == Type::fixed64 ? 8 : 4;
        if (static_cast<size_t>(end_ - at_) < size) return fail();
        number_value_ = 0;
        std::memcpy(&number_value_, at_, size);
        at_ += size;
        return true;
      }
    }
    return fail();
  }

  int number() const { return number_; }
  Type type() const { return type_; }
  /// Of a varint or fixed field.
  uint64_t value() const { return number_value_; }
  /// Of a length-delimited field.
  std::string_view bytes() const { return bytes_; }
  /// The whole field just read, with its tag.
  std::string_view field() const { return {start_, static_cast<size_t>(at_ - start_)}; }
  /// Where the next field begins.
  const char* position() const { return at_; }
  bool sound() const { return sound_; }

 private:
  bool fail() {
    sound_ = false;
    at_ = end_;
    return false;
  }
  bool read_varint(uint64_t* out) {
    uint64_t result = 0;
    for (int shift = 0; shift < 64 && at_ != end_; shift += 7) {
      const auto byte = static_cast<uint8_t>(*at_++);
      result |= static_cast<uint64_t>(byte & 0x7f) << shift;
      if (byte < 0x80) {
        *out = result;
        return true;
      }
    }
    return false;
  }

  const char* start_ = nullptr;
  const char* at_;
  const char* end_;
  int number_ = 0;
  Type type_ = Type::varint;
  uint64_t number_value_ = 0;
  std::string_view bytes_;
  bool sound_ = true;
};

/// Whether the fields of `message` can be told apart to its end; what is in them is not looked at.
inline bool is_sound(std::string_view message) {
  Reader fields(message);
  while (fields.next()) {
  }
  return fields.sound();
}

inline void append_varint(uint64_t value, std::string* out) {
  while (value >= 0x80) {
    out->push_back(static_cast<char>(value | 0x80));
    value >>= 7;
  }
  out->push_back(static_cast<char>(value));
}

inline void append_tag(int number, Type type, std::string* out) {
  append_varint(static_cast<uint64_t>(number) << 3 | static_cast<uint64_t>(type), out);
}

inline void append_varint_field(int number, uint64_t value, std::string* out) {
  append_tag(number, Type::varint, out);
  append_varint(value, out);
}

inline void append_bytes_field(int number, std::string_view bytes, std::string* out) {
  append_tag(number, Type::bytes, out);
  append_varint(bytes.size(), out);
  out->append(bytes);
}

}  // namespace kabuki::wire
