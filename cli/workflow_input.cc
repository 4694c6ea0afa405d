#include "cli/workflow_input.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>
#include <tuple>
#include <utility>
#include <vector>

#include "cli/did_you_mean.h"
#include "cli/time_text.h"
#include "converter/json.h"

namespace lifecycle::cli {
namespace {

std::unexpected<Error> refuse(std::string message, std::string hint) {
  return fail(ErrorCode::kInvalidArgument, std::move(message), std::move(hint));
}

constexpr std::string_view kInputExample = R"(write it like '{"steps": 6, "step_duration_ms": 5000}')";

// A worker skips a field that it does not know; a person who mistyped one must hear of it.
template <class Struct>
Result<void> check_names(const nlohmann::json& object, std::string_view path) {
  const auto name_of_field = [](const auto& field) {
    const std::string_view written(field.written.data(), field.written.size());  // ,"name":
    return std::string(written.substr(2, written.size() - 4));
  };
  const std::vector<std::string> known =
      std::apply([&](const auto&... fields) { return std::vector<std::string>{name_of_field(fields)...}; }, Struct::json_fields());
  for (const auto& [name, value] : object.items()) {
    if (std::ranges::find(known, name) == known.end()) {
      const std::optional<std::string> meant = did_you_mean(name, known);
      return refuse(fmt::format("--input: {}.{} is not a field of the contract", path, name),
                    meant ? fmt::format("did you mean \"{}\"?", *meant) : fmt::format("there are: {}", fmt::join(known, ", ")));
    }
  }
  return {};
}

Result<demo::LifecycleInput> input_from_json(Preset preset, const std::string& json) {
  if (static_cast<std::int64_t>(json.size()) > kPayloadBytesMax) {
    return refuse(fmt::format("--input: {} bytes, and the server takes no payload over {}", json.size(), kPayloadBytesMax),
                  "the contract's input has a handful of fields");
  }
  Result<demo::LifecycleInput> input = converter::read_json<demo::LifecycleInput>(json);
  if (!input) {
    return refuse("--input: " + input.error().message, std::string(kInputExample));
  }
  const nlohmann::json named = nlohmann::json::parse(json, nullptr, false);
  if (!named.is_object()) {
    return refuse("--input: expected a JSON object", std::string(kInputExample));
  }
  Result<void> names = check_names<demo::LifecycleInput>(named, "$");
  if (names && named.contains("retry") && named["retry"].is_object()) {
    names = check_names<demo::RetryInput>(named["retry"], "$.retry");
  }
  if (!names) {
    return std::unexpected(std::move(names).error());
  }
  // What the text leaves out is the preset's; reading has put the contract's defaults there.
  const demo::LifecycleInput defaults = input_of(preset);
  input->steps = named.contains("steps") ? input->steps : defaults.steps;
  input->step_duration_ms = named.contains("step_duration_ms") ? input->step_duration_ms : defaults.step_duration_ms;
  return input;
}

void apply(const InputFlags& flags, demo::LifecycleInput& input) {
  input.steps = flags.steps.value_or(input.steps);
  input.fail_attempts = flags.fail_attempts.value_or(flags.fail_step && input.fail_attempts == 0 ? 1 : input.fail_attempts);
  input.retry.backoff_coefficient = flags.retry_backoff.value_or(input.retry.backoff_coefficient);
  input.retry.maximum_attempts = flags.retry_max_attempts.value_or(input.retry.maximum_attempts);
  if (flags.fail_step) {
    input.fail_step = flags.fail_step;
  }
  const auto set_millis = [](std::int64_t& millis, const std::optional<Duration>& flag) {
    if (flag) {
      millis = to_millis(*flag);
    }
  };
  set_millis(input.step_duration_ms, flags.step_duration);
  set_millis(input.retry.initial_interval_ms, flags.retry_initial_interval);
  set_millis(input.retry.maximum_interval_ms, flags.retry_max_interval);
}

Result<void> check_steps(const demo::LifecycleInput& input) {
  if (input.steps < 1) {
    return refuse(fmt::format("--steps {}: a workflow has at least one step", input.steps), "");
  }
  if (input.steps > kStepsMax) {
    return refuse(fmt::format("--steps {}: {} steps write {} events, and the server ends a workflow at {}", input.steps, input.steps,
                              kEventsPerStep * input.steps + kEventsBesidesSteps, kHistoryEventsMax),
                  fmt::format("at most {} steps fit into one workflow: start several", kStepsMax));
  }
  if (input.step_duration_ms < 0) {
    return refuse(fmt::format("step_duration_ms {}: a duration is not negative", input.step_duration_ms), "");
  }
  return {};
}

Result<void> check_failure(const demo::LifecycleInput& input) {
  if (input.fail_attempts < 0) {
    return refuse(fmt::format("--fail-attempts {}: a count is not negative", input.fail_attempts), "");
  }
  if (input.fail_attempts > 0 && !input.fail_step) {
    return refuse(fmt::format("--fail-attempts {}: which step is to fail?", input.fail_attempts),
                  "name it with --fail-step, counted from 0");
  }
  if (input.fail_step && (*input.fail_step < 0 || *input.fail_step >= input.steps)) {
    return refuse(fmt::format("--fail-step {}: the steps are 0 to {}", *input.fail_step, input.steps - 1), "");
  }
  return {};
}

// The server's own rules (common/util.go, ValidateRetryPolicy): a policy that breaks them would fail the workflow task again and again.
Result<void> check_retry(const demo::RetryInput& retry) {
  if (retry.initial_interval_ms < 1) {
    return refuse("--retry-initial-interval: at least 1ms", "");
  }
  if (!std::isfinite(retry.backoff_coefficient) || retry.backoff_coefficient < 1) {
    return refuse(fmt::format("--retry-backoff {}: the server wants 1 or more", retry.backoff_coefficient), "1 retries at a steady pace");
  }
  if (retry.maximum_interval_ms < retry.initial_interval_ms) {
    return refuse(fmt::format("--retry-max-interval: {} ms is shorter than --retry-initial-interval, {} ms", retry.maximum_interval_ms,
                              retry.initial_interval_ms),
                  "raise the one or lower the other");
  }
  if (retry.maximum_attempts < 0) {
    return refuse(fmt::format("--retry-max-attempts {}: 0 is as often as it takes, a count is 1 or more", retry.maximum_attempts), "");
  }
  return {};
}

}  // namespace

std::string_view name_of(Preset preset) { return preset == Preset::kLifecycle ? "lifecycle" : "quick"; }

std::string_view workflow_id_prefix(Preset preset) { return preset == Preset::kLifecycle ? "lifecycle-demo" : "quick"; }

demo::LifecycleInput input_of(Preset preset) {
  demo::LifecycleInput input;
  input.steps = preset == Preset::kLifecycle ? 10 : 6;
  input.step_duration_ms = preset == Preset::kLifecycle ? 30'000 : 5'000;
  return input;
}

Result<demo::LifecycleInput> make_input(Preset preset, const InputFlags& flags) {
  Result<demo::LifecycleInput> input = flags.json.empty() ? input_of(preset) : input_from_json(preset, flags.json);
  if (!input) {
    return input;
  }
  apply(flags, *input);
  for (const Result<void>& checked : {check_steps(*input), check_failure(*input), check_retry(input->retry)}) {
    if (!checked) {
      return std::unexpected(checked.error());
    }
  }
  return input;
}

}  // namespace lifecycle::cli
