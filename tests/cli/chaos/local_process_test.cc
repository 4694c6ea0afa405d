// Processes of this machine: told apart from others that have the same id, signalled, and seen to be stopped or over.
#include "cli/chaos/local_process.h"

#include <gmock/gmock.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <utility>

#include "cli/chaos/process_injector.h"
#include "tests/cli/chaos/fake_patience.h"

namespace lifecycle::cli::chaos {
namespace {

using test::FakePatience;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

// A child that waits for its end.
class LocalProcess : public testing::Test {
 protected:
  LocalProcess() : pid_(::fork()) {
    if (pid_ == 0) {
      ::prctl(PR_SET_PDEATHSIG, SIGKILL);
      for (;;) {
        ::pause();
      }
    }
    // The fake's time passes by being waited for: what others do needs some of the real one, too.
    patience_.on_wait = [] { ::usleep(20'000); };
  }
  ~LocalProcess() override {
    if (pid_ != kReaped) {
      ::kill(pid_, SIGKILL);
      ::waitpid(pid_, nullptr, 0);
    }
  }

  ProcessFacts facts() const {
    const Result<ProcessFacts> read = read_process(pid_);
    EXPECT_TRUE(read);
    return read.value_or(ProcessFacts{});
  }

  Target target() {
    const Result<std::vector<Target>> found = injector_.find({});
    EXPECT_TRUE(found);
    return found && !found->empty() ? found->front() : Target{};
  }

  JournalEntry planned(const Target& target) const {
    return {.id = "x/1",
            .fault = FaultKind::kPause,
            .target = TargetKind::kProcess,
            .name = target.name,
            .node = target.node,
            .pid = target.pid,
            .undo = injector_.undo_record({.kind = FaultKind::kPause}, target)};
  }

  static constexpr pid_t kReaped = 0;
  pid_t pid_;
  FakePatience patience_;
  ProcessInjector injector_{{pid_}};
};

TEST_F(LocalProcess, has_the_facts_of_proc) {
  EXPECT_EQ(facts().parent, ::getpid());
  EXPECT_GT(facts().start_ticks, 0U);
  EXPECT_EQ(facts().program, "chaos_test");
  EXPECT_FALSE(facts().arguments.empty());
  EXPECT_FALSE(facts().ended());
  EXPECT_FALSE(facts().is_lifecycle_worker());
  EXPECT_THAT(children_of(::getpid()), testing::Contains(pid_));
}

TEST_F(LocalProcess, began_when_the_clock_says_it_did) {
  const Duration age = system_clock().wall_now() - facts().started;
  EXPECT_GT(age, -std::chrono::seconds(2));
  EXPECT_LT(age, std::chrono::minutes(1));
}

TEST_F(LocalProcess, that_never_was_is_not_found) {
  EXPECT_EQ(read_process(0).error().code, ErrorCode::kNotFound);
  EXPECT_EQ(ProcessHandle::open(pid_, facts().start_ticks + 1).error().code, ErrorCode::kNotFound);
}

TEST_F(LocalProcess, is_killed_and_seen_to_be_over_before_anybody_reaps_it) {
  const Target victim = target();
  const Fault fault{.kind = FaultKind::kSigkill};
  EXPECT_TRUE(injector_.rehearse(fault, victim));
  ASSERT_TRUE(injector_.inject(fault, victim));
  EXPECT_THAT(injector_.prove(fault, victim, patience_).value_or(""), HasSubstr("SIGKILL"));
  EXPECT_EQ(injector_.inject(fault, victim).error().code, ErrorCode::kNotFound);
}

TEST_F(LocalProcess, that_lives_is_no_proof) {
  const Result<std::string> proof = injector_.prove({.kind = FaultKind::kSigkill}, target(), patience_);
  ASSERT_FALSE(proof);
  EXPECT_EQ(proof.error().code, ErrorCode::kDeadlineExceeded);
}

TEST_F(LocalProcess, stands_still_and_goes_on) {
  const Target victim = target();
  const Fault fault{.kind = FaultKind::kPause};
  ASSERT_TRUE(injector_.inject(fault, victim));
  EXPECT_THAT(injector_.prove(fault, victim, patience_).value_or(""), HasSubstr("is stopped"));
  EXPECT_TRUE(facts().stopped());
  EXPECT_FALSE(target().ready);
  EXPECT_THAT(injector_.undo(planned(victim), patience_).value_or(""), HasSubstr("goes on"));
  EXPECT_FALSE(facts().stopped());
  EXPECT_THAT(injector_.undo(planned(victim), patience_).value_or(""), HasSubstr("goes on"));
}

TEST_F(LocalProcess, that_has_the_id_of_one_that_is_gone_is_left_alone) {
  JournalEntry entry = planned(target());
  ASSERT_TRUE(injector_.inject({.kind = FaultKind::kPause}, target()));
  ASSERT_TRUE(injector_.prove({.kind = FaultKind::kPause}, target(), patience_));
  entry.undo["startTicks"] = target().start_ticks + 1;
  EXPECT_THAT(injector_.undo(entry, patience_).value_or(""), HasSubstr("is gone"));
  EXPECT_TRUE(facts().stopped());
}

TEST_F(LocalProcess, of_another_host_is_not_undone_here) {
  JournalEntry entry = planned(target());
  entry.node = "elsewhere";
  EXPECT_EQ(injector_.undo(entry, patience_).error().code, ErrorCode::kFailedPrecondition);
}

TEST_F(LocalProcess, gets_sigkill_when_its_grace_period_is_over) {
  const Target victim = target();
  const Fault fault{.kind = FaultKind::kDelete, .grace_period = std::chrono::seconds(2)};
  // A stopped process does not hear SIGTERM.
  ASSERT_TRUE(injector_.inject({.kind = FaultKind::kPause}, victim));
  ASSERT_TRUE(injector_.prove({.kind = FaultKind::kPause}, victim, patience_));
  ASSERT_TRUE(injector_.inject(fault, victim));
  EXPECT_THAT(injector_.prove(fault, victim, patience_).value_or(""), HasSubstr("after a grace period of 2 s"));
}

TEST_F(LocalProcess, is_no_worker_of_a_temporal_that_names_an_older_one_with_its_id) {
  const std::string identity = std::to_string(pid_) + "@" + host_name() + "/v1.0.0#ab";
  ProcessInjector any({});
  const auto named_at = [&](WallTime last_access) { return any.find({{.identity = identity, .last_access = last_access}}); };
  EXPECT_THAT(*named_at(facts().started - std::chrono::seconds(10)), IsEmpty());
  const Result<std::vector<Target>> found = named_at(facts().started + std::chrono::seconds(10));
  ASSERT_THAT(*found, SizeIs(1));
  EXPECT_EQ(found->front().version, "v1.0.0");
  EXPECT_THAT(found->front().untouchable, HasSubstr("no lifecycle worker: name it with --pid"));
}

TEST_F(LocalProcess, that_has_ended_is_not_ready_and_once_it_is_reaped_not_there) {
  EXPECT_TRUE(target().ready);
  ASSERT_TRUE(injector_.inject({.kind = FaultKind::kSigkill}, target()));
  ASSERT_TRUE(injector_.prove({.kind = FaultKind::kSigkill}, target(), patience_));
  EXPECT_FALSE(target().ready);
  const pid_t pid = std::exchange(pid_, kReaped);
  ASSERT_EQ(::waitpid(pid, nullptr, 0), pid);
  EXPECT_THAT(*injector_.find({}), IsEmpty()) << "the others that were named can still be hit";
  EXPECT_EQ(ProcessInjector({pid}).find({}).error().code, ErrorCode::kNotFound) << "it never was";
}

TEST_F(LocalProcess, is_known_by_who_was_behind_it_last) {
  const auto named = [&](const std::string& life, Duration after) {
    return Poller{.identity = std::to_string(pid_) + "@" + host_name() + "/v1.0.0#" + life, .last_access = facts().started + after};
  };
  using std::chrono::seconds;
  EXPECT_THAT(injector_.find({named("ab", seconds(9)), named("cd", seconds(2))})->front().worker_identity, testing::EndsWith("#ab"));
  EXPECT_THAT(injector_.find({named("ab", seconds(2)), named("cd", seconds(9))})->front().worker_identity, testing::EndsWith("#cd"));
}

TEST(ProcessInjector, never_hits_the_command_itself) {
  ProcessInjector injector({::getpid()});
  EXPECT_EQ(injector.find({})->front().untouchable, "it is this command itself");
}

}  // namespace
}  // namespace lifecycle::cli::chaos
