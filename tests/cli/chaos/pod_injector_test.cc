// Faults of pods and Deployments on a cluster that the test plays: what is asked of it, what counts as proof, what is undone.
#include "cli/chaos/pod_injector.h"

#include <gmock/gmock.h>

#include "cli/chaos/deployment_injector.h"
#include "tests/cli/chaos/fake_cluster.h"
#include "tests/cli/chaos/fake_patience.h"

namespace lifecycle::cli::chaos {
namespace {

using test::FakeCluster;
using test::FakePatience;
using test::make_pod;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

const WallTime kEnd{std::chrono::hours(489'999)};

class PodFaults : public testing::Test {
 protected:
  PodFaults() { cluster_.add(make_pod("a", "uid-a")); }

  Target target(const std::string& name) {
    Result<std::vector<Target>> all = injector_.find({});
    EXPECT_TRUE(all);
    for (Target& each : *all) {
      if (each.name == name) {
        return std::move(each);
      }
    }
    ADD_FAILURE() << "no pod " << name;
    return {};
  }

  void end_container(const std::string& pod, std::int32_t exit_code) {
    kubernetes::ContainerStatus& container = cluster_.pods[pod].containers.front();
    container.restart_count += 1;
    container.last_state = kubernetes::ContainerTermination{.exit_code = exit_code, .finished_at = kEnd};
  }

  static JournalEntry planned(const Target& target, nlohmann::json undo) {
    return {.id = "x/1",
            .fault = FaultKind::kPause,
            .target = target.kind,
            .name = target.name,
            .name_space = target.name_space,
            .uid = target.key,
            .undo = std::move(undo)};
  }

  FakeCluster cluster_;
  FakePatience patience_;
  PodInjector injector_{cluster_, {.name_space = "workers", .label_selector = "version=v1.0.0", .own_pod = "client"}};
};

TEST_F(PodFaults, are_for_pods_with_the_opt_in_label_alone) {
  (void)injector_.find({});
  EXPECT_EQ(cluster_.last_selector, "chaos.lifecycle.dev/enabled=true,version=v1.0.0");
}

TEST_F(PodFaults, are_not_for_a_pod_that_is_being_deleted_or_that_the_command_runs_in) {
  cluster_.add(make_pod("client", "uid-client"));
  cluster_.pods["a"].meta.deletion_time = kEnd;
  EXPECT_EQ(target("a").untouchable, "it is being deleted");
  EXPECT_FALSE(target("a").ready);
  EXPECT_EQ(target("client").untouchable, "this command runs in it");
}

TEST_F(PodFaults, know_the_deployment_behind_the_replica_set) {
  kubernetes::Pod pod = make_pod("b", "uid-b");
  pod.meta.labels["pod-template-hash"] = "7d9f";
  pod.meta.owners = {{.kind = "ReplicaSet", .name = "lifecycle-workers-v1-7d9f", .uid = "r", .controller = true}};
  EXPECT_EQ(target_of(pod, "").owner, "deployment/lifecycle-workers-v1");
  pod.meta.owners = {{.kind = "StatefulSet", .name = "db", .uid = "s", .controller = true}};
  EXPECT_EQ(target_of(pod, "").owner, "statefulset/db");
}

TEST_F(PodFaults, take_the_identity_that_temporal_knows) {
  const Result<std::vector<Target>> found =
      injector_.find({{.identity = "a@node-1/v1.0.0#9c", .last_access = kEnd}, {.identity = "1@other", .last_access = kEnd}});
  ASSERT_TRUE(found);
  EXPECT_EQ(found->front().worker_identity, "a@node-1/v1.0.0#9c");
}

TEST_F(PodFaults, delete_by_uid_and_prove_it_by_the_pods_absence) {
  const Target victim = target("a");
  ASSERT_TRUE(injector_.inject({.kind = FaultKind::kDelete}, victim));
  EXPECT_THAT(cluster_.changes, ElementsAre("delete a"));
  const Result<std::string> proof = injector_.prove({.kind = FaultKind::kDelete}, victim, patience_);
  ASSERT_TRUE(proof);
  EXPECT_THAT(*proof, HasSubstr("uid-a is gone"));
}

TEST_F(PodFaults, leave_a_pod_alone_that_took_the_name_meanwhile) {
  const Target victim = target("a");
  cluster_.add(make_pod("a", "uid-new"));
  for (const FaultKind kind : {FaultKind::kDelete, FaultKind::kEvict, FaultKind::kSigkill, FaultKind::kPause}) {
    EXPECT_FALSE(injector_.inject({.kind = kind}, victim));
  }
  EXPECT_THAT(cluster_.changes, IsEmpty());
  EXPECT_THAT(cluster_.pods, SizeIs(1));
}

TEST_F(PodFaults, do_not_wait_for_the_end_of_a_back_off) {
  end_container("a", 137);
  const Target victim = target("a");
  kubernetes::ContainerStatus& container = cluster_.pods["a"].containers.front();
  container.last_state = kubernetes::ContainerTermination{.exit_code = 137, .finished_at = kEnd + std::chrono::seconds(9)};
  container.waiting_reason = "CrashLoopBackOff";
  int waits = 0;
  patience_.on_wait = [&] { ++waits; };
  EXPECT_EQ(injector_.prove({.kind = FaultKind::kSigkill}, victim, patience_).value_or(""),
            "container worker ended with exit code 137; it waits to be started again (CrashLoopBackOff)");
  EXPECT_EQ(waits, 0);
}

TEST_F(PodFaults, are_not_proven_by_a_pod_that_stays) {
  const Target victim = target("a");
  const Result<std::string> proof = injector_.prove({.kind = FaultKind::kDelete}, victim, patience_);
  ASSERT_FALSE(proof);
  EXPECT_EQ(proof.error().code, ErrorCode::kDeadlineExceeded);
}

TEST_F(PodFaults, rehearse_changes_nothing) {
  const Target victim = target("a");
  EXPECT_TRUE(injector_.rehearse({.kind = FaultKind::kDelete}, victim));
  EXPECT_TRUE(injector_.rehearse({.kind = FaultKind::kEvict}, victim));
  EXPECT_TRUE(injector_.rehearse({.kind = FaultKind::kSigkill}, victim));
  EXPECT_THAT(cluster_.changes, ElementsAre("delete a (dry run)", "evict a (dry run)"));
  EXPECT_THAT(cluster_.pods, SizeIs(1));
  cluster_.allowed = false;
  EXPECT_EQ(injector_.rehearse({.kind = FaultKind::kSigkill}, victim).error().code, ErrorCode::kPermissionDenied);
}

TEST_F(PodFaults, name_the_disruption_budget_that_forbids_an_eviction) {
  kubernetes::PodDisruptionBudget other;
  other.meta.name = "others";
  other.label_selector = "app=other";
  kubernetes::PodDisruptionBudget satisfied;
  satisfied.meta.name = "satisfied";
  satisfied.disruptions_allowed = 1;
  kubernetes::PodDisruptionBudget guilty;
  guilty.meta.name = "lifecycle-workers-v1";
  cluster_.budgets = {other, satisfied, guilty};
  cluster_.eviction = {.evicted = false, .reason = "Cannot evict pod", .retry_after = std::chrono::seconds(5)};
  const Result<void> evicted = injector_.inject({.kind = FaultKind::kEvict}, target("a"));
  ASSERT_FALSE(evicted);
  EXPECT_EQ(evicted.error().code, ErrorCode::kFailedPrecondition);
  EXPECT_THAT(evicted.error().message, HasSubstr("PodDisruptionBudget 'lifecycle-workers-v1' forbids"));
  EXPECT_THAT(evicted.error().hint, HasSubstr("after 5s"));
  EXPECT_THAT(cluster_.pods, SizeIs(1));
}

TEST_F(PodFaults, prove_a_sigkill_by_exit_code_137_of_the_container_that_was_there) {
  end_container("a", 1);  // an older end proves nothing
  const Target victim = target("a");
  cluster_.exec_outcome = {.exit_code = std::nullopt};  // the connection died with the container
  ASSERT_TRUE(injector_.inject({.kind = FaultKind::kSigkill}, victim));
  EXPECT_THAT(cluster_.changes, ElementsAre("exec a kill"));
  int waits = 0;
  patience_.on_wait = [&] {
    if (++waits == 2) {
      cluster_.pods["a"].containers.front().terminated = kubernetes::ContainerTermination{.exit_code = 137};
    } else if (waits == 3) {
      cluster_.pods["a"].containers.front().terminated.reset();
      end_container("a", 137);
    }
  };
  const Result<std::string> proof = injector_.prove({.kind = FaultKind::kSigkill}, victim, patience_);
  ASSERT_TRUE(proof) << proof.error().message;
  EXPECT_EQ(waits, 3);
  EXPECT_THAT(*proof, HasSubstr("exit code 137 and was started again (restart 2)"));
}

TEST_F(PodFaults, prove_a_sigkill_of_a_container_that_a_back_off_keeps_from_starting_again) {
  const Target victim = target("a");
  cluster_.pods["a"].containers.front().terminated = kubernetes::ContainerTermination{.exit_code = 137};
  EXPECT_THAT(injector_.prove({.kind = FaultKind::kSigkill}, victim, patience_).value_or(""), HasSubstr("not started again yet"));
}

TEST_F(PodFaults, are_not_proven_by_another_exit_code_or_by_none) {
  const Target victim = target("a");
  EXPECT_EQ(injector_.prove({.kind = FaultKind::kSigkill}, victim, patience_).error().code, ErrorCode::kDeadlineExceeded);
  end_container("a", 0);
  EXPECT_THAT(injector_.prove({.kind = FaultKind::kSigkill}, victim, patience_).error().message, HasSubstr("exit code 0"));
}

TEST_F(PodFaults, are_not_proven_by_the_end_of_a_container_that_was_started_again_meanwhile_or_had_too_little_memory) {
  const Target victim = target("a");
  cluster_.pods["a"].containers.front().terminated = kubernetes::ContainerTermination{.exit_code = 137, .reason = "OOMKilled"};
  EXPECT_THAT(injector_.prove({.kind = FaultKind::kSigkill}, victim, patience_).error().message, HasSubstr("OOMKilled"));
  end_container("a", 137);
  const Result<void> killed = injector_.inject({.kind = FaultKind::kSigkill}, victim);
  ASSERT_FALSE(killed);
  EXPECT_THAT(killed.error().message, HasSubstr("started again meanwhile"));
  EXPECT_THAT(cluster_.changes, IsEmpty());
}

TEST_F(PodFaults, of_which_nobody_knows_whether_the_signal_worked_are_no_refusals) {
  cluster_.exec_outcome = {.exit_code = 124, .standard_error = "not seen in time"};
  EXPECT_EQ(injector_.inject({.kind = FaultKind::kPause}, target("a")).error().code, ErrorCode::kDeadlineExceeded);
}

TEST_F(PodFaults, have_nothing_to_undo_in_a_container_that_was_started_again) {
  const Target victim = target("a");
  const nlohmann::json undo = injector_.undo_record({.kind = FaultKind::kPause}, victim);
  end_container("a", 137);
  cluster_.exec_outcome = {.exit_code = 1, .standard_error = "no worker"};
  EXPECT_THAT(injector_.undo(planned(victim, undo), patience_).value_or(""), HasSubstr("started again meanwhile: nothing to undo"));
  EXPECT_THAT(cluster_.changes, ElementsAre("exec a continue")) << "the count may lag behind the signal that froze it";
}

TEST_F(PodFaults, are_undone_although_the_cluster_is_away_for_a_moment) {
  const Target victim = target("a");
  const nlohmann::json undo = injector_.undo_record({.kind = FaultKind::kPause}, victim);
  cluster_.refusal = Error{.code = ErrorCode::kKubernetesUnreachable, .message = "nobody answers"};
  int waits = 0;
  patience_.on_wait = [&] {
    if (++waits == 3) {
      cluster_.refusal.reset();
    }
  };
  EXPECT_THAT(injector_.undo(planned(victim, undo), patience_).value_or(""), HasSubstr("goes on"));
  EXPECT_EQ(waits, 3);
}

TEST_F(PodFaults, know_how_long_a_worker_may_stand_still) {
  EXPECT_EQ(target("a").liveness_patience, Duration::zero());
  cluster_.pods["a"].raw = {{"spec", {{"containers", {{{"name", "worker"}, {"livenessProbe", {{"periodSeconds", 4}}}}}}}}};
  EXPECT_EQ(target("a").liveness_patience, std::chrono::seconds(12));
}

TEST_F(PodFaults, say_what_a_pod_without_a_supervised_worker_answered) {
  cluster_.exec_outcome = {.exit_code = 1, .standard_error = "Error: process 1 supervises no worker\n"};
  const Result<void> killed = injector_.inject({.kind = FaultKind::kSigkill}, target("a"));
  ASSERT_FALSE(killed);
  EXPECT_THAT(killed.error().message, HasSubstr("process 1 supervises no worker"));
  EXPECT_THAT(killed.error().hint, HasSubstr("--supervise"));
}

TEST_F(PodFaults, pause_and_continue) {
  const Target victim = target("a");
  const Fault pause{.kind = FaultKind::kPause};
  const nlohmann::json undo = injector_.undo_record(pause, victim);
  ASSERT_TRUE(injector_.inject(pause, victim));
  EXPECT_THAT(injector_.prove(pause, victim, patience_).value_or(""), HasSubstr("\"state\":\"T\""));
  EXPECT_THAT(injector_.undo(planned(victim, undo), patience_).value_or(""), HasSubstr("goes on"));
  EXPECT_THAT(cluster_.changes, ElementsAre("exec a stop", "exec a continue"));
}

TEST_F(PodFaults, have_nothing_to_undo_on_a_pod_that_is_gone) {
  const Target victim = target("a");
  const nlohmann::json undo = injector_.undo_record({.kind = FaultKind::kPause}, victim);
  cluster_.add(make_pod("a", "uid-new"));
  EXPECT_THAT(injector_.undo(planned(victim, undo), patience_).value_or(""), HasSubstr("is gone"));
  cluster_.pods.clear();
  EXPECT_THAT(injector_.undo(planned(victim, undo), patience_).value_or(""), HasSubstr("is gone"));
  EXPECT_THAT(cluster_.changes, IsEmpty());
}

TEST_F(PodFaults, that_cannot_be_undone_need_no_record) {
  for (const FaultKind kind : {FaultKind::kDelete, FaultKind::kEvict, FaultKind::kSigkill}) {
    EXPECT_TRUE(injector_.undo_record({.kind = kind}, target("a")).empty());
  }
}

class DeploymentFaults : public testing::Test {
 protected:
  DeploymentFaults() {
    kubernetes::Deployment deployment;
    deployment.meta.name = "d";
    deployment.meta.name_space = "workers";
    deployment.meta.uid = "uid-d";
    deployment.raw = {{"spec", {{"template", {{"metadata", {{"labels", {{std::string(kOptInLabel), "true"}, {"version", "v1"}}}}}}}}}};
    cluster_.deployments["d"] = deployment;
    cluster_.set_replicas("d", 2);
  }

  Target target() {
    Result<std::vector<Target>> found = injector_.find({});
    EXPECT_TRUE(found);
    return found->front();
  }

  JournalEntry planned(const Target& target) {
    return {.id = "x/1",
            .fault = FaultKind::kScale,
            .target = target.kind,
            .name = target.name,
            .name_space = target.name_space,
            .uid = target.key,
            .undo = injector_.undo_record(scale_, target)};
  }

  FakeCluster cluster_;
  FakePatience patience_;
  DeploymentInjector injector_{cluster_, {.name_space = "workers", .name = "d"}};
  Fault scale_{.kind = FaultKind::kScale, .replicas = 0};
};

TEST_F(DeploymentFaults, need_the_opt_in_label_on_the_pods) {
  EXPECT_EQ(target().untouchable, "");
  cluster_.deployments["d"].raw = nlohmann::json::object();
  EXPECT_THAT(target().untouchable, HasSubstr("chaos.lifecycle.dev/enabled=true"));
}

TEST_F(DeploymentFaults, spare_what_a_controller_of_its_own_would_change_back) {
  cluster_.deployments["d"].meta.owners = {{.kind = "TemporalWorkerDeployment", .name = "orders", .uid = "uid-o", .controller = true}};
  EXPECT_THAT(target().untouchable, HasSubstr("TemporalWorkerDeployment orders manages it"));
}

TEST_F(DeploymentFaults, do_not_scale_what_an_autoscaler_scales) {
  cluster_.autoscalers = {{.target_kind = "StatefulSet", .target_name = "d"}, {.target_kind = "Deployment", .target_name = "other"}};
  EXPECT_TRUE(injector_.rehearse(scale_, target()));
  cluster_.changes.clear();
  cluster_.autoscalers.push_back({.meta = {.name = "busy"}, .target_kind = "Deployment", .target_name = "d"});
  for (const Result<void>& refused : {injector_.rehearse(scale_, target()), injector_.inject(scale_, target())}) {
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, ErrorCode::kFailedPrecondition);
    EXPECT_THAT(refused.error().message, HasSubstr("HorizontalPodAutoscaler 'busy'"));
  }
  EXPECT_THAT(cluster_.changes, IsEmpty());
  EXPECT_TRUE(injector_.rehearse({.kind = FaultKind::kRestart}, target()));
}

TEST_F(DeploymentFaults, scale_and_scale_back) {
  const Target victim = target();
  const JournalEntry entry = planned(victim);
  ASSERT_TRUE(injector_.rehearse(scale_, victim));
  ASSERT_TRUE(injector_.inject(scale_, victim));
  EXPECT_THAT(injector_.prove(scale_, victim, patience_).value_or(""), HasSubstr("has 0 pods"));
  EXPECT_THAT(injector_.undo(entry, patience_).value_or(""), HasSubstr("2 Ready pods again"));
  EXPECT_THAT(injector_.undo(entry, patience_).value_or(""), HasSubstr("2 Ready pods again"));
  EXPECT_THAT(cluster_.changes, ElementsAre("scale d to 0 (dry run)", "scale d to 0", "scale d to 2"));
}

TEST_F(DeploymentFaults, do_not_scale_to_what_there_is) {
  EXPECT_THAT(injector_.rehearse({.kind = FaultKind::kScale, .replicas = 2}, target()).error().message, HasSubstr("has 2 pods already"));
}

TEST_F(DeploymentFaults, are_proven_beside_the_remains_of_an_evicted_pod) {
  kubernetes::Pod remains = make_pod("d-evicted", "uid-evicted");
  remains.phase = "Failed";
  const Target victim = target();
  ASSERT_TRUE(injector_.inject(scale_, victim));
  cluster_.add(remains);
  EXPECT_THAT(injector_.prove(scale_, victim, patience_).value_or(""), HasSubstr("has 0 pods"));
  remains.meta.deletion_time = WallTime();  // a worker that ended well and is about to go
  cluster_.add(remains);
  EXPECT_FALSE(injector_.prove(scale_, victim, patience_));
}

TEST_F(DeploymentFaults, are_not_proven_while_pods_are_still_ending) {
  const Target victim = target();
  ASSERT_TRUE(injector_.inject(scale_, victim));
  cluster_.add(make_pod("d-old", "uid-old"));
  EXPECT_EQ(injector_.prove(scale_, victim, patience_).error().code, ErrorCode::kDeadlineExceeded);
}

TEST_F(DeploymentFaults, do_not_undo_what_somebody_else_has_decided_since) {
  const Target victim = target();
  const JournalEntry entry = planned(victim);
  ASSERT_TRUE(injector_.inject(scale_, victim));
  cluster_.set_replicas("d", 5);
  EXPECT_THAT(injector_.undo(entry, patience_).value_or(""), HasSubstr("left so"));
  cluster_.deployments["d"].meta.uid = "uid-new";
  EXPECT_THAT(injector_.undo(entry, patience_).value_or(""), HasSubstr("is gone"));
  EXPECT_THAT(cluster_.changes, ElementsAre("scale d to 0"));
}

TEST_F(DeploymentFaults, do_not_scale_what_was_scaled_or_replaced_meanwhile) {
  const Target victim = target();
  cluster_.set_replicas("d", 3);
  EXPECT_EQ(injector_.inject(scale_, victim).error().code, ErrorCode::kFailedPrecondition);
  cluster_.set_replicas("d", 2);
  cluster_.deployments["d"].meta.uid = "uid-new";
  EXPECT_EQ(injector_.inject(scale_, victim).error().code, ErrorCode::kFailedPrecondition);
  EXPECT_THAT(cluster_.changes, IsEmpty());
}

TEST_F(DeploymentFaults, restart_is_proven_when_every_pod_is_new) {
  const Fault restart{.kind = FaultKind::kRestart, .requested_at = "2026-11-27T15:30:01.250Z"};
  const Target victim = target();
  ASSERT_TRUE(injector_.inject(restart, victim));
  EXPECT_THAT(cluster_.changes, ElementsAre(HasSubstr(R"("kubectl.kubernetes.io/restartedAt":"2026-11-27T15:30:01.250Z")")));
  EXPECT_EQ(injector_.prove(restart, victim, patience_).error().code, ErrorCode::kDeadlineExceeded);
  cluster_.set_replicas("d", 2);
  EXPECT_THAT(injector_.prove(restart, victim, patience_).value_or(""), HasSubstr("all 2 pods"));
  EXPECT_TRUE(injector_.undo_record(restart, victim).empty());
}

}  // namespace
}  // namespace lifecycle::cli::chaos
