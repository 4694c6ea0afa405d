#include "kubernetes/pod_watch.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <utility>

#include "kubernetes/json_access.h"
#include "kubernetes/object_views.h"

namespace lifecycle::kubernetes {
namespace {

constexpr Duration kWatchTimeout = std::chrono::minutes(5);
constexpr Duration kBackOffFirst = std::chrono::milliseconds(250);
constexpr Duration kBackOffMax = std::chrono::seconds(10);
constexpr Duration kShortWatch = std::chrono::seconds(1);

bool may_pass(const Error& error) {
  return error.code == ErrorCode::kKubernetesUnreachable || error.code == ErrorCode::kResourceExhausted ||
         error.code == ErrorCode::kInternal;
}

}  // namespace

Result<void> PodWatch::run() {
  Next next = Next::kList;
  while (true) {
    const SteadyTime begun = deadline_.clock().steady_now();
    const bool was_listing = next == Next::kList;
    const Result<Next> done = was_listing ? list() : watch();
    if (!done) {
      if (const Result<void> waited = wait_after(done.error()); !waited) {
        return waited;
      }
      continue;
    }
    if (*done == Next::kStop) {
      return {};
    }
    const bool in_vain = !was_listing && deadline_.clock().steady_now() - begun < kShortWatch;
    if (in_vain) {  // a server that ends each watch at once must not be asked a thousand times a second
      back_off_ = std::clamp(back_off_ * 2, kBackOffFirst, kBackOffMax);
      deadline_.wait(back_off_);
    } else {
      back_off_ = {};
    }
    next = *done;
  }
}

Result<void> PodWatch::wait_after(const Error& error) {
  // The first list's failure is the caller's to know; later ones pass, or the caller's time is over.
  if (!listed_ || !may_pass(error)) {
    return std::unexpected(error);
  }
  back_off_ = std::clamp(back_off_ * 2, kBackOffFirst, kBackOffMax);
  if (back_off_ >= deadline_.remaining()) {
    return std::unexpected(error);
  }
  deadline_.wait(back_off_);
  return {};
}

Result<PodWatch::Next> PodWatch::list() {
  Result<ObjectList> list = caller_.ask_for_list([this](const auto& page) { return list_pods_request(query_, page); }, deadline_);
  if (!list) {
    return std::unexpected(list.error());
  }
  listed_ = true;
  resource_version_ = list->resource_version;
  std::vector<Pod> pods;
  for (Json& item : list->items) {
    pods.push_back(pod_of(std::move(item)));
  }
  for (const PodEvent& event : tracker_.replace(std::move(pods))) {
    if (on_event_(event) == WatchStep::kStop) {
      return Next::kStop;
    }
  }
  return Next::kWatch;
}

PodWatch::Next PodWatch::take_line(std::string_view line) {
  const Json event = parse_json(line);
  const std::string type = text_at(event, "type");
  const Json& object = child(event, "object");
  if (type == "ERROR") {
    return Next::kList;  // most often 410: what happened since is no longer known, and a list tells what became of it
  }
  if (!object.is_object()) {
    return Next::kList;  // cut, or not an event
  }
  if (const std::string version = text_at(child(object, "metadata"), "resourceVersion"); !version.empty()) {
    resource_version_ = version;  // a bookmark has nothing else
  }
  const std::optional<PodEvent> told = tracker_.apply(type, pod_of(object));
  return told && on_event_(*told) == WatchStep::kStop ? Next::kStop : Next::kWatch;
}

Result<PodWatch::Next> PodWatch::watch() {
  const auto seconds = std::chrono::ceil<std::chrono::seconds>(std::min(kWatchTimeout, deadline_.remaining()));
  ApiRequest request = list_pods_request(query_, {{.name = "watch", .value = "true"},
                                                  {.name = "allowWatchBookmarks", .value = "true"},
                                                  {.name = "resourceVersion", .value = resource_version_},
                                                  {.name = "timeoutSeconds", .value = fmt::format("{}", seconds.count())}});
  request.operation.verb = "watch";
  LineSplitter lines;
  Next next = Next::kWatch;
  const BodySink sink = [this, &lines, &next](std::string_view bytes) {
    for (const std::string& line : lines.take(bytes)) {
      next = take_line(line);
      if (next != Next::kWatch) {
        return false;
      }
    }
    return true;
  };
  const Result<HttpAnswer> answer = caller_.ask(request, deadline_, sink);
  if (next != Next::kWatch) {
    return next;
  }
  if (!answer) {
    return std::unexpected(answer.error());
  }
  if (answer->status == 410) {
    return Next::kList;
  }
  if (answer->status != 200) {
    return std::unexpected(caller_.error_of(request, *answer));
  }
  return Next::kWatch;
}

}  // namespace lifecycle::kubernetes
