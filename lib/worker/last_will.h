// What a worker leaves behind when it dies: the tokens of the tasks that it was executing, in memory that outlives it.
//
// Nobody tells the server that a process was killed: it finds out by time-outs, of the heartbeat (5 s in the demonstration), of the sticky
// queue, of the workflow task (10 s). A task token, though, is a bearer token: any process may use it. So a parent that has waited for
// the worker's death reads them here, and tells the server at once (last_will_delivery.h).
//
// The memory is shared between exactly two processes and is made before the fork. The worker writes while it lives; the parent reads when
// the worker is known to be dead. A writer can die between any two instructions, so everything is written first and published by one atomic
// store afterwards: what is read is whole, or not there.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "api/api.h"
#include "base/error.h"

namespace lifecycle::worker {

// Tasks that can be left behind. Those beyond it are what they are without a will: lost to their time-outs.
inline constexpr std::size_t kWillsMax = 512;
// Server 1.32's tokens are about 120 bytes.
inline constexpr std::size_t kWillTokenBytesMax = 1024;
// Larger details are not kept: the next attempt then goes on from those that reached the server.
inline constexpr std::size_t kWillDetailsBytesMax = 8192;
// Of the identity and of the sticky queue's name, each.
inline constexpr std::size_t kWillNameBytesMax = 1024;

enum class TaskKind : std::uint8_t { kActivity, kWorkflowTask };

// One task that the worker had taken and not answered.
struct TaskWill {
  TaskKind kind = TaskKind::kActivity;
  std::string task_token;
  std::int32_t attempt = 1;
  std::optional<api::Payloads> newest_details;  // of an activity that gave any, sent to the server or not
};

struct LastWill {
  std::string identity;           // of the dead process
  std::string sticky_task_queue;  // empty: it cached no workflows
  std::vector<TaskWill> tasks;
};

struct SharedWills;  // the layout of the memory

// The place of one task in the memory; its destruction takes the task out. Empty when no will is kept. Not for two threads at a time.
class WillEntry {
 public:
  WillEntry() = default;
  WillEntry(WillEntry&& other) noexcept;
  WillEntry& operator=(WillEntry&& other) noexcept;
  WillEntry(const WillEntry&) = delete;
  WillEntry& operator=(const WillEntry&) = delete;
  ~WillEntry() { revoke(); }

  // Replaces the details that the next attempt is to go on from.
  void set_details(const api::Payloads& details);
  // The task is answered.
  void revoke();
  explicit operator bool() const { return wills_ != nullptr; }

 private:
  friend class LastWillMemory;
  WillEntry(SharedWills& wills, std::size_t index) : wills_(&wills), index_(index) {}

  SharedWills* wills_ = nullptr;
  std::size_t index_ = 0;
};

class LastWillMemory {
 public:
  // Pages are given to it as they are written: an idle worker's cost two. Error: kResourceExhausted.
  [[nodiscard]] static Result<std::unique_ptr<LastWillMemory>> create();
  ~LastWillMemory();
  LastWillMemory(const LastWillMemory&) = delete;
  LastWillMemory& operator=(const LastWillMemory&) = delete;

  // --- the worker's side, on one thread but for what WillEntry says

  // Says who leaves the will. Names that are too long leave no will at all.
  void begin(std::string_view identity, std::string_view sticky_task_queue);
  // Empty when the memory is full or the token too long.
  [[nodiscard]] WillEntry keep(TaskKind kind, std::string_view task_token, std::int32_t attempt);
  // The worker has stopped and answered everything: however its process ends now, nothing is to be told.
  void end();

  // --- the parent's side, after the worker's death

  // Nothing when there is nothing to tell: no will begun, or the worker had stopped.
  [[nodiscard]] std::optional<LastWill> read() const;

 private:
  explicit LastWillMemory(SharedWills& wills) : wills_(wills) {}

  SharedWills& wills_;
};

}  // namespace lifecycle::worker
