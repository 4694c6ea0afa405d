// Replay of the contract's workflow: events per second of one core in CPU time, from histories that were parsed before and from serialized
// ones.
#include <benchmark/benchmark.h>
#include <fmt/format.h>

#include <memory>
#include <string>

#include "api/api.h"
#include "base/check.h"
#include "converter/payload.h"
#include "replay/replayer.h"
#include "worker/contract.h"
#include "worker/register.h"

namespace lifecycle {
namespace {

using namespace temporal::api::enums::v1;  // NOLINT(google-build-using-namespace): event types only, in this file only

// A complete history of `steps` steps as a server writes it: 6 events a step and 5 around them.
class ContractHistory {
 public:
  explicit ContractHistory(int steps) {
    demo::LifecycleInput input;
    input.steps = steps;
    input.step_duration_ms = 0;
    auto& started = *add(EVENT_TYPE_WORKFLOW_EXECUTION_STARTED).mutable_workflow_execution_started_event_attributes();
    started.mutable_workflow_type()->set_name(std::string(demo::kWorkflowType));
    started.mutable_task_queue()->set_name(std::string(demo::kTaskQueue));
    started.set_original_execution_run_id("3d2f0c2e-6c1d-4c29-9d5d-0e8f4a1c7b11");
    *started.mutable_input() = converter::to_payloads(input);
    workflow_task();
    for (int step = 0; step < steps; ++step) {
      run_step(step);
    }
    add(EVENT_TYPE_WORKFLOW_EXECUTION_COMPLETED).mutable_workflow_execution_completed_event_attributes();
  }

  [[nodiscard]] std::shared_ptr<const api::History> get() const { return history_; }

 private:
  api::HistoryEvent& add(api::EventType type) {
    api::HistoryEvent& event = *history_->add_events();
    event.set_event_id(history_->events_size());
    event.set_event_type(type);
    api::set(*event.mutable_event_time(), WallTime(std::chrono::seconds(1'760'000'000 + event.event_id())));
    return event;
  }

  void workflow_task() {
    add(EVENT_TYPE_WORKFLOW_TASK_SCHEDULED).mutable_workflow_task_scheduled_event_attributes();
    add(EVENT_TYPE_WORKFLOW_TASK_STARTED).mutable_workflow_task_started_event_attributes();
    add(EVENT_TYPE_WORKFLOW_TASK_COMPLETED).mutable_workflow_task_completed_event_attributes();
  }

  void run_step(int step) {
    api::HistoryEvent& event = add(EVENT_TYPE_ACTIVITY_TASK_SCHEDULED);
    auto& scheduled = *event.mutable_activity_task_scheduled_event_attributes();
    scheduled.set_activity_id(std::to_string(event.event_id()));
    scheduled.mutable_activity_type()->set_name(std::string(demo::kActivityType));
    *scheduled.mutable_input() = converter::to_payloads(demo::StepInput{.step = step});
    const std::int64_t scheduled_event_id = event.event_id();
    auto& started = *add(EVENT_TYPE_ACTIVITY_TASK_STARTED).mutable_activity_task_started_event_attributes();
    started.set_scheduled_event_id(scheduled_event_id);
    started.set_identity("4711@host/v1.0.0#5f3a");
    auto& completed = *add(EVENT_TYPE_ACTIVITY_TASK_COMPLETED).mutable_activity_task_completed_event_attributes();
    completed.set_scheduled_event_id(scheduled_event_id);
    completed.set_started_event_id(scheduled_event_id + 1);
    *completed.mutable_result() =
        converter::to_payloads(demo::StepOutput{.step = step, .worker_version = "v1.0.0", .worker = "4711@host/v1.0.0#5f3a", .attempt = 1});
    workflow_task();
  }

  std::shared_ptr<api::History> history_ = std::make_shared<api::History>();
};

void replay(const replay::Replayer& replayer, const std::shared_ptr<const api::History>& history) {
  const Result<replay::ReplayResult> result = replayer.replay(history);
  check(result.has_value() && result->verdict == replay::Verdict::kReplayed, "the benchmark's history replays");
}

void count_events(benchmark::State& state, std::int64_t events) {
  state.counters["events"] = benchmark::Counter(static_cast<double>(events));
  state.counters["events/s"] = benchmark::Counter(static_cast<double>(events), benchmark::Counter::kIsIterationInvariantRate);
  state.counters["s/event"] =
      benchmark::Counter(static_cast<double>(events), benchmark::Counter::kIsIterationInvariantRate | benchmark::Counter::kInvert);
}

void replay_parsed_history(benchmark::State& state) {
  Registry registry;
  demo::register_all(registry);
  const replay::Replayer replayer(registry);
  const std::shared_ptr<const api::History> history = ContractHistory(static_cast<int>(state.range(0))).get();
  for (auto _ : state) {
    replay(replayer, history);
  }
  count_events(state, history->events_size());
}
BENCHMARK(replay_parsed_history)->Arg(100)->Arg(300)->Arg(1000)->Arg(10000)->Unit(benchmark::kMicrosecond);

void replay_serialized_history(benchmark::State& state) {
  Registry registry;
  demo::register_all(registry);
  const replay::Replayer replayer(registry);
  const std::shared_ptr<const api::History> original = ContractHistory(static_cast<int>(state.range(0))).get();
  const std::string bytes = original->SerializeAsString();
  for (auto _ : state) {
    const auto arena = std::make_shared<google::protobuf::Arena>();
    auto* history = google::protobuf::Arena::CreateMessage<api::History>(arena.get());
    check(history->ParseFromString(bytes), "what was serialized can be read");
    replay(replayer, std::shared_ptr<const api::History>(arena, history));
  }
  count_events(state, original->events_size());
}
BENCHMARK(replay_serialized_history)->Arg(300)->Unit(benchmark::kMicrosecond);

}  // namespace
}  // namespace lifecycle
