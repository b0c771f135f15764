#include "runtime/metrics.hpp"

namespace kabuki::runtime {
namespace {

TEST(Metrics, AreWrittenAsPrometheusReadsThem) {
  Metrics metrics;
  metrics.describe("requests_total", "Requests served.");
  metrics.counter("requests_total", {{"verb", "get"}, {"path", "a\"b"}}).add(3);
  metrics.counter("requests_total", {{"verb", "list"}}).add();
  metrics.gauge("pods").set(-2);
  auto& histogram = metrics.histogram("seconds", {{"of", "x"}}, {0.5, 2});
  histogram.observe(0.5);
  histogram.observe(1);
  histogram.observe(3);
  EXPECT_EQ(metrics.prometheus_text(),
            "# HELP requests_total Requests served.\n"
            "# TYPE requests_total counter\n"
            "requests_total{path=\"a\\\"b\",verb=\"get\"} 3\n"
            "requests_total{verb=\"list\"} 1\n"
            "# TYPE pods gauge\n"
            "pods -2\n"
            "# TYPE seconds histogram\n"
            "seconds_bucket{of=\"x\",le=\"0.5\"} 1\n"
            "seconds_bucket{of=\"x\",le=\"2\"} 2\n"
            "seconds_bucket{of=\"x\",le=\"+Inf\"} 3\n"
            "seconds_sum{of=\"x\"} 4.5\n"
            "seconds_count{of=\"x\"} 3\n");
}

TEST(Metrics, TheSameNameAndLabelsAreTheSameMetric) {
  Metrics metrics;
  EXPECT_EQ(&metrics.counter("a", {{"x", "1"}}), &metrics.counter("a", {{"x", "1"}}));
  EXPECT_NE(&metrics.counter("a", {{"x", "1"}}), &metrics.counter("a", {{"x", "2"}}));
}

}  // namespace
}  // namespace kabuki::runtime
