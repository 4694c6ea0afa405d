#include "tests/worker/sample_workflows.h"

#include <stdexcept>
#include <vector>

namespace lifecycle::test {

using namespace std::chrono_literals;

Workflow<std::string> Greeting::run(WorkflowContext ctx, GreetingInput input) {
  name_ = input.name;
  const ActivityOptions options{.start_to_close_timeout = 10s};
  const std::string greeting = co_await ctx.activity(kGreet, options, name_);
  co_return greeting;
}

Workflow<int> Waiting::run(WorkflowContext ctx) {
  co_await ctx.wait_until(*this, &Waiting::finished);
  co_return nudges_;
}

Workflow<void> FanOut::run(WorkflowContext ctx, int count) {
  const ActivityOptions options{.start_to_close_timeout = 10s};
  std::vector<Pending<std::string>> greetings;
  for (int i = 0; i < count; ++i) {
    greetings.push_back(ctx.activity(kGreet, options, std::to_string(i)));
  }
  for (Pending<std::string>& greeting : greetings) {
    const std::string said = co_await greeting;
  }
}

Workflow<std::string> Large::run(WorkflowContext, std::int64_t bytes) { co_return std::string(static_cast<std::size_t>(bytes), 'x'); }

Workflow<void> Patched::run(WorkflowContext ctx) {
  ctx.deprecate_patch("greet");
  co_await ctx.activity(kGreet, {.start_to_close_timeout = 10s}, std::string("x"));
}

Workflow<void> Throwing::run(WorkflowContext) {
  throw std::runtime_error("the workflow has a bug");
  co_return;
}

Workflow<void> Unbuildable::run(WorkflowContext) { co_return; }

void register_sample_workflows(Registry& registry) {
  registry.workflow("Greeting", &Greeting::run)
      .query("name", &Greeting::name)
      .query("broken", &Greeting::broken)
      .query("large", &Greeting::large);
  registry.workflow("Waiting", &Waiting::run)
      .signal("nudge", &Waiting::nudge)
      .signal("finish", &Waiting::finish)
      .query("nudges", &Waiting::nudges);
  registry.workflow("FanOut", &FanOut::run);
  registry.workflow("Large", &Large::run);
  registry.workflow("Patched", &Patched::run);
  registry.workflow("Throwing", &Throwing::run);
  registry.workflow("Unbuildable", &Unbuildable::run);
}

}  // namespace lifecycle::test
