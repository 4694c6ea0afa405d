// A run of a chaos command, step by step: what is written before what, and what is left when the command is killed in between.
#include "cli/chaos/experiment.h"

#include <gmock/gmock.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <filesystem>

#include "cli/chaos/local_process.h"
#include "cli/chaos/pod_injector.h"
#include "cli/chaos/process_injector.h"
#include "cli/chaos/recover.h"
#include "tests/cli/chaos/fake_cluster.h"
#include "tests/cli/chaos/fake_patience.h"

namespace lifecycle::cli::chaos {
namespace {

using test::FakeCluster;
using test::FakePatience;
using test::make_pod;
using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;
using testing::StartsWith;

// What an experiment did, in order: its journal's events and the changes of the cluster.
class ExperimentTest : public testing::Test {
 protected:
  ExperimentTest() {
    options_.yes = true;
    options_.hold = std::chrono::seconds(5);
    for (const char* name : {"a", "b", "c"}) {
      cluster_.add(make_pod(name, std::string("uid-") + name));
    }
    cluster_.on_change = [this](const std::string& change) { done_.push_back(change); };
  }

  ExitCode run(FaultKind kind) {
    testing::internal::CaptureStdout();
    testing::internal::CaptureStderr();
    ExitCode end{};
    {
      Output output({.format = format_});
      Experiment experiment({.options = options_,
                             .fault = {.kind = kind},
                             .injector = injector_,
                             .temporal = nullptr,
                             .record = [this](const JournalEntry& entry) -> Result<void> {
                               if (journal_error_) {
                                 return std::unexpected(*journal_error_);
                               }
                               done_.emplace_back(name_of(entry.event));
                               entries_.push_back(entry);
                               return {};
                             },
                             .confirm = [this](const std::string& question) -> Result<bool> {
                               questions_.push_back(question);
                               return answer_;
                             },
                             .output = output,
                             .patience = patience_,
                             .stubborn_patience = stubborn_patience_,
                             .stopped = stopped_,
                             .id = "chaos-1",
                             .origin = {{"tool", {{"host", "elsewhere"}}}},
                             .seed = 1});
      end = experiment.run();
    }
    output_ = testing::internal::GetCapturedStdout();
    errors_ = testing::internal::GetCapturedStderr();
    return end;
  }

  ChaosOptions options_;
  OutputFormat format_ = OutputFormat::kText;
  FakeCluster cluster_;
  FakePatience patience_;
  FakePatience stubborn_patience_;
  std::optional<ExitCode> stopped_;
  PodInjector injector_{cluster_, {.name_space = "workers"}};
  std::vector<std::string> done_;
  std::vector<JournalEntry> entries_;
  std::vector<std::string> questions_;
  bool answer_ = true;
  std::optional<Error> journal_error_;
  std::vector<std::string> deleted_uids_;
  std::string output_;
  std::string errors_;
};

TEST_F(ExperimentTest, writes_the_plan_before_the_change_and_the_proof_after_it) {
  options_.filter.names = {"b"};
  EXPECT_EQ(run(FaultKind::kDelete), ExitCode::kDone);
  EXPECT_THAT(done_, ElementsAre("planned", "delete b", "injected", "proven"));
  EXPECT_EQ(entries_.front().uid, "uid-b");
  EXPECT_EQ(entries_.front().id, "chaos-1/1");
  EXPECT_THAT(output_, StartsWith("PROVEN: delete pod b"));
}

TEST_F(ExperimentTest, writes_how_a_pause_is_undone_before_it_begins) {
  options_.filter.names = {"b"};
  EXPECT_EQ(run(FaultKind::kPause), ExitCode::kDone);
  EXPECT_THAT(done_, ElementsAre("planned", "exec b stop", "injected", "proven", "exec b continue", "undone"));
  EXPECT_EQ(entries_.front().undo["action"], "continue");
  EXPECT_EQ(entries_.front().undo["tool"]["host"], "elsewhere");
}

TEST_F(ExperimentTest, undoes_in_the_opposite_order) {
  options_.limits.count = 2;
  options_.order = Order::kOldest;
  EXPECT_EQ(run(FaultKind::kPause), ExitCode::kDone);
  const std::vector<std::string> changes = cluster_.changes;
  ASSERT_THAT(changes, SizeIs(4));
  EXPECT_EQ(changes, (std::vector<std::string>{"exec a stop", "exec b stop", "exec b continue", "exec a continue"}));
}

TEST_F(ExperimentTest, changes_nothing_that_it_could_not_write_down) {
  journal_error_ = Error{.code = ErrorCode::kInternal, .message = "the disk is full"};
  EXPECT_EQ(run(FaultKind::kDelete), ExitCode::kOperationFailed);
  EXPECT_THAT(cluster_.changes, IsEmpty());
  EXPECT_THAT(errors_, HasSubstr("the disk is full"));
}

TEST_F(ExperimentTest, says_that_a_fault_is_not_proven_and_exits_with_8) {
  options_.filter.names = {"b"};
  EXPECT_EQ(run(FaultKind::kSigkill), ExitCode::kFaultNotProven);
  EXPECT_THAT(done_, ElementsAre("planned", "exec b kill", "injected", "unproven"));
  EXPECT_THAT(output_, StartsWith("NOT PROVEN: kill (SIGKILL) pod b"));
}

TEST_F(ExperimentTest, ends_with_the_refusal_of_the_cluster) {
  cluster_.refusal = Error{.code = ErrorCode::kPermissionDenied, .message = "delete pods is forbidden"};
  EXPECT_EQ(run(FaultKind::kDelete), ExitCode::kNotAuthorised);
  EXPECT_THAT(done_, ElementsAre("planned", "refused"));
  EXPECT_THAT(output_, HasSubstr("NOT DONE"));
  EXPECT_THAT(errors_, HasSubstr("delete pods is forbidden"));
}

TEST_F(ExperimentTest, has_nothing_to_undo_where_the_target_said_no) {
  options_.filter.names = {"b"};
  cluster_.exec_outcome = {.exit_code = 1, .standard_error = "no worker"};
  EXPECT_EQ(run(FaultKind::kPause), ExitCode::kOperationFailed);
  EXPECT_THAT(done_, ElementsAre("planned", "exec b stop", "refused"));
  EXPECT_THAT(left_behind(entries_), IsEmpty());
}

TEST_F(ExperimentTest, takes_back_a_change_whose_answer_was_lost_and_leaves_it_to_recovery_where_that_fails) {
  options_.filter.names = {"b"};
  cluster_.exec_outcome = {.exit_code = std::nullopt};
  EXPECT_EQ(run(FaultKind::kPause), ExitCode::kFaultNotProven);
  ASSERT_GE(done_.size(), 4U);
  EXPECT_THAT(std::vector(done_.begin(), done_.begin() + 4), ElementsAre("planned", "exec b stop", "unproven", "exec b continue"));
  EXPECT_EQ(done_.back(), "exec b continue") << "tried again, and never told to be undone";
  EXPECT_THAT(left_behind(entries_), SizeIs(1));
  EXPECT_THAT(output_, AllOf(StartsWith("NOT PROVEN: pause"), HasSubstr("NOT UNDONE")));
  EXPECT_THAT(errors_, HasSubstr("lifecycle chaos recover"));
}

TEST_F(ExperimentTest, looks_for_the_proof_of_a_fault_whose_answer_was_lost) {
  options_.filter.names = {"b"};
  cluster_.loses_answers = true;
  EXPECT_EQ(run(FaultKind::kDelete), ExitCode::kDone);
  EXPECT_THAT(done_, ElementsAre("planned", "delete b", "proven"));
  EXPECT_THAT(output_, StartsWith("PROVEN: delete pod b"));
}

TEST_F(ExperimentTest, whose_fault_may_have_been_made_or_not_exits_with_8) {
  options_.filter.names = {"b"};
  cluster_.refusal = Error{.code = ErrorCode::kKubernetesUnreachable, .message = "the connection was reset"};
  EXPECT_EQ(run(FaultKind::kDelete), ExitCode::kFaultNotProven);
  EXPECT_THAT(done_, ElementsAre("planned", "unproven"));
  EXPECT_THAT(output_, StartsWith("NOT PROVEN: delete pod b"));
}

TEST_F(ExperimentTest, that_goes_on_ends_with_the_error_of_a_later_round) {
  options_.interval = std::chrono::seconds(1);
  cluster_.on_change = [this](const std::string&) {
    cluster_.list_error = Error{.code = ErrorCode::kKubernetesUnreachable, .message = "nobody answers"};
  };
  EXPECT_EQ(run(FaultKind::kDelete), ExitCode::kKubernetesUnreachable);
  EXPECT_THAT(output_, StartsWith("PROVEN: delete pod"));
  EXPECT_THAT(errors_, HasSubstr("nobody answers"));
}

TEST_F(ExperimentTest, that_goes_on_waits_for_those_that_are_not_ready_yet) {
  options_.interval = std::chrono::seconds(10);
  options_.duration = std::chrono::minutes(1);
  options_.limits.min_remaining = 1;
  cluster_.pods.erase("b");
  const SteadyTime began = patience_.clock().steady_now();
  std::vector<Duration> hits;
  cluster_.on_change = [&](const std::string&) {
    hits.push_back(patience_.clock().steady_now() - began);
    cluster_.add(make_pod(std::string("new") + std::to_string(hits.size()), std::string("uid-new") + std::to_string(hits.size())));
    for (auto& [name, pod] : cluster_.pods) {
      pod.ready = hits.size() > 1 || name == "c";
    }
  };
  patience_.on_wait = [&] {
    if (patience_.clock().steady_now() - began > std::chrono::seconds(25)) {
      for (auto& [name, pod] : cluster_.pods) {
        pod.ready = true;
      }
    }
  };
  options_.filter.names = {"a", "c", "new1"};
  EXPECT_EQ(run(FaultKind::kDelete), ExitCode::kDone);
  ASSERT_GE(hits.size(), 2U);
  EXPECT_GE(hits[1], std::chrono::seconds(25)) << "until then one of one Ready had to remain";
}

TEST_F(ExperimentTest, that_is_stopped_before_it_did_anything_ends_with_the_signal) {
  options_.yes = false;
  stopped_ = ExitCode::kInterrupted;
  answer_ = false;
  EXPECT_EQ(run(FaultKind::kDelete), ExitCode::kInterrupted);
  EXPECT_THAT(done_, IsEmpty());
}

TEST_F(ExperimentTest, asks_first_and_takes_no_for_an_answer) {
  options_.yes = false;
  options_.filter.names = {"b"};
  answer_ = false;
  EXPECT_EQ(run(FaultKind::kDelete), ExitCode::kOperationFailed);
  EXPECT_THAT(questions_, ElementsAre("delete pod b (v1.0.0, on node-1)?"));
  EXPECT_THAT(done_, IsEmpty());
  answer_ = true;
  EXPECT_EQ(run(FaultKind::kDelete), ExitCode::kDone);
  EXPECT_THAT(cluster_.changes, ElementsAre("delete b"));
}

TEST_F(ExperimentTest, of_a_dry_run_writes_and_changes_nothing) {
  options_.dry_run = true;
  format_ = OutputFormat::kJson;
  EXPECT_EQ(run(FaultKind::kDelete), ExitCode::kDone);
  EXPECT_THAT(entries_, IsEmpty());
  EXPECT_THAT(cluster_.pods, SizeIs(3));
  ASSERT_THAT(cluster_.changes, SizeIs(1));
  EXPECT_THAT(cluster_.changes.front(), HasSubstr("(dry run)"));
  const nlohmann::json plan = nlohmann::json::parse(output_);
  EXPECT_EQ(plan["dryRun"], true);
  EXPECT_THAT(plan["victims"], SizeIs(1));
}

TEST_F(ExperimentTest, that_goes_on_hits_each_pod_once_and_ends_when_nobody_is_left) {
  options_.interval = std::chrono::seconds(1);
  cluster_.on_change = [this](const std::string& change) {
    deleted_uids_.push_back(cluster_.pods[change.substr(change.rfind(' ') + 1)].meta.uid);
  };
  EXPECT_EQ(run(FaultKind::kDelete), ExitCode::kDone);
  EXPECT_THAT(deleted_uids_, testing::UnorderedElementsAre("uid-a", "uid-b", "uid-c"));
  EXPECT_EQ(entries_.back().id, "chaos-1/3");
}

TEST_F(ExperimentTest, that_goes_on_ends_when_its_time_is_over) {
  options_.interval = std::chrono::seconds(10);
  options_.duration = std::chrono::seconds(15);
  EXPECT_EQ(run(FaultKind::kDelete), ExitCode::kDone);
  EXPECT_THAT(cluster_.changes, SizeIs(2));
}

TEST_F(ExperimentTest, that_is_interrupted_undoes_what_it_began_and_hits_nobody_else) {
  options_.limits.count = 2;
  cluster_.on_change = [this](const std::string& change) {
    done_.push_back(change);
    if (change.ends_with("stop")) {
      stopped_ = ExitCode::kInterrupted;
      patience_.going_on = false;
    }
  };
  EXPECT_EQ(run(FaultKind::kPause), ExitCode::kInterrupted);
  EXPECT_THAT(cluster_.changes, SizeIs(2));
  EXPECT_THAT(cluster_.changes.back(), HasSubstr("continue"));
  EXPECT_EQ(done_.back(), "undone");
}

TEST_F(ExperimentTest, finds_nobody_where_nobody_matches) {
  options_.filter.version = "v9";
  EXPECT_EQ(run(FaultKind::kDelete), ExitCode::kNotFound);
  options_.filter.version = "";
  options_.limits.min_remaining = 3;
  EXPECT_EQ(run(FaultKind::kDelete), ExitCode::kDone);
  EXPECT_THAT(output_, HasSubstr("3 of 3 Ready must remain"));
  EXPECT_THAT(cluster_.changes, IsEmpty());
}

// A real process is paused by a command that is killed right after its n-th step, or just before the change is written down.
class KilledCommand : public testing::TestWithParam<int> {
 protected:
  KilledCommand() : victim_(::fork()) {
    if (victim_ == 0) {
      ::prctl(PR_SET_PDEATHSIG, SIGKILL);
      for (;;) {
        ::pause();
      }
    }
    std::string pattern = testing::TempDir() + "killed-XXXXXX";
    folder_ = ::mkdtemp(pattern.data());
    path_ = folder_ + "/journal.jsonl";
    patience_.on_wait = [] { ::usleep(20'000); };  // what others do needs some of the real time, too
  }
  ~KilledCommand() override {
    ::kill(victim_, SIGKILL);
    ::waitpid(victim_, nullptr, 0);
    std::filesystem::remove_all(folder_);
  }

  // The command, in a process of its own that ends itself with SIGKILL when it has written `lines` lines.
  void run_command(int lines) {
    const pid_t command = ::fork();
    if (command == 0) {
      ::_exit(to_int(pause_victim(lines)));
    }
    ASSERT_EQ(::waitpid(command, &status_, 0), command);
  }

  ExitCode pause_victim(int lines) {
    ChaosOptions options;
    options.yes = true;
    options.target = TargetKind::kProcess;
    options.hold = std::chrono::seconds(1);
    Output output({.format = OutputFormat::kNone});
    ProcessInjector injector({victim_});
    Result<Journal> journal = Journal::open(path_);
    const std::optional<ExitCode> stopped;
    int written = 0;
    Experiment experiment({.options = options,
                           .fault = {.kind = FaultKind::kPause},
                           .injector = injector,
                           .temporal = nullptr,
                           .record = [&](const JournalEntry& entry) -> Result<void> {
                             Result<void> done = journal->append(entry);
                             if (++written == lines) {
                               ::raise(SIGKILL);
                             }
                             return done;
                           },
                           .confirm = [](const std::string&) -> Result<bool> { return true; },
                           .output = output,
                           .patience = patience_,
                           .stubborn_patience = patience_,
                           .stopped = stopped,
                           .id = "chaos-1",
                           .origin = origin_of_this_process(),
                           .seed = 1});
    return experiment.run();
  }

  ExitCode run_recover() {
    Output output({.format = OutputFormat::kNone});
    ProcessInjector injector({});
    return recover({.journal_path = path_,
                    .injector_for = [&](const JournalEntry&) -> Result<Injector*> { return &injector; },
                    .record = [&](const JournalEntry& entry) { return Journal::open(path_)->append(entry); },
                    .output = output,
                    .patience = patience_});
  }

  [[nodiscard]] std::vector<JournalEntry> left() const { return left_behind(read_journal(path_)->entries); }

  pid_t victim_;
  std::string folder_;
  std::string path_;
  FakePatience patience_;
  int status_ = 0;
};

constexpr int kLinesOfAPause = 4;  // planned, injected, proven, undone

TEST_P(KilledCommand, leaves_behind_what_can_be_recovered) {
  run_command(GetParam());
  ASSERT_TRUE(WIFSIGNALED(status_));
  const bool undone = GetParam() == kLinesOfAPause;
  EXPECT_THAT(left(), SizeIs(undone ? 0 : 1));
  EXPECT_EQ(run_recover(), ExitCode::kDone);
  EXPECT_FALSE(read_process(victim_)->stopped());
  EXPECT_THAT(left(), IsEmpty());
  EXPECT_EQ(read_journal(path_)->entries.size(), static_cast<std::size_t>(GetParam() + (undone ? 0 : 1)));
  EXPECT_EQ(run_recover(), ExitCode::kDone);
}

INSTANTIATE_TEST_SUITE_P(AfterEachLine, KilledCommand, testing::Range(1, kLinesOfAPause + 1));

TEST_F(KilledCommand, that_is_not_killed_leaves_nothing_behind) {
  run_command(0);
  ASSERT_TRUE(WIFEXITED(status_));
  EXPECT_EQ(WEXITSTATUS(status_), 0);
  EXPECT_THAT(left(), IsEmpty());
  EXPECT_FALSE(read_process(victim_)->stopped());
}

TEST_F(KilledCommand, is_recovered_when_it_died_before_it_could_write_that_the_victim_is_stopped) {
  run_command(1);
  ASSERT_EQ(::kill(victim_, SIGSTOP), 0);
  EXPECT_EQ(run_recover(), ExitCode::kDone);
  EXPECT_FALSE(read_process(victim_)->stopped());
}

TEST_F(KilledCommand, is_no_longer_alive_and_one_that_is_keeps_its_faults) {
  run_command(1);
  ASSERT_THAT(left(), SizeIs(1));
  JournalEntry planned = left().front();
  EXPECT_FALSE(is_tool_alive(planned));
  planned.undo.update(origin_of_this_process());
  EXPECT_TRUE(is_tool_alive(planned));
}

}  // namespace
}  // namespace lifecycle::cli::chaos
