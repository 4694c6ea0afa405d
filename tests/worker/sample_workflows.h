// Workflows for the worker's tests, each as small as what it shows.
#pragma once

#include <string>
#include <tuple>

#include "converter/json.h"
#include "registry/registry.h"

namespace lifecycle::test {

struct GreetingInput {
  std::string name;
  static constexpr auto json_fields() { return std::tuple(converter::field("name", &GreetingInput::name)); }
};

inline constexpr ActivityType<std::string(std::string)> kGreet{"Greet"};

// Calls Greet once and returns what it said.
class Greeting {
 public:
  Workflow<std::string> run(WorkflowContext ctx, GreetingInput input);
  [[nodiscard]] std::string name() const { return name_; }
  [[nodiscard]] std::string broken() const { throw std::runtime_error("nobody can answer this"); }
  [[nodiscard]] std::string large(std::int64_t bytes) const { return std::string(static_cast<std::size_t>(bytes), 'x'); }

 private:
  std::string name_;
};

// Issues nothing until it is told to finish, and returns how often it was nudged.
class Waiting {
 public:
  Workflow<int> run(WorkflowContext ctx);
  void nudge() { ++nudges_; }
  void finish() { finished_ = true; }
  [[nodiscard]] int nudges() const { return nudges_; }
  [[nodiscard]] bool finished() const { return finished_; }

 private:
  int nudges_ = 0;
  bool finished_ = false;
};

// Schedules `count` activities at once.
class FanOut {
 public:
  Workflow<void> run(WorkflowContext ctx, int count);
};

// Returns more than the server takes.
class Large {
 public:
  Workflow<std::string> run(WorkflowContext ctx, std::int64_t bytes);
};

// Takes a patch, then calls Greet once.
class Patched {
 public:
  Workflow<void> run(WorkflowContext ctx);
};

class Throwing {
 public:
  Workflow<void> run(WorkflowContext ctx);
};

class Unbuildable {
 public:
  Unbuildable() { throw std::runtime_error("the constructor has a bug"); }
  Workflow<void> run(WorkflowContext ctx);
};

// Types are the classes' names.
void register_sample_workflows(Registry& registry);

}  // namespace lifecycle::test
