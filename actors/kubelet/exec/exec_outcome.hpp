#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "messages/result.hpp"

namespace kabuki::kubelet {

/// What a program that is run in a simulated container answers, as its annotation says: a line
/// `COMMAND => [exit(3)] [after(2s)] [stderr] TEXT`. In TEXT, `\n` is a line break; one more is added at its end.
struct ExecOutcome {
  std::string command;    // words with one blank between them
  bool any_more = false;  // whatever comes after those words: `COMMAND *`
  int32_t exit_code = 0;
  int64_t after_ns = 0;  // from its start to the text and its end
  bool to_stderr = false;
  std::string text;  // with the last line break; "": none
  bool operator==(const ExecOutcome&) const = default;
};

/// Error: BadRequest that quotes the line which is not understood.
Result<std::vector<ExecOutcome>> parse_exec_outcomes(std::string_view text);

/// The first that is about this command; null: none is.
const ExecOutcome* find_outcome(const std::vector<ExecOutcome>& outcomes, const std::vector<std::string>& command);

}  // namespace kabuki::kubelet
