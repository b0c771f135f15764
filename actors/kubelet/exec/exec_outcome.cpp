#include "actors/kubelet/exec/exec_outcome.hpp"

#include <charconv>

#include "messages/status.hpp"
#include "messages/time_format.hpp"

namespace kabuki::kubelet {
namespace {

constexpr std::string_view kArrow = "=>";

std::string_view trim(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
  return text;
}

std::string one_blank_between(std::string_view text) {
  std::string out;
  for (const char c : trim(text)) {
    const bool blank = c == ' ' || c == '\t';
    if (!blank || out.back() != ' ') out.push_back(blank ? ' ' : c);
  }
  return out;
}

/// What stands in `name(...)`; null where that is not what `word` is.
bool inside(std::string_view word, std::string_view name, std::string_view* out) {
  if (!word.starts_with(name) || !word.ends_with(')') || word.size() < name.size() + 2 || word[name.size()] != '(') {
    return false;
  }
  *out = word.substr(name.size() + 1, word.size() - name.size() - 2);
  return true;
}

/// Whether the word is one of an outcome's, and was read.
bool read_word(std::string_view word, ExecOutcome* out, bool* wrong) {
  std::string_view value;
  if (word == "stderr") {
    out->to_stderr = true;
    return true;
  }
  if (inside(word, "exit", &value)) {
    const auto [end, failure] = std::from_chars(value.data(), value.data() + value.size(), out->exit_code);
    *wrong =
        failure != std::errc() || end != value.data() + value.size() || out->exit_code < 0 || out->exit_code > 255;
    return true;
  }
  if (inside(word, "after", &value)) {
    const auto after = parse_duration(value);
    *wrong = !after || *after < 0;
    out->after_ns = after.value_or(0);
    return true;
  }
  return false;
}

std::string with_line_breaks(std::string_view text) {
  std::string out;
  for (size_t i = 0; i < text.size(); ++i) {
    const bool escape = text[i] == '\\' && i + 1 < text.size() && (text[i + 1] == 'n' || text[i + 1] == '\\');
    out.push_back(!escape ? text[i] : text[++i] == 'n' ? '\n' : '\\');
  }
  if (!out.empty()) out.push_back('\n');
  return out;
}

bool read_line(std::string_view line, ExecOutcome* out) {
  const size_t arrow = line.find(kArrow);
  if (arrow == std::string_view::npos) return false;
  out->command = one_blank_between(line.substr(0, arrow));
  if (out->command.ends_with(" *")) {
    out->any_more = true;
    out->command.resize(out->command.size() - 2);
  }
  if (out->command.empty()) return false;
  std::string_view rest = trim(line.substr(arrow + kArrow.size()));
  bool wrong = false;
  while (!rest.empty()) {
    const size_t end = std::min(rest.find(' '), rest.size());
    if (!read_word(rest.substr(0, end), out, &wrong)) break;
    rest = trim(rest.substr(end));
  }
  out->text = with_line_breaks(rest);
  return !wrong;
}

}  // namespace

Result<std::vector<ExecOutcome>> parse_exec_outcomes(std::string_view text) {
  std::vector<ExecOutcome> out;
  while (!text.empty()) {
    const size_t end = std::min(text.find('\n'), text.size());
    const std::string_view line = trim(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
    if (line.empty()) continue;
    if (!read_line(line, &out.emplace_back())) {
      return bad_request("\"" + std::string(line) +
                         "\" is no outcome of a command: expected forms such as redis-cli ping => PONG, "
                         "pg_isready * => exit(2) after(1s) stderr no response");
    }
  }
  return out;
}

const ExecOutcome* find_outcome(const std::vector<ExecOutcome>& outcomes, const std::vector<std::string>& command) {
  std::string line;
  for (const std::string& word : command) line += (line.empty() ? "" : " ") + word;
  line = one_blank_between(line);
  for (const ExecOutcome& outcome : outcomes) {
    if (line == outcome.command || (outcome.any_more && line.starts_with(outcome.command + " "))) return &outcome;
  }
  return nullptr;
}

}  // namespace kabuki::kubelet
