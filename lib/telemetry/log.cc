#include "telemetry/log.h"

#include <fmt/format.h>
#include <spdlog/logger.h>
#include <spdlog/pattern_formatter.h>
#include <spdlog/sinks/stdout_sinks.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cmath>
#include <string>
#include <utility>

#include "base/check.h"
#include "base/text.h"

namespace lifecycle {
namespace {

// In the order of LogLevel.
constexpr std::array<std::string_view, 5> kLevelNames{"debug", "info", "warn", "error", "never"};
constexpr std::array<std::string_view, 5> kLevelLabels{"DEBUG", "INFO ", "WARN ", "ERROR", "NEVER"};

// What each JSON line has anyway.
constexpr std::array<std::string_view, 3> kOwnNames{"time", "level", "message"};

// spdlog writes the time, the sink below writes the rest: its own level names and escapes are not ours.
constexpr const char* kTextPattern = "%Y-%m-%dT%H:%M:%S.%eZ %v";
constexpr const char* kJsonPattern = R"({"time":"%Y-%m-%dT%H:%M:%S.%eZ",%v})";

bool is_control(char byte) { return static_cast<unsigned char>(byte) < 0x20U || byte == 0x7f; }

// JSON's escapes, which read well in text, too.
void append_escaped(std::string& out, std::string_view text, std::string_view also_escaped) {
  for (const char byte : valid_utf8(text)) {
    if (byte == '\n') {
      out += "\\n";
    } else if (byte == '\t') {
      out += "\\t";
    } else if (byte == '\r') {
      out += "\\r";
    } else if (is_control(byte)) {
      out += fmt::format("\\u{:04x}", static_cast<unsigned>(byte));
    } else {
      if (also_escaped.contains(byte)) {
        out += '\\';
      }
      out += byte;
    }
  }
}

void append_quoted(std::string& out, std::string_view text) {
  out += '"';
  append_escaped(out, text, "\"\\");
  out += '"';
}

// A value that a reader could not tell from the next field, or from no value at all, stands in quotes.
bool needs_quotes(std::string_view text) {
  constexpr std::string_view kSpecial = " \"=\\";
  for (const char byte : text) {
    if (is_control(byte) || kSpecial.contains(byte)) {
      return true;
    }
  }
  return text.empty();
}

void append_value(std::string& out, const LogField& field, LogFormat format) {
  if (const auto* text = std::get_if<std::string_view>(&field.value)) {
    if (format == LogFormat::kJson || needs_quotes(*text)) {
      append_quoted(out, *text);
    } else {
      append_escaped(out, *text, "");
    }
  } else if (const auto* integer = std::get_if<std::int64_t>(&field.value)) {
    out += fmt::format("{}", *integer);
  } else if (const auto* real = std::get_if<double>(&field.value)) {
    // JSON has no word for infinity or not-a-number.
    out += std::isfinite(*real) || format == LogFormat::kText ? fmt::format("{}", *real) : "null";
  } else {
    out += std::get<bool>(field.value) ? "true" : "false";
  }
}

std::string text_line(LogLevel level, std::string_view message, std::initializer_list<LogField> fields) {
  std::string line(kLevelLabels[static_cast<std::size_t>(level)]);
  line += ' ';
  append_escaped(line, message, "");
  for (const LogField& field : fields) {
    line += ' ';
    line += field.name;
    line += '=';
    append_value(line, field, LogFormat::kText);
  }
  return line;
}

std::string json_line(LogLevel level, std::string_view message, std::initializer_list<LogField> fields) {
  std::string line = fmt::format(R"("level":"{}","message":)", kLevelNames[static_cast<std::size_t>(level)]);
  append_quoted(line, message);
  for (const LogField& field : fields) {
    line += ',';
    // A name twice in one object is read as the last by some and refused by others.
    const bool is_taken = std::ranges::find(kOwnNames, field.name) != kOwnNames.end();
    append_quoted(line, is_taken ? std::string(field.name) + "_" : std::string(field.name));
    line += ':';
    append_value(line, field, LogFormat::kJson);
  }
  return line;
}

}  // namespace

Result<LogLevel> parse_log_level(std::string_view text) {
  for (std::size_t i = 0; i < kLevelNames.size(); ++i) {
    if (text == kLevelNames[i]) {
      return static_cast<LogLevel>(i);
    }
  }
  return fail(ErrorCode::kInvalidArgument, fmt::format("log level '{}' is not known", text), "use debug, info, warn, error or never");
}

std::string_view name_of(LogLevel level) { return kLevelNames.at(static_cast<std::size_t>(level)); }

struct Logger::Sink {
  Sink(LogLevel minimum, LogFormat line_format)
      : level(minimum), format(line_format), output("lifecycle", std::make_shared<spdlog::sinks::stderr_sink_mt>()) {
    output.set_formatter(std::make_unique<spdlog::pattern_formatter>(format == LogFormat::kJson ? kJsonPattern : kTextPattern,
                                                                     spdlog::pattern_time_type::utc));
    output.set_level(spdlog::level::trace);  // `level` has decided before spdlog is asked
  }

  std::atomic<LogLevel> level;
  LogFormat format;
  spdlog::logger output;
};

Logger::Logger(LogLevel level, LogFormat format) : sink_(std::make_shared<Sink>(level, format)) {}

LogLevel Logger::level() const { return sink_->level.load(std::memory_order_relaxed); }

void Logger::set_level(LogLevel level) const { sink_->level.store(level, std::memory_order_relaxed); }

void Logger::write(LogLevel level, std::string_view message, std::initializer_list<LogField> fields) const {
  check(level != LogLevel::kNever, "a log line has a level");
  if (!enabled(level)) {
    return;
  }
  // As an argument and not as the format, because a message may contain braces.
  sink_->output.log(spdlog::level::info, "{}",
                    sink_->format == LogFormat::kJson ? json_line(level, message, fields) : text_line(level, message, fields));
}

}  // namespace lifecycle
