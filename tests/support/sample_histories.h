// Histories of the sample workflows, as the server would have written them: for each workflow task that was completed, the events that
// follow are the commands that the workflow's code must issue again.
#pragma once

#include <string>
#include <vector>

#include "tests/support/run_driver.h"

namespace lifecycle::test {

struct NamedHistory {
  std::string name;  // letters only, for the names of parameterised tests
  HistoryPtr history;
};

[[nodiscard]] std::vector<NamedHistory> sample_histories();

}  // namespace lifecycle::test
