// The journal of faults: what `lifecycle chaos` is about to do, did, proved and undid, one JSON object a line. It is written before the
// change that it tells of, and is on the disk by then, so that a tool that is killed at any moment leaves behind how to undo what it began.
//
//   {"time":"2026-11-27T15:30:01.250Z","id":"chaos-20261127-153001-3f9a1c/1","event":"planned","fault":"pause","target":"process",
//    "name":"4711","namespace":"","uid":"","node":"vm","pid":4711,"worker_identity":"4711@vm/v1.0.0#ab","version":"v1.0.0",
//    "workflow_ids":["quick-1"],"undo":{"action":"continue","startTicks":8812},"message":""}
//
// All lines of one id are about one fault on one target.
#pragma once

#include <cstdint>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/error.h"
#include "client/connection_config.h"

namespace lifecycle::cli::chaos {

enum class JournalEvent : std::uint8_t {
  kPlanned,    // about to be done; has the undo
  kInjected,   // the change was made, or asked for and accepted
  kProven,     // it was seen to have happened
  kUnproven,   // it could not be seen to have happened: `message` says why
  kRefused,    // the target said no, and nothing was changed: `message` says why
  kUndone,     // the undoing was seen to have happened
  kRecovered,  // what a tool left behind that was killed is undone, or is gone by itself
};

enum class FaultKind : std::uint8_t { kDelete, kEvict, kSigkill, kPause, kScale, kRestart };
enum class TargetKind : std::uint8_t { kPod, kProcess, kDeployment };

// The words of the journal, of flags and of JSON.
[[nodiscard]] std::string_view name_of(JournalEvent event);
[[nodiscard]] std::string_view name_of(FaultKind fault);
[[nodiscard]] std::string_view name_of(TargetKind target);

// What does not apply to a target is empty: a process has no namespace, a pod no process id that means anything here.
struct JournalEntry {
  WallTime time;
  std::string id;
  JournalEvent event = JournalEvent::kPlanned;
  FaultKind fault = FaultKind::kDelete;
  TargetKind target = TargetKind::kPod;
  std::string name;        // of the pod or the Deployment, or the process id
  std::string name_space;  // Kubernetes'
  std::string uid;         // Kubernetes'
  std::string node;        // or host
  std::int64_t pid = 0;
  std::string worker_identity;
  std::string version;
  std::vector<std::string> workflow_ids;           // of the workflows that it was executing something of
  nlohmann::json undo = nlohmann::json::object();  // empty: nothing is to be undone
  std::string message;

  bool operator==(const JournalEntry&) const = default;
};

[[nodiscard]] nlohmann::ordered_json to_json(const JournalEntry& entry);
// Errors: kDataLoss for what is no entry.
[[nodiscard]] Result<JournalEntry> parse_journal_line(std::string_view line);

struct JournalContent {
  std::vector<JournalEntry> entries;  // in the order of the file
  std::vector<std::string> warnings;  // one for each line that could not be read; the others are good
};

// A file that is not there is an empty journal. A last line without its end is one that a killed tool did not finish, and is ignored.
// Errors: kPermissionDenied, kInternal when the file cannot be read.
[[nodiscard]] Result<JournalContent> read_journal(const std::string& path);

// LIFECYCLE_JOURNAL, else $XDG_STATE_HOME/lifecycle/journal.jsonl, else ~/.local/state/lifecycle/journal.jsonl. Errors: kInvalidArgument
// when there is no home either.
[[nodiscard]] Result<std::string> default_journal_path(const client::Environment& environment);

// Appends to the file, which several tools may do at once.
class Journal {
 public:
  // Makes the folder and the file. Errors: kPermissionDenied, kInternal.
  [[nodiscard]] static Result<Journal> open(std::string path);
  Journal(Journal&& other) noexcept;
  Journal& operator=(Journal&& other) = delete;
  ~Journal();

  // Returns when the line is on the disk. Errors: kInternal; nothing may be changed then.
  [[nodiscard]] Result<void> append(const JournalEntry& entry);
  [[nodiscard]] const std::string& path() const { return path_; }

 private:
  Journal(std::string path, int descriptor) : path_(std::move(path)), descriptor_(descriptor) {}

  std::string path_;
  int descriptor_;
};

}  // namespace lifecycle::cli::chaos
