#include "actors/kubelet/exec/exec_outcome.hpp"

#include <gtest/gtest.h>

namespace kabuki::kubelet {
namespace {

TEST(ExecOutcome, IsReadLineByLine) {
  const auto read = parse_exec_outcomes(
      "redis-cli  ping => PONG\n\n"
      "pg_isready * => exit(2) after(1500ms) stderr no response\n"
      "two => first\\nsecond \\\\n\n"
      "silent =>\n"
      "later => the exit(3) is text");
  ASSERT_TRUE(read.ok()) << read.error().message;
  const std::vector<ExecOutcome> expected = {
      {.command = "redis-cli ping", .text = "PONG\n"},
      {.command = "pg_isready",
       .any_more = true,
       .exit_code = 2,
       .after_ns = 1'500'000'000,
       .to_stderr = true,
       .text = "no response\n"},
      {.command = "two", .text = "first\nsecond \\n\n"},
      {.command = "silent"},
      {.command = "later", .text = "the exit(3) is text\n"},
  };
  EXPECT_EQ(*read, expected);
}

TEST(ExecOutcome, IsRefusedWithTheLine) {
  for (const std::string line :
       {"redis-cli ping", "=> text", "a => exit(256)", "a => exit(x) b", "a => after(soon)"}) {
    const auto read = parse_exec_outcomes("fine => ok\n" + line);
    ASSERT_FALSE(read.ok()) << line;
    EXPECT_TRUE(read.error().message.starts_with("\"" + line + "\" is no outcome of a command"))
        << read.error().message;
  }
}

TEST(ExecOutcome, IsTheFirstThatFits) {
  const auto read = parse_exec_outcomes("a b => 1\na * => 2\na => 3\nb => 4");
  ASSERT_TRUE(read.ok());
  const auto text = [&](const std::vector<std::string>& command) {
    const ExecOutcome* found = find_outcome(*read, command);
    return found ? found->text : "none";
  };
  EXPECT_EQ(text({"a", "b"}), "1\n");
  EXPECT_EQ(text({"a", "b", "c"}), "2\n");
  EXPECT_EQ(text({"a"}), "2\n");
  EXPECT_EQ(text({"b"}), "4\n");
  EXPECT_EQ(text({"ab"}), "none");
}

}  // namespace
}  // namespace kabuki::kubelet
