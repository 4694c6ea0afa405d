#include "cli/chaos/journal.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <charconv>
#include <filesystem>
#include <optional>
#include <system_error>
#include <utility>

#include "base/file.h"
#include "base/text.h"
#include "cli/global_options.h"
#include "cli/time_text.h"

namespace lifecycle::cli::chaos {
namespace {

using nlohmann::json;
using nlohmann::ordered_json;

constexpr std::array kEvents{JournalEvent::kPlanned, JournalEvent::kInjected, JournalEvent::kProven,   JournalEvent::kUnproven,
                             JournalEvent::kRefused, JournalEvent::kUndone,   JournalEvent::kRecovered};
constexpr std::array kFaults{FaultKind::kDelete, FaultKind::kEvict, FaultKind::kSigkill,
                             FaultKind::kPause,  FaultKind::kScale, FaultKind::kRestart};
constexpr std::array kTargets{TargetKind::kPod, TargetKind::kProcess, TargetKind::kDeployment};

template <class Values>
std::optional<typename Values::value_type> value_named(const Values& values, std::string_view name) {
  for (const auto value : values) {
    if (name_of(value) == name) {
      return value;
    }
  }
  return std::nullopt;
}

std::optional<int> number_at(std::string_view text, std::size_t begin, std::size_t length) {
  if (begin + length > text.size()) {
    return std::nullopt;
  }
  int value = 0;
  const char* const first = text.data() + begin;
  const auto [end, error] = std::from_chars(first, first + length, value);
  return error == std::errc() && end == first + length ? std::optional(value) : std::nullopt;
}

// What iso_time() writes: "2026-11-27T15:30:01.250Z".
std::optional<WallTime> parse_time(std::string_view text) {
  using namespace std::chrono;
  const auto year_number = number_at(text, 0, 4);
  const auto month_number = number_at(text, 5, 2);
  const auto day_number = number_at(text, 8, 2);
  const auto hour = number_at(text, 11, 2);
  const auto minute = number_at(text, 14, 2);
  const auto second = number_at(text, 17, 2);
  const auto millis = number_at(text, 20, 3);
  if (!year_number || !month_number || !day_number || !hour || !minute || !second || !millis || text.substr(23) != "Z") {
    return std::nullopt;
  }
  const year_month_day date{year(*year_number), month(static_cast<unsigned>(*month_number)), day(static_cast<unsigned>(*day_number))};
  if (!date.ok()) {
    return std::nullopt;
  }
  return WallTime(sys_days(date)) + hours(*hour) + minutes(*minute) + seconds(*second) + milliseconds(*millis);
}

std::string text_of(const json& object, const char* key) {
  const auto found = object.find(key);
  return found != object.end() && found->is_string() ? found->get<std::string>() : "";
}

std::vector<std::string> texts_of(const json& object, const char* key) {
  std::vector<std::string> texts;
  const auto found = object.find(key);
  if (found == object.end() || !found->is_array()) {
    return texts;
  }
  for (const json& each : *found) {
    if (each.is_string()) {
      texts.push_back(each.get<std::string>());
    }
  }
  return texts;
}

// What injectors note in an undo, and recover reads, is of these types.
bool is_undo(const json& undo) {
  const auto is_good = [](const json& object, const char* key, bool (json::*is_type)() const noexcept) {
    const auto found = object.find(key);
    return found == object.end() || ((*found).*is_type)();
  };
  if (!undo.is_object() || !is_good(undo, "tool", &json::is_object)) {
    return false;
  }
  const json tool = undo.value("tool", json::object());
  return is_good(undo, "action", &json::is_string) && is_good(undo, "container", &json::is_string) &&
         is_good(undo, "cluster", &json::is_string) && is_good(undo, "startTicks", &json::is_number_integer) &&
         is_good(undo, "restartCount", &json::is_number_integer) && is_good(undo, "replicas", &json::is_number_integer) &&
         is_good(undo, "scaledTo", &json::is_number_integer) && is_good(tool, "host", &json::is_string) &&
         is_good(tool, "pid", &json::is_number_integer) && is_good(tool, "startTicks", &json::is_number_integer);
}

std::unexpected<Error> file_error(std::string_view attempt, const std::string& path, int number) {
  return fail(number == EACCES || number == EROFS ? ErrorCode::kPermissionDenied : ErrorCode::kInternal,
              fmt::format("{} journal '{}': {}", attempt, path, std::system_category().message(number)),
              "LIFECYCLE_JOURNAL names another file");
}

}  // namespace

std::string_view name_of(JournalEvent event) {
  switch (event) {
    case JournalEvent::kPlanned:
      return "planned";
    case JournalEvent::kInjected:
      return "injected";
    case JournalEvent::kProven:
      return "proven";
    case JournalEvent::kUnproven:
      return "unproven";
    case JournalEvent::kRefused:
      return "refused";
    case JournalEvent::kUndone:
      return "undone";
    case JournalEvent::kRecovered:
      return "recovered";
  }
  std::unreachable();
}

std::string_view name_of(FaultKind fault) {
  switch (fault) {
    case FaultKind::kDelete:
      return "delete";
    case FaultKind::kEvict:
      return "evict";
    case FaultKind::kSigkill:
      return "sigkill";
    case FaultKind::kPause:
      return "pause";
    case FaultKind::kScale:
      return "scale";
    case FaultKind::kRestart:
      return "restart";
  }
  std::unreachable();
}

std::string_view name_of(TargetKind target) {
  switch (target) {
    case TargetKind::kPod:
      return "pod";
    case TargetKind::kProcess:
      return "process";
    case TargetKind::kDeployment:
      return "deployment";
  }
  std::unreachable();
}

ordered_json to_json(const JournalEntry& entry) {
  return {{"time", iso_time(entry.time)},
          {"id", entry.id},
          {"event", name_of(entry.event)},
          {"fault", name_of(entry.fault)},
          {"target", name_of(entry.target)},
          {"name", entry.name},
          {"namespace", entry.name_space},
          {"uid", entry.uid},
          {"node", entry.node},
          {"pid", entry.pid},
          {"worker_identity", entry.worker_identity},
          {"version", entry.version},
          {"workflow_ids", entry.workflow_ids},
          {"undo", ordered_json(entry.undo)},
          {"message", entry.message}};
}

Result<JournalEntry> parse_journal_line(std::string_view line) {
  const json object = json::parse(line, nullptr, false);
  if (!object.is_object()) {
    return fail(ErrorCode::kDataLoss, "is no JSON object");
  }
  const auto time = parse_time(text_of(object, "time"));
  const auto event = value_named(kEvents, text_of(object, "event"));
  const auto fault = value_named(kFaults, text_of(object, "fault"));
  const auto target = value_named(kTargets, text_of(object, "target"));
  const std::string id = text_of(object, "id");
  if (!time || !event || !fault || !target || id.empty()) {
    return fail(ErrorCode::kDataLoss, "has no valid time, id, event, fault and target");
  }
  const auto pid = object.find("pid");
  const json undo = object.value("undo", json::object());
  if (!is_undo(undo)) {
    return fail(ErrorCode::kDataLoss, "has an undo that cannot be read");
  }
  return JournalEntry{.time = *time,
                      .id = id,
                      .event = *event,
                      .fault = *fault,
                      .target = *target,
                      .name = text_of(object, "name"),
                      .name_space = text_of(object, "namespace"),
                      .uid = text_of(object, "uid"),
                      .node = text_of(object, "node"),
                      .pid = pid != object.end() && pid->is_number_integer() ? pid->get<std::int64_t>() : 0,
                      .worker_identity = text_of(object, "worker_identity"),
                      .version = text_of(object, "version"),
                      .workflow_ids = texts_of(object, "workflow_ids"),
                      .undo = undo,
                      .message = text_of(object, "message")};
}

Result<JournalContent> read_journal(const std::string& path) {
  const Result<std::string> text = read_file(path);
  if (!text && text.error().code == ErrorCode::kNotFound) {
    return JournalContent{};
  }
  if (!text) {
    return fail(text.error().code, fmt::format("read journal '{}': {}", path, text.error().message),
                "LIFECYCLE_JOURNAL names another file");
  }
  JournalContent content;
  std::string_view rest = *text;
  for (int number = 1; rest.contains('\n'); ++number) {
    const std::string_view line = rest.substr(0, rest.find('\n'));
    rest.remove_prefix(line.size() + 1);
    if (line.empty()) {
      continue;
    }
    Result<JournalEntry> entry = parse_journal_line(line);
    if (entry) {
      content.entries.push_back(*std::move(entry));
    } else {
      content.warnings.push_back(fmt::format("journal '{}', line {}: {}; it is passed over", path, number, entry.error().message));
    }
  }
  return content;
}

Result<std::string> default_journal_path(const client::Environment& environment) {
  if (const std::string named = variable(environment, "LIFECYCLE_JOURNAL"); !named.empty()) {
    return named;
  }
  if (const std::string state = variable(environment, "XDG_STATE_HOME"); !state.empty()) {
    return state + "/lifecycle/journal.jsonl";
  }
  if (const std::string home = variable(environment, "HOME"); !home.empty()) {
    return home + "/.local/state/lifecycle/journal.jsonl";
  }
  return fail(ErrorCode::kInvalidArgument, "there is no place for the journal of faults: neither HOME nor XDG_STATE_HOME is set",
              "LIFECYCLE_JOURNAL names the file");
}

Result<Journal> Journal::open(std::string path) {
  std::error_code error;
  const std::filesystem::path folder = std::filesystem::path(path).parent_path();
  if (!folder.empty()) {
    std::filesystem::create_directories(folder, error);
  }
  if (error) {
    return file_error("make the folder of", path, error.value());
  }
  const int descriptor = ::open(path.c_str(), O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
  if (descriptor < 0) {
    return file_error("open", path, errno);
  }
  return Journal(std::move(path), descriptor);
}

Journal::Journal(Journal&& other) noexcept : path_(std::move(other.path_)), descriptor_(std::exchange(other.descriptor_, -1)) {}

Journal::~Journal() {
  if (descriptor_ >= 0) {
    ::close(descriptor_);
  }
}

Result<void> Journal::append(const JournalEntry& entry) {
  // Identities and messages come from anywhere, and JSON is UTF-8.
  std::string line = valid_utf8(to_json(entry).dump(-1, ' ', false, json::error_handler_t::replace)) + "\n";
  if (::flock(descriptor_, LOCK_EX) != 0) {
    return file_error("lock", path_, errno);
  }
  // Behind a line that a killed tool did not finish, a new one begins on a line of its own.
  char last = '\n';
  struct stat status{};
  const bool readable = ::fstat(descriptor_, &status) == 0 && status.st_size > 0;
  if (readable && ::pread(descriptor_, &last, 1, status.st_size - 1) == 1 && last != '\n') {
    line.insert(0, "\n");
  }
  const ssize_t written = ::write(descriptor_, line.data(), line.size());
  const int write_error = written < 0 ? errno : ENOSPC;
  const bool complete = written == static_cast<ssize_t>(line.size());
  const bool on_disk = complete && ::fsync(descriptor_) == 0;
  const int sync_error = errno;
  ::flock(descriptor_, LOCK_UN);
  if (!complete) {
    return file_error("write", path_, write_error);
  }
  return on_disk ? Result<void>{} : file_error("write", path_, sync_error);
}

}  // namespace lifecycle::cli::chaos
