#include "actors/kubelet/exec/simulated_process.hpp"

#include <gtest/gtest.h>

#include "runtime/io/random.hpp"

namespace kabuki::kubelet {
namespace {

constexpr int64_t kNow = 1'767'225'600LL * 1'000'000'000;  // 2026-01-01T00:00:00Z, a Thursday

std::shared_ptr<ProcessWorld> world() {
  auto out = std::make_shared<ProcessWorld>();
  out->hostname = "web-0";
  out->environment = {{"PATH", "/bin"}, {"HOSTNAME", "web-0"}, {"COLOUR", "red"}, {"HOME", "/root"}};
  out->files = {
      {"/etc/hostname", "web-0\n"}, {"/data/a", "first\n"}, {"/data/deep/b", "second\n"}, {"/data/empty", ""}};
  out->outcomes = *parse_exec_outcomes("ping => PONG\nslow => exit(4) after(2s) stderr late");
  return out;
}

/// What it writes and ends with, run without input from `kNow` on: "out", "2:err", "=code".
std::string told(const std::vector<std::string>& command, const std::string& input = "", bool tty = false) {
  const auto where = world();
  const std::string why = SimulatedProcess::why_not(*where, command);
  if (!why.empty()) return why;
  SimulatedProcess process(where, command, tty);
  process.input(input);
  process.end_input();
  std::string out;
  int64_t now = kNow;
  for (int turns = 0; turns < 1000; ++turns) {
    auto turn = process.run({now}, 1 << 20);
    for (const auto& piece : turn.pieces) out += (piece.err ? "2:" : "") + piece.text;
    if (turn.exit_code) return out + "=" + std::to_string(*turn.exit_code);
    if (turn.wake_ns <= now) return out + "=waits";
    now = turn.wake_ns;
  }
  return out + "=never ends";
}
std::string shell(const std::string& script) { return told({"sh", "-c", script}); }

TEST(SimulatedPrograms, DoWhatTheirNamesSay) {
  const std::pair<std::vector<std::string>, const char*> cases[] = {
      {{"true"}, "=0"},
      {{"false"}, "=1"},
      {{"echo", "hi", "there"}, "hi there\n=0"},
      {{"/bin/echo", "-n", "hi"}, "hi=0"},
      {{"echo", "-e", "a\\tb\\n"}, "a\tb\n\n=0"},
      {{"cat", "/data/a", "x", "/data"},
       "first\n2:cat: x: No such file or directory\ncat: /data: Is a directory\n=1"},
      {{"cat", "data/../data//a"}, "first\n=0"},
      {{"env"}, "PATH=/bin\nHOSTNAME=web-0\nCOLOUR=red\nHOME=/root\n=0"},
      {{"printenv", "COLOUR"}, "red\n=0"},
      {{"printenv", "NONE"}, "=1"},
      {{"hostname"}, "web-0\n=0"},
      {{"pwd"}, "/\n=0"},
      {{"ls"}, "data\netc\ntmp\n=0"},
      {{"ls", "-la", "/data"}, "a\ndeep\nempty\n=0"},
      {{"ls", "/data/a", "/none"}, "/data/a\n2:ls: cannot access '/none': No such file or directory\n=2"},
      {{"date"}, "Thu Jan  1 00:00:00 UTC 2026\n=0"},
      {{"date", "-u", "+%F %T %s %%"}, "2026-01-01 00:00:00 1767225600 %\n=0"},
      {{"date", "+%Q"}, "2:date: this simulated one does not know \"+%Q\"\n=1"},
      {{"seq", "2", "4"}, "2\n3\n4\n=0"},
      {{"seq", "9223372036854775806", "9223372036854775807"}, "9223372036854775806\n9223372036854775807\n=0"},
      {{"whoami"}, "root\n=0"},
      {{"id", "-u"}, "0\n=0"},
      {{"test", "-f", "/data/a"}, "=0"},
      {{"[", "-d", "/data/a", "]"}, "=1"},
      {{"test", "!", "-s", "/data/empty"}, "=0"},
      {{"test", "a", "!=", "b"}, "=0"},
      {{"ping"}, "PONG\n=0"},
      {{"sleep", "soon"}, "2:sleep: invalid time interval 'soon'\n=1"},
      {{"none"},
       "OCI runtime exec failed: exec failed: unable to start container process: exec: \"none\": executable file not "
       "found in $PATH: unknown"},
      {{"/app/run"},
       "OCI runtime exec failed: exec failed: unable to start container process: exec: \"/app/run\": stat /app/run: "
       "no "
       "such file or directory: unknown"},
  };
  for (const auto& [command, expected] : cases) EXPECT_EQ(told(command), expected) << command.front();
}

TEST(SimulatedShell, RunsCommandsInTurn) {
  const std::pair<const char*, const char*> cases[] = {
      {"echo a; echo b", "a\nb\n=0"},
      {"false && echo a || echo b", "b\n=0"},
      {"true || echo a && echo b", "b\n=0"},
      {"echo no >&2; exit 3; echo never", "2:no\n=3"},
      {"none; echo $?", "2:sh: none: not found\n127\n=0"},
      {"cat /none 2>/dev/null || echo gone", "gone\n=0"},
      {"echo $COLOUR \"${HOSTNAME}\" $NONE.", "red web-0 .\n=0"},
      {"cd /data && pwd && cat a && cd none", "/data\nfirst\n2:sh: cd: none: No such file or directory\n=1"},
      {"sh -c 'echo inner >&2; exit 7' 2>&1; echo $?", "inner\n7\n=0"},
      {"exit", "=0"},
      {"false; exit", "=1"},
      {"a | b", "2:sh: this simulated shell does not know \"|\"\n=2"},
      {"ping && slow", "PONG\n2:late\n=4"},
      {"", "=0"},
  };
  for (const auto& [script, expected] : cases) EXPECT_EQ(shell(script), expected) << script;
  EXPECT_EQ(told({"/bin/bash", "-lc", "hostname"}), "web-0\n=0");
  EXPECT_EQ(told({"sh", "script.sh"}), "2:sh: this simulated shell takes -c SCRIPT, or nothing\n=2");
}

TEST(SimulatedShell, TakesItsScriptFromItsInputLineByLine) {
  EXPECT_EQ(told({"sh"}, "echo a\nfalse\necho $?\nwhile\necho b"),
            "a\n1\n2:sh: this simulated shell does not know \"while\"\nb\n=0");
  EXPECT_EQ(told({"sh"}, "exit 5\necho never"), "=5");
  std::string shells;
  for (int i = 0; i < 20; ++i) shells += "sh\n";
  std::string expected = "2:";
  for (int i = 0; i < 5; ++i) expected += "sh: too many shells in each other\n";
  EXPECT_EQ(told({"sh"}, shells + "echo deep"), expected + "deep\n=0");
  // What a program reads is not the shell's any more.
  EXPECT_EQ(told({"sh"}, "cat\nnot a command\n"), "not a command\n=0");
}

TEST(SimulatedProcess, WaitsForItsInput) {
  SimulatedProcess process(world(), {"cat"}, false);
  EXPECT_FALSE(process.run({kNow}, 100).exit_code);
  process.input("abc");
  auto turn = process.run({kNow}, 100);
  EXPECT_EQ(turn.pieces, (std::vector<ProgramPlan::Piece>{{false, "abc"}}));
  EXPECT_FALSE(turn.exit_code);
  process.end_input();
  EXPECT_EQ(process.run({kNow}, 100).exit_code, 0);
}

TEST(SimulatedProcess, WaitsForTheTime) {
  SimulatedProcess process(world(), {"sh", "-c", "sleep 1.5; echo up; sleep 1m"}, false);
  EXPECT_EQ(process.run({kNow}, 100).wake_ns, kNow + 1'500'000'000);
  EXPECT_EQ(process.run({kNow + 1}, 100).wake_ns, kNow + 1'500'000'000);
  auto turn = process.run({kNow + 1'500'000'000}, 100);
  EXPECT_EQ(turn.pieces, (std::vector<ProgramPlan::Piece>{{false, "up\n"}}));
  EXPECT_EQ(turn.wake_ns, kNow + 61'500'000'000);
}

TEST(SimulatedProcess, ForEverIsNotLessWhenItIsSaidOften) {
  SimulatedProcess process(world(), {"sleep", "infinity", "infinity", "infinity", "infinity", "infinity"}, false);
  EXPECT_EQ(process.run({kNow}, 100).wake_ns, kNow + INT64_MAX / 4);
}

TEST(SimulatedProcess, WritesNoMoreThanThereIsRoomFor) {
  SimulatedProcess process(world(), {"yes", "no"}, false);
  std::string all;
  for (int i = 0; i < 4; ++i) {
    auto turn = process.run({kNow}, 5);
    ASSERT_EQ(turn.pieces.size(), 1u);
    EXPECT_EQ(turn.pieces[0].text.size(), 5u);
    EXPECT_FALSE(turn.exit_code);
    all += turn.pieces[0].text;
  }
  EXPECT_EQ(all, "no\nno\nno\nno\nno\nno\nno");
  SimulatedProcess silent(world(), {"sh", "-c", "yes >/dev/null"}, false);
  EXPECT_TRUE(silent.run({kNow}, 1000).pieces.empty());
  SimulatedProcess reader(world(), {"cat"}, false);
  reader.input(std::string(100, 'x'));
  EXPECT_EQ(reader.run({kNow}, 30).pieces[0].text.size(), 30u);
  EXPECT_EQ(reader.unread(), 70u);
}

TEST(SimulatedProcess, WritesLittleAtOnceWhateverIsTyped) {
  const char* pieces[] = {"echo ", "cat ", "sh ",        "-c ", "exit ", "cd ",  "sleep 1 ", "yes ",   "$HOME ",
                          "${A} ", "$",    "'",          "\"",  "\\",    ";",    "&&",       "||",     "|",
                          ">&2",   "2>&1", ">/dev/null", "\n",  "\r",    "\003", "\177",     "\033[A", "/data/a ",
                          "test ", "! ",   "= ",         "[ ",  "] ",    "#",    "-n ",      "a"};
  for (uint64_t seed = 0; seed < 500; ++seed) {
    io::Random random(seed);
    SimulatedProcess process(world(), {"sh"}, random.chance(0.5));
    std::optional<int32_t> exit_code;
    int64_t now = kNow;
    for (int turns = 0; turns < 200 && !exit_code; ++turns) {
      if (turns < 20) {
        for (int i = 0; i < 8; ++i) process.input(pieces[random.between(0, std::size(pieces) - 1)]);
      } else {
        process.input("\003");
        process.end_input();
      }
      auto turn = process.run({now}, 100);
      size_t written = 0;
      for (const auto& piece : turn.pieces) written += piece.text.size();
      EXPECT_LT(written, 2000u) << seed;
      exit_code = turn.exit_code;
      now = std::max(now + 1, turn.wake_ns);
    }
  }
}

TEST(SimulatedProcess, TakesItsTimeForLinesThatSayNothing) {
  SimulatedProcess process(world(), {"sh"}, false);
  process.input(std::string(1'000'000, '\n') + "echo done\n");
  process.end_input();
  size_t left = process.unread();
  for (; left > 65'536; left = process.unread()) {
    auto turn = process.run({kNow}, 65'536);
    EXPECT_EQ(left - process.unread(), 65'536u) << "others have their turn";
    EXPECT_EQ(turn.wake_ns, kNow) << "and it goes on by itself";
    EXPECT_TRUE(turn.pieces.empty());
  }
  auto turn = process.run({kNow}, 65'536);
  ASSERT_EQ(turn.pieces.size(), 1u);
  EXPECT_EQ(turn.pieces[0].text, "done\n");
  EXPECT_EQ(turn.exit_code, 0);
}

TEST(SimulatedProcess, OnATerminalKnowsTheEndThatNobodyTyped) {
  SimulatedProcess process(world(), {"sh"}, true);
  process.input("cat\nhi\n");
  EXPECT_FALSE(process.run({kNow}, 1000).exit_code);
  process.end_input();
  EXPECT_EQ(process.run({kNow}, 1000).exit_code, 0) << "of the shell as well as of cat";
}

TEST(SimulatedProcess, OnATerminalIsTalkedTo) {
  SimulatedProcess process(world(), {"sh"}, true);
  const auto type = [&](const std::string& keys) {
    process.input(keys);
    std::string out;
    auto turn = process.run({kNow}, 1 << 20);
    for (const auto& piece : turn.pieces) out += piece.text;
    return out + (turn.exit_code ? "=" + std::to_string(*turn.exit_code) : "");
  };
  EXPECT_EQ(type(""), "/ # ");
  EXPECT_EQ(type("echo hx"), "echo hx");
  EXPECT_EQ(type("\177i\r"), "\b \bi\r\nhi\r\n/ # ");
  EXPECT_EQ(type("none\r"), "none\r\nsh: none: not found\r\n/ # ");
  EXPECT_EQ(type("sleep 100\r"), "sleep 100\r\n");
  EXPECT_EQ(type("\003"), "^C\r\n/ # ");
  EXPECT_EQ(type("cat\r"), "cat\r\n");
  EXPECT_EQ(type("ab\r"), "ab\r\nab\r\n");
  EXPECT_EQ(type("\004"), "/ # ");
  EXPECT_EQ(type("\033[Acd /data\r"), "cd /data\r\n/data # ");
  EXPECT_EQ(type("\004"), "=0");
  SimulatedProcess alone(world(), {"sleep", "100"}, true);
  alone.run({kNow}, 100);
  alone.input("\003");
  EXPECT_EQ(alone.run({kNow}, 100).exit_code, 130);
}

}  // namespace
}  // namespace kabuki::kubelet
