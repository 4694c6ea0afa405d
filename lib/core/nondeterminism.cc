#include "core/nondeterminism.h"

#include <fmt/format.h>

namespace lifecycle::core {

std::string Nondeterminism::message() const {
  return fmt::format(
      "[TMPRL1100] nondeterminism at event {}: history recorded {}, and the code now tries {}. The workflow's code was changed in a way "
      "that this "
      "run's history does not fit; deploy code that fits, or reset the run",
      event_id, recorded, attempted);
}

}  // namespace lifecycle::core
