#include "cli/table.h"

#include <algorithm>
#include <utility>

namespace lifecycle::cli {
namespace {

struct Decoded {
  char32_t character;
  std::size_t bytes;
};

// The character that begins the text, which is not empty. Bytes that are not UTF-8 are a character each.
Decoded decode_first(std::string_view text) {
  const auto byte = [&](std::size_t i) { return i < text.size() ? static_cast<unsigned char>(text[i]) : 0U; };
  const unsigned first = byte(0);
  const std::size_t length = first >= 0xF0 ? 4 : first >= 0xE0 ? 3 : first >= 0xC0 ? 2 : 1;
  char32_t character = length == 1 ? first : first & (0xFFU >> (length + 1));
  for (std::size_t i = 1; i < length; ++i) {
    if ((byte(i) & 0xC0U) != 0x80U) {
      return {.character = first, .bytes = 1};
    }
    character = (character << 6U) | (byte(i) & 0x3FU);
  }
  return {.character = character, .bytes = length};
}

std::size_t columns_of(char32_t character) {
  const auto within = [&](char32_t first, char32_t last) { return character >= first && character <= last; };
  if (within(0x300, 0x36F) || within(0x200B, 0x200F) || within(0xFE00, 0xFE0F)) {
    return 0;  // put on the character before
  }
  const bool wide = within(0x1100, 0x115F) || within(0x2E80, 0xA4CF) || within(0xAC00, 0xD7A3) || within(0xF900, 0xFAFF) ||
                    within(0xFE30, 0xFE6F) || within(0xFF00, 0xFF60) || within(0x1F300, 0x1FAFF) || within(0x20000, 0x3FFFD);
  return wide ? 2 : 1;
}

}  // namespace

std::size_t display_width(std::string_view text) {
  std::size_t width = 0;
  while (!text.empty()) {
    if (text.starts_with("\033[")) {
      text.remove_prefix(std::min(text.find('m'), text.size() - 1) + 1);
      continue;
    }
    const Decoded next = decode_first(text);
    width += columns_of(next.character);
    text.remove_prefix(next.bytes);
  }
  return width;
}

std::string clipped(std::string_view text, std::size_t columns) {
  std::string out;
  std::size_t width = 0;
  bool colored = false;
  while (!text.empty()) {
    const bool is_color = text.starts_with("\033[");
    const Decoded next = decode_first(text);
    const std::size_t bytes = is_color ? std::min(text.find('m'), text.size() - 1) + 1 : next.bytes;
    if (!is_color && width + columns_of(next.character) > columns) {
      break;
    }
    width += is_color ? 0 : columns_of(next.character);
    colored = is_color ? !text.starts_with("\033[0m") : colored;
    out += text.substr(0, bytes);
    text.remove_prefix(bytes);
  }
  return colored ? out + "\033[0m" : out;
}

std::vector<std::string> aligned(const std::vector<Row>& rows) {
  std::vector<std::size_t> widths(rows.empty() ? 0 : rows.front().size());
  for (const Row& row : rows) {
    for (std::size_t column = 0; column < row.size(); ++column) {
      widths[column] = std::max(widths[column], display_width(row[column]));
    }
  }
  std::vector<std::string> lines;
  for (const Row& row : rows) {
    std::string line;
    for (std::size_t column = 0; column < row.size(); ++column) {
      line += row[column];
      line.append(widths[column] - display_width(row[column]) + 2, ' ');
    }
    line.erase(line.find_last_not_of(' ') + 1);
    lines.push_back(std::move(line));
  }
  return lines;
}

}  // namespace lifecycle::cli
