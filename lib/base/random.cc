#include "base/random.h"

#include <sys/random.h>

#include "base/check.h"

namespace lifecycle {

std::string uuid_from(RandomStream& stream) {
  std::array<std::uint64_t, 2> words{stream.next(), stream.next()};
  words[0] = (words[0] & 0xffffffffffff0fffULL) | 0x4000ULL;              // version 4
  words[1] = (words[1] & 0x3fffffffffffffffULL) | 0x8000000000000000ULL;  // variant 1
  constexpr std::string_view kHex = "0123456789abcdef";
  std::string text;
  text.reserve(36);
  for (std::size_t nibble = 0; nibble < 32; ++nibble) {
    if (nibble == 8 || nibble == 12 || nibble == 16 || nibble == 20) {
      text += '-';
    }
    text += kHex[(words[nibble / 16] >> (60 - 4 * (nibble % 16))) & 0xfU];
  }
  return text;
}

RandomStream entropy_stream() {
  std::uint64_t seed = 0;
  check(getrandom(&seed, sizeof seed, 0) == sizeof seed, "the operating system gave no random bytes");
  return RandomStream(seed);
}

}  // namespace lifecycle
