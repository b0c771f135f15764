#include "tools/unknown_subcommand.hpp"

#include <CLI/CLI.hpp>
#include <algorithm>

namespace kabuki::tools {

std::string explain_command_line(const CLI::App* app, const CLI::Error& error) {
  const CLI::App* at = app;
  std::string command = app->get_name();
  while (!at->get_subcommands().empty()) {
    at = at->get_subcommands().front();
    command += " " + at->get_name();
  }
  const auto all = at->get_subcommands([](const CLI::App*) { return true; });
  const bool of_subcommands = error.get_name() == "RequiredError" || error.get_name() == "ExtrasError";
  if (all.empty() || !of_subcommands) return CLI::FailureMessage::simple(app, error);

  const auto words = at->remaining();
  const auto unknown = std::ranges::find_if(words, [](const std::string& word) { return !word.starts_with('-'); });
  std::string out =
      unknown == words.end() ? command + " needs a subcommand" : command + " has no subcommand \"" + *unknown + "\"";
  out += "; there are:\n";
  size_t widest = 0;
  for (const CLI::App* one : all) widest = std::max(widest, one->get_name().size());
  for (const CLI::App* one : all) {
    out += "  " + one->get_name() + std::string(widest + 2 - one->get_name().size(), ' ') + one->get_description() +
           "\n";
  }
  return out + "Run with --help for more information.\n";
}

}  // namespace kabuki::tools
