#include "actors/kubelet/exec/simulated_process.hpp"

#include <algorithm>
#include <charconv>
#include <utility>

namespace kabuki::kubelet {
namespace {

constexpr size_t kDepthMax = 16;      // shells in shells
constexpr size_t kPieceBytes = 4096;  // of input handed on at once
constexpr int32_t kNotFound = 127, kMisused = 2, kInterrupted = 130;

Stream through(Stream stream, Stream out, Stream err) {
  return stream == Stream::out ? out : stream == Stream::err ? err : Stream::nowhere;
}

}  // namespace

std::string SimulatedProcess::why_not(const ProcessWorld& world, const std::vector<std::string>& command) {
  const std::string& program = command.front();
  if (is_shell(program) || plan_program(world, world.directory, command, {})) return {};
  std::string why =
      "OCI runtime exec failed: exec failed: unable to start container process: exec: \"" + program + "\": ";
  if (program.find('/') == std::string::npos) return why + "executable file not found in $PATH: unknown";
  const bool there = world.files.contains(absolute_path(world.directory, program));
  return why + (there ? "permission denied: unknown" : "stat " + program + ": no such file or directory: unknown");
}

SimulatedProcess::SimulatedProcess(std::shared_ptr<const ProcessWorld> world, const std::vector<std::string>& command,
                                   bool tty)
    : world_(std::move(world)), tty_(tty), command_(command) {}

void SimulatedProcess::input(std::string_view bytes) {
  if (input_ended_) return;
  if (!tty_) return void(input_.append(bytes));
  for (const char c : bytes) {
    Terminal::Stroke stroke = terminal_.key(c);
    echo_ += stroke.echo;
    input_ += stroke.line;
    if (stroke.then == Terminal::Then::interrupt) interrupt();
    if (stroke.then == Terminal::Then::end) input_ended_ = true;
  }
}

void SimulatedProcess::end_input() { input_ended_ = input_closed_ = true; }

/// Ends what the shell that reads the terminal has started, or all.
void SimulatedProcess::interrupt() {
  take(unread());
  while (!frames_.empty()) {
    auto* shell = std::get_if<Shell>(&frames_.back().what);
    if (shell && shell->reads_input) {
      shell->script.clear();
      shell->next = 0;
      shell->last = kInterrupted;
      shell->prompted = false;
      return;
    }
    end_frame(kInterrupted);
  }
}

void SimulatedProcess::end_frame(int32_t exit_code) {
  frames_.pop_back();
  if (frames_.empty()) {
    exit_code_ = exit_code;
  } else {
    std::get<Shell>(frames_.back().what).last = exit_code;
  }
}

void SimulatedProcess::begin_program(ProgramPlan plan, Routes routes) {
  frames_.push_back({Program{std::move(plan), {}, 0, 0}, routes});
}

void SimulatedProcess::begin(const std::vector<std::string>& command, const std::string& directory, Routes routes,
                             io::WallTime now) {
  const std::string& name = command.front();
  if (auto plan = plan_program(*world_, directory, command, now)) return begin_program(std::move(*plan), routes);
  if (!is_shell(name)) return begin_program(complaint("sh: " + name + ": not found", kNotFound), routes);
  if (frames_.size() >= kDepthMax)
    return begin_program(complaint("sh: too many shells in each other", kMisused), routes);
  Shell shell{.name = name.substr(name.rfind('/') + 1), .directory = directory};
  size_t option = 1;
  while (option < command.size() &&
         (command[option] == "-l" || command[option] == "-i" || command[option] == "--login")) {
    ++option;
  }
  const bool has_script = option < command.size();
  const bool flags = has_script && (command[option] == "-c" || command[option] == "-lc" || command[option] == "-ec" ||
                                    command[option] == "-ic");
  if (has_script && (!flags || option + 1 == command.size())) {
    return begin_program(complaint(shell.name + ": this simulated shell takes -c SCRIPT, or nothing", kMisused),
                         routes);
  }
  shell.reads_input = !has_script;
  const std::string script = has_script ? command[option + 1] : "";
  frames_.push_back({std::move(shell), routes});
  if (has_script) run_script(std::get<Shell>(frames_.back().what), script, true, routes);
}

/// What is wrong with a script is said by a program of its own; `alone`: then the shell ends.
void SimulatedProcess::run_script(Shell& shell, const std::string& text, bool alone, Routes routes) {
  auto script = parse_script(text);
  shell.next = 0;
  shell.script.clear();
  if (script.ok()) return void(shell.script = std::move(*script));
  const ProgramPlan wrong = complaint(shell.name + ": " + script.error().message, kMisused);
  if (alone) frames_.pop_back();
  begin_program(wrong, routes);
}

bool SimulatedProcess::read_line(std::string* line) {
  const size_t end = input_.find('\n', taken_);
  const bool whole = end != std::string::npos;
  if (!whole && !(input_ended_ && unread() > 0)) return false;
  *line = take(whole ? end + 1 - taken_ : unread());
  if (whole) line->pop_back();
  return true;
}

/// Much input may come at once, and be taken in short lines: it is not moved up for each.
std::string SimulatedProcess::take(size_t count) {
  std::string out = input_.substr(taken_, count);
  taken_ += out.size();
  if (taken_ > input_.size() / 2) input_.erase(0, std::exchange(taken_, 0));
  return out;
}

SimulatedProcess::Step SimulatedProcess::step_shell(io::WallTime now, Turn& turn) {
  Shell& shell = std::get<Shell>(frames_.back().what);
  const Routes routes = frames_.back().routes;
  if (shell.next == shell.script.size()) {
    if (!shell.reads_input) return end_frame(shell.last), Step::goes_on;
    if (room_ == 0) {
      // Lines that say nothing take room as well, and others their turn.
      if (had_room_) turn.wake_ns = now.ns;
      return Step::waits;
    }
    if (tty_ && !std::exchange(shell.prompted, true)) {
      const std::string prompt = shell.directory + " # ";
      room_ -= std::min(room_, prompt.size());
      emit(routes, false, prompt, turn);
    }
    std::string line;
    if (read_line(&line)) {
      room_ -= std::min(room_, line.size() + 1);
      shell.prompted = false;
      run_script(shell, line, false, routes);
      return Step::goes_on;
    }
    if (!input_ended_) return Step::waits;
    return end_frame(shell.last), Step::goes_on;
  }
  const ShellCommand& command = shell.script[shell.next++];
  if (command.join == ShellCommand::Join::on_success && shell.last != 0) return Step::goes_on;
  if (command.join == ShellCommand::Join::on_failure && shell.last == 0) return Step::goes_on;
  const auto words = expand(command.words, [&](const std::string& name) {
    if (name == "?") return std::to_string(shell.last);
    if (name == "PWD") return shell.directory;
    const std::string* value = world_->variable(name);
    return value ? *value : std::string();
  });
  const Routes inner = {through(command.out, routes.out, routes.err), through(command.err, routes.out, routes.err)};
  if (words.empty()) return shell.last = 0, Step::goes_on;
  if (words[0] == "exit") {
    int32_t code = shell.last;
    if (words.size() > 1) {
      const std::string& text = words[1];
      const auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), code);
      if (failure != std::errc() || end != text.data() + text.size()) code = kMisused;
    }
    return end_frame(code & 0xFF), Step::goes_on;
  }
  if (words[0] == "cd") {
    const std::string* home = world_->variable("HOME");
    const std::string to = absolute_path(shell.directory, words.size() > 1 ? words[1] : home ? *home : "/");
    const bool there = world_->is_directory(to);
    if (!there) {
      begin_program(complaint(shell.name + ": cd: " + words[1 % words.size()] + ": No such file or directory", 1),
                    inner);
      return Step::goes_on;
    }
    shell.directory = to;
    shell.last = 0;
    return Step::goes_on;
  }
  begin(words, shell.directory, inner, now);
  return Step::goes_on;
}

SimulatedProcess::Step SimulatedProcess::step_program(io::WallTime now, Turn& turn) {
  Program& program = std::get<Program>(frames_.back().what);
  const Routes routes = frames_.back().routes;
  const ProgramPlan& plan = program.plan;
  if (!program.from_ns) program.from_ns = now.ns + std::min(plan.delay_ns, INT64_MAX - now.ns);
  if (now.ns < *program.from_ns) return turn.wake_ns = *program.from_ns, Step::waits;
  while (program.piece < plan.pieces.size()) {
    const ProgramPlan::Piece& piece = plan.pieces[program.piece];
    if (room_ == 0) return Step::waits;
    const size_t count = std::min(room_, piece.text.size() - program.offset);
    emit(routes, piece.err, piece.text.substr(program.offset, count), turn);
    // What goes nowhere takes room as well, or it could go on for ever.
    room_ -= count;
    program.offset += count;
    if (program.offset < piece.text.size()) continue;
    program.offset = 0;
    if (++program.piece == plan.pieces.size() && plan.for_ever) program.piece = 0;
  }
  if (plan.copies_input) {
    while (unread() > 0) {
      if (room_ == 0) return Step::waits;
      const size_t count = std::min({room_, unread(), kPieceBytes});
      emit(routes, false, take(count), turn);
      room_ -= count;
    }
    if (!input_ended_) return Step::waits;
    // The end that was typed was for this program.
    if (tty_ && frames_.size() > 1) input_ended_ = input_closed_;
  }
  return end_frame(plan.exit_code), Step::goes_on;
}

void SimulatedProcess::emit(const Routes& routes, bool err, std::string text, Turn& turn) {
  const Stream to = err ? routes.err : routes.out;
  if (to == Stream::nowhere || text.empty()) return;
  const bool to_err = to == Stream::err && !tty_;
  if (tty_) text = Terminal::shown(text);
  if (!turn.pieces.empty() && turn.pieces.back().err == to_err) {
    turn.pieces.back().text += text;
  } else {
    turn.pieces.push_back({to_err, std::move(text)});
  }
}

SimulatedProcess::Turn SimulatedProcess::run(io::WallTime now, size_t room) {
  Turn turn;
  room_ = room;
  had_room_ = room > 0;
  if (!command_.empty()) begin(std::exchange(command_, {}), world_->directory, {}, now);
  if (!echo_.empty()) turn.pieces.push_back({false, std::exchange(echo_, {})});
  Step step = Step::goes_on;
  while (step == Step::goes_on && !frames_.empty()) {
    step = std::holds_alternative<Shell>(frames_.back().what) ? step_shell(now, turn) : step_program(now, turn);
  }
  if (frames_.empty()) turn.exit_code = exit_code_;
  return turn;
}

}  // namespace kabuki::kubelet
