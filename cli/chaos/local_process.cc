#include "cli/chaos/local_process.h"

#include <fmt/format.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <filesystem>
#include <sstream>
#include <system_error>
#include <utility>

#include "base/file.h"

namespace lifecycle::cli::chaos {
namespace {

// pidfd_open() and pidfd_send_signal() go by their numbers: Debian 12's <sys/pidfd.h> declares them for C alone.

std::unexpected<Error> no_such_process(std::int64_t pid) { return fail(ErrorCode::kNotFound, fmt::format("process {} is not there", pid)); }

std::string proc_path(std::int64_t pid, std::string_view file) { return fmt::format("/proc/{}/{}", pid, file); }

// Seconds since 1970 at which the machine started.
std::int64_t boot_seconds() {
  const std::string text = read_file("/proc/stat").value_or("");
  constexpr std::string_view kWord = "\nbtime ";
  const std::size_t at = text.find(kWord);
  return at == std::string::npos ? 0 : std::atoll(text.c_str() + at + kWord.size());
}

// What follows the name of the program, which may itself have any characters: field 3 and on.
bool read_stat(const std::string& text, ProcessFacts& facts) {
  const std::size_t end_of_name = text.rfind(')');
  if (end_of_name == std::string::npos) {
    return false;
  }
  std::istringstream fields(text.substr(end_of_name + 1));
  constexpr int kParentField = 4;
  constexpr int kStartField = 22;
  fields >> facts.state >> facts.parent;
  std::string skipped;
  for (int field = kParentField + 1; field < kStartField; ++field) {
    fields >> skipped;
  }
  fields >> facts.start_ticks;
  return !fields.fail();
}

std::vector<std::string> arguments_of(std::int64_t pid) {
  std::vector<std::string> arguments;
  std::istringstream text(read_file(proc_path(pid, "cmdline")).value_or(""));
  for (std::string argument; std::getline(text, argument, '\0');) {
    arguments.push_back(std::move(argument));
  }
  return arguments;
}

std::string program_of(std::int64_t pid, const std::vector<std::string>& arguments) {
  std::error_code error;
  std::string path = std::filesystem::read_symlink(proc_path(pid, "exe"), error).string();
  constexpr std::string_view kDeleted = " (deleted)";  // it was replaced by a newer one since
  if (path.ends_with(kDeleted)) {
    path.erase(path.size() - kDeleted.size());
  }
  // Another user's link cannot be read.
  return std::filesystem::path(error && !arguments.empty() ? arguments.front() : path).filename().string();
}

}  // namespace

bool ProcessFacts::is_lifecycle_worker() const {
  return program == "lifecycle" && std::ranges::find(arguments, "worker") != arguments.end();
}

Result<ProcessFacts> read_process(std::int64_t pid) {
  ProcessFacts facts{.pid = pid};
  const Result<std::string> stat = read_file(proc_path(pid, "stat"));
  if (!stat || !read_stat(*stat, facts)) {
    return no_such_process(pid);
  }
  const auto ticks_per_second = static_cast<std::uint64_t>(::sysconf(_SC_CLK_TCK));
  facts.started = WallTime(std::chrono::seconds(boot_seconds()) + std::chrono::milliseconds(facts.start_ticks * 1000 / ticks_per_second));
  facts.arguments = arguments_of(pid);
  facts.program = program_of(pid, facts.arguments);
  return facts;
}

std::vector<std::int64_t> children_of(std::int64_t pid) {
  std::vector<std::int64_t> children;
  std::istringstream text(read_file(fmt::format("/proc/{}/task/{}/children", pid, pid)).value_or(""));
  for (std::int64_t child = 0; text >> child;) {
    children.push_back(child);
  }
  return children;
}

std::optional<std::int64_t> supervised_worker(const ProcessFacts& process) {
  if (!process.is_lifecycle_worker()) {
    return std::nullopt;
  }
  for (const std::int64_t child : children_of(process.pid)) {
    // The parent forks and does not exec: its worker has the same command line.
    if (const Result<ProcessFacts> facts = read_process(child); facts && !facts->ended() && facts->arguments == process.arguments) {
      return child;
    }
  }
  return std::nullopt;
}

Result<ProcessHandle> ProcessHandle::open(std::int64_t pid, std::uint64_t start_ticks) {
  const auto descriptor = static_cast<int>(::syscall(SYS_pidfd_open, static_cast<pid_t>(pid), 0));
  if (descriptor < 0) {
    return no_such_process(pid);
  }
  ProcessHandle handle(pid, descriptor);
  // Looked at after it was opened: what is read now is what the descriptor stands for, or is over.
  const Result<ProcessFacts> facts = read_process(pid);
  if (!facts || facts->start_ticks != start_ticks || facts->ended()) {
    return no_such_process(pid);
  }
  return handle;
}

ProcessHandle::ProcessHandle(ProcessHandle&& other) noexcept : pid_(other.pid_), descriptor_(std::exchange(other.descriptor_, -1)) {}

ProcessHandle::~ProcessHandle() {
  if (descriptor_ >= 0) {
    ::close(descriptor_);
  }
}

Result<void> ProcessHandle::send(int signal_number) const {
  if (::syscall(SYS_pidfd_send_signal, descriptor_, signal_number, nullptr, 0) == 0) {
    return {};
  }
  const int reason = errno;
  if (reason == ESRCH) {
    return no_such_process(pid_);
  }
  return fail(reason == EPERM ? ErrorCode::kPermissionDenied : ErrorCode::kInternal,
              fmt::format("send SIG{} to process {}: {}", ::sigabbrev_np(signal_number), pid_, std::system_category().message(reason)),
              reason == EPERM ? "it belongs to another user" : "");
}

std::string host_name() {
  std::array<char, 256> host{};
  ::gethostname(host.data(), host.size() - 1);
  return host.data();
}

}  // namespace lifecycle::cli::chaos
