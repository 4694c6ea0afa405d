// A workflow and its activity.
#pragma once

#include "activity/context.h"
#include "registry/registry.h"
#include "workflow/context.h"

inline constexpr lifecycle::ActivityType<std::string(std::string)> kGreet{"Greet"};
inline std::string greet(lifecycle::ActivityContext&, const std::string& name) { return "Hello, " + name + "!"; }

struct GreetingWorkflow {
  lifecycle::Workflow<std::string> run(lifecycle::WorkflowContext ctx, std::string name) {
    const std::string greeting = co_await ctx.activity(kGreet, {.start_to_close_timeout = std::chrono::seconds(10)}, name);
    co_await ctx.sleep(std::chrono::seconds(1));
    co_return greeting;
  }
};

inline void register_greeting(lifecycle::Registry& registry) {
  registry.workflow("GreetingWorkflow", &GreetingWorkflow::run);
  registry.activity(kGreet, greet);
}
