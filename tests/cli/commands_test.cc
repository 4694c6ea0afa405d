// What the subcommands make of their flags and of the environment.
#include <gmock/gmock.h>

#include <CLI/CLI.hpp>

#include "cli/probe_command.h"
#include "cli/rollout_command.h"
#include "cli/start_command.h"
#include "cli/version.h"
#include "cli/versioned_command.h"
#include "cli/worker_command.h"
#include "cli/worker_settings.h"
#include "cli/workflow_input.h"

namespace lifecycle::cli {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using testing::HasSubstr;

// Parses as the command line would; the message of what is wrong, or "".
std::string parse(CLI::App& app, std::vector<std::string> arguments) {
  std::ranges::reverse(arguments);  // CLI11 wants them so
  try {
    app.parse(arguments);
    return "";
  } catch (const CLI::ParseError& error) {
    return error.what();
  }
}

client::Environment environment_with(std::map<std::string, std::string> variables) {
  return {.variables = std::move(variables), .read_file = {}};
}

TEST(StartFlags, read_durations_as_the_temporal_command_writes_them) {
  StartOptions options;
  CLI::App app;
  add_start_options(app, options);
  EXPECT_EQ(parse(app, {"--step-duration", "1m30s", "--retry-max-interval", "2s", "--timeout", "500ms"}), "");
  EXPECT_EQ(options.input.step_duration, seconds(90));
  EXPECT_EQ(options.input.retry_max_interval, seconds(2));
  EXPECT_EQ(options.timeout, milliseconds(500));
}

TEST(StartFlags, say_what_is_wrong_with_a_duration) {
  StartOptions options;
  CLI::App app;
  add_start_options(app, options);
  EXPECT_THAT(parse(app, {"--step-duration", "soon"}), testing::AllOf(HasSubstr("--step-duration"), HasSubstr("'soon'")));
}

TEST(StartFlags, do_not_wait_and_wait_for_so_long_at_the_same_time) {
  StartOptions options;
  CLI::App app;
  add_start_options(app, options);
  EXPECT_NE(parse(app, {"--no-wait", "--timeout", "1s"}), "");
}

TEST(GlobalFlags, are_the_temporal_commands) {
  GlobalOptions options;
  CLI::App app;
  add_global_options(app, options);
  EXPECT_EQ(parse(app, {"--address",
                        "t:7233",
                        "-n",
                        "team",
                        "-o",
                        "jsonl",
                        "--time-format",
                        "iso",
                        "--color",
                        "never",
                        "--log-level",
                        "warn",
                        "--log-format",
                        "json",
                        "--command-timeout",
                        "2m",
                        "--client-connect-timeout",
                        "3s",
                        "--tls",
                        "--grpc-meta",
                        "a=b"}),
            "");
  EXPECT_EQ(options.connection.settings.address, "t:7233");
  EXPECT_EQ(options.connection.settings.name_space, "team");
  EXPECT_EQ(options.connection.settings.tls, true);
  EXPECT_EQ(options.connection.settings.grpc_meta.at("a"), "b");
  EXPECT_EQ(options.output, OutputFormat::kJsonl);
  EXPECT_EQ(options.time_format, TimeFormat::kIso);
  EXPECT_EQ(options.color, ColorChoice::kNever);
  EXPECT_EQ(options.log_level, LogLevel::kWarn);
  EXPECT_EQ(options.log_format, LogFormat::kJson);
  EXPECT_EQ(options.command_timeout, seconds(120));
  EXPECT_EQ(options.connect_timeout, seconds(3));
}

TEST(GlobalFlags, name_the_choices_when_none_fits) {
  GlobalOptions options;
  CLI::App app;
  add_global_options(app, options);
  EXPECT_THAT(parse(app, {"-o", "yaml"}), HasSubstr("text|json|jsonl|none"));
}

TEST(GlobalFlags, say_nothing_about_tls_when_it_is_not_named) {
  GlobalOptions options;
  CLI::App app;
  add_global_options(app, options);
  EXPECT_EQ(parse(app, {}), "");
  EXPECT_EQ(options.connection.settings.tls, std::nullopt);
  EXPECT_EQ(options.connection.settings.disable_host_verification, std::nullopt);
}

TEST(FollowAgain, is_a_command_that_can_be_typed_as_it_is) {
  GlobalOptions global;
  EXPECT_EQ(follow_again_command(global, {.preset = Preset::kQuick, .workflow_id = "quick-1"}),
            "lifecycle start quick --workflow-id quick-1 --id-conflict-policy UseExisting");
  global.connection.settings.address = "t:7233";
  EXPECT_EQ(follow_again_command(global, {.workflow_id = "it's mine", .task_queue = "q"}),
            R"(lifecycle start lifecycle --workflow-id 'it'\''s mine' --id-conflict-policy UseExisting --task-queue q --address t:7233)");
}

const ProcessFacts kFacts{.host_name = "host", .process_id = 7, .nonce = "ab"};

// What the worker's flags, by key, and the environment come to.
Result<worker::WorkerOptions> worker_options(const SettingTexts& flags, std::map<std::string, std::string> variables = {}) {
  const client::Environment environment = environment_with(std::move(variables));
  const std::vector<SettingDefinition> definitions = worker_setting_definitions();
  const Result<Settings> settings = resolve_settings(definitions, flags, environment, {});
  if (!settings) {
    return std::unexpected(settings.error());
  }
  return make_worker_options(*settings, environment, kFacts);
}

TEST(WorkerOptions, are_the_contracts_when_nothing_is_given) {
  const auto options = worker_options({});
  ASSERT_TRUE(options);
  EXPECT_EQ(options->task_queue, "lifecycle-queue");
  EXPECT_EQ(options->worker_version, default_worker_version());
}

TEST(WorkerOptions, come_from_the_environment_and_flags_win_over_it) {
  const std::map<std::string, std::string> variables{{"TEMPORAL_TASK_QUEUE", "from-environment"}, {"TEMPORAL_WORKER_BUILD_ID", "v2"}};
  const auto from_environment = worker_options({}, variables);
  EXPECT_EQ(from_environment->task_queue, "from-environment");
  EXPECT_EQ(from_environment->worker_version, "v2");
  const auto from_flags = worker_options({{"task_queue", "from-flag"}, {"worker_version", "v3"}}, variables);
  EXPECT_EQ(from_flags->task_queue, "from-flag");
  EXPECT_EQ(from_flags->worker_version, "v3");
}

TEST(WorkerOptions, have_the_version_of_their_image_when_nobody_names_another) {
  const std::map<std::string, std::string> image{{"LIFECYCLE_WORKER_VERSION", "v1-of-the-image"}};
  EXPECT_EQ(worker_options({}, image)->worker_version, "v1-of-the-image");
  EXPECT_EQ(worker_options({}, {{"LIFECYCLE_WORKER_VERSION", ""}})->worker_version, default_worker_version());
  EXPECT_EQ(worker_options({{"worker_version", "v2"}}, image)->worker_version, "v2");
  EXPECT_EQ(worker_options({}, {{"LIFECYCLE_WORKER_VERSION", "v1"}, {"TEMPORAL_WORKER_BUILD_ID", "v3"}})->worker_version, "v3");
}

TEST(WorkerOptions, name_the_pod_in_a_pod_and_the_process_elsewhere) {
  EXPECT_EQ(worker_options({{"worker_version", "v1"}})->identity, "7@host/v1#ab");
  EXPECT_EQ(worker_options({{"worker_version", "v1"}}, {{"POD_NAME", "pod"}, {"NODE_NAME", "node"}})->identity, "pod@node/v1#ab");
}

TEST(WorkerOptions, refuse_a_version_of_which_a_long_result_could_not_hold_one_for_each_step) {
  const auto options = worker_options({{"worker_version", std::string(static_cast<std::size_t>(kWorkerVersionBytesMax) + 1, 'v')}});
  ASSERT_FALSE(options);
  EXPECT_EQ(options.error().code, ErrorCode::kInvalidArgument);
  EXPECT_FALSE(worker_options({{"worker_version", ""}}));
}

TEST(WorkerOptions, without_a_deployment_are_those_of_an_unversioned_worker) {
  EXPECT_EQ(worker_options({})->deployment, std::nullopt);
  EXPECT_EQ(worker_options({{"deployment_name", ""}}, {{"TEMPORAL_DEPLOYMENT_NAME", "d"}})->deployment, std::nullopt);
}

TEST(WorkerOptions, with_a_deployment_are_pinned_and_of_its_queue) {
  const auto options = worker_options({}, {{"TEMPORAL_DEPLOYMENT_NAME", "lifecycle"}});
  ASSERT_TRUE(options && options->deployment);
  EXPECT_EQ(options->deployment->name, "lifecycle");
  EXPECT_EQ(options->deployment->versioning_behavior, worker::VersioningBehavior::kPinned);
  EXPECT_EQ(options->task_queue, "lifecycle-versioned-queue");
}

TEST(WorkerOptions, keep_the_queue_that_was_named_with_a_deployment) {
  const std::map<std::string, std::string> variables{{"TEMPORAL_TASK_QUEUE", "mine"}};
  EXPECT_EQ(worker_options({{"deployment_name", "lifecycle"}}, variables)->task_queue, "mine");
  EXPECT_EQ(worker_options({{"task_queue", "flag"}, {"deployment_name", "lifecycle"}}, variables)->task_queue, "flag");
}

TEST(WorkerOptions, refuse_names_that_a_deployment_may_not_have) {
  for (const char* name : {"life.cycle", "life:cycle", "__lifecycle"}) {
    const auto options = worker_options({{"worker_version", "v1"}, {"deployment_name", name}});
    ASSERT_FALSE(options) << name;
    EXPECT_EQ(options.error().code, ErrorCode::kInvalidArgument);
  }
  EXPECT_FALSE(worker_options({{"worker_version", "__v1"}, {"deployment_name", "lifecycle"}}));
}

TEST(WorkerOptions, refuse_a_versioning_behavior_of_an_unversioned_worker) {
  const auto options = worker_options({{"versioning_behavior", "pinned"}});
  ASSERT_FALSE(options);
  EXPECT_THAT(options.error().message, HasSubstr("--versioning-behavior"));
}

TEST(WorkerOptions, take_limits_and_rates_from_flags_and_variables) {
  const auto options =
      worker_options({{"max_concurrent_workflow_tasks", "7"}, {"max_activities_per_second", "2.5"}},
                     {{"LIFECYCLE_MAX_TASK_QUEUE_ACTIVITIES_PER_SECOND", "0.5"}, {"LIFECYCLE_WORKER_HEARTBEAT_INTERVAL", "1s"}});
  ASSERT_TRUE(options);
  EXPECT_EQ(options->max_concurrent_workflow_tasks, 7U);
  EXPECT_EQ(options->max_activities_per_second, 2.5);
  EXPECT_EQ(options->max_task_queue_activities_per_second, 0.5);
  EXPECT_EQ(options->worker_heartbeat_interval, seconds(1));
  EXPECT_EQ(options->host_name, "host");
  EXPECT_EQ(options->process_id, "7");
}

TEST(WorkerOptions, refuse_rates_and_limits_that_cannot_be) {
  for (const auto& [name, value] : std::map<std::string, std::string>{{"LIFECYCLE_MAX_ACTIVITIES_PER_SECOND", "-1"},
                                                                      {"LIFECYCLE_MAX_TASK_QUEUE_ACTIVITIES_PER_SECOND", "nan"},
                                                                      {"LIFECYCLE_MAX_CONCURRENT_WORKFLOW_TASKS", "1"},
                                                                      {"LIFECYCLE_MAX_CONCURRENT_ACTIVITIES", "0"},
                                                                      {"LIFECYCLE_MAX_CACHED_WORKFLOWS", "-1"}}) {
    const auto options = worker_options({}, {{name, value}});
    ASSERT_FALSE(options) << name;
    EXPECT_THAT(options.error().message, testing::AllOf(HasSubstr(name), HasSubstr(value)));
  }
}

TEST(WorkerOptions, refuse_a_heartbeat_interval_after_which_the_server_has_forgotten_the_worker) {
  for (const char* interval : {"500ms", "1m1s"}) {
    const auto options = worker_options({{"worker_heartbeat_interval", interval}});
    ASSERT_FALSE(options) << interval;
    EXPECT_THAT(options.error().message,
                testing::AllOf(HasSubstr("--worker-heartbeat-interval"), HasSubstr(interval), HasSubstr("1s to 60s")));
  }
  EXPECT_EQ(worker_options({{"worker_heartbeat_interval", "0s"}})->worker_heartbeat_interval, seconds(0));
}

TEST(WorkerOptions, refuse_eager_activities_together_with_a_rate) {
  for (const char* rate : {"max_activities_per_second", "max_task_queue_activities_per_second"}) {
    const auto options = worker_options({{"eager_activities", "true"}, {rate, "3"}});
    ASSERT_FALSE(options) << rate;
    EXPECT_THAT(options.error().hint, HasSubstr("--eager-activities"));
  }
}

TEST(ProbeFlags, ask_for_ready_unless_told_otherwise) {
  ProbeOptions options;
  CLI::App app;
  add_probe_options(app, options);
  EXPECT_EQ(parse(app, {}), "");
  EXPECT_EQ(options.service, HealthService::kReady);
  EXPECT_EQ(parse(app, {"live", "--health-address", "h:1", "--timeout", "3s"}), "");
  EXPECT_EQ(options.service, HealthService::kLive);
  EXPECT_EQ(options.health_address, "h:1");
  EXPECT_EQ(options.timeout, seconds(3));
  EXPECT_THAT(parse(app, {"alive"}), HasSubstr("startup|ready|live"));
}

TEST(WorkerOptions, take_the_tuning_as_it_is_given) {
  const auto options = worker_options({{"max_concurrent_activities", "1"},
                                       {"max_cached_workflows", "0"},
                                       {"sticky_timeout", "7s"},
                                       {"graceful_shutdown_timeout", "1m"},
                                       {"eager_activities", "true"},
                                       {"deployment_name", "lifecycle"},
                                       {"versioning_behavior", "auto-upgrade"}});
  ASSERT_TRUE(options);
  EXPECT_EQ(options->max_concurrent_activities, 1U);
  EXPECT_EQ(options->max_cached_workflows, 0U);
  EXPECT_EQ(options->sticky_schedule_to_start_timeout, seconds(7));
  EXPECT_EQ(options->graceful_shutdown_timeout, seconds(60));
  EXPECT_TRUE(options->eager_activities);
  EXPECT_EQ(options->deployment->versioning_behavior, worker::VersioningBehavior::kAutoUpgrade);
}

// The worker's flags as the command line reads them; `texts` has what was given, by key.
std::string parse_worker(const std::vector<std::string>& arguments, SettingTexts& texts) {
  const std::vector<SettingDefinition> definitions = worker_setting_definitions();
  WorkerFlags flags;
  CLI::App app;
  add_worker_options(app, flags, definitions);
  std::string message = parse(app, arguments);
  texts = flags.settings;
  return message;
}

TEST(WorkerFlags, give_settings_by_their_keys) {
  SettingTexts texts;
  EXPECT_EQ(parse_worker({"-t", "q", "--deployment-name", "", "--sticky-timeout", "7s", "--eager-activities"}, texts), "");
  EXPECT_THAT(texts, testing::UnorderedElementsAre(testing::Pair("task_queue", "q"), testing::Pair("deployment_name", ""),
                                                   testing::Pair("sticky_timeout", "7s"), testing::Pair("eager_activities", "true")));
  EXPECT_EQ(parse_worker({"--no-eager-activities"}, texts), "");
  EXPECT_THAT(texts, testing::UnorderedElementsAre(testing::Pair("eager_activities", "false")));
}

TEST(WorkerFlags, refuse_values_that_could_not_work) {
  SettingTexts texts;
  EXPECT_THAT(parse_worker({"--max-concurrent-activities", "0"}, texts), HasSubstr("a number from 1 to 100000"));
  EXPECT_THAT(parse_worker({"--max-concurrent-activities", "none"}, texts), HasSubstr("'none'"));
  EXPECT_NE(parse_worker({"--max-concurrent-workflow-task-polls", "1"}, texts), "");
  EXPECT_THAT(parse_worker({"--versioning-behavior", "sometimes"}, texts), HasSubstr("pinned|auto-upgrade"));
  EXPECT_THAT(parse_worker({"--sticky-timeout", "soon"}, texts), HasSubstr("--sticky-timeout"));
}

TEST(VersionedFlags, run_one_version_or_compare_two) {
  VersionedOptions options;
  CLI::App app;
  add_versioned_options(app, options);
  EXPECT_EQ(parse(app, {"v1", "quick", "--compare", "v2", "--wait-timeout", "5s"}), "");
  EXPECT_EQ(options.version, "v1");
  EXPECT_EQ(options.preset, Preset::kQuick);
  EXPECT_EQ(options.compare_with, "v2");
  EXPECT_EQ(options.wait_timeout, seconds(5));
}

TEST(VersionedFlags, do_not_give_two_workflows_one_id) {
  VersionedOptions options;
  CLI::App app;
  add_versioned_options(app, options);
  EXPECT_NE(parse(app, {"v1", "--compare", "v2", "--workflow-id", "w"}), "");
}

TEST(VersionedFlags, want_a_version) {
  VersionedOptions options;
  CLI::App app;
  add_versioned_options(app, options);
  EXPECT_NE(parse(app, {}), "");
}

TEST(RolloutFlags, say_what_is_to_be_done) {
  RolloutOptions options;
  CLI::App app;
  add_rollout_options(app, options);
  EXPECT_EQ(parse(app, {"promote", "v2", "--deployment-name", "other", "--wait-timeout", "5s"}), "");
  EXPECT_EQ(options.action, RolloutAction::kPromote);
  EXPECT_EQ(options.version, "v2");
  EXPECT_EQ(options.deployment_name, "other");
  EXPECT_EQ(parse(app, {"rollback"}), "");
  EXPECT_EQ(options.action, RolloutAction::kRollback);
}

}  // namespace
}  // namespace lifecycle::cli
