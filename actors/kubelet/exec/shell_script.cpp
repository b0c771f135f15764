#include "actors/kubelet/exec/shell_script.hpp"

#include <algorithm>
#include <optional>

#include "messages/status.hpp"

namespace kabuki::kubelet {
namespace {

using Join = ShellCommand::Join;

constexpr std::string_view kReserved[] = {"if",    "then", "else", "elif", "fi",   "for",      "while",
                                          "until", "do",   "done", "case", "esac", "function", "{",
                                          "}",     "!",    "[[",   "set",  "trap", "export"};

bool starts_name(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_'; }
bool in_name(char c) { return starts_name(c) || (c >= '0' && c <= '9'); }

class Parser {
 public:
  explicit Parser(std::string_view text) : text_(text) {}

  Result<std::vector<ShellCommand>> run() {
    while (at_ < text_.size() && unknown_.empty()) step();
    if (unknown_.empty()) end_command(Join::always);
    if (unknown_.empty() && join_ != Join::always) unknown_ = "a command without an end";
    if (!unknown_.empty()) return bad_request("this simulated shell does not know " + unknown_);
    return std::move(out_);
  }

 private:
  char peek(size_t ahead = 0) const { return at_ + ahead < text_.size() ? text_[at_ + ahead] : '\0'; }

  void step() {
    const char c = text_[at_];
    if (c == ' ' || c == '\t') return ++at_, end_word();
    if (c == '\n' || c == ';') return ++at_, end_command(Join::always);
    if (c == '&' || c == '|') return joined(c);
    if (c == '#' && !word_) return void(at_ = std::min(text_.find('\n', at_), text_.size()));
    if (c == '\'') return single_quoted();
    if (c == '"') return double_quoted();
    if (c == '$') return variable();
    if (c == '>') return redirection();
    if (c == '<' || c == '(' || c == ')' || c == '`') return refuse(std::string(1, c));
    if (c == '\\') {
      ++at_;
      if (peek() == '\n') return void(++at_);
      if (at_ == text_.size()) return put('\\');
    }
    put(text_[at_++]);
  }

  void refuse(const std::string& what) { unknown_ = "\"" + what + "\""; }
  void put(char c) {
    if (!word_) word_.emplace();
    if (word_->parts.empty() || word_->parts.back().variable) word_->parts.emplace_back();
    word_->parts.back().text.push_back(c);
  }
  void quoted() {
    if (!word_) word_.emplace();
    word_->quoted = true;
  }

  void single_quoted() {
    const size_t end = text_.find('\'', at_ + 1);
    if (end == std::string_view::npos) return void(unknown_ = "a quotation without an end");
    quoted();
    for (++at_; at_ < end; ++at_) put(text_[at_]);
    ++at_;
  }

  void double_quoted() {
    quoted();
    for (++at_; unknown_.empty();) {
      if (at_ == text_.size()) return void(unknown_ = "a quotation without an end");
      const char c = text_[at_];
      if (c == '"') return void(++at_);
      if (c == '$') {
        variable();
      } else if (c == '`') {
        refuse("`");
      } else if (c == '\\' && std::string_view("$`\"\\\n").find(peek(1)) != std::string_view::npos && peek(1)) {
        if (peek(1) != '\n') put(peek(1));
        at_ += 2;
      } else {
        put(c);
        ++at_;
      }
    }
  }

  void variable() {
    const char next = peek(1);
    const bool braces = next == '{';
    size_t from = at_ + 1 + braces;
    size_t end = from;
    if (end < text_.size() && text_[end] == '?') {
      ++end;
    } else if (end < text_.size() && starts_name(text_[end])) {
      while (end < text_.size() && in_name(text_[end])) ++end;
    }
    if (end == from || (braces && (end == text_.size() || text_[end] != '}'))) {
      if (braces || std::string_view("(#@*$!-0123456789").find(next) != std::string_view::npos) {
        if (next) return refuse(std::string("$") + next);
      }
      ++at_;
      return put('$');
    }
    if (!word_) word_.emplace();
    word_->parts.push_back({true, std::string(text_.substr(from, end - from))});
    at_ = end + braces;
  }

  void joined(char c) {
    if (peek(1) != c) return refuse(std::string(1, c));
    at_ += 2;
    end_word();
    if (command_.words.empty()) return refuse(std::string(2, c));
    end_command(c == '&' ? Join::on_success : Join::on_failure);
  }

  /// `>`, `1>`, `2>`, `>>`, and `>&`, to one of the streams or /dev/null.
  void redirection() {
    int from = 1;
    const bool digit = word_ && !word_->quoted && word_->parts.size() == 1 && !word_->parts[0].variable;
    if (digit && (word_->parts[0].text == "1" || word_->parts[0].text == "2")) {
      from = word_->parts[0].text[0] - '0';
      word_.reset();
    }
    end_word();
    ++at_;
    if (peek() == '>') ++at_;
    if (peek() == '&') {
      const char to = peek(1);
      if (to != '1' && to != '2') return refuse(">&");
      at_ += 2;
      return set(from, to == '1' ? command_.out : command_.err);
    }
    while (peek() == ' ' || peek() == '\t') ++at_;
    size_t end = at_;
    while (end < text_.size() && std::string_view(" \t\n;&|<>").find(text_[end]) == std::string_view::npos) ++end;
    const std::string_view target = text_.substr(at_, end - at_);
    at_ = end;
    if (target == "/dev/null") return set(from, Stream::nowhere);
    if (target == "/dev/stdout") return set(from, command_.out);
    if (target == "/dev/stderr") return set(from, command_.err);
    refuse("> " + std::string(target));
  }
  void set(int from, Stream to) { (from == 1 ? command_.out : command_.err) = to; }

  void end_word() {
    if (!word_) return;
    if (command_.words.empty() && !word_->quoted && word_->parts.size() == 1 && !word_->parts[0].variable) {
      const std::string& word = word_->parts[0].text;
      if (std::find(std::begin(kReserved), std::end(kReserved), word) != std::end(kReserved)) refuse(word);
    }
    command_.words.push_back(std::move(*word_));
    word_.reset();
  }
  void end_command(Join next) {
    end_word();
    if (command_.words.empty()) {
      // A line break after && is nothing.
      if (next == Join::always) return;
    } else {
      command_.join = join_;
      out_.push_back(std::move(command_));
      command_ = {};
    }
    join_ = next;
  }

  const std::string_view text_;
  size_t at_ = 0;
  std::string unknown_;
  std::vector<ShellCommand> out_;
  Join join_ = Join::always;  // of the command that is being read
  ShellCommand command_;
  std::optional<ShellWord> word_;
};

}  // namespace

Result<std::vector<ShellCommand>> parse_script(std::string_view text) { return Parser(text).run(); }

std::vector<std::string> expand(const std::vector<ShellWord>& words,
                                const std::function<std::string(const std::string& name)>& value_of) {
  std::vector<std::string> out;
  for (const ShellWord& word : words) {
    std::string text;
    for (const auto& part : word.parts) text += part.variable ? value_of(part.text) : part.text;
    if (!text.empty() || word.quoted) out.push_back(std::move(text));
  }
  return out;
}

}  // namespace kabuki::kubelet
