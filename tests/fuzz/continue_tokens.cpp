// A line with the kind, then a continue token.
#include "actors/api_server/parameters.hpp"
#include "tests/fuzz/fuzz_target.hpp"

namespace kabuki::fuzz {

KABUKI_FUZZ_TARGET(continue_tokens) {
  using namespace api_server;
  const Kind& kind = take_kind(&input);
  for (const std::string_view ns : {"", "default"}) {
    const auto token = read_continue_token(kind, ns, input);
    if (!token.ok()) {
      require(token.error().code == 400, "a bad token is a bad request");
      continue;
    }
    require(!token->name.empty(), "a token names a place");
    const auto again = read_continue_token(kind, ns, write_continue_token(kind, ns, *token));
    require(again.ok() && *again == *token, "a token that is written is read as it was");
  }
}

}  // namespace kabuki::fuzz
