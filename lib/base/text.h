// Small text helpers that several layers need.
#pragma once

#include <string>
#include <string_view>

namespace lifecycle {

// The same text with every byte that is not part of valid UTF-8 replaced by U+FFFD: protobuf refuses to send anything else, and the refusal
// would hide the failure that the text was to report.
[[nodiscard]] std::string valid_utf8(std::string_view text);

// At most `bytes_max` bytes of it, cut at a character's boundary and marked with "..." when something was cut.
[[nodiscard]] std::string shortened(std::string_view text, std::size_t bytes_max);
// The same, with its end kept and its beginning cut.
[[nodiscard]] std::string shortened_to_end(std::string_view text, std::size_t bytes_max);

}  // namespace lifecycle
