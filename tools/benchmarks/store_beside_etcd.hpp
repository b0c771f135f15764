#pragma once

#include <string>

#include "messages/result.hpp"

namespace kabuki::bench {

struct StoreBenchOptions {
  std::string directory = "/var/tmp";  // where the data goes for the time: it decides which disk is measured
  size_t rounds = 3;                   // of each figure the median is printed
  double seconds = 3;                  // of writing, each
  size_t objects = 1'000'000;          // of the restart
  bool etcd = true;
  std::string parts = "writes,lists,watches,restart";
};

/// Measures the store and etcd one after the other, in rounds, on the same disk and equally durable, and prints one
/// table: figures, ratios, what the disk can do, the machine's load.
Result<> run_store_bench(const StoreBenchOptions& options);

}  // namespace kabuki::bench
