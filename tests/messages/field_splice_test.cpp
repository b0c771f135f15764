#include "messages/field_splice.hpp"

#include <gtest/gtest.h>
#include <memory>
#include <rapidcheck.h>

#include "messages/encode.hpp"
#include "messages/kinds.hpp"
#include "messages/wire.hpp"
#include "tests/messages/random_message.hpp"

namespace kabuki {
namespace {

std::string fields(std::initializer_list<std::pair<int, std::string_view>> list) {
  std::string out;
  for (const auto& [number, bytes] : list) wire::append_bytes_field(number, bytes, &out);
  return out;
}

TEST(FieldSplice, PutsAFieldInItsPlace) {
  const std::string without = fields({{1, "a"}, {3, "c"}});
  EXPECT_EQ(with_field(without, 2, "b"), fields({{1, "a"}, {2, "b"}, {3, "c"}}));
  EXPECT_EQ(with_field(without, 4, "d"), fields({{1, "a"}, {3, "c"}, {4, "d"}}));
  EXPECT_EQ(with_field(without, 3, "x"), fields({{1, "a"}, {3, "x"}}));
  EXPECT_EQ(with_field(without, 1, ""), fields({{1, ""}, {3, "c"}}));
  EXPECT_EQ(with_field(without, 1, std::nullopt), fields({{3, "c"}}));
  EXPECT_EQ(with_field(without, 2, std::nullopt), without);
  EXPECT_EQ(with_field("", 2, "b"), fields({{2, "b"}}));
  EXPECT_EQ(with_field(fields({{2, "one"}, {2, "two"}, {5, "e"}}), 2, "b"), fields({{2, "b"}, {5, "e"}}));
}

TEST(FieldSplice, MalformedBytesEndTheMessage) {
  EXPECT_EQ(with_field(fields({{1, "a"}}) + "\x1a\x7f", 2, "b"), fields({{1, "a"}, {2, "b"}}));
}

// The fields of every kind: metadata, spec, status and whatever else there is, absent ones too.
TEST(FieldSplice, IsWhatParsingAndWritingWouldGive) {
  EXPECT_TRUE(rc::check([] {
    std::mt19937_64 random(*rc::gen::arbitrary<uint64_t>());
    const Kind& kind = all_kinds()[random() % all_kinds().size()];
    const std::unique_ptr<google::protobuf::Message> object(kind.make()), other(kind.make());
    fill_randomly(&random, object.get());
    fill_randomly(&random, other.get());
    for (int i = 0; i < kind.descriptor->field_count(); ++i) {
      const auto* field = kind.descriptor->field(i);
      if (field->is_repeated() || field->cpp_type() != field->CPPTYPE_MESSAGE) continue;
      const std::unique_ptr<google::protobuf::Message> wanted(object->New());
      wanted->CopyFrom(*object);
      std::optional<std::string> bytes;
      if (other->GetReflection()->HasField(*other, field)) {
        const auto& part = other->GetReflection()->GetMessage(*other, field);
        bytes = serialize(part);
        wanted->GetReflection()->MutableMessage(wanted.get(), field)->CopyFrom(part);
      } else {
        wanted->GetReflection()->ClearField(wanted.get(), field);
      }
      RC_ASSERT(with_field(serialize(*object), field->number(), bytes) == serialize(*wanted));
    }
  }));
}

}  // namespace
}  // namespace kabuki
