// The small parent: what it hands on, and what it ends with.
#include "cli/supervise.h"

#include <gtest/gtest.h>
#include <pthread.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <csignal>

namespace lifecycle::cli {
namespace {

TEST(ProcessEnd, mirrors_an_exit_code_and_turns_a_signal_into_128_and_its_number) {
  const ProcessEnd exited{.process_id = 7, .wait_status = W_EXITCODE(3, 0)};
  EXPECT_EQ(to_int(exited.exit_code()), 3);
  EXPECT_EQ(exited.description(), "exited with 3");
  const ProcessEnd killed{.process_id = 7, .wait_status = W_EXITCODE(0, SIGKILL)};
  EXPECT_EQ(killed.exit_code(), ExitCode::kKilled);
  EXPECT_EQ(killed.description(), "killed by SIGKILL (signal 9)");
  const ProcessEnd dumped{.process_id = 7, .wait_status = W_EXITCODE(0, SIGSEGV) | WCOREFLAG};
  EXPECT_EQ(to_int(dumped.exit_code()), 139);
}

class SuperviseTest : public testing::Test {
 protected:
  SuperviseTest() { ::pthread_sigmask(SIG_BLOCK, nullptr, &before_); }
  ~SuperviseTest() override { ::pthread_sigmask(SIG_SETMASK, &before_, nullptr); }

  // What a child comes to that runs `life`, which does not return.
  template <class Life>
  static ProcessEnd end_of(Life life) {
    const Result<std::optional<ProcessEnd>> end = run_supervised();
    if (!end) {
      ADD_FAILURE() << end.error().message;
      return {};
    }
    if (!*end) {
      life();
      ::_exit(99);
    }
    return **end;
  }

 private:
  sigset_t before_{};
};

TEST_F(SuperviseTest, ReturnsWithTheChildsEnd) {
  EXPECT_EQ(to_int(end_of([] { ::_exit(7); }).exit_code()), 7);
  EXPECT_EQ(end_of([] { ::kill(::getpid(), SIGKILL); }).exit_code(), ExitCode::kKilled);
}

TEST_F(SuperviseTest, TheChildLeadsAGroupOfItsOwnInTheSameSession) {
  const pid_t session = ::getsid(0);
  const ProcessEnd end = end_of([session] { ::_exit(::getpgid(0) == ::getpid() && ::getsid(0) == session ? 0 : 1); });
  EXPECT_EQ(end.exit_code(), ExitCode::kDone);
}

TEST_F(SuperviseTest, TheChildHasTheSignalMaskFromBefore) {
  sigset_t only_usr1;
  sigemptyset(&only_usr1);
  sigaddset(&only_usr1, SIGUSR1);
  ::pthread_sigmask(SIG_SETMASK, &only_usr1, nullptr);
  const ProcessEnd end = end_of([] {
    sigset_t now;
    ::pthread_sigmask(SIG_BLOCK, nullptr, &now);
    ::_exit(sigismember(&now, SIGUSR1) == 1 && sigismember(&now, SIGTERM) == 0 && sigismember(&now, SIGCHLD) == 0 ? 0 : 1);
  });
  EXPECT_EQ(end.exit_code(), ExitCode::kDone);
}

class HandedOnTest : public SuperviseTest, public testing::WithParamInterface<int> {};

TEST_P(HandedOnTest, ASignalToTheParentReachesTheChild) {
  sigset_t one;
  sigemptyset(&one);
  sigaddset(&one, GetParam());
  ::pthread_sigmask(SIG_BLOCK, &one, nullptr);
  const ProcessEnd end = end_of([&one] {
    ::kill(::getppid(), GetParam());
    int number = 0;
    ::sigwait(&one, &number);
    ::_exit(number == GetParam() ? 0 : 1);
  });
  EXPECT_EQ(end.exit_code(), ExitCode::kDone);
}

INSTANTIATE_TEST_SUITE_P(EachSignal, HandedOnTest, testing::Values(SIGTERM, SIGINT, SIGHUP, SIGQUIT, SIGUSR1, SIGUSR2, SIGCONT));

// An orphan comes to a process that says it takes them, as it comes to process 1. The child waits until nothing is left of it.
TEST_F(SuperviseTest, ReapsAnOrphanWhileTheChildLives) {
  ASSERT_EQ(::prctl(PR_SET_CHILD_SUBREAPER, 1), 0);
  const ProcessEnd end = end_of([] {
    std::array<int, 2> ends{};
    pid_t orphan = 0;
    if (::pipe(ends.data()) != 0) {
      ::_exit(1);
    }
    if (::fork() == 0) {
      orphan = ::fork();
      if (orphan != 0) {
        ::_exit(::write(ends[1], &orphan, sizeof(orphan)) == sizeof(orphan) ? 0 : 1);
      }
      ::_exit(0);
    }
    if (::wait(nullptr) < 0 || ::read(ends[0], &orphan, sizeof(orphan)) != sizeof(orphan)) {
      ::_exit(2);
    }
    for (int looked = 0; looked < 10'000; ++looked) {
      if (::kill(orphan, 0) != 0) {
        ::_exit(0);
      }
      ::usleep(1000);
    }
    ::_exit(3);  // it is a zombie still
  });
  ::prctl(PR_SET_CHILD_SUBREAPER, 0);
  EXPECT_EQ(to_int(end.exit_code()), 0);
}

}  // namespace
}  // namespace lifecycle::cli
