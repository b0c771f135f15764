#include "actors/api_server/health.hpp"

#include <gtest/gtest.h>

namespace kabuki::api_server {
namespace {

using Query = std::vector<std::pair<std::string, std::string>>;

TEST(Health, EndpointsAreKnownByTheirPaths) {
  EXPECT_EQ(health_endpoint("/livez"), "livez");
  EXPECT_EQ(health_endpoint("/readyz/store/pods"), "readyz");
  EXPECT_EQ(health_endpoint("/healthz/"), "healthz");
  EXPECT_EQ(health_endpoint("/livezone"), "");
  EXPECT_EQ(health_endpoint("/apis"), "");
  EXPECT_EQ(health_endpoint(""), "");
}

TEST(Health, TellsWhatWasAskedAndNoMore) {
  const HealthChecks good = {{"ping", ""}, {"store/pods", ""}};
  const HealthChecks bad = {{"ping", ""}, {"store/pods", "no answer"}};
  const struct {
    const HealthChecks& checks;
    std::string path;
    Query query;
    int status;
    std::string body;
  } rows[] = {
      {good, "/readyz", {}, 200, "ok"},
      {good, "/readyz", {{"verbose", ""}}, 200, "[+]ping ok\n[+]store/pods ok\nreadyz check passed\n"},
      {bad, "/readyz", {}, 500, "[+]ping ok\n[-]store/pods failed: no answer\nreadyz check failed\n"},
      {bad, "/readyz", {{"exclude", "store/pods"}}, 200, "ok"},
      {bad,
       "/livez",
       {{"exclude", "store/pods"}, {"verbose", ""}},
       200,
       "[+]ping ok\n[+]store/pods excluded: ok\nlivez check passed\n"},
      {good,
       "/healthz",
       {{"exclude", "moon"}, {"exclude", "mars"}, {"verbose", ""}},
       200,
       "[+]ping ok\n[+]store/pods ok\nwarn: some health checks cannot be excluded: no matches for \"mars\", "
       "\"moon\"\nhealthz check passed\n"},
      {bad, "/readyz/ping", {}, 200, "ok"},
      {bad, "/readyz/store/pods", {}, 500, "internal server error: no answer\n"},
  };
  for (const auto& row : rows) {
    http::Request request;
    request.path = row.path;
    request.query = row.query;
    const auto response = health_response(request, row.checks);
    ASSERT_TRUE(response) << row.path;
    EXPECT_EQ(response->status, row.status) << row.path;
    EXPECT_EQ(response->body, row.body);
  }
  http::Request request;
  request.path = "/readyz/nobody";
  EXPECT_FALSE(health_response(request, good));
}

}  // namespace
}  // namespace kabuki::api_server
