#include "cli/describe/live_screen.h"

#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <string_view>
#include <utility>

#include "cli/table.h"

namespace lifecycle::cli {
namespace {

constexpr std::string_view kEnter = "\033[?1049h\033[?25l";  // the other screen, no cursor
constexpr std::string_view kLeave = "\033[?25h\033[?1049l";
constexpr std::string_view kHome = "\033[H";
constexpr std::string_view kEraseRestOfLine = "\033[K";
constexpr std::string_view kEraseRestOfScreen = "\033[J";

void write_all(std::string_view text) {
  while (!text.empty()) {
    const ssize_t written = ::write(STDOUT_FILENO, text.data(), text.size());
    if (written >= 0) {
      text.remove_prefix(static_cast<std::size_t>(written));
    } else if (errno != EINTR && errno != EAGAIN) {
      return;  // the terminal is gone, and a signal says so
    }
  }
}

}  // namespace

ScreenSize screen_size() {
  winsize size{};
  if (::ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) != 0 || size.ws_col == 0 || size.ws_row == 0) {
    return {};
  }
  return {.columns = size.ws_col, .rows = size.ws_row};
}

LiveScreen::LiveScreen() { write_all(kEnter); }

LiveScreen::~LiveScreen() { write_all(kLeave); }

void LiveScreen::draw(const std::vector<std::string>& lines) {
  const ScreenSize size = screen_size();
  std::string frame(kHome);
  for (std::size_t i = 0; i < std::min(lines.size(), size.rows); ++i) {
    frame += i == 0 ? "" : "\r\n";
    frame += clipped(lines[i], size.columns - 1);
    frame += kEraseRestOfLine;
  }
  frame += kEraseRestOfScreen;
  if (frame != shown_) {
    write_all(frame);
    shown_ = std::move(frame);
  }
}

}  // namespace lifecycle::cli
