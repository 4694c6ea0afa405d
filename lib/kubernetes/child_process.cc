#include "kubernetes/child_process.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <spawn.h>
#include <sys/eventfd.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <optional>
#include <system_error>

namespace lifecycle::kubernetes {
namespace {

constexpr std::size_t kOutputBytesMax = std::size_t{1} << 20U;
constexpr Duration kPollInterval = std::chrono::hours(1);  // how long one poll may last when nothing happens

class Descriptor {
 public:
  explicit Descriptor(int number) : number_(number) {}
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  ~Descriptor() { close(); }
  [[nodiscard]] int number() const { return number_; }
  void close() {
    if (number_ >= 0) {
      ::close(number_);
    }
    number_ = -1;
  }

 private:
  int number_;
};

std::unexpected<Error> system_error(std::string_view what, int reason) {
  return fail(ErrorCode::kInternal, fmt::format("{}: {}", what, std::generic_category().message(reason)));
}

// This process's environment and the additions, which win.
std::vector<std::string> environment_of(const Program& program) {
  std::vector<std::string> out;
  for (char** each = environ; *each != nullptr; ++each) {
    const std::string_view line(*each);
    const std::string_view name = line.substr(0, line.find('='));
    bool replaced = false;
    for (const auto& [added, value] : program.environment) {
      replaced = replaced || added == name;
    }
    if (!replaced) {
      out.emplace_back(line);
    }
  }
  for (const auto& [name, value] : program.environment) {
    out.push_back(fmt::format("{}={}", name, value));
  }
  return out;
}

std::vector<char*> pointers_to(std::vector<std::string>& texts) {
  std::vector<char*> pointers;
  for (std::string& text : texts) {
    pointers.push_back(text.data());
  }
  pointers.push_back(nullptr);
  return pointers;
}

class SpawnSettings {
 public:
  SpawnSettings(const Program& program, int standard_output) {
    posix_spawn_file_actions_init(&actions_);
    posix_spawnattr_init(&attributes_);
    if (!program.with_standard_input) {
      posix_spawn_file_actions_addopen(&actions_, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
    }
    posix_spawn_file_actions_adddup2(&actions_, standard_output, STDOUT_FILENO);
    // This process blocks and ignores signals for reasons of its own.
    sigset_t none;
    sigset_t all;
    sigemptyset(&none);
    sigfillset(&all);
    posix_spawnattr_setsigmask(&attributes_, &none);
    posix_spawnattr_setsigdefault(&attributes_, &all);
    posix_spawnattr_setflags(&attributes_, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
  }
  SpawnSettings(const SpawnSettings&) = delete;
  SpawnSettings& operator=(const SpawnSettings&) = delete;
  ~SpawnSettings() {
    posix_spawn_file_actions_destroy(&actions_);
    posix_spawnattr_destroy(&attributes_);
  }
  [[nodiscard]] const posix_spawn_file_actions_t* actions() const { return &actions_; }
  [[nodiscard]] const posix_spawnattr_t* attributes() const { return &attributes_; }

 private:
  posix_spawn_file_actions_t actions_{};
  posix_spawnattr_t attributes_{};
};

Result<pid_t> spawn(const Program& program, int standard_output) {
  const SpawnSettings settings(program, standard_output);
  std::vector<std::string> arguments{program.command};
  arguments.insert(arguments.end(), program.arguments.begin(), program.arguments.end());
  std::vector<std::string> environment = environment_of(program);
  pid_t pid = 0;
  const int error = ::posix_spawnp(&pid, program.command.c_str(), settings.actions(), settings.attributes(), pointers_to(arguments).data(),
                                   pointers_to(environment).data());
  if (error == ENOENT) {
    return fail(ErrorCode::kNotFound, fmt::format("program '{}' is not there", program.command));
  }
  if (error != 0) {
    return system_error(fmt::format("program '{}' cannot be started", program.command), error);
  }
  return pid;
}

// Appends what can be read now; false at the end of the stream.
bool read_available(int descriptor, std::string& out) {
  std::array<char, 4096> block{};
  while (out.size() <= kOutputBytesMax) {
    const ssize_t bytes = ::read(descriptor, block.data(), block.size());
    if (bytes > 0) {
      out.append(block.data(), static_cast<std::size_t>(bytes));
    } else if (bytes == 0 || errno != EINTR) {
      return bytes != 0;
    }
  }
  return true;
}

// Until the program has ended; an error when it must not go on.
std::optional<Error> follow(const Program& program, int process, int output, const Deadline& deadline, std::string& out) {
  const Descriptor stopped(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
  const std::stop_callback tell(deadline.stop(), [&stopped] { ::eventfd_write(stopped.number(), 1); });
  bool output_open = true;
  while (true) {
    if (std::optional<Error> over = deadline.over(fmt::format("program '{}'", program.command))) {
      return over;
    }
    std::array<pollfd, 3> waiting{pollfd{.fd = process, .events = POLLIN}, pollfd{.fd = stopped.number(), .events = POLLIN},
                                  pollfd{.fd = output_open ? output : -1, .events = POLLIN}};
    ::poll(waiting.data(), waiting.size(), deadline.remaining_ms(kPollInterval));
    const bool ended = waiting[0].revents != 0;
    output_open = output_open && read_available(output, out);
    if (out.size() > kOutputBytesMax) {
      return Error{.code = ErrorCode::kResourceExhausted, .message = fmt::format("program '{}' printed more than 1 MiB", program.command)};
    }
    if (ended) {
      return std::nullopt;
    }
  }
}

int wait_for(pid_t pid) {
  int status = 0;
  while (::waitpid(pid, &status, 0) < 0 && errno == EINTR) {
  }
  return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

}  // namespace

Result<ProgramEnd> run_program(const Program& program, const Deadline& deadline) {
  std::array<int, 2> ends{-1, -1};
  if (::pipe2(ends.data(), O_CLOEXEC) != 0) {
    return system_error("a pipe cannot be made", errno);
  }
  const Descriptor read_end(ends[0]);
  Descriptor write_end(ends[1]);
  ::fcntl(read_end.number(), F_SETFL, O_NONBLOCK);
  const Result<pid_t> pid = spawn(program, write_end.number());
  if (!pid) {
    return std::unexpected(pid.error());
  }
  write_end.close();
  std::string output;
  const Descriptor process(static_cast<int>(::syscall(SYS_pidfd_open, *pid, 0)));
  const int reason = errno;
  std::optional<Error> error = process.number() >= 0 ? follow(program, process.number(), read_end.number(), deadline, output)
                                                     : system_error("a process cannot be watched", reason).error();
  if (error) {
    ::kill(*pid, SIGKILL);
  }
  const int exit_code = wait_for(*pid);
  Secret printed(std::move(output));
  if (error) {
    return std::unexpected(*std::move(error));
  }
  return ProgramEnd{.exit_code = exit_code, .standard_output = std::move(printed)};
}

}  // namespace lifecycle::kubernetes
