#include "actors/membership/api_server_choice.hpp"

#include <gtest/gtest.h>
#include <map>

namespace kabuki::membership {
namespace {

bus::Members members(const std::map<std::string, bool>& masters) {
  bus::Members all;
  for (const auto& [name, up] : masters) {
    auto* host = all.add_hosts();
    host->set_name(name);
    host->set_up(up);
    host->set_control_plane(true);
  }
  auto* worker = all.add_hosts();
  worker->set_name("host-9");
  worker->set_up(true);
  return all;
}

std::map<std::string, std::string> choices(const bus::Members& all, const std::set<std::string>& silent = {}) {
  std::map<std::string, std::string> chosen;
  for (int i = 10; i < 70; ++i) {
    const std::string host = "host-" + std::to_string(i);
    chosen[host] = choose_api_server(host, all, silent);
  }
  return chosen;
}

TEST(ApiServerChoice, SpreadsHostsAndNeverTakesAWorker) {
  std::map<std::string, int> count;
  for (const auto& [host, chosen] : choices(members({{"host-1", true}, {"host-2", true}, {"host-3", true}}))) {
    ++count[chosen];
  }
  EXPECT_EQ(count.size(), 3u);
  for (const auto& [chosen, hosts] : count) EXPECT_GT(hosts, 10) << chosen;
}

TEST(ApiServerChoice, OnlyHostsOfTheOneThatIsGoneMove) {
  const auto all = members({{"host-1", true}, {"host-2", true}, {"host-3", true}});
  const auto before = choices(all);
  for (const auto& [host, chosen] : choices(all, {"host-2"})) {
    EXPECT_NE(chosen, "host-2");
    if (before.at(host) != "host-2") {
      EXPECT_EQ(chosen, before.at(host));
    }
  }
  EXPECT_EQ(choices(members({{"host-1", true}, {"host-2", false}, {"host-3", true}})), choices(all, {"host-2"}));
}

TEST(ApiServerChoice, WhatItHearsItselfCountsMoreThanWhatItIsTold) {
  EXPECT_EQ(choose_api_server("host-10", members({{"host-1", true}, {"host-2", false}}), {"host-1"}), "host-2");
  EXPECT_EQ(choose_api_server("host-10", members({{"host-1", false}}), {"host-1"}), "host-1") << "better than none";
  EXPECT_EQ(choose_api_server("host-10", members({}), {}), "");
}

}  // namespace
}  // namespace kabuki::membership
