#include "tests/support/patch_workflows.h"

#include "tests/support/sample_workflows.h"

namespace lifecycle::test {
namespace {

ActivityOptions ten_seconds() { return {.start_to_close_timeout = std::chrono::seconds(10)}; }

}  // namespace

Workflow<std::string> PatchWorkflow::greet(WorkflowContext ctx) {
  const std::string greeting = co_await ctx.activity(kGreet, ten_seconds(), std::string("x"));
  co_return greeting;
}

Workflow<std::string> PatchWorkflow::thank(WorkflowContext ctx) {
  const std::string thanks = co_await ctx.activity(kThank, ten_seconds(), std::string("x"));
  co_return thanks;
}

Workflow<std::string> PatchWorkflow::greet_wait_thank(WorkflowContext ctx) {
  const std::string greeting = co_await greet(ctx);
  co_await ctx.wait_until(*this, &PatchWorkflow::may_proceed);
  const std::string thanks = co_await thank(ctx);
  co_return greeting + ", " + thanks;
}

Workflow<std::string> PatchWorkflow::thank_wait_greet(WorkflowContext ctx) {
  const std::string thanks = co_await thank(ctx);
  co_await ctx.wait_until(*this, &PatchWorkflow::may_proceed);
  const std::string greeting = co_await greet(ctx);
  co_return thanks + ", " + greeting;
}

Workflow<std::string> PatchWorkflow::original(WorkflowContext ctx) {
  const std::string said = co_await greet_wait_thank(ctx);
  co_return said;
}

Workflow<std::string> PatchWorkflow::patched(WorkflowContext ctx) {
  ctx_ = ctx;
  std::string said;
  if (ctx.patched(kPatchId)) {
    said = co_await thank_wait_greet(ctx);
  } else {
    said = co_await greet_wait_thank(ctx);
  }
  co_return said;
}

Workflow<std::string> PatchWorkflow::deprecated(WorkflowContext ctx) {
  ctx.deprecate_patch(kPatchId);
  const std::string said = co_await thank_wait_greet(ctx);
  co_return said;
}

Workflow<std::string> PatchWorkflow::reordered(WorkflowContext ctx) {
  const std::string said = co_await thank_wait_greet(ctx);
  co_return said;
}

Workflow<std::string> PatchWorkflow::three_rounds(WorkflowContext ctx) {
  for (int round = 0; round < 3; ++round) {
    co_await greet(ctx);
  }
  co_return "three";
}

Workflow<std::string> PatchWorkflow::three_patched_rounds(WorkflowContext ctx) {
  for (int round = 0; round < 3; ++round) {
    if (ctx.patched(kPatchId)) {
      co_await thank(ctx);
    } else {
      co_await greet(ctx);
    }
  }
  co_return "three";
}

Workflow<std::string> PatchWorkflow::last_round_patched(WorkflowContext ctx) {
  for (int round = 0; round < 2; ++round) {
    co_await greet(ctx);
  }
  if (ctx.patched(kPatchId)) {
    co_await thank(ctx);
  } else {
    co_await greet(ctx);
  }
  co_return "three";
}

Workflow<std::string> PatchWorkflow::two_patches(WorkflowContext ctx) {
  std::string sides = ctx.patched("z \"é\"") ? "new" : "old";
  sides += ctx.patched("a") ? " new" : " old";
  co_await greet(ctx);
  co_return sides;
}

Workflow<std::string> PatchWorkflow::second_patch_only(WorkflowContext ctx) {
  std::string side = ctx.patched("a") ? "new" : "old";
  co_await greet(ctx);
  co_return side;
}

Workflow<std::string> PatchWorkflow::greeting_before_patch(WorkflowContext ctx) {
  const Pending<std::string> greeting = ctx.activity(kGreet, ten_seconds(), std::string("x"));
  const std::string side = ctx.patched(kPatchId) ? "new" : "old";
  co_await greeting;
  co_return side;
}

Workflow<std::string> PatchWorkflow::greeting_after_patch(WorkflowContext ctx) {
  const std::string side = ctx.patched(kPatchId) ? "new" : "old";
  co_await greet(ctx);
  co_return side;
}

Workflow<std::string> PatchWorkflow::greeting_before_deprecation(WorkflowContext ctx) {
  const Pending<std::string> greeting = ctx.activity(kGreet, ten_seconds(), std::string("x"));
  ctx.deprecate_patch(kPatchId);
  const std::string said = co_await greeting;
  co_return said;
}

Workflow<std::string> PatchWorkflow::with_long_id(WorkflowContext ctx) {
  const std::string side = ctx.patched(std::string(kLongIdBytes, 'x')) ? "new" : "old";
  co_await greet(ctx);
  co_return side;
}

Workflow<std::string> PatchWorkflow::with_empty_id(WorkflowContext ctx) {
  ctx.deprecate_patch("");
  const std::string said = co_await greet(ctx);
  co_return said;
}

Workflow<std::string> PatchWorkflow::with_id_that_is_no_text(WorkflowContext ctx) {
  ctx.deprecate_patch("\xff");
  const std::string said = co_await greet(ctx);
  co_return said;
}

Workflow<std::string> PatchWorkflow::asked_by_signal(WorkflowContext ctx) {
  co_await ctx.wait_until(*this, &PatchWorkflow::may_proceed);
  const std::string side = ctx.patched(kPatchId) ? "new" : "old";
  co_return side;
}

void PatchWorkflow::proceed() { may_proceed_ = true; }

Workflow<void> PatchWorkflow::ask(WorkflowContext ctx) {
  if (ctx.patched(kPatchId)) {
    co_await thank(ctx);
  }
}

std::string PatchWorkflow::asks() const { return ctx_->patched(kPatchId) ? "new" : "old"; }

Registry registry_of(PatchStage stage) {
  Registry registry;
  registry.workflow(kPatchWorkflow, stage)
      .signal("proceed", &PatchWorkflow::proceed)
      .signal("ask", &PatchWorkflow::ask)
      .query("asks", &PatchWorkflow::asks);
  return registry;
}

}  // namespace lifecycle::test
