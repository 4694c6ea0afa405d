// The known word that a mistyped one was probably meant to be.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace lifecycle::cli {

// The candidate with the fewest edits (insert, delete, replace, swap two neighbours), if they are at most a third of the word's length,
// rounded up; the first one of equals.
[[nodiscard]] std::optional<std::string> did_you_mean(std::string_view word, std::span<const std::string> candidates);

}  // namespace lifecycle::cli
