#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "messages/result.hpp"

namespace kabuki::bench {

struct WriteFigures {
  double per_second = 0;
  double p50_ms = 0;
  double p99_ms = 0;
  double server_cpu_us = 0;  // a write
};
/// Of latencies in ns, which it sorts.
WriteFigures write_figures(std::vector<int64_t>* latencies, double seconds, double server_cpu_seconds);

/// One store in a process of its own, on one directory, asked by its own protocol over loopback.
class StoreDriver {
 public:
  virtual ~StoreDriver() = default;
  virtual std::string name() const = 0;
  /// Starts the process on what the directory holds; returns when a read has been answered.
  virtual Result<> start() = 0;
  /// kill -9.
  virtual void kill() = 0;
  virtual uint64_t resident_bytes() const = 0;

  /// Writes objects of 1 KB under new names, one by one, always so many in flight.
  virtual Result<WriteFigures> write(size_t in_flight, double seconds) = 0;
  /// As fast as it goes: `count` objects below `prefix`.
  virtual Result<> load(const std::string& prefix, size_t count) = 0;
  /// Lists what is below `prefix` in pages of 10,000; returns how many objects that were.
  virtual Result<size_t> list(const std::string& prefix) = 0;
  /// Watches everything `watchers` times and writes `events` objects below `prefix` meanwhile, 512 in flight; returns
  /// deliveries a second, from the first write to the last delivery.
  virtual Result<double> watch(size_t watchers, size_t events, const std::string& prefix) = 0;
};

/// 1,024 bytes that do not compress, of which the first few differ from call to call.
std::string value_of(uint64_t number);
inline constexpr size_t kPage = 10'000;

}  // namespace kabuki::bench
