// Commands that are printed can be typed into a shell as they are.
#pragma once

#include <string>

namespace lifecycle::cli {

// The text as one word of a shell: in quotes where it needs them.
[[nodiscard]] std::string shell_word(const std::string& text);

}  // namespace lifecycle::cli
