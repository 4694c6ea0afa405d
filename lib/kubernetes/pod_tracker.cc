#include "kubernetes/pod_tracker.h"

#include <utility>

namespace lifecycle::kubernetes {

std::vector<PodEvent> PodTracker::replace(std::vector<Pod> pods) {
  std::vector<PodEvent> events;
  std::map<std::string, Pod> next;
  for (Pod& pod : pods) {
    const auto known = by_uid_.find(pod.meta.uid);
    if (known == by_uid_.end()) {
      events.push_back({.change = PodChange::kAdded, .pod = pod});
    } else if (known->second.meta.resource_version != pod.meta.resource_version) {
      events.push_back({.change = PodChange::kModified, .pod = pod});
    }
    std::string uid = pod.meta.uid;
    next.emplace(std::move(uid), std::move(pod));
  }
  std::vector<PodEvent> gone;
  for (auto& [uid, pod] : by_uid_) {
    if (!next.contains(uid)) {
      gone.push_back({.change = PodChange::kDeleted, .pod = std::move(pod)});
    }
  }
  // The gone first: a pod of the same name may have taken the place.
  gone.insert(gone.end(), std::make_move_iterator(events.begin()), std::make_move_iterator(events.end()));
  by_uid_ = std::move(next);
  return gone;
}

std::optional<PodEvent> PodTracker::apply(std::string_view type, Pod pod) {
  if (type == "DELETED") {
    by_uid_.erase(pod.meta.uid);
    return PodEvent{.change = PodChange::kDeleted, .pod = std::move(pod)};
  }
  if (type != "ADDED" && type != "MODIFIED") {
    return std::nullopt;
  }
  const auto known = by_uid_.find(pod.meta.uid);
  const bool is_new = known == by_uid_.end();
  if (!is_new && known->second.meta.resource_version == pod.meta.resource_version) {
    return std::nullopt;
  }
  by_uid_.insert_or_assign(pod.meta.uid, pod);
  return PodEvent{.change = is_new ? PodChange::kAdded : PodChange::kModified, .pod = std::move(pod)};
}

std::vector<std::string> LineSplitter::take(std::string_view bytes) {
  std::vector<std::string> lines;
  for (std::size_t end = bytes.find('\n'); end != std::string_view::npos; end = bytes.find('\n')) {
    lines.push_back(std::exchange(rest_, {}).append(bytes.substr(0, end)));
    bytes.remove_prefix(end + 1);
  }
  rest_ += bytes;
  return lines;
}

}  // namespace lifecycle::kubernetes
