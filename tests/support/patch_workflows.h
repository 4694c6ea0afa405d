// One workflow through the life of a patch: before it, with both sides, with the new side only, and when the patch is forgotten. And other
// workflows with patches, each for one thing that can go wrong.
#pragma once

#include <cstddef>
#include <optional>
#include <string>

#include "registry/registry.h"
#include "workflow/context.h"

namespace lifecycle::test {

inline constexpr const char* kPatchWorkflow = "PatchWorkflow";
inline constexpr const char* kPatchId = "thank-first";
inline constexpr std::size_t kLongIdBytes = 2048;

class PatchWorkflow {
 public:
  // The stages, each a version of the same workflow's code.
  Workflow<std::string> original(WorkflowContext ctx);    // greets, waits for the signal, thanks
  Workflow<std::string> patched(WorkflowContext ctx);     // thanks, waits, greets if it is patched; else as the original
  Workflow<std::string> deprecated(WorkflowContext ctx);  // deprecates the patch; thanks, waits, greets
  Workflow<std::string> reordered(WorkflowContext ctx);   // thanks, waits, greets

  // Three greetings, or thanks where the patch is asked for: never, each time, the last time.
  Workflow<std::string> three_rounds(WorkflowContext ctx);
  Workflow<std::string> three_patched_rounds(WorkflowContext ctx);
  Workflow<std::string> last_round_patched(WorkflowContext ctx);

  // With one activity each.
  Workflow<std::string> two_patches(WorkflowContext ctx);
  Workflow<std::string> second_patch_only(WorkflowContext ctx);
  Workflow<std::string> greeting_before_patch(WorkflowContext ctx);
  Workflow<std::string> greeting_after_patch(WorkflowContext ctx);
  Workflow<std::string> greeting_before_deprecation(WorkflowContext ctx);
  Workflow<std::string> with_long_id(WorkflowContext ctx);
  Workflow<std::string> with_empty_id(WorkflowContext ctx);
  Workflow<std::string> with_id_that_is_no_text(WorkflowContext ctx);
  Workflow<std::string> asked_by_signal(WorkflowContext ctx);

  void proceed();
  Workflow<void> ask(WorkflowContext ctx);
  [[nodiscard]] std::string asks() const;

 private:
  [[nodiscard]] bool may_proceed() const { return may_proceed_; }
  Workflow<std::string> greet_wait_thank(WorkflowContext ctx);
  Workflow<std::string> thank_wait_greet(WorkflowContext ctx);
  Workflow<std::string> greet(WorkflowContext ctx);
  Workflow<std::string> thank(WorkflowContext ctx);

  std::optional<WorkflowContext> ctx_;
  bool may_proceed_ = false;
};

using PatchStage = Workflow<std::string> (PatchWorkflow::*)(WorkflowContext);

// A registry that knows PatchWorkflow by one version of its code.
[[nodiscard]] Registry registry_of(PatchStage stage);

}  // namespace lifecycle::test
