// A token, password or key: it is wiped when it goes, and nothing prints it by accident.
#pragma once

#include <cstring>
#include <string>
#include <utility>

namespace lifecycle::kubernetes {

class Secret {
 public:
  Secret() = default;
  explicit Secret(std::string text) noexcept { take(text); }
  Secret(const Secret&) = default;
  Secret(Secret&& other) noexcept { take(other.text_); }
  Secret& operator=(const Secret& other) {
    if (this != &other) {
      wipe(text_);
      text_ = other.text_;
    }
    return *this;
  }
  Secret& operator=(Secret&& other) noexcept {
    if (this != &other) {
      take(other.text_);
    }
    return *this;
  }
  ~Secret() { wipe(text_); }

  [[nodiscard]] bool empty() const { return text_.empty(); }
  [[nodiscard]] const std::string& reveal() const { return text_; }
  bool operator==(const Secret&) const = default;

 private:
  void take(std::string& text) {
    text_.swap(text);
    wipe(text);
  }

  static void wipe(std::string& text) {
    // Its whole capacity: short strings stay where they were when they are swapped.
    text.resize(text.capacity());
    ::explicit_bzero(text.data(), text.size());
    text.clear();
  }

  std::string text_;
};

}  // namespace lifecycle::kubernetes
