// kabuki_bench: the figures of tools/benchmarks/README.md.

#include <CLI/CLI.hpp>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <sys/utsname.h>
#include <thread>

#include "tools/benchmarks/https_load.hpp"
#include "tools/benchmarks/kabuki_driver.hpp"
#include "tools/benchmarks/micro.hpp"
#include "tools/benchmarks/store_beside_etcd.hpp"

namespace {

using namespace kabuki::bench;

void print_machine() {
  utsname system{};
  ::uname(&system);
  double load[1] = {0};
  (void)::getloadavg(load, 1);
  std::printf("machine: %u cores, %s %s, load %.1f\n", std::thread::hardware_concurrency(), system.sysname,
              system.release, load[0]);
}

[[noreturn]] void give_up(const kabuki::Error& error) {
  std::fprintf(stderr, "kabuki_bench: %s\n", error.message.c_str());
  std::exit(1);
}

void https(const HttpsLoadOptions& options) {
  print_machine();
  auto result = run_https_load(options);
  if (!result) give_up(result.error());
  const double seconds = result->seconds;
  std::printf("%s of ConfigMaps, %zu bytes as JSON, %zu connections, TLS with a client certificate%s\n",
              options.read ? "reads" : "creates", options.bytes, options.connections,
              options.read ? "" : "; durable if the cluster's store is rocksdb");
  std::printf("%.0f/s (%zu in %.1f s, %zu refused), p50 %.1f ms, p99 %.1f ms, names %s-N\n",
              static_cast<double>(result->done) / seconds, result->done, seconds, result->refused, result->p50_ms,
              result->p99_ms, result->run.c_str());
}

void json(double seconds) {
  print_machine();
  const JsonRates rates = measure_json(seconds);
  std::printf("a pod, %zu bytes as JSON, %zu as Protobuf; one thread\n", rates.json_bytes, rates.body_bytes);
  std::printf("message to JSON %.0f MB/s, JSON to message %.0f MB/s\n", rates.encode_mb_per_s, rates.decode_mb_per_s);
}

void store(const StoreBenchOptions& options) {
  print_machine();
  std::printf(
      "the store and etcd, a process each, asked over loopback without TLS; values of 1,024 bytes under new names, "
      "every write durable before it is answered; medians of %zu\n",
      options.rounds);
  if (auto done = run_store_bench(options); !done) give_up(done.error());
  print_machine();
}

void commits(std::string directory, double seconds) {
  print_machine();
  std::string made = directory + "/kabuki-bench-XXXXXX";
  if (!::mkdtemp(made.data())) give_up({.message = "cannot make a directory below " + directory});
  auto rates = measure_commits(made, seconds);
  std::filesystem::remove_all(made);
  if (!rates) give_up(rates.error());
  std::printf("durable commits (RocksDB, each batch synced) of pods of %zu bytes, one batch at a time\n",
              typical_pod(0)->size());
  for (const CommitRate& rate : *rates) std::printf("batch of %4zu: %.0f/s\n", rate.batch, rate.per_second);
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App app("Measures Kabuki; tools/benchmarks/README.md has the figures");
  app.require_subcommand(1);

  HttpsLoadOptions load;
  std::string pki;
  auto* https_command =
      app.add_subcommand("https", "Creates (or reads) per second over HTTPS, against a running cluster");
  https_command->add_option("--pki", pki, "The cluster's pki directory")->required()->check(CLI::ExistingDirectory);
  https_command->add_option("--port", load.port, "Of the API server")->capture_default_str();
  https_command->add_option("--connections", load.connections, "At once")->capture_default_str();
  https_command->add_option("--seconds", load.seconds, "How long")->capture_default_str();
  https_command->add_option("--bytes", load.bytes, "Of one object's JSON")->capture_default_str();
  https_command->add_flag("--read", load.read, "Read what --run created");
  https_command->add_option("--run", load.run, "Prefix of the objects' names");
  https_command->add_option("--names", load.names, "How many of them to read");
  https_command->callback([&] {
    load.authority = pki + "/ca.crt";
    load.certificate = pki + "/admin.crt";
    load.key = pki + "/admin.key";
    https(load);
  });

  double seconds = 2;
  auto* json_command = app.add_subcommand("json", "JSON MB/s");
  json_command->add_option("--seconds", seconds, "For each direction")->capture_default_str();
  json_command->callback([&] { json(seconds); });

  std::string directory = "/var/tmp";
  auto* commits_command = app.add_subcommand("commits", "Durable commits per second by size of the batch");
  commits_command->add_option("--directory", directory, "Where the databases go for the time")->capture_default_str();
  commits_command->add_option("--seconds", seconds, "For each size")->capture_default_str();
  commits_command->callback([&] { commits(directory, seconds); });

  StoreBenchOptions beside;
  auto* store_command = app.add_subcommand("store", "The store beside etcd: writes, lists, watches, memory, restart");
  store_command->add_option("--directory", beside.directory, "Where the data goes for the time")
      ->capture_default_str();
  store_command->add_option("--rounds", beside.rounds, "Of which the median is printed")->capture_default_str();
  store_command->add_option("--seconds", beside.seconds, "Of writing, each")->capture_default_str();
  store_command->add_option("--objects", beside.objects, "Of the restart")->capture_default_str();
  store_command->add_option("--parts", beside.parts, "What to measure")->capture_default_str();
  store_command->add_flag("!--no-etcd", beside.etcd, "Only the store");
  store_command->footer("Example:\n  tools/bench store --parts writes --seconds 10");
  store_command->callback([&] { store(beside); });

  StoreServerOptions server;
  auto* server_command = app.add_subcommand("store-server", "The store's process of `store`")->group("");
  server_command->add_option("--directory", server.directory)->required();
  server_command->add_option("--client", server.client)->required();
  server_command->add_option("--incarnation", server.incarnation)->required();
  server_command->callback([&] { std::exit(run_store_server(server)); });

  CLI11_PARSE(app, argc, argv);
}
