#include "runtime/metrics.hpp"

#include <algorithm>
#include <cmath>
#include <cstdio>

namespace kabuki::runtime {
namespace {

std::string number(double value) {
  if (std::isinf(value)) return value > 0 ? "+Inf" : "-Inf";
  char buffer[32];
  std::snprintf(buffer, sizeof buffer, "%.10g", value);
  return buffer;
}

std::string escaped(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (c == '\\' || c == '"') out += '\\';
    if (c == '\n') {
      out += "\\n";
    } else {
      out += c;
    }
  }
  return out;
}

std::string braces(const Metrics::Labels& labels, std::string_view bound = {}) {
  std::string out;
  for (const auto& [key, value] : labels) out += (out.empty() ? "" : ",") + key + "=\"" + escaped(value) + "\"";
  if (!bound.empty()) out += (out.empty() ? "le=\"" : ",le=\"") + std::string(bound) + "\"";
  return out.empty() ? out : "{" + out + "}";
}

void head(std::string* out, const std::map<std::string, std::string>& help, const std::string& name,
          std::string_view type) {
  if (auto found = help.find(name); found != help.end()) *out += "# HELP " + name + " " + found->second + "\n";
  *out += "# TYPE " + name + " " + std::string(type) + "\n";
}

}  // namespace

Histogram::Histogram(std::vector<double> bounds)
    : bounds_(std::move(bounds)), counts_(new std::atomic<uint64_t>[bounds_.size() + 1]) {
  for (size_t i = 0; i <= bounds_.size(); ++i) counts_[i] = 0;
}

void Histogram::observe(double value) {
  const auto bucket = std::lower_bound(bounds_.begin(), bounds_.end(), value) - bounds_.begin();
  counts_[bucket].fetch_add(1, std::memory_order_relaxed);
  sum_.fetch_add(static_cast<int64_t>(std::llround(value * 1e6)), std::memory_order_relaxed);
}

uint64_t Histogram::cumulative(size_t i) const {
  uint64_t total = 0;
  for (size_t bucket = 0; bucket <= i; ++bucket) total += counts_[bucket].load(std::memory_order_relaxed);
  return total;
}

std::vector<double> duration_buckets() {
  return {0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60};
}

Counter& Metrics::counter(const std::string& name, const Labels& labels) {
  std::lock_guard lock(mutex_);
  auto& slot = counters_[name][labels];
  if (!slot) slot = std::make_unique<Counter>();
  return *slot;
}

Gauge& Metrics::gauge(const std::string& name, const Labels& labels) {
  std::lock_guard lock(mutex_);
  auto& slot = gauges_[name][labels];
  if (!slot) slot = std::make_unique<Gauge>();
  return *slot;
}

Histogram& Metrics::histogram(const std::string& name, const Labels& labels, std::vector<double> bounds) {
  std::lock_guard lock(mutex_);
  auto& slot = histograms_[name][labels];
  if (!slot) slot = std::make_unique<Histogram>(std::move(bounds));
  return *slot;
}

void Metrics::describe(const std::string& name, const std::string& help) {
  std::lock_guard lock(mutex_);
  help_[name] = help;
}

std::string Metrics::prometheus_text() const {
  std::lock_guard lock(mutex_);
  std::string out;
  for (const auto& [name, family] : counters_) {
    head(&out, help_, name, "counter");
    for (const auto& [labels, counter] : family)
      out += name + braces(labels) + " " + std::to_string(counter->value()) + "\n";
  }
  for (const auto& [name, family] : gauges_) {
    head(&out, help_, name, "gauge");
    for (const auto& [labels, gauge] : family)
      out += name + braces(labels) + " " + std::to_string(gauge->value()) + "\n";
  }
  for (const auto& [name, family] : histograms_) {
    head(&out, help_, name, "histogram");
    for (const auto& [labels, histogram] : family) {
      const auto& bounds = histogram->bounds();
      for (size_t i = 0; i < bounds.size(); ++i)
        out += name + "_bucket" + braces(labels, number(bounds[i])) + " " + std::to_string(histogram->cumulative(i)) +
               "\n";
      const std::string all = std::to_string(histogram->cumulative(bounds.size()));
      out += name + "_bucket" + braces(labels, "+Inf") + " " + all + "\n";
      out += name + "_sum" + braces(labels) + " " + number(histogram->sum()) + "\n";
      out += name + "_count" + braces(labels) + " " + all + "\n";
    }
  }
  return out;
}

}  // namespace kabuki::runtime
