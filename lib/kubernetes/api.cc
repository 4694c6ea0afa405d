#include "kubernetes/api.h"

#include <utility>

namespace lifecycle::kubernetes {

std::string_view name_of(PodChange change) {
  switch (change) {
    case PodChange::kAdded:
      return "added";
    case PodChange::kModified:
      return "modified";
    case PodChange::kDeleted:
      return "deleted";
  }
  std::unreachable();
}

}  // namespace lifecycle::kubernetes
