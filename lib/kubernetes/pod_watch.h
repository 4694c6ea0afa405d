// A list, a watch from there, and again whenever it breaks. Private to lib/kubernetes.
#pragma once

#include <functional>
#include <string>

#include "base/error.h"
#include "kubernetes/api_caller.h"
#include "kubernetes/pod_tracker.h"

namespace lifecycle::kubernetes {

class PodWatch {
 public:
  using OnEvent = std::function<WatchStep(const PodEvent&)>;

  // All outlive the watch.
  PodWatch(ApiCaller& caller, const PodQuery& query, const OnEvent& on_event, const Deadline& deadline)
      : caller_(caller), query_(query), on_event_(on_event), deadline_(deadline) {}

  // Until `on_event` says so.
  [[nodiscard]] Result<void> run();

 private:
  // What a step leaves behind.
  enum class Next : std::uint8_t { kStop, kWatch, kList };

  [[nodiscard]] Result<Next> list();
  [[nodiscard]] Result<Next> watch();
  [[nodiscard]] Next take_line(std::string_view line);
  [[nodiscard]] Result<void> wait_after(const Error& error);

  ApiCaller& caller_;
  const PodQuery& query_;
  const OnEvent& on_event_;
  const Deadline& deadline_;
  PodTracker tracker_;
  std::string resource_version_;
  bool listed_ = false;
  Duration back_off_ = {};
};

}  // namespace lifecycle::kubernetes
