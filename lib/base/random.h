// Randomness that can be given a seed: workflows draw from a stream seeded by their run id, everything else from the operating system.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

namespace lifecycle {

// A seed from a text that is the same on every machine and in every version: FNV-1a. Changing it breaks the replay of running workflows.
[[nodiscard]] constexpr std::uint64_t stable_hash(std::string_view text) {
  std::uint64_t hash = 0xcbf29ce484222325ULL;
  for (const char byte : text) {
    hash = (hash ^ static_cast<std::uint8_t>(byte)) * 0x100000001b3ULL;
  }
  return hash;
}

// SplitMix64 (Steele, Lea, Flood 2014): one word of state, so that a cached run stays small. Not for secrets.
class RandomStream {
 public:
  explicit constexpr RandomStream(std::uint64_t seed) : state_(seed) {}

  constexpr std::uint64_t next() {
    std::uint64_t z = (state_ += 0x9e3779b97f4a7c15ULL);
    z = (z ^ (z >> 30U)) * 0xbf58476d1ce4e5b9ULL;
    z = (z ^ (z >> 27U)) * 0x94d049bb133111ebULL;
    return z ^ (z >> 31U);
  }

  // Uniform in [0, bound); bound is at least 1. Rejection, because std::uniform_int_distribution differs between libraries.
  constexpr std::uint64_t below(std::uint64_t bound) {
    const std::uint64_t limit = UINT64_MAX - UINT64_MAX % bound;
    std::uint64_t value = next();
    while (value >= limit) {
      value = next();
    }
    return value % bound;
  }

  // Uniform in [0, 1).
  constexpr double unit() { return static_cast<double>(next() >> 11U) * 0x1.0p-53; }

 private:
  std::uint64_t state_;
};

// A version 4 UUID drawn from `stream`, in lower-case hexadecimal.
[[nodiscard]] std::string uuid_from(RandomStream& stream);

// A stream seeded by the operating system's entropy.
[[nodiscard]] RandomStream entropy_stream();

}  // namespace lifecycle
