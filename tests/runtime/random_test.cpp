#include "runtime/io/random.hpp"

#include <cmath>

namespace kabuki::io {
namespace {

TEST(Random, StreamsAreTheSameOnEveryMachine) {
  // First outputs of xoshiro256** seeded by splitmix64, computed with the authors' reference code.
  Random random(42);
  const std::vector<uint64_t> first{random.next(), random.next(), random.next(), random.next()};
  EXPECT_EQ(first, (std::vector<uint64_t>{1546998764402558742u, 6990951692964543102u, 12544586762248559009u,
                                          17057574109182124193u}));
}

TEST(Random, SplitsDependOnSeedAndNameAlone) {
  Random a(7), b(7);
  b.next();
  EXPECT_EQ(a.split("disk").next(), b.split("disk").next());
  EXPECT_NE(a.split("disk").next(), a.split("net").next());
  EXPECT_NE(a.split("disk").next(), Random(8).split("disk").next());
}

TEST(Random, StaysWithinBounds) {
  Random random(1);
  std::vector<int> seen(7);
  for (int i = 0; i < 7000; ++i) ++seen[random.below(7)];
  for (const int n : seen) EXPECT_NEAR(n, 1000, 150);
  EXPECT_EQ(random.below(0), 0u);
  EXPECT_EQ(random.below(1), 0u);
  for (int i = 0; i < 1000; ++i) {
    const auto n = random.between(-3, 3);
    EXPECT_TRUE(n >= -3 && n <= 3);
    const auto u = random.unit();
    EXPECT_TRUE(u >= 0 && u < 1);
  }
  EXPECT_EQ(random.between(5, 5), 5);
  (void)random.between(INT64_MIN, INT64_MAX);
}

TEST(Random, ExponentialHasItsMeanAndShape) {
  Random random(5);
  double sum = 0;
  int above = 0;
  for (int i = 0; i < 100'000; ++i) {
    const double x = random.exponential(3);
    ASSERT_GE(x, 0);
    sum += x;
    above += x > 3 ? 1 : 0;
  }
  EXPECT_NEAR(sum / 100'000, 3, 0.05);
  EXPECT_NEAR(above / 100'000.0, std::exp(-1.0), 0.01);
  Random one(9), same(9);
  EXPECT_NEAR(one.exponential(1), -std::log(1 - same.unit()), 1e-14);
}

TEST(Random, WritesUuidsAndSuffixes) {
  Random random(3);
  const std::string uuid = random.uuid();
  ASSERT_EQ(uuid.size(), 36u);
  EXPECT_EQ(uuid[14], '4');
  EXPECT_NE(std::string("89ab").find(uuid[19]), std::string::npos);
  EXPECT_EQ(uuid.find_first_not_of("0123456789abcdef-"), std::string::npos);
  const std::string suffix = random.suffix(500);
  EXPECT_EQ(suffix.find_first_not_of("bcdfghjklmnpqrstvwxz2456789"), std::string::npos);
  EXPECT_NE(random.uuid(), uuid);
}

}  // namespace
}  // namespace kabuki::io
