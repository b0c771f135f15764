// One or two quantities, a line each.
#include "messages/quantity.hpp"
#include "tests/fuzz/fuzz_target.hpp"

namespace kabuki::fuzz {
namespace {

void check(const Quantity& quantity) {
  const std::string text = quantity.text();
  const auto again = Quantity::parse(text);
  require(again.ok() && *again == quantity, "a quantity's text is that quantity");
  // Odd bytes have no suffix to say that they are bytes: 1025 is read as a decimal. Kubernetes does the same.
  const bool odd_bytes = quantity.format() == Quantity::Format::binary_si && text.back() != 'i';
  require(odd_bytes || again->text() == text, "the text is canonical");
  require((quantity.sign() == 0) == quantity.is_zero(), "only zero has no sign");
  require(quantity.value() == 0 || (quantity.value() > 0) == (quantity.sign() > 0), "the value has the sign");
  require(quantity.milli() == 0 || (quantity.milli() > 0) == (quantity.sign() > 0), "thousandths have the sign");
  require(Quantity::of_value(quantity.value()).value() == quantity.value(), "units keep their value");
  require(Quantity::of_milli(quantity.milli()).milli() == quantity.milli(), "thousandths keep their value");
}

}  // namespace

KABUKI_FUZZ_TARGET(quantities) {
  const size_t line = input.find('\n');
  const auto first = Quantity::parse(input.substr(0, line));
  if (!first.ok()) return;
  check(*first);
  if (line == std::string_view::npos) return;
  const auto second = Quantity::parse(input.substr(line + 1));
  if (!second.ok()) return;
  Quantity sum = *first;
  sum.add(*second);
  check(sum);
  Quantity turned = *second;
  turned.add(*first);
  require(sum == turned, "a sum does not depend on the order");
  Quantity nothing = *first;
  nothing.subtract(*first);
  require(nothing.is_zero(), "a quantity less itself is nothing");
  require((*first < *second) == (*second > *first), "the order has no direction of its own");
}

}  // namespace kabuki::fuzz
