#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "messages/result.hpp"

namespace kabuki::kubelet {

/// Where what a program writes goes.
enum class Stream : uint8_t { out, err, nowhere };

/// A word of a script: texts and names of variables in turns.
struct ShellWord {
  struct Part {
    bool variable = false;
    std::string text;
    bool operator==(const Part&) const = default;
  };
  std::vector<Part> parts;
  bool quoted = false;  // it counts even where it is empty
  bool operator==(const ShellWord&) const = default;
};

/// A simple command, and when it is run.
struct ShellCommand {
  enum class Join : uint8_t { always, on_success, on_failure };  // `;`, `&&`, `||` before it
  Join join = Join::always;
  std::vector<ShellWord> words;
  Stream out = Stream::out;
  Stream err = Stream::err;
  bool operator==(const ShellCommand&) const = default;
};

/// Reads what a simulated shell knows of a shell's language: commands divided by `;`, line breaks, `&&` and `||`;
/// quotes, backslashes, comments; `$NAME`, `${NAME}` and `$?`; redirections to the other stream and to /dev/null.
/// Error: BadRequest that names what it does not know. Pure.
Result<std::vector<ShellCommand>> parse_script(std::string_view text);

/// The words of a command with the values of their variables; unquoted words that come out empty are left out.
std::vector<std::string> expand(const std::vector<ShellWord>& words,
                                const std::function<std::string(const std::string& name)>& value_of);

}  // namespace kabuki::kubelet
