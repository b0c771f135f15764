#include "tools/unknown_subcommand.hpp"

#include <CLI/CLI.hpp>
#include <gtest/gtest.h>

#include "tools/say.hpp"

namespace kabuki::tools {
namespace {

/// What a program with `up` and `fault kill` says of a command line that it cannot parse.
std::string said_of(std::vector<std::string> words) {
  CLI::App app{"a program", "kabuki"};
  app.require_subcommand(1);
  app.failure_message(explain_command_line);
  int nodes = 0;
  app.add_subcommand("up", "Start")->add_option("--nodes", nodes);
  CLI::App* fault = app.add_subcommand("fault", "Break something");
  fault->require_subcommand(1);
  fault->add_subcommand("kill", "Kill one actor");
  std::ranges::reverse(words);
  try {
    app.parse(words);
  } catch (const CLI::ParseError& error) {
    std::ostringstream out, err;
    EXPECT_NE(app.exit(error, out, err), 0);
    return err.str();
  }
  return "";
}

constexpr const char* kTop = "  up     Start\n  fault  Break something\nRun with --help for more information.\n";

TEST(UnknownSubcommand, IsNamedTogetherWithThoseThatThereAre) {
  EXPECT_EQ(said_of({"dance"}), std::string("kabuki has no subcommand \"dance\"; there are:\n") + kTop);
  EXPECT_EQ(said_of({"--fast", "dance", "now"}),
            std::string("kabuki has no subcommand \"dance\"; there are:\n") + kTop);
  EXPECT_EQ(said_of({"fault", "dance"}),
            "kabuki fault has no subcommand \"dance\"; there are:\n"
            "  kill  Kill one actor\nRun with --help for more information.\n");
}

TEST(UnknownSubcommand, MissingIsAnsweredByThoseThatThereAre) {
  EXPECT_EQ(said_of({}), std::string("kabuki needs a subcommand; there are:\n") + kTop);
}

TEST(UnknownSubcommand, LeavesOtherMistakesToTheParser) {
  EXPECT_EQ(said_of({"up", "--nodes"}), "--nodes: 1 required INT missing\nRun with --help for more information.\n");
  EXPECT_EQ(said_of({"up", "--nodes", "3"}), "");
}

TEST(Counted, IsOneOrMany) {
  EXPECT_EQ(counted(1, "node"), "1 node");
  EXPECT_EQ(counted(0, "node"), "0 nodes");
  EXPECT_EQ(counted(3, "node"), "3 nodes");
}

}  // namespace
}  // namespace kabuki::tools
