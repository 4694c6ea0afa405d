// The process's log: one line per fact, as text or as JSON, to standard error.
//
//   text  2026-11-25T13:22:48.123Z INFO  worker started task_queue=lifecycle-queue identity="7@host one"
//   JSON  {"time":"2026-11-25T13:22:48.123Z","level":"info","message":"worker started","task_queue":"lifecycle-queue"}
//
// A Logger is a small value that the program makes in main and hands down. Strings from hosts and users are made valid UTF-8 here, and
// their control characters are escaped, so that no text from outside can forge a line.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <memory>
#include <string_view>
#include <variant>

#include "base/error.h"

namespace lifecycle {

enum class LogLevel : std::uint8_t { kDebug, kInfo, kWarn, kError, kNever };
enum class LogFormat : std::uint8_t { kText, kJson };

// "debug", "info", "warn", "error", "never"; kInvalidArgument for anything else.
[[nodiscard]] Result<LogLevel> parse_log_level(std::string_view text);
[[nodiscard]] std::string_view name_of(LogLevel level);

struct LogField {
  std::string_view name;
  std::variant<std::string_view, std::int64_t, double, bool> value;
};

class Logger {
 public:
  Logger(LogLevel level, LogFormat format);
  // Writes nothing.
  [[nodiscard]] static Logger silent() { return {LogLevel::kNever, LogFormat::kText}; }

  [[nodiscard]] bool enabled(LogLevel level) const { return level >= this->level(); }
  [[nodiscard]] LogLevel level() const;
  // Of this logger and all its copies, from now on.
  void set_level(LogLevel level) const;
  void write(LogLevel level, std::string_view message, std::initializer_list<LogField> fields = {}) const;
  void debug(std::string_view message, std::initializer_list<LogField> fields = {}) const { write(LogLevel::kDebug, message, fields); }
  void info(std::string_view message, std::initializer_list<LogField> fields = {}) const { write(LogLevel::kInfo, message, fields); }
  void warn(std::string_view message, std::initializer_list<LogField> fields = {}) const { write(LogLevel::kWarn, message, fields); }
  void error(std::string_view message, std::initializer_list<LogField> fields = {}) const { write(LogLevel::kError, message, fields); }

 private:
  struct Sink;
  std::shared_ptr<Sink> sink_;  // shared by copies; thread-safe
};

}  // namespace lifecycle
