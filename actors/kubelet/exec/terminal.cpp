#include "actors/kubelet/exec/terminal.hpp"

#include <utility>

namespace kabuki::kubelet {
namespace {

constexpr char kInterrupt = 3, kEnd = 4, kBackspace = 8, kKillLine = 21, kEscape = 27, kDelete = 127;
constexpr size_t kLineMax = 4096;

}  // namespace

Terminal::Stroke Terminal::key(char c) {
  if (escape_ == 1) return escape_ = c == '[' || c == 'O' ? 2 : 0, Stroke();
  if (escape_ == 2) return escape_ = c >= '@' && c <= '~' ? 0 : 2, Stroke();
  switch (c) {
    case kEscape:
      escape_ = 1;
      return {};
    case '\r':
    case '\n':
      return {Then::line, std::exchange(line_, {}) + "\n", "\r\n"};
    case kInterrupt:
      line_.clear();
      return {Then::interrupt, {}, "^C\r\n"};
    case kEnd:
      return {line_.empty() ? Then::end : Then::line, std::exchange(line_, {}), {}};
    case kKillLine: {
      std::string echo;
      for (size_t i = std::exchange(line_, {}).size(); i > 0; --i) echo += "\b \b";
      return {Then::nothing, {}, std::move(echo)};
    }
    case kBackspace:
    case kDelete:
      if (line_.empty()) return {};
      // All bytes of one character.
      while (line_.size() > 1 && (line_.back() & 0xC0) == 0x80) line_.pop_back();
      line_.pop_back();
      return {Then::nothing, {}, "\b \b"};
    default:
      if ((c >= 0 && c < ' ' && c != '\t') || line_.size() >= kLineMax) return {};
      line_.push_back(c);
      return {Then::nothing, {}, std::string(1, c)};
  }
}

std::string Terminal::shown(const std::string& text) {
  std::string out;
  for (const char c : text) {
    if (c == '\n') out.push_back('\r');
    out.push_back(c);
  }
  return out;
}

}  // namespace kabuki::kubelet
