#include "base/random.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <set>
#include <string>

namespace lifecycle {
namespace {

// From the authors' C code (splitmix64.c) with the seed 1234567.
TEST(RandomStream, IsSplitMix64) {
  RandomStream stream(1234567);
  for (const std::uint64_t expected :
       {6457827717110365317ULL, 3203168211198807973ULL, 9817491932198370423ULL, 4593380528125082431ULL, 16408922859458223821ULL}) {
    EXPECT_EQ(stream.next(), expected);
  }
}

TEST(RandomStream, RepeatsItselfForTheSameSeed) {
  RandomStream one(stable_hash("run"));
  RandomStream two(stable_hash("run"));
  for (int i = 0; i < 100; ++i) {
    EXPECT_EQ(one.next(), two.next());
  }
}

// The published FNV-1a test vectors: a change would break the replay of running workflows.
TEST(StableHash, IsFnv1a) {
  EXPECT_EQ(stable_hash(""), 0xcbf29ce484222325ULL);
  EXPECT_EQ(stable_hash("a"), 0xaf63dc4c8601ec8cULL);
  EXPECT_EQ(stable_hash("foobar"), 0x85944171f73967e8ULL);
}

TEST(RandomStreamBelow, StaysBelowItsBound) {
  RandomStream stream(1);
  for (const std::uint64_t bound : {1UL, 2UL, 3UL, 1000UL, 1UL << 63U, (1UL << 63U) + 1, UINT64_MAX}) {
    for (int i = 0; i < 1000; ++i) {
      EXPECT_LT(stream.below(bound), bound);
    }
  }
}

// The bound is chosen so that a remainder without rejection would give the lower third twice as often.
TEST(RandomStreamBelow, IsUniformForBoundsThatDoNotDivideTheRange) {
  constexpr std::uint64_t kThird = 1ULL << 62U;
  constexpr int kDraws = 60'000;
  RandomStream stream(42);
  std::array<int, 3> drawn{};
  for (int i = 0; i < kDraws; ++i) {
    ++drawn[stream.below(3 * kThird) / kThird];
  }
  for (const int count : drawn) {
    EXPECT_NEAR(count, kDraws / 3, 600);  // over five standard deviations, and the seed is fixed
  }
}

TEST(RandomStreamUnit, IsAtLeastZeroAndLessThanOne) {
  RandomStream stream(7);
  double sum = 0;
  for (int i = 0; i < 10'000; ++i) {
    const double value = stream.unit();
    ASSERT_GE(value, 0.0);
    ASSERT_LT(value, 1.0);
    sum += value;
  }
  EXPECT_NEAR(sum / 10'000, 0.5, 0.02);
}

TEST(UuidFrom, HasTheFormOfVersionFour) {
  RandomStream stream(3);
  std::set<std::string> seen;
  for (int i = 0; i < 1000; ++i) {
    const std::string uuid = uuid_from(stream);
    EXPECT_THAT(uuid, testing::MatchesRegex("[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}"));
    EXPECT_TRUE(seen.insert(uuid).second) << uuid;
  }
}

TEST(EntropyStream, DiffersEachTime) { EXPECT_NE(entropy_stream().next(), entropy_stream().next()); }

}  // namespace
}  // namespace lifecycle
