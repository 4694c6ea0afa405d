// Shows a run while it goes on: a bar on a terminal, a line for each change elsewhere, a JSON object for each change with -o jsonl.
#pragma once

#include <string>

#include "cli/follow.h"
#include "cli/output.h"
#include "cli/run_changes.h"
#include "cli/time_text.h"

namespace lifecycle::cli {

struct ProgressOptions {
  std::string workflow_id;
  std::string run_id;
  std::string worker_command;  // advised when nobody takes the next task
  TimeFormat time_format = TimeFormat::kRelative;
  WallTime origin;  // what relative times count from
};

// One line for people: "step 3 completed on 17@host (v1.0.0)".
[[nodiscard]] std::string change_text(const RunChange& change);

// {"event": "step_started", "time": "...", "step": 3, "attempt": 1, "worker": "...", "version": "...", "message": "..."}; what a change
// does not have is left out.
[[nodiscard]] nlohmann::ordered_json change_json(const RunChange& change);

// "[#####.....] 5/10": `width` characters between the brackets. With an unknown total (0) there is no bar, only the count.
[[nodiscard]] std::string progress_bar(int completed, int total, int width);

class ProgressDisplay final : public RunObserver {
 public:
  // `output` outlives the display.
  ProgressDisplay(Output& output, ProgressOptions options);
  ~ProgressDisplay() override;

  void on_change(const RunChange& change) override;
  void on_sample(const RunSteps& steps, WallTime now) override;

 private:
  // On a terminal the bar shows the ordinary; a line of its own is for what one would want to scroll back to.
  [[nodiscard]] bool is_notable(const RunChange& change) const;
  void show_line(const RunChange& change);

  Output& output_;
  ProgressOptions options_;
  RunChange last_step_change_;
  std::string last_version_;
};

}  // namespace lifecycle::cli
