#include "worker/process_step.h"

#include <gmock/gmock.h>

#include "converter/failure.h"

namespace lifecycle::demo {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

// One attempt of the activity as the worker would run it, and the heartbeats that it sends.
class Attempt {
 public:
  explicit Attempt(std::int32_t number, api::Payloads last_heartbeat = {})
      : execution_({.identity = "7@host/v1#ab", .worker_version = "v1", .attempt = number}, std::move(last_heartbeat),
                   [this](const api::Payloads& details) {
                     heartbeats.push_back(converter::from_payloads<StepHeartbeat>(&details).value().elapsed_ms);
                   }) {}

  StepOutput run(StepInput input) {
    ActivityContext context(execution_);
    return process_step(context, std::move(input));
  }
  void cancel() { execution_.cancel("the workflow was cancelled"); }

  std::vector<std::int64_t> heartbeats;

 private:
  activity::Execution execution_;
};

TEST(ProcessStep, tells_who_did_the_step) {
  const StepOutput output = Attempt(3).run({.step = 4, .duration_ms = 0});
  EXPECT_EQ(output.step, 4);
  EXPECT_EQ(output.worker_version, "v1");
  EXPECT_EQ(output.worker, "7@host/v1#ab");
  EXPECT_EQ(output.attempt, 3);
}

TEST(ProcessStep, says_how_far_it_is_each_half_second_and_at_the_end) {
  Attempt attempt(1);
  attempt.run({.step = 0, .duration_ms = 501});
  EXPECT_THAT(attempt.heartbeats, ElementsAre(500, 501));
}

TEST(ProcessStep, goes_on_where_the_attempt_before_got_to) {
  Attempt attempt(2, converter::to_payloads(StepHeartbeat{.elapsed_ms = 29'999}));
  attempt.run({.step = 0, .duration_ms = 30'000});
  EXPECT_THAT(attempt.heartbeats, ElementsAre(30'000)) << "not the whole half minute again";
}

TEST(ProcessStep, fails_its_first_attempts_on_purpose_and_in_a_way_that_is_retried) {
  const StepInput input{.step = 1, .duration_ms = 0, .fail_attempts = 2};
  for (const int number : {1, 2}) {
    try {
      Attempt(number).run(input);
      FAIL() << "attempt " << number << " was to fail";
    } catch (const converter::ApplicationFailure& failure) {
      EXPECT_EQ(failure.type(), kSimulatedFailureType);
      EXPECT_FALSE(failure.non_retryable());
    }
  }
  EXPECT_EQ(Attempt(3).run(input).attempt, 3);
}

TEST(ProcessStep, stops_when_it_is_cancelled) {
  Attempt attempt(1);
  attempt.cancel();
  EXPECT_THROW(attempt.run({.step = 0, .duration_ms = 3'600'000}), converter::CancelledFailure);
  EXPECT_THAT(attempt.heartbeats, IsEmpty());
}

}  // namespace
}  // namespace lifecycle::demo
