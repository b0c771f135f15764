#include "actors/kubelet/exec/programs.hpp"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstdio>
#include <iterator>

#include "messages/time_format.hpp"

namespace kabuki::kubelet {
namespace {

constexpr int64_t kSecond = 1'000'000'000;
constexpr int64_t kForEver = INT64_MAX / 4;
constexpr size_t kSequenceMax = 1'000'000;
constexpr std::string_view kPlaces[] = {"/bin/",      "/usr/bin/",       "/sbin/",
                                        "/usr/sbin/", "/usr/local/bin/", "/usr/local/sbin/"};

struct Call {
  const ProcessWorld& world;
  const std::string& directory;
  const std::string& name;
  std::vector<std::string> args;
  io::WallTime now;

  ProgramPlan says(std::string text) const { return {.pieces = {{false, std::move(text)}}}; }
  ProgramPlan fails(const std::string& what, int32_t code = 1) const { return complaint(name + ": " + what, code); }
  std::string path(const std::string& file) const { return absolute_path(directory, file); }
};

std::string name_of(const std::string& program) {
  for (const std::string_view place : kPlaces) {
    if (program.starts_with(place)) return program.substr(place.size());
  }
  return program;
}

ProgramPlan echo(const Call& call) {
  size_t first = 0;
  bool line = true, escapes = false;
  for (; first < call.args.size(); ++first) {
    const std::string& arg = call.args[first];
    if (arg != "-n" && arg != "-e" && arg != "-ne" && arg != "-en") break;
    line = line && arg.find('n') == std::string::npos;
    escapes = escapes || arg.find('e') != std::string::npos;
  }
  std::string text;
  for (size_t i = first; i < call.args.size(); ++i) text += (i > first ? " " : "") + call.args[i];
  if (escapes) {
    std::string plain;
    for (size_t i = 0; i < text.size(); ++i) {
      const char next = text[i] == '\\' && i + 1 < text.size() ? text[i + 1] : '\0';
      const bool known = next == 'n' || next == 't' || next == '\\';
      plain.push_back(!known ? text[i] : next == 'n' ? '\n' : next == 't' ? '\t' : '\\');
      i += known;
    }
    text = std::move(plain);
  }
  return call.says(text + (line ? "\n" : ""));
}

ProgramPlan cat(const Call& call) {
  ProgramPlan out;
  if (call.args.empty() || call.args == std::vector<std::string>{"-"}) {
    out.copies_input = true;
    return out;
  }
  for (const std::string& file : call.args) {
    const auto found = call.world.files.find(call.path(file));
    if (found != call.world.files.end()) {
      out.pieces.push_back({false, found->second});
      continue;
    }
    const bool directory = call.world.is_directory(call.path(file));
    out.pieces.push_back(
        {true, "cat: " + file + (directory ? ": Is a directory\n" : ": No such file or directory\n")});
    out.exit_code = 1;
  }
  return out;
}

ProgramPlan env(const Call& call) {
  if (!call.args.empty()) return call.fails("this simulated one only lists the environment", 2);
  std::string text;
  for (const auto& [name, value] : call.world.environment) text += name + "=" + value + "\n";
  return call.says(text);
}

ProgramPlan printenv(const Call& call) {
  if (call.args.empty()) return env(call);
  ProgramPlan out;
  for (const std::string& name : call.args) {
    if (const std::string* value = call.world.variable(name)) {
      out.pieces.push_back({false, *value + "\n"});
    } else {
      out.exit_code = 1;
    }
  }
  return out;
}

ProgramPlan ls(const Call& call) {
  std::vector<std::string> paths;
  for (const std::string& arg : call.args) {
    if (!arg.starts_with('-')) paths.push_back(arg);
  }
  if (paths.empty()) paths.push_back(call.directory);
  ProgramPlan out;
  bool first = true;
  for (const std::string& path : paths) {
    const std::string absolute = call.path(path);
    std::string text;
    if (call.world.files.contains(absolute)) {
      text = path + "\n";
    } else if (call.world.is_directory(absolute)) {
      if (paths.size() > 1) text = (first ? "" : "\n") + path + ":\n";
      for (const std::string& name : call.world.names_in(absolute)) text += name + "\n";
    } else {
      out.pieces.push_back({true, "ls: cannot access '" + path + "': No such file or directory\n"});
      out.exit_code = 2;
      continue;
    }
    first = false;
    out.pieces.push_back({false, text});
  }
  return out;
}

/// `date` with the letters of a format that are the same everywhere; "" where one is not known.
std::string formatted_date(std::string_view format, int64_t seconds) {
  constexpr const char* kDays[] = {"Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed"};  // from 1970-01-01
  constexpr const char* kMonths[] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                     "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
  const std::string stamp = kabuki::format_time(seconds);  // 2026-11-22T10:25:47Z
  const std::string month = stamp.substr(5, 2), day = stamp.substr(8, 2);
  std::string out;
  for (size_t i = 0; i < format.size(); ++i) {
    if (format[i] != '%' || i + 1 == format.size()) {
      out.push_back(format[i]);
      continue;
    }
    switch (format[++i]) {
      case 'Y':
        out += stamp.substr(0, 4);
        break;
      case 'm':
        out += month;
        break;
      case 'd':
        out += day;
        break;
      case 'e':
        out += day[0] == '0' ? " " + day.substr(1) : day;
        break;
      case 'H':
        out += stamp.substr(11, 2);
        break;
      case 'M':
        out += stamp.substr(14, 2);
        break;
      case 'S':
        out += stamp.substr(17, 2);
        break;
      case 'F':
        out += stamp.substr(0, 10);
        break;
      case 'T':
        out += stamp.substr(11, 8);
        break;
      case 's':
        out += std::to_string(seconds);
        break;
      case 'a':
        out += kDays[(seconds / 86'400) % 7];
        break;
      case 'b':
        out += kMonths[(month[0] - '0') * 10 + (month[1] - '0') - 1];
        break;
      case 'Z':
        out += "UTC";
        break;
      case 'z':
        out += "+0000";
        break;
      case '%':
        out += "%";
        break;
      default:
        return {};
    }
  }
  return out;
}

ProgramPlan date(const Call& call) {
  std::string format = "%a %b %e %H:%M:%S %Z %Y";
  for (const std::string& arg : call.args) {
    if (arg == "-u" || arg == "--utc") continue;
    if (arg == "-Iseconds" || arg == "--iso-8601=seconds") {
      format = "%FT%T+00:00";
    } else if (arg.starts_with('+')) {
      format = arg.substr(1);
    } else {
      return call.fails("this simulated one does not know \"" + arg + "\"");
    }
  }
  const std::string text = formatted_date(format, call.now.seconds());
  if (text.empty() && !format.empty()) return call.fails("this simulated one does not know \"+" + format + "\"");
  return call.says(text + "\n");
}

ProgramPlan sleep(const Call& call) {
  if (call.args.empty()) return call.fails("missing operand");
  ProgramPlan out;
  for (const std::string& arg : call.args) {
    if (arg == "infinity") {
      out.delay_ns = kForEver;
      continue;
    }
    double amount = 0;
    const auto [end, failure] = std::from_chars(arg.data(), arg.data() + arg.size(), amount);
    const std::string_view unit(end, static_cast<size_t>(arg.data() + arg.size() - end));
    const double seconds = unit == "" || unit == "s" ? 1
                           : unit == "m"             ? 60
                           : unit == "h"             ? 3600
                           : unit == "d"             ? 86'400
                                                     : 0;
    if (failure != std::errc() || seconds == 0 || !(amount >= 0)) {
      return call.fails("invalid time interval '" + arg + "'");
    }
    out.delay_ns = std::min(kForEver, out.delay_ns + static_cast<int64_t>(std::min(amount * seconds, 1e8) * kSecond));
  }
  return out;
}

ProgramPlan seq(const Call& call) {
  int64_t numbers[2] = {1, 0};
  const size_t count = call.args.size();
  if (count != 1 && count != 2) return call.fails("this simulated one takes one number or two");
  for (size_t i = 0; i < count; ++i) {
    const std::string& arg = call.args[i];
    const auto [end, failure] = std::from_chars(arg.data(), arg.data() + arg.size(), numbers[2 - count + i]);
    if (failure != std::errc() || end != arg.data() + arg.size())
      return call.fails("invalid argument: '" + arg + "'");
  }
  std::string text;
  for (int64_t i = numbers[0]; i <= numbers[1] && text.size() < kSequenceMax; ++i) {
    text += std::to_string(i) + "\n";
    if (i == numbers[1]) break;  // it may be the largest there is
  }
  return call.says(text);
}

ProgramPlan yes(const Call& call) {
  ProgramPlan out = call.says((call.args.empty() ? "y" : call.args[0]) + "\n");
  out.for_ever = true;
  return out;
}

ProgramPlan whoami(const Call& call) { return call.says(call.world.is_root ? "root\n" : "nobody\n"); }

ProgramPlan id(const Call& call) {
  const bool number = call.args == std::vector<std::string>{"-u"};
  if (!call.args.empty() && !number) return call.fails("this simulated one only knows -u");
  if (call.world.is_root) return call.says(number ? "0\n" : "uid=0(root) gid=0(root) groups=0(root)\n");
  return call.says(number ? "65534\n" : "uid=65534(nobody) gid=65534(nobody) groups=65534(nobody)\n");
}

ProgramPlan test(const Call& call) {
  std::vector<std::string> args = call.args;
  if (call.name == "[") {
    if (args.empty() || args.back() != "]") return call.fails("missing ]", 2);
    args.pop_back();
  }
  const bool negated = !args.empty() && args[0] == "!";
  if (negated) args.erase(args.begin());
  bool holds = false;
  if (args.size() == 1) {
    holds = !args[0].empty();
  } else if (args.size() == 2 && (args[0] == "-n" || args[0] == "-z")) {
    holds = args[1].empty() == (args[0] == "-z");
  } else if (args.size() == 2 &&
             (args[0] == "-f" || args[0] == "-e" || args[0] == "-d" || args[0] == "-s" || args[0] == "-r")) {
    const std::string path = call.path(args[1]);
    const auto file = call.world.files.find(path);
    const bool is_file = file != call.world.files.end();
    holds = args[0] == "-d"   ? call.world.is_directory(path)
            : args[0] == "-s" ? is_file && !file->second.empty()
            : args[0] == "-f" ? is_file
                              : is_file || call.world.is_directory(path);
  } else if (args.size() == 3 && (args[1] == "=" || args[1] == "==" || args[1] == "!=")) {
    holds = (args[0] == args[2]) == (args[1] != "!=");
  } else if (!args.empty()) {
    return call.fails("this simulated one does not know these operands", 2);
  }
  ProgramPlan out;
  out.exit_code = holds == negated;
  return out;
}

using Run = ProgramPlan (*)(const Call& call);
constexpr std::pair<std::string_view, Run> kPrograms[] = {
    {"true", [](const Call&) { return ProgramPlan(); }},
    {":", [](const Call&) { return ProgramPlan(); }},
    {"false", [](const Call&) { return ProgramPlan{.exit_code = 1}; }},
    {"echo", echo},
    {"cat", cat},
    {"env", env},
    {"printenv", printenv},
    {"hostname", [](const Call& call) { return call.says(call.world.hostname + "\n"); }},
    {"pwd", [](const Call& call) { return call.says(call.directory + "\n"); }},
    {"ls", ls},
    {"date", date},
    {"sleep", sleep},
    {"seq", seq},
    {"yes", yes},
    {"whoami", whoami},
    {"id", id},
    {"test", test},
    {"[", test},
};

}  // namespace

bool is_shell(const std::string& program) {
  const std::string name = name_of(program);
  return name == "sh" || name == "bash" || name == "ash" || name == "dash";
}

ProgramPlan complaint(const std::string& what, int32_t exit_code) {
  ProgramPlan out{.pieces = {{true, what + "\n"}}};
  out.exit_code = exit_code;
  return out;
}

std::optional<ProgramPlan> plan_program(const ProcessWorld& world, const std::string& directory,
                                        const std::vector<std::string>& command, io::WallTime now) {
  if (const ExecOutcome* outcome = find_outcome(world.outcomes, command)) {
    ProgramPlan out;
    out.delay_ns = outcome->after_ns;
    out.exit_code = outcome->exit_code;
    if (!outcome->text.empty()) out.pieces.push_back({outcome->to_stderr, outcome->text});
    return out;
  }
  const std::string name = name_of(command.front());
  const auto* found = std::find_if(std::begin(kPrograms), std::end(kPrograms),
                                   [&](const auto& program) { return program.first == name; });
  if (found == std::end(kPrograms)) return std::nullopt;
  return found->second({world, directory, name, {command.begin() + 1, command.end()}, now});
}

}  // namespace kabuki::kubelet
