#pragma once

#include <string>

namespace CLI {
class App;
class Error;
}  // namespace CLI

namespace kabuki::tools {

/// What is said of a command line that cannot be parsed: where a subcommand is missing or unknown, the word and the
/// subcommands that there are; else CLI11's own message. To be given to CLI::App::failure_message.
std::string explain_command_line(const CLI::App* app, const CLI::Error& error);

}  // namespace kabuki::tools
