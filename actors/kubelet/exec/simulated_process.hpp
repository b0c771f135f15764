#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "actors/kubelet/exec/process_world.hpp"
#include "actors/kubelet/exec/programs.hpp"
#include "actors/kubelet/exec/shell_script.hpp"
#include "actors/kubelet/exec/terminal.hpp"
#include "runtime/io/time.hpp"

namespace kabuki::kubelet {

/// A program run in a simulated container: a deterministic machine of its world, its command, its input and the
/// clock. It writes no more than its reader has room for, and remembers no output.
class SimulatedProcess {
 public:
  /// `command` is not empty, and `why_not` has nothing against it.
  SimulatedProcess(std::shared_ptr<const ProcessWorld> world, const std::vector<std::string>& command, bool tty);

  /// Why it cannot be started, in the words of a container runtime; "": it can.
  static std::string why_not(const ProcessWorld& world, const std::vector<std::string>& command);

  /// More of its input; of a terminal: keys.
  void input(std::string_view bytes);
  void end_input();
  /// Bytes of input that it has not read.
  size_t unread() const { return input_.size() - taken_; }

  struct Turn {
    std::vector<ProgramPlan::Piece> pieces;
    std::optional<int32_t> exit_code;  // it has ended
    int64_t wake_ns = 0;               // wall time; 0: it waits for input, for room, or not at all
  };
  /// Lets it go on, for about `room` bytes of output at most, and no more lines of a script that is typed.
  Turn run(io::WallTime now, size_t room);

 private:
  struct Routes {
    Stream out = Stream::out;
    Stream err = Stream::err;
  };
  struct Shell {
    std::string name;
    std::string directory;
    std::vector<ShellCommand> script;
    size_t next = 0;
    int32_t last = 0;
    bool reads_input = false;  // its script comes line by line
    bool prompted = false;
  };
  struct Program {
    ProgramPlan plan;
    std::optional<int64_t> from_ns;  // when its delay is over
    size_t piece = 0;
    size_t offset = 0;
  };
  struct Frame {
    std::variant<Shell, Program> what;
    Routes routes;
  };
  enum class Step : uint8_t { goes_on, waits };

  void begin(const std::vector<std::string>& command, const std::string& directory, Routes routes, io::WallTime now);
  void begin_program(ProgramPlan plan, Routes routes);
  void run_script(Shell& shell, const std::string& text, bool alone, Routes routes);
  void end_frame(int32_t exit_code);
  Step step_shell(io::WallTime now, Turn& turn);
  Step step_program(io::WallTime now, Turn& turn);
  bool read_line(std::string* line);
  std::string take(size_t count);
  void interrupt();
  void emit(const Routes& routes, bool err, std::string text, Turn& turn);

  std::shared_ptr<const ProcessWorld> world_;
  const bool tty_;
  std::vector<std::string> command_;  // until it has begun
  std::vector<Frame> frames_;         // who was started by whom
  int32_t exit_code_ = 0;
  std::string input_;
  size_t taken_ = 0;  // of it
  bool input_ended_ = false;
  bool input_closed_ = false;  // for ever, not by a key
  Terminal terminal_;
  std::string echo_;
  size_t room_ = 0;
  bool had_room_ = false;  // at the beginning of the turn
};

}  // namespace kabuki::kubelet
