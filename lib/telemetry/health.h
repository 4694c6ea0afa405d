// Whether a worker may be called healthy, as other threads and orchestrators ask it: published by the worker, read by anybody.
#pragma once

#include <array>
#include <cstdint>
#include <mutex>
#include <string>
#include <string_view>

namespace lifecycle {

enum class HealthService : std::uint8_t {
  kStartup,  // the server was reached once and knows the namespace; stays true
  kReady,    // polls are accepted now
  kLive,     // the process itself moves, whatever the server does
};
inline constexpr std::array kHealthServices{HealthService::kStartup, HealthService::kReady, HealthService::kLive};

// "startup", "ready", "live": the names under which the health service is asked.
[[nodiscard]] constexpr std::string_view name_of(HealthService service) {
  constexpr std::array<std::string_view, kHealthServices.size()> kNames{"startup", "ready", "live"};
  return kNames.at(static_cast<std::size_t>(service));
}

struct HealthAnswer {
  bool serving = false;
  std::string reason;  // why not; empty when serving

  friend bool operator==(const HealthAnswer&, const HealthAnswer&) = default;
};

// Thread-safe. Not started and not ready, but live, until somebody says otherwise.
class Health {
 public:
  [[nodiscard]] HealthAnswer get(HealthService service) const {
    const std::scoped_lock lock(mutex_);
    return answers_.at(static_cast<std::size_t>(service));
  }
  // Returns whether this is news.
  bool set(HealthService service, HealthAnswer answer) {
    const std::scoped_lock lock(mutex_);
    HealthAnswer& current = answers_.at(static_cast<std::size_t>(service));
    const bool is_news = current != answer;
    current = std::move(answer);
    return is_news;
  }

 private:
  mutable std::mutex mutex_;
  std::array<HealthAnswer, kHealthServices.size()> answers_{HealthAnswer{.serving = false, .reason = "the server was not reached yet"},
                                                            HealthAnswer{.serving = false, .reason = "no poll was accepted yet"},
                                                            HealthAnswer{.serving = true, .reason = {}}};  // guarded by mutex_
};

}  // namespace lifecycle
