#include "cli/workflow_input.h"

#include <gmock/gmock.h>

namespace lifecycle::cli {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using testing::HasSubstr;

demo::LifecycleInput accepted(const InputFlags& flags, Preset preset = Preset::kQuick) {
  const Result<demo::LifecycleInput> input = make_input(preset, flags);
  EXPECT_TRUE(input) << input.error().message;
  return input.value_or(demo::LifecycleInput{});
}

Error refused(const InputFlags& flags) {
  const Result<demo::LifecycleInput> input = make_input(Preset::kQuick, flags);
  EXPECT_FALSE(input);
  return input ? Error{} : input.error();
}

TEST(WorkflowInput, comes_from_the_preset) {
  EXPECT_EQ(accepted({}, Preset::kLifecycle).steps, 10);
  EXPECT_EQ(accepted({}, Preset::kLifecycle).step_duration_ms, 30'000);
  EXPECT_EQ(accepted({}, Preset::kQuick).steps, 6);
  EXPECT_EQ(accepted({}, Preset::kQuick).step_duration_ms, 5'000);
}

TEST(WorkflowInput, takes_each_flag) {
  const demo::LifecycleInput input = accepted({.steps = 4,
                                               .step_duration = milliseconds(1500),
                                               .fail_step = 2,
                                               .fail_attempts = 3,
                                               .retry_initial_interval = milliseconds(200),
                                               .retry_backoff = 1.5,
                                               .retry_max_interval = seconds(2),
                                               .retry_max_attempts = 7});
  EXPECT_EQ(input.steps, 4);
  EXPECT_EQ(input.step_duration_ms, 1500);
  EXPECT_EQ(input.fail_step, 2);
  EXPECT_EQ(input.fail_attempts, 3);
  EXPECT_EQ(input.retry.initial_interval_ms, 200);
  EXPECT_EQ(input.retry.backoff_coefficient, 1.5);
  EXPECT_EQ(input.retry.maximum_interval_ms, 2000);
  EXPECT_EQ(input.retry.maximum_attempts, 7);
}

TEST(WorkflowInput, a_step_that_is_to_fail_fails_once_when_no_count_is_given) { EXPECT_EQ(accepted({.fail_step = 2}).fail_attempts, 1); }

TEST(WorkflowInput, a_flag_wins_over_the_json_and_the_json_over_the_preset) {
  const demo::LifecycleInput input = accepted({.json = R"({"steps": 3, "retry": {"maximum_attempts": 4}})", .step_duration = seconds(1)});
  EXPECT_EQ(input.steps, 3);
  EXPECT_EQ(input.retry.maximum_attempts, 4);
  EXPECT_EQ(input.step_duration_ms, 1000);
  EXPECT_EQ(accepted({.json = "{}"}).steps, 6) << "what the JSON leaves out is the preset's, not the contract's";
}

TEST(WorkflowInput, broken_json_is_refused_with_the_place) {
  EXPECT_THAT(refused({.json = R"({"steps": "six"})"}).message, HasSubstr("$.steps"));
  EXPECT_EQ(refused({.json = R"({"steps")"}).code, ErrorCode::kInvalidArgument);
  EXPECT_EQ(refused({.json = "[]"}).code, ErrorCode::kInvalidArgument);
  EXPECT_EQ(refused({.json = "null"}).code, ErrorCode::kInvalidArgument);
}

TEST(WorkflowInput, a_mistyped_field_is_refused_with_the_one_that_was_meant) {
  EXPECT_THAT(refused({.json = R"({"step": 3})"}).hint, HasSubstr("\"steps\""));
  EXPECT_THAT(refused({.json = R"({"retry": {"max_attempts": 3}})"}).message, HasSubstr("$.retry.max_attempts"));
}

TEST(WorkflowInput, the_longest_workflow_that_fits_into_a_history_is_the_longest_that_is_started) {
  EXPECT_EQ(kStepsMax, 8532);
  EXPECT_EQ(accepted({.steps = 8532}).steps, 8532);
  const Error error = refused({.steps = 8533});
  EXPECT_THAT(error.message, HasSubstr("51203 events"));
  EXPECT_THAT(error.message, HasSubstr("51200"));
}

TEST(WorkflowInput, a_json_text_larger_than_a_payload_may_be_is_refused) {
  EXPECT_THAT(refused({.json = std::string(static_cast<std::size_t>(kPayloadBytesMax) + 1, ' ')}).message, HasSubstr("2097152"));
}

TEST(WorkflowInput, what_the_server_or_the_contract_would_not_have_is_refused_by_name) {
  EXPECT_THAT(refused({.steps = 0}).message, HasSubstr("--steps"));
  EXPECT_THAT(refused({.fail_attempts = 1}).hint, HasSubstr("--fail-step"));
  EXPECT_THAT(refused({.fail_step = 6}).message, HasSubstr("0 to 5"));
  EXPECT_THAT(refused({.fail_step = 1, .fail_attempts = -1}).message, HasSubstr("--fail-attempts"));
  EXPECT_THAT(refused({.retry_initial_interval = Duration::zero()}).message, HasSubstr("--retry-initial-interval"));
  EXPECT_THAT(refused({.retry_initial_interval = seconds(20)}).message, HasSubstr("--retry-max-interval"));
  EXPECT_THAT(refused({.retry_backoff = 0.5}).message, HasSubstr("--retry-backoff"));
  EXPECT_THAT(refused({.retry_max_attempts = -1}).message, HasSubstr("--retry-max-attempts"));
  EXPECT_THAT(refused({.json = R"({"step_duration_ms": -1})"}).message, HasSubstr("step_duration_ms"));
}

}  // namespace
}  // namespace lifecycle::cli
