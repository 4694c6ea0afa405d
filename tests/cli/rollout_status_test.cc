#include "cli/rollout_status.h"

#include <gmock/gmock.h>

#include "api/api.h"
#include "client/deployment_version.h"

namespace lifecycle::cli {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
namespace enums = api::enums;

const WallTime kNow{std::chrono::sys_days(std::chrono::year(2026) / 11 / 25)};

class Facts {
 public:
  Facts() {
    facts_.deployment.mutable_worker_deployment_info()->set_name("lifecycle");
    facts_.deployments_in_namespace = 1;
    facts_.now = kNow;
    facts_.task_queues.emplace_back();
  }

  using Summary = temporal::api::deployment::v1::WorkerDeploymentInfo::WorkerDeploymentVersionSummary;

  Summary& version(const std::string& build_id, enums::WorkerDeploymentVersionStatus status, Duration age = 1h) {
    Summary& summary = *facts_.deployment.mutable_worker_deployment_info()->add_version_summaries();
    *summary.mutable_deployment_version() = client::to_api({.deployment_name = "lifecycle", .build_id = build_id});
    summary.set_status(status);
    api::set(*summary.mutable_create_time(), kNow - age);
    auto& routing = *facts_.deployment.mutable_worker_deployment_info()->mutable_routing_config();
    if (status == enums::WORKER_DEPLOYMENT_VERSION_STATUS_CURRENT) {
      *routing.mutable_current_deployment_version() = summary.deployment_version();
    } else if (status == enums::WORKER_DEPLOYMENT_VERSION_STATUS_RAMPING) {
      *routing.mutable_ramping_deployment_version() = summary.deployment_version();
      routing.set_ramping_version_percentage(25);
    }
    return summary;
  }

  void poller(const std::string& build_id, const std::string& identity, Duration ago, const std::string& deployment_name = "lifecycle") {
    auto& poller = *facts_.task_queues.front().add_pollers();
    poller.set_identity(identity);
    poller.mutable_deployment_options()->set_deployment_name(deployment_name);
    poller.mutable_deployment_options()->set_build_id(build_id);
    api::set(*poller.mutable_last_access_time(), kNow - ago);
  }

  void waiting_task(const std::string& build_id, Duration age) {
    auto& stats = *facts_.versions[build_id].add_version_task_queues()->mutable_stats();
    stats.set_approximate_backlog_count(1);
    api::set(*stats.mutable_approximate_backlog_age(), age);
  }

  RolloutFacts& facts() { return facts_; }
  [[nodiscard]] RolloutStatus status() const { return make_rollout_status(facts_); }

 private:
  RolloutFacts facts_;
};

constexpr auto kCurrent = enums::WORKER_DEPLOYMENT_VERSION_STATUS_CURRENT;
constexpr auto kRamping = enums::WORKER_DEPLOYMENT_VERSION_STATUS_RAMPING;
constexpr auto kDraining = enums::WORKER_DEPLOYMENT_VERSION_STATUS_DRAINING;
constexpr auto kDrained = enums::WORKER_DEPLOYMENT_VERSION_STATUS_DRAINED;
constexpr auto kInactive = enums::WORKER_DEPLOYMENT_VERSION_STATUS_INACTIVE;

TEST(RolloutStatus, lists_the_current_version_first_then_the_ramping_one_then_the_newest) {
  Facts facts;
  facts.version("old", kInactive, 3h);
  facts.version("newer", kInactive, 1h);
  facts.version("ramp", kRamping);
  facts.version("now", kCurrent, 9h);
  std::vector<std::string> order;
  for (const VersionStatus& version : facts.status().versions) {
    order.push_back(version.build_id);
  }
  EXPECT_THAT(order, ElementsAre("now", "ramp", "newer", "old"));
  EXPECT_EQ(rollout_lines(facts.status()).front(), "deployment lifecycle: current now, ramping ramp 25%");
}

TEST(RolloutStatus, a_drainage_that_the_server_has_not_checked_is_never_called_safe) {
  Facts facts;
  facts.version("v1", kInactive);
  EXPECT_EQ(facts.status().versions.front().drainage, Drainage::kNotChecked);
  EXPECT_THAT(rollout_lines(facts.status()).back(), HasSubstr("not yet checked"));
  EXPECT_EQ(rollout_json(facts.status())["versions"][0]["drainage"], "not yet checked");
}

TEST(RolloutStatus, a_version_that_gets_new_workflows_does_not_drain) {
  Facts facts;
  facts.version("v1", kCurrent);
  EXPECT_EQ(facts.status().versions.front().drainage, Drainage::kNotDraining);
  EXPECT_EQ(rollout_json(facts.status())["versions"][0]["drainage"], nullptr);
}

TEST(RolloutStatus, says_when_drainage_was_checked) {
  Facts facts;
  auto& drainage = *facts.version("v1", kDraining).mutable_drainage_info();
  drainage.set_status(enums::VERSION_DRAINAGE_STATUS_DRAINING);
  api::set(*drainage.mutable_last_checked_time(), kNow - 4s);
  EXPECT_THAT(rollout_lines(facts.status()).back(), HasSubstr("draining, checked 4.0s ago"));
}

TEST(RolloutStatus, counts_the_workers_whose_poll_may_be_open_each_once) {
  Facts facts;
  facts.version("v1", kCurrent);
  facts.poller("v1", "a", 3s);
  facts.poller("v1", "a", 20s);
  facts.poller("v1", "b", 60s);
  facts.poller("v1", "gone", 2min);
  facts.poller("v2", "other version", 1s);
  facts.poller("v1", "other deployment", 1s, "other");
  const Liveness liveness = facts.status().versions.front().liveness;
  EXPECT_EQ(liveness.workers, 2);
  EXPECT_EQ(liveness.since_last_poll, 3s);
  EXPECT_FALSE(liveness.silent());
  EXPECT_THAT(rollout_lines(facts.status()).back(), HasSubstr("up to 2 workers, polled 3.0s ago"));
}

TEST(RolloutStatus, a_version_is_silent_when_its_poll_was_not_renewed_although_the_server_remembers_it) {
  Facts facts;
  facts.version("v1", kCurrent);
  facts.poller("v1", "a", 2min);
  EXPECT_TRUE(facts.status().versions.front().liveness.silent());
  EXPECT_THAT(rollout_lines(facts.status()).back(), HasSubstr("silent: last poll 2m00.0s ago"));
}

TEST(RolloutStatus, a_version_is_silent_when_a_task_waits_although_it_polled_a_moment_ago) {
  Facts facts;
  facts.version("v1", kCurrent);
  facts.poller("v1", "a", 1s);
  facts.waiting_task("v1", 12s);
  EXPECT_TRUE(facts.status().versions.front().liveness.silent());
  EXPECT_THAT(rollout_lines(facts.status()).back(), HasSubstr("silent: a task waits for 12.0s"));
}

TEST(RolloutStatus, open_pinned_workflows_are_counted_by_themselves) {
  Facts facts;
  facts.version("v1", kCurrent);
  facts.facts().open_workflows["v1"] = {.all = 5, .pinned = 3};
  const nlohmann::ordered_json version = rollout_json(facts.status())["versions"][0];
  EXPECT_EQ(version["openWorkflows"], 5);
  EXPECT_EQ(version["openPinnedWorkflows"], 3);
}

TEST(RolloutStatus, warns_of_a_drained_version_that_workflows_are_pinned_to) {
  Facts facts;
  facts.version("now", kCurrent);
  facts.version("v1", kDrained).mutable_drainage_info()->set_status(enums::VERSION_DRAINAGE_STATUS_DRAINED);
  EXPECT_THAT(facts.status().warnings, IsEmpty());
  facts.facts().open_workflows["v1"] = {.all = 1, .pinned = 1};
  EXPECT_THAT(facts.status().warnings, ElementsAre(HasSubstr("v1 is called drained, but 1 workflow is open")));
}

TEST(RolloutStatus, warns_when_no_version_is_current) {
  Facts facts;
  facts.version("v1", kInactive);
  EXPECT_THAT(facts.status().warnings, ElementsAre(HasSubstr("no version is current")));
  EXPECT_EQ(rollout_json(facts.status())["current"], nullptr);
}

TEST(RolloutStatus, warns_before_the_versions_and_the_deployments_are_full) {
  Facts facts;
  facts.version("now", kCurrent);
  for (int i = 0; i < 78; ++i) {
    facts.version("v" + std::to_string(i), kInactive);
  }
  facts.facts().deployments_in_namespace = 79;
  EXPECT_THAT(facts.status().warnings, IsEmpty());
  facts.version("one more", kInactive);
  facts.facts().deployments_in_namespace = 80;
  EXPECT_THAT(facts.status().warnings, ElementsAre(HasSubstr("80 versions"), HasSubstr("80 deployments")));
}

TEST(RolloutStatus, tells_that_the_routing_has_not_reached_every_queue) {
  Facts facts;
  facts.version("v1", kCurrent);
  facts.facts().deployment.mutable_worker_deployment_info()->set_routing_config_update_state(
      enums::ROUTING_CONFIG_UPDATE_STATE_IN_PROGRESS);
  EXPECT_THAT(rollout_lines(facts.status()).front(), HasSubstr("not every task queue routes so yet"));
  EXPECT_EQ(rollout_json(facts.status())["routing"], "in progress");
}

void set_history(Facts::Summary& summary, Duration first_activated_ago, Duration current_ago) {
  api::set(*summary.mutable_first_activation_time(), kNow - first_activated_ago);
  api::set(*summary.mutable_last_current_time(), kNow - current_ago);
}

TEST(VersionBeforeCurrent, is_the_one_that_was_current_last) {
  Facts facts;
  set_history(facts.version("v1", kInactive), 3h, 3h);
  set_history(facts.version("v2", kInactive), 2h, 2h);
  set_history(facts.version("v3", kCurrent), 1h, 1h);
  EXPECT_EQ(version_before_current(facts.facts().deployment), "v2");
}

TEST(VersionBeforeCurrent, is_never_one_that_was_rolled_back) {
  Facts facts;
  set_history(facts.version("v1", kInactive), 3h, 3h);
  set_history(facts.version("v2", kCurrent), 2h, 1min);
  set_history(facts.version("v3", kInactive), 1h, 1h);
  EXPECT_EQ(version_before_current(facts.facts().deployment), "v1");
}

TEST(VersionBeforeCurrent, is_none_where_no_other_was_ever_current) {
  Facts facts;
  facts.version("v0", kInactive);
  set_history(facts.version("v1", kCurrent), 1h, 1h);
  EXPECT_EQ(version_before_current(facts.facts().deployment), std::nullopt);
}

}  // namespace
}  // namespace lifecycle::cli
