// What a worker leaves behind when it dies: the tokens of the tasks that it is executing, in memory that it shares with its parent, who
// tells the server once the death is certain (last_will_executor.h).
//
// A worker may be killed between any two instructions, and may have scribbled over its memory before it crashed. So nothing here is ever
// changed in place where the old value matters: details are written to the older of two records, each record carries a checksum over all
// that is in it, and a record that does not match is not there. See docs/adr/2026-11-27-the-last-will.md.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "api/api.h"
#include "base/error.h"

namespace lifecycle::worker {

// Tasks that can be remembered at once. Memory is touched, and so paid for, only where a task was recorded.
inline constexpr std::size_t kLastWillTasksMax = 1024;
// A token beyond this is not remembered: its task waits for the server's time-outs, as it does without a will.
inline constexpr std::size_t kLastWillTokenBytesMax = 4096 - 48;
// Newest details beyond this are not remembered: the next attempt goes on from those that the server has.
inline constexpr std::size_t kLastWillDetailsBytesMax = std::size_t{16} * 1024 - 48;

enum class TaskKind : std::uint32_t { kWorkflowTask = 1, kActivity = 2 };

struct UnfinishedTask {
  TaskKind kind = TaskKind::kActivity;
  std::string token;
  std::int32_t attempt = 0;
  std::optional<api::Payloads> details;  // an activity's newest; nothing: those that the server has
};

struct LastWill {
  std::string identity;
  std::string sticky_task_queue;  // empty: none
  std::vector<UnfinishedTask> tasks;

  [[nodiscard]] bool empty() const { return sticky_task_queue.empty() && tasks.empty(); }
};

// The shared memory. Made before the fork; the child writes through a LastWillWriter, the parent reads after the child's death.
class LastWillMemory {
 public:
  // Errors: kResourceExhausted.
  [[nodiscard]] static Result<LastWillMemory> create();
  LastWillMemory(LastWillMemory&& other) noexcept;
  LastWillMemory& operator=(LastWillMemory&&) = delete;
  ~LastWillMemory();

  // What can be read of what is there. Never fails: what is torn or damaged is left out.
  [[nodiscard]] LastWill read() const;
  // All of it, for tests that damage it.
  [[nodiscard]] std::span<std::byte> bytes() const;

 private:
  friend class LastWillWriter;
  friend class LastWillEntry;
  struct Layout;
  explicit LastWillMemory(Layout* layout) : layout_(layout) {}

  Layout* layout_;
};

// One remembered task; forgotten when this goes. Empty when there was no room, and then does nothing. Used by one thread at a time.
class LastWillEntry {
 public:
  LastWillEntry() = default;
  LastWillEntry(LastWillEntry&& other) noexcept;
  LastWillEntry& operator=(LastWillEntry&& other) noexcept;
  ~LastWillEntry() { forget(); }

  // The newest details of an activity, in the place of the ones before.
  void set_details(const api::Payloads& details);
  void forget();
  [[nodiscard]] bool remembered() const { return slots_ != nullptr; }

 private:
  friend class LastWillWriter;
  struct Slots;
  std::shared_ptr<Slots> slots_;  // null: empty
  std::uint32_t index_ = 0;
  std::uint64_t beats_ = 0;
};

// The writing end, in the worker. The memory outlives it and all of its entries.
class LastWillWriter {
 public:
  explicit LastWillWriter(LastWillMemory& memory);

  // Says who writes. An identity and a queue's name that are too long for the memory are left out, and with them the sticky queue.
  void introduce(std::string_view identity, std::string_view sticky_task_queue);
  // Takes back what introduce() said: the worker has told the server itself.
  void withdraw();
  // Any thread.
  [[nodiscard]] LastWillEntry record(TaskKind kind, std::string_view token, std::int32_t attempt);

 private:
  LastWillMemory::Layout* layout_;
  std::shared_ptr<LastWillEntry::Slots> slots_;
};

}  // namespace lifecycle::worker
