#pragma once

#include <cstdint>
#include <string>

namespace kabuki::kubelet {

/// What stands between keys and a program on a terminal: it echoes, edits the line, and hands it on when it is
/// complete. A small part of a Unix terminal's line discipline.
class Terminal {
 public:
  enum class Then : uint8_t { nothing, line, end, interrupt };
  struct Stroke {
    Then then = Then::nothing;
    std::string line;  // of `line` and `end`: what goes to the program
    std::string echo;
  };
  Stroke key(char c);
  /// Text as a terminal is sent it: with a carriage return before each line feed.
  static std::string shown(const std::string& text);

 private:
  std::string line_;
  uint8_t escape_ = 0;  // how much of an escape sequence, which is dropped, has come
};

}  // namespace kabuki::kubelet
