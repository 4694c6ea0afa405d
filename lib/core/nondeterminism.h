// The code did something else than history says it did. The message says what was recorded, at which event, and what the code tried.
#pragma once

#include <cstdint>
#include <string>

namespace lifecycle::core {

struct Nondeterminism {
  std::int64_t event_id = 0;  // where history and code part
  std::string recorded;       // "ActivityTaskScheduled(ProcessStep, id 5)", or "nothing"
  std::string attempted;      // "StartTimer", or "nothing"

  // "[TMPRL1100] nondeterminism at event 5: history recorded ..., and the code now tries ...". The rule's number is the one that all SDKs
  // use.
  [[nodiscard]] std::string message() const;
};

}  // namespace lifecycle::core
