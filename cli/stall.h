// Whether anybody serves a run. The poller list cannot tell: it remembers a worker for five minutes after its end. A task that has been
// dispatched for seconds and that nobody takes can.
#pragma once

#include <temporal/api/workflowservice/v1/request_response.pb.h>

#include <optional>
#include <string>

#include "base/clock.h"

namespace lifecycle::cli {

class StallDetector {
 public:
  using Description = temporal::api::workflowservice::v1::DescribeWorkflowExecutionResponse;

  explicit StallDetector(Duration patience) : patience_(patience) {}

  // Takes the next description of the run. Returns what is not taken ("the workflow task", "the task of activity ProcessStep") when it has
  // been so for longer than the patience: once for each stall. Time is this process's: the server's clock may differ from ours.
  [[nodiscard]] std::optional<std::string> apply(const Description& description, SteadyTime now);

 private:
  Duration patience_;
  std::string waiting_task_;  // which task nobody has taken; empty: none
  SteadyTime waiting_since_;
  bool told_ = false;
};

}  // namespace lifecycle::cli
