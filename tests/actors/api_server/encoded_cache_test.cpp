#include "actors/api_server/encoded_cache.hpp"

#include <atomic>
#include <gtest/gtest.h>
#include <latch>
#include <thread>
#include <vector>

namespace kabuki::api_server {
namespace {

TEST(EncodedCache, TellsObjectsOfOneRevisionApart) {
  EncodedCache cache;
  EncodedCache::EventKey key{kinds::kPod, 7, 0, {}};
  int encoded = 0;
  auto get = [&](const std::string& name) {
    return *cache.get(key, name, [&] {
      ++encoded;
      return "of " + name;
    });
  };
  EXPECT_EQ(get("d/a"), "of d/a");
  EXPECT_EQ(get("d/b"), "of d/b");
  EXPECT_EQ(get("d/a"), "of d/a");
  EXPECT_EQ(encoded, 2);
}

TEST(EncodedCache, EncodesAnEventOnceForAllThreads) {
  EncodedCache cache;
  constexpr uint64_t kEvents = 500;
  constexpr size_t kThreads = 4;
  std::atomic<int> encoded = 0;
  std::latch begin(kThreads);
  std::vector<std::vector<http::Chunk>> got(kThreads);
  std::vector<std::thread> threads;
  for (auto& chunks : got) {
    threads.emplace_back([&] {
      begin.arrive_and_wait();
      for (uint64_t revision = 0; revision < kEvents; ++revision) {
        chunks.push_back(cache.get({kinds::kPod, revision, 0, {}}, "d/a", [&] {
          ++encoded;
          return std::to_string(revision);
        }));
      }
    });
  }
  for (auto& thread : threads) thread.join();
  EXPECT_EQ(encoded, kEvents);
  for (const auto& chunks : got) EXPECT_EQ(chunks, got.front());
}

TEST(EncodedCache, KeepsSoManyAndNoMore) {
  EncodedCache cache;
  int encoded = 0;
  const auto ask = [&](uint64_t revision) {
    cache.get({kinds::kPod, revision, 0, {}}, "d/a", [&] {
      ++encoded;
      return std::string();
    });
  };
  for (uint64_t revision = 0; revision <= kEncodedCacheSize; ++revision) ask(revision);
  EXPECT_EQ(encoded, kEncodedCacheSize + 1);
  ask(kEncodedCacheSize);  // still there
  EXPECT_EQ(encoded, kEncodedCacheSize + 1);
  ask(0);  // made room for it
  EXPECT_EQ(encoded, kEncodedCacheSize + 2);
}

}  // namespace
}  // namespace kabuki::api_server
