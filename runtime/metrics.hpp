#pragma once

#include <atomic>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

namespace kabuki::runtime {

/// Only grows. Wait-free.
class Counter {
 public:
  void add(uint64_t n = 1) { value_.fetch_add(n, std::memory_order_relaxed); }
  uint64_t value() const { return value_.load(std::memory_order_relaxed); }

 private:
  std::atomic<uint64_t> value_{0};
};

/// Goes up and down. Wait-free.
class Gauge {
 public:
  void set(int64_t value) { value_.store(value, std::memory_order_relaxed); }
  void add(int64_t n) { value_.fetch_add(n, std::memory_order_relaxed); }
  int64_t value() const { return value_.load(std::memory_order_relaxed); }

 private:
  std::atomic<int64_t> value_{0};
};

/// Counts observations by fixed upper bounds. Wait-free; the sum is kept in millionths.
class Histogram {
 public:
  explicit Histogram(std::vector<double> bounds);
  void observe(double value);

  const std::vector<double>& bounds() const { return bounds_; }
  /// Observations up to bound `i`, all of them for i == bounds().size().
  uint64_t cumulative(size_t i) const;
  double sum() const { return static_cast<double>(sum_.load(std::memory_order_relaxed)) / 1e6; }

 private:
  const std::vector<double> bounds_;
  std::unique_ptr<std::atomic<uint64_t>[]> counts_;
  std::atomic<int64_t> sum_{0};
};

/// The usual bounds of durations, in seconds: 0.5 ms to 60 s.
std::vector<double> duration_buckets();

/// Every metric of a host by name and labels, made on first use. What is returned lives as long as this does: keep
/// the reference, finding it again takes a lock. Thread-safe.
class Metrics {
 public:
  using Labels = std::map<std::string, std::string>;

  Counter& counter(const std::string& name, const Labels& labels = {});
  Gauge& gauge(const std::string& name, const Labels& labels = {});
  /// `bounds` counts at the first use of these labels.
  Histogram& histogram(const std::string& name, const Labels& labels = {},
                       std::vector<double> bounds = duration_buckets());
  /// Says what a metric is, for the HELP line.
  void describe(const std::string& name, const std::string& help);

  /// In Prometheus' text format, version 0.0.4, ordered by name and labels.
  std::string prometheus_text() const;

 private:
  template <class T>
  using Family = std::map<std::string, std::map<Labels, std::unique_ptr<T>>>;

  mutable std::mutex mutex_;
  Family<Counter> counters_;
  Family<Gauge> gauges_;
  Family<Histogram> histograms_;
  std::map<std::string, std::string> help_;
};

}  // namespace kabuki::runtime
