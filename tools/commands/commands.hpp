#pragma once

namespace CLI {
class App;
}

namespace kabuki::tools {

// Each adds one subcommand with its options, help and example; the subcommand's callback exits the program with its
// status by throwing CLI::RuntimeError.
void add_up(CLI::App& app);
void add_down(CLI::App& app);
void add_status(CLI::App& app);
void add_host(CLI::App& app);
void add_fault(CLI::App& app);
void add_net(CLI::App& app);
void add_sim(CLI::App& app);
void add_scale(CLI::App& app);
void add_snapshot(CLI::App& app);
void add_store(CLI::App& app);
/// A subcommand of store's.
void add_store_make_room(CLI::App& store);
void add_store_replace(CLI::App& store);

}  // namespace kabuki::tools
