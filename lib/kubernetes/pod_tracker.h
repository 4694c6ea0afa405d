// What a watch has told so far, so that a new list after a gap becomes the events that were missed. Private to lib/kubernetes.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "kubernetes/api.h"

namespace lifecycle::kubernetes {

class PodTracker {
 public:
  // The difference to what is known: pods that are new, changed and gone.
  [[nodiscard]] std::vector<PodEvent> replace(std::vector<Pod> pods);
  // One event of the server; nothing when it tells what is known. `type` is the server's: "ADDED", "MODIFIED", "DELETED".
  [[nodiscard]] std::optional<PodEvent> apply(std::string_view type, Pod pod);

 private:
  std::map<std::string, Pod> by_uid_;
};

// Bytes as they come -> whole lines.
class LineSplitter {
 public:
  // Each line that is whole now, without its end.
  [[nodiscard]] std::vector<std::string> take(std::string_view bytes);

 private:
  std::string rest_;
};

}  // namespace lifecycle::kubernetes
