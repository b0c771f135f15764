// kabuki_bench: the figures of tools/benchmarks/README.md.

#include <CLI/CLI.hpp>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <sys/utsname.h>
#include <thread>

#include "tools/benchmarks/https_load.hpp"
#include "tools/benchmarks/micro.hpp"

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

void store(std::string directory, double seconds) {
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
  auto* store_command = app.add_subcommand("store", "Durable commits per second by size of the batch");
  store_command->add_option("--directory", directory, "Where the databases go for the time")->capture_default_str();
  store_command->add_option("--seconds", seconds, "For each size")->capture_default_str();
  store_command->callback([&] { store(directory, seconds); });

  CLI11_PARSE(app, argc, argv);
}
