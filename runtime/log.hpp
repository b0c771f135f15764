#pragma once

#include <initializer_list>
#include <string>
#include <string_view>

namespace kabuki::runtime {

enum class Level { debug, info, warning, error };

/// One field of a structured log line. Numbers are formatted by the caller's constructor.
struct Field {
  std::string_view key;
  std::string value;
  Field(std::string_view k, std::string_view v) : key(k), value(v) {}
  Field(std::string_view k, const char* v) : key(k), value(v) {}
  Field(std::string_view k, const std::string& v) : key(k), value(v) {}
  template <class N>
  requires std::is_arithmetic_v<N> Field(std::string_view k, N v) : key(k), value(std::to_string(v)) {}
};

/// Writes one line: time, level, `who` (the actor's full name), `what`, key=value pairs. Formatting and writing
/// happen on a background thread; when its bounded queue is full the oldest line is overwritten and counted.
void log(Level level, std::string_view who, std::string_view what, std::initializer_list<Field> fields = {});

/// Where lines go and from which level on. Called once by a program before it logs; until then warnings and errors
/// go to standard error. `path` empty: standard error.
void configure_logging(const std::string& path, Level level);
/// Waits until every line logged so far is written.
void flush_logs();
bool log_enabled(Level level);

}  // namespace kabuki::runtime
