#include <CLI/CLI.hpp>
#include <memory>

#include "runtime/io/live_clock.hpp"
#include "runtime/io/live_timers.hpp"
#include "tools/commands/commands.hpp"
#include "tools/etcd_engines.hpp"
#include "tools/say.hpp"

namespace kabuki::tools {

void add_store_make_room(CLI::App& store) {
  auto choice = std::make_shared<EngineChoice>();
  CLI::App* command = store.add_subcommand("make-room", "Let an etcd take writes again that is over its quota");
  add_etcd_options(command, choice.get());
  command->footer(
      "Forgets old versions, has each member give its free space back, and clears the alarm. Every member must be "
      "named.\nExample:\n  kabuki store make-room --etcd http://10.0.0.1:2379,http://10.0.0.2:2379");
  command->callback([choice] {
    static io::LiveClock clock;
    static io::LiveTimers timers(clock);
    choice->clock = &clock;
    choice->timers = &timers;
    auto options = etcd_options(*choice);
    if (!options) give_up("store make-room", options.error());
    auto done = store::make_room(*options);
    if (!done) give_up("store make-room", done.error());
    say("etcd: " + *done + ".");
  });
}

}  // namespace kabuki::tools
