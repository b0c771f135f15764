#include "tools/benchmarks/store_driver.hpp"

#include <algorithm>
#include <cstring>

#include "runtime/io/random.hpp"

namespace kabuki::bench {

WriteFigures write_figures(std::vector<int64_t>* latencies, double seconds, double server_cpu_seconds) {
  if (latencies->empty()) return {};
  std::sort(latencies->begin(), latencies->end());
  const auto at = [&](size_t hundredths) {
    return static_cast<double>((*latencies)[(latencies->size() - 1) * hundredths / 100]) * 1e-6;
  };
  const auto count = static_cast<double>(latencies->size());
  return {count / seconds, at(50), at(99), server_cpu_seconds / count * 1e6};
}

std::string value_of(uint64_t number) {
  static const std::string kNoise = [] {
    io::Random random(1);
    std::string bytes;
    while (bytes.size() < 1024) bytes += static_cast<char>(random.below(256));
    return bytes;
  }();
  std::string value = kNoise;
  std::memcpy(value.data(), &number, sizeof number);
  return value;
}

}  // namespace kabuki::bench
