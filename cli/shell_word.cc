#include "cli/shell_word.h"

#include <algorithm>
#include <cctype>
#include <string_view>

namespace lifecycle::cli {
namespace {

bool is_plain(char character) {
  return std::isalnum(static_cast<unsigned char>(character)) != 0 || std::string_view("-_.:/@=+,").contains(character);
}

}  // namespace

std::string shell_word(const std::string& text) {
  if (!text.empty() && std::ranges::all_of(text, is_plain)) {
    return text;
  }
  std::string word = "'";
  for (const char character : text) {
    word += character == '\'' ? "'\\''" : std::string(1, character);
  }
  return word + "'";
}

}  // namespace lifecycle::cli
