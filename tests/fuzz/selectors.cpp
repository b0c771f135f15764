// A line with the kind, then a label selector or a field selector.
#include "messages/selectors.hpp"

#include "tests/fuzz/fuzz_target.hpp"

namespace kabuki::fuzz {

KABUKI_FUZZ_TARGET(selectors) {
  const Kind& kind = take_kind(&input);
  auto message = make(kind);
  const ObjectPtr object = Object::encode(kind.id, *message);

  if (const auto labels = LabelSelector::parse(input); labels.ok()) {
    const auto again = LabelSelector::parse(labels->text());
    require(again.ok(), "the text of a label selector can be read");
    require(again->text() == labels->text(), "a label selector keeps its text");
    require(again->requirements().size() == labels->requirements().size(), "a label selector keeps its requirements");
    require(again->matches_object(*object) == labels->matches_object(*object), "and matches the same");
  }
  if (const auto fields = FieldSelector::parse(kind, input); fields.ok()) {
    (void)fields->matches_object(*object);
    FieldSelector both = *fields;
    both.add(*fields);
    require(both.matches_object(*object) == fields->matches_object(*object),
            "a field selector and itself are itself");
  }
}

}  // namespace kabuki::fuzz
