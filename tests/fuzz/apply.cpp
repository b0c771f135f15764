// Server-side apply: a line with the kind, the live object, what one manager applies, what another does, with lines
// `---` between.
#include "messages/apply/field_set.hpp"
#include "messages/apply/managed_fields.hpp"
#include "tests/fuzz/fuzz_target.hpp"

namespace kabuki::fuzz {
namespace {

constexpr int64_t kNow = 1'700'000'000'000'000'000;

void field_sets(std::string_view text) {
  const auto set = apply::FieldSet::parse(text);
  if (!set.ok()) return;
  const auto again = apply::FieldSet::parse(set->text());
  require(again.ok() && *again == *set, "a set of fields keeps its text");
  set->each([](const std::string&) {});
  apply::FieldSet none = *set;
  none.remove(*set);
  require(none.empty(), "a set without itself is empty");
  require(set->both(*set) == *set, "a set and itself are the set");
}

}  // namespace

KABUKI_FUZZ_TARGET(apply) {
  const Kind& kind = take_kind(&input);
  const std::string_view document = take_section(&input);
  const std::string_view mine = take_section(&input);
  const std::string_view theirs = input;
  field_sets(document);

  auto live = make(kind);
  if (!decode_json(document, live.get()).ok()) return;
  record_update(kind, nullptr, {.name = "creator", .now_ns = kNow}, live.get());

  JsonNotes notes;
  const FieldManager me{.name = "me", .now_ns = kNow};
  auto first = apply_configuration(kind, live.get(), mine, me, true, &notes);
  if (!first.ok()) return;
  auto second = apply_configuration(kind, first->get(), mine, me, false, nullptr);
  require(second.ok(), "what is applied again meets no conflict");
  require(bytes_of(**second) == bytes_of(**first), "what is applied again changes nothing");

  const FieldManager you{.name = "you", .now_ns = kNow};
  auto third = apply_configuration(kind, first->get(), theirs, you, false, nullptr);
  if (!third.ok()) third = apply_configuration(kind, first->get(), theirs, you, true, nullptr);
  if (third.ok()) record_update(kind, first->get(), {.name = "updater", .now_ns = kNow}, third->get());
}

}  // namespace kabuki::fuzz
