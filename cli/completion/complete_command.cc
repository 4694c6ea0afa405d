#include "cli/completion/complete_command.h"

#include <fcntl.h>
#include <unistd.h>

#include <chrono>
#include <cstdio>
#include <future>
#include <thread>
#include <vector>

#include "cli/completion/fetch.h"
#include "rpc/process.h"

namespace lifecycle::cli {
namespace {

constexpr std::string_view kComplete = "__complete";
constexpr std::string_view kCompleteWithoutDescriptions = "__completeNoDesc";
constexpr std::chrono::milliseconds kBudget(800);  // of the second that a shell may wait; the rest is for the process

// On a thread of its own: resolving a name, a proxy or a handshake may not keep the call's time.
std::vector<Candidate> fetch_within_budget(const Completion& completion, const ProcessContext& process) {
  std::promise<std::vector<Candidate>> promise;
  std::future<std::vector<Candidate>> future = promise.get_future();
  std::thread([promise = std::move(promise), &completion, &process]() mutable {
    promise.set_value(fetch_candidates(completion, process, kBudget));
  }).detach();
  return future.wait_for(kBudget) == std::future_status::ready ? future.get() : std::vector<Candidate>();
}

// Whatever is asked meanwhile, a resolver or somebody's credential plugin, may neither write into the command line nor read from it.
void detach_from_terminal() {
  const int nowhere = ::open("/dev/null", O_RDWR | O_CLOEXEC);
  if (nowhere >= 0) {
    ::dup2(nowhere, STDIN_FILENO);
    ::dup2(nowhere, STDERR_FILENO);
    ::close(nowhere);
  }
}

}  // namespace

bool is_completion_request(std::span<const std::string> arguments) {
  return !arguments.empty() && (arguments.front() == kComplete || arguments.front() == kCompleteWithoutDescriptions);
}

void run_complete(const CLI::App& app, std::span<const std::string> arguments, const ProcessContext& process) {
  detach_from_terminal();
  const bool with_descriptions = arguments.front() == kComplete;
  const std::vector<std::string> no_word{""};
  const std::span<const std::string> words = arguments.size() > 1 ? arguments.subspan(1) : std::span(no_word);
  const Completion completion = complete(app, words);
  rpc::prepare_process(Logger(LogLevel::kNever, LogFormat::kText));
  const std::vector<Candidate> fetched = fetch_within_budget(completion, process);
  const std::string text = completion_text(completion, fetched, with_descriptions);
  std::fwrite(text.data(), 1, text.size(), stdout);
  std::fflush(stdout);
  ::_exit(to_int(ExitCode::kDone));  // the thread may be waiting still, and reads what lives here
}

}  // namespace lifecycle::cli
