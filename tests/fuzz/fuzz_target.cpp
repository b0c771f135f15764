#include "tests/fuzz/fuzz_target.hpp"

#include <algorithm>
#include <cstdio>
#include <cstdlib>

#include "messages/encode.hpp"
#include "messages/json.hpp"

namespace kabuki::fuzz {

void require(bool holds, const char* promise) {
  if (holds) return;
  std::fprintf(stderr, "does not hold: %s\n", promise);
  std::abort();
}

std::string_view take_section(std::string_view* input) {
  constexpr std::string_view kDivision = "\n---\n";
  const size_t end = input->find(kDivision);
  std::string_view section = input->substr(0, end);
  input->remove_prefix(end == std::string_view::npos ? input->size() : end + kDivision.size());
  return section;
}

const Kind& take_kind(std::string_view* input) {
  const std::string_view line = input->substr(0, input->find('\n'));
  input->remove_prefix(std::min(input->size(), line.size() + 1));
  for (const Kind& kind : all_kinds())
    if (kind.kind == line) return kind;
  return all_kinds()[line.empty() ? 0 : static_cast<uint8_t>(line[0]) % all_kinds().size()];
}

std::unique_ptr<google::protobuf::Message> make(const Kind& kind) {
  return std::unique_ptr<google::protobuf::Message>(kind.make());
}

std::string bytes_of(const google::protobuf::Message& message) { return serialize(message); }

std::string json_of(const Kind& kind, const google::protobuf::Message& message) {
  std::string text;
  encode_json(message, &text, kind.kind, kind.api_version());
  return text;
}

}  // namespace kabuki::fuzz
