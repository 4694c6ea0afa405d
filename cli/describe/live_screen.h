// A terminal that shows one thing anew again and again, and is as it was before once it is over.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

namespace lifecycle::cli {

struct ScreenSize {
  std::size_t columns = 80;
  std::size_t rows = 24;
};

// Of the terminal behind standard output; asked each time, because a window changes its size.
[[nodiscard]] ScreenSize screen_size();

class LiveScreen {
 public:
  // Standard output is a terminal. Switches to its other screen, so that what was there comes back with the destructor.
  LiveScreen();
  ~LiveScreen();
  LiveScreen(const LiveScreen&) = delete;
  LiveScreen& operator=(const LiveScreen&) = delete;

  // Shows as much of the lines as there is room for. What is on the screen already is not written again.
  void draw(const std::vector<std::string>& lines);

 private:
  std::string shown_;
};

}  // namespace lifecycle::cli
