#include "cli/failure_text.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "base/text.h"

namespace lifecycle::cli {
namespace {

std::string timeout_text(const api::Failure& failure) {
  switch (failure.timeout_failure_info().timeout_type()) {
    case api::enums::TIMEOUT_TYPE_START_TO_CLOSE:
      return "start-to-close time-out: the worker did not finish in time";
    case api::enums::TIMEOUT_TYPE_SCHEDULE_TO_START:
      return "schedule-to-start time-out: no worker took the task in time";
    case api::enums::TIMEOUT_TYPE_SCHEDULE_TO_CLOSE:
      return "schedule-to-close time-out: all attempts together took too long";
    case api::enums::TIMEOUT_TYPE_HEARTBEAT:
      return "heartbeat time-out: the worker fell silent";
    default:
      return one_line(failure.message());
  }
}

std::string line_of(const api::Failure& failure) {
  switch (failure.failure_info_case()) {
    case api::Failure::kActivityFailureInfo: {
      const auto& info = failure.activity_failure_info();
      return one_line(fmt::format("activity {} failed (on {})", info.activity_type().name(), info.identity()));
    }
    case api::Failure::kTimeoutFailureInfo:
      return timeout_text(failure);
    case api::Failure::kApplicationFailureInfo:
      if (const std::string& type = failure.application_failure_info().type(); !type.empty()) {
        return one_line(fmt::format("{}: {}", type, failure.message()));
      }
      return one_line(failure.message());
    default:
      return one_line(failure.message());
  }
}

}  // namespace

// The control characters of ISO 8859-1 are two bytes in UTF-8, and some terminals obey them.
std::string one_line(std::string_view text, std::size_t bytes_max) {
  std::string line = shortened(valid_utf8(text), bytes_max);
  std::ranges::replace_if(line, [](unsigned char byte) { return byte < 0x20 || byte == 0x7f; }, ' ');
  for (std::size_t at = line.find('\xC2'); at != std::string::npos; at = line.find('\xC2', at + 1)) {
    if (at + 1 < line.size() && static_cast<unsigned char>(line[at + 1]) < 0xA0) {
      line.replace(at, 2, "  ");
    }
  }
  return line;
}

std::vector<std::string> failure_lines(const api::Failure& failure) {
  std::vector<std::string> lines;
  for (const api::Failure* link = &failure; lines.size() < kFailureCausesMax; link = &link->cause()) {
    lines.push_back(line_of(*link));
    if (!link->has_cause()) {
      break;
    }
  }
  return lines;
}

std::string failure_text(const api::Failure& failure) { return fmt::format("{}", fmt::join(failure_lines(failure), ": ")); }

}  // namespace lifecycle::cli
