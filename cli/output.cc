#include "cli/output.h"

#include <fmt/format.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <cerrno>
#include <utility>

#include "base/text.h"

namespace lifecycle::cli {
namespace {

constexpr std::string_view kEraseLine = "\r\033[2K";

// Past the buffers of stdio, so that what was written is out when the process is killed.
void write_all(int descriptor, std::string_view text) {
  while (!text.empty()) {
    const ssize_t written = ::write(descriptor, text.data(), text.size());
    if (written >= 0) {
      text.remove_prefix(static_cast<std::size_t>(written));
    } else if (errno == EPIPE && descriptor == STDOUT_FILENO) {
      ::_exit(to_int(ExitCode::kDone));
    } else if (errno != EINTR && errno != EAGAIN) {
      return;  // nobody is left to be told
    }
  }
}

// A line that is wrapped cannot be redrawn in place. Asked each time, because a window changes its size.
std::size_t columns_of_terminal() {
  constexpr std::size_t kUsualColumns = 80;
  winsize size{};
  return ::ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0 ? size.ws_col : kUsualColumns;
}

std::string_view code_of(Color color) {
  switch (color) {
    case Color::kPlain:
      return "0";
    case Color::kBold:
      return "1";
    case Color::kDim:
      return "2";
    case Color::kRed:
      return "31";
    case Color::kGreen:
      return "32";
    case Color::kYellow:
      return "33";
    case Color::kCyan:
      return "36";
  }
  std::unreachable();
}

}  // namespace

bool use_color(ColorChoice choice, const StreamFacts& facts) {
  if (choice != ColorChoice::kAuto) {
    return choice == ColorChoice::kAlways;
  }
  return !facts.no_color_set && facts.is_terminal && !facts.term.empty() && facts.term != "dumb";
}

std::string painted(std::string_view text, Color color, bool enabled) {
  return enabled && color != Color::kPlain ? fmt::format("\033[{}m{}\033[0m", code_of(color), text) : std::string(text);
}

Output::Output(OutputOptions options)
    : options_(std::move(options)),
      animated_(options_.format == OutputFormat::kText && options_.standard_error.is_terminal && !options_.standard_error.term.empty() &&
                options_.standard_error.term != "dumb"),
      error_colored_(!is_json() && use_color(options_.color, options_.standard_error)) {}

Output::~Output() { clear_status_line(); }

void Output::answer(std::string_view line) {
  if (options_.format == OutputFormat::kNone) {
    return;
  }
  if (!status_line_.empty() && options_.standard_output.is_terminal) {
    write_all(STDERR_FILENO, kEraseLine);  // both streams share the screen
  }
  write_all(STDOUT_FILENO, fmt::format("{}\n", line));
  if (!status_line_.empty() && options_.standard_output.is_terminal) {
    write_all(STDERR_FILENO, status_line_);
  }
}

void Output::document(const nlohmann::ordered_json& value) {
  const int indent = options_.format == OutputFormat::kJsonl ? -1 : 2;
  // Strings come from users and hosts: what is not UTF-8 in them is replaced, never a reason to fail.
  answer(value.dump(indent, ' ', false, nlohmann::ordered_json::error_handler_t::replace));
}

void Output::note(std::string_view line) {
  if (options_.format == OutputFormat::kText) {
    write_error_line(line);
  }
}

void Output::warning(std::string_view line) {
  if (options_.format != OutputFormat::kNone) {
    write_error_line(painted(line, Color::kYellow, error_colored_));
  }
}

void Output::set_status_line(std::string_view line) {
  if (!animated_) {
    return;
  }
  status_line_ = shortened(line, columns_of_terminal() - 1);
  write_all(STDERR_FILENO, fmt::format("{}{}", kEraseLine, status_line_));
}

void Output::clear_status_line() {
  if (!std::exchange(status_line_, {}).empty()) {
    write_all(STDERR_FILENO, kEraseLine);
  }
}

ExitCode Output::report(const Error& error) { return report(name_of(error.code), exit_code_for(error.code), error.message, error.hint); }

ExitCode Output::report(std::string_view code_name, ExitCode exit_code, std::string_view message, std::string_view hint) {
  clear_status_line();
  if (is_json()) {
    nlohmann::ordered_json body{{"code", code_name}, {"exitCode", to_int(exit_code)}, {"message", message}};
    if (!hint.empty()) {
      body["hint"] = hint;
    }
    write_error_line(nlohmann::ordered_json{{"error", body}}.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace));
    return exit_code;
  }
  write_error_line(fmt::format("{} {}", painted("Error:", Color::kRed, error_colored_), message));
  if (!hint.empty()) {
    write_error_line(fmt::format("  {}", hint));
  }
  return exit_code;
}

void Output::write_error_line(std::string_view line) {
  const std::string_view erase = status_line_.empty() ? std::string_view{} : kEraseLine;
  write_all(STDERR_FILENO, fmt::format("{}{}\n{}", erase, line, status_line_));
}

StreamFacts facts_of_stream(int descriptor, std::string_view no_color, std::string_view term) {
  return {.is_terminal = ::isatty(descriptor) == 1, .no_color_set = !no_color.empty(), .term = std::string(term)};
}

}  // namespace lifecycle::cli
