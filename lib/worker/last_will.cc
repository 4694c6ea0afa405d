#include "worker/last_will.h"

#include <fmt/format.h>
#include <sys/mman.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cerrno>
#include <cstring>
#include <mutex>
#include <numeric>
#include <system_error>
#include <type_traits>
#include <utility>

namespace lifecycle::worker {
namespace {

// Beside the kinds of tasks: what else a record may be.
constexpr std::uint32_t kDetails = 3;
constexpr std::uint32_t kDetailsAreTheServers = 4;
constexpr std::uint32_t kIntroduction = 5;

struct RecordHeader {
  std::uint64_t checksum;  // over everything below; written last
  std::uint64_t task;      // number of the task that it belongs to, never used twice
  std::uint64_t version;   // the higher one of two is the newer
  std::uint32_t kind;
  std::int32_t attempt;
  std::uint32_t bytes;  // of the content
  std::uint32_t first_part_bytes;
  std::uint64_t unused;
};

template <std::size_t kBytesMax>
struct Record {
  RecordHeader header;
  std::array<char, kBytesMax> content;
};

struct Slot {
  Record<kLastWillTokenBytesMax> task;
  std::array<Record<kLastWillDetailsBytesMax>, 2> details;
};
static_assert(sizeof(RecordHeader) == 48 && sizeof(Slot) == std::size_t{36} * 1024, "whole pages, so that unused ones stay untouched");

std::uint64_t mixed(std::uint64_t hash, std::uint64_t word) {
  hash = (hash ^ word) * 0x9E37'79B9'7F4A'7C15U;
  return hash ^ (hash >> 29U);
}

// Not against forgers: against halves of two values and wild writes.
std::uint64_t checksum_of(const RecordHeader& header, const char* content) {
  std::uint64_t hash = mixed(0x6C69'6665'6379'636CU, header.task);
  hash = mixed(hash, header.version);
  hash = mixed(hash, (std::uint64_t{header.kind} << 32U) | static_cast<std::uint32_t>(header.attempt));
  hash = mixed(hash, (std::uint64_t{header.bytes} << 32U) | header.first_part_bytes);
  std::size_t at = 0;
  for (; at + sizeof(std::uint64_t) <= header.bytes; at += sizeof(std::uint64_t)) {
    std::uint64_t word = 0;
    std::memcpy(&word, content + at, sizeof(word));
    hash = mixed(hash, word);
  }
  std::uint64_t rest = 0;
  std::memcpy(&rest, content + at, header.bytes - at);
  return mixed(hash, rest) | 1U;  // zero is what an invalid record has
}

// The compiler may not move writes over this; what the processor has begun, it ends, even when the process is killed.
void order_writes() { std::atomic_signal_fence(std::memory_order_seq_cst); }

template <std::size_t kBytesMax>
void invalidate(Record<kBytesMax>& record) {
  record.header.checksum = 0;
  order_writes();
}

// The content is in its place already, or is put there by `write_content`.
template <std::size_t kBytesMax, class WriteContent>
void write(Record<kBytesMax>& record, RecordHeader header, WriteContent write_content) {
  invalidate(record);
  write_content(record.content.data());
  header.checksum = 0;
  record.header = header;
  order_writes();
  const std::uint64_t checksum = checksum_of(header, record.content.data());
  order_writes();
  record.header.checksum = checksum;
  order_writes();
}

template <std::size_t kBytesMax>
bool is_valid(const Record<kBytesMax>& record) {
  return record.header.checksum != 0 && record.header.bytes <= kBytesMax && record.header.first_part_bytes <= record.header.bytes &&
         record.header.checksum == checksum_of(record.header, record.content.data());
}

std::optional<api::Payloads> newest_details(const Slot& slot) {
  const Record<kLastWillDetailsBytesMax>* newest = nullptr;
  for (const auto& record : slot.details) {
    if (record.header.task == slot.task.header.task && (newest == nullptr || record.header.version > newest->header.version) &&
        is_valid(record)) {
      newest = &record;
    }
  }
  api::Payloads details;
  if (newest == nullptr || newest->header.kind != kDetails ||
      !details.ParseFromArray(newest->content.data(), static_cast<int>(newest->header.bytes))) {
    return std::nullopt;
  }
  return details;
}

}  // namespace

struct LastWillMemory::Layout {
  Record<kLastWillTokenBytesMax> introduction;  // identity, then the sticky queue
  std::array<Slot, kLastWillTasksMax> slots;
};

// Which slots are free is the writer's own business, and nobody reads it after its death.
struct LastWillEntry::Slots {
  explicit Slots(std::span<Slot, kLastWillTasksMax> all_slots) : all(all_slots), free(kLastWillTasksMax) {
    std::iota(free.rbegin(), free.rend(), 0U);  // the first ones are used first, and again
  }

  std::optional<std::uint32_t> take() {
    const std::scoped_lock lock(mutex);
    if (free.empty()) {
      return std::nullopt;
    }
    const std::uint32_t index = free.back();
    free.pop_back();
    return index;
  }
  void give_back(std::uint32_t index) {
    const std::scoped_lock lock(mutex);
    free.push_back(index);
  }

  std::span<Slot, kLastWillTasksMax> all;
  std::atomic<std::uint64_t> tasks{0};
  std::mutex mutex;
  std::vector<std::uint32_t> free;
};

Result<LastWillMemory> LastWillMemory::create() {
  static_assert(std::is_trivially_default_constructible_v<Layout>, "zeroed pages are an empty one");
  void* pages = ::mmap(nullptr, sizeof(Layout), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (pages == MAP_FAILED) {
    return fail(ErrorCode::kResourceExhausted,
                fmt::format("no memory to share with the supervised worker: {}", std::system_category().message(errno)));
  }
  return LastWillMemory(static_cast<Layout*>(pages));
}

LastWillMemory::LastWillMemory(LastWillMemory&& other) noexcept : layout_(std::exchange(other.layout_, nullptr)) {}

LastWillMemory::~LastWillMemory() {
  if (layout_ != nullptr) {
    ::munmap(layout_, sizeof(Layout));
  }
}

std::span<std::byte> LastWillMemory::bytes() const { return std::as_writable_bytes(std::span(layout_, 1)); }

LastWill LastWillMemory::read() const {
  LastWill will;
  const auto& introduction = layout_->introduction;
  if (is_valid(introduction) && introduction.header.kind == kIntroduction) {
    const std::string_view content(introduction.content.data(), introduction.header.bytes);
    will.identity = content.substr(0, introduction.header.first_part_bytes);
    will.sticky_task_queue = content.substr(introduction.header.first_part_bytes);
  }
  for (const Slot& slot : layout_->slots) {
    const RecordHeader& header = slot.task.header;
    const auto kind = static_cast<TaskKind>(header.kind);
    if ((kind != TaskKind::kWorkflowTask && kind != TaskKind::kActivity) || !is_valid(slot.task)) {
      continue;
    }
    will.tasks.push_back({.kind = kind,
                          .token = std::string(slot.task.content.data(), header.bytes),
                          .attempt = header.attempt,
                          .details = kind == TaskKind::kActivity ? newest_details(slot) : std::nullopt});
  }
  return will;
}

LastWillEntry::LastWillEntry(LastWillEntry&& other) noexcept
    : slots_(std::move(other.slots_)), index_(other.index_), beats_(other.beats_) {}

LastWillEntry& LastWillEntry::operator=(LastWillEntry&& other) noexcept {
  if (this != &other) {
    forget();
    slots_ = std::move(other.slots_);
    index_ = other.index_;
    beats_ = other.beats_;
  }
  return *this;
}

void LastWillEntry::set_details(const api::Payloads& details) {
  if (slots_ == nullptr) {
    return;
  }
  Slot& slot = slots_->all[index_];
  const std::size_t bytes = details.ByteSizeLong();
  const bool fits = bytes <= kLastWillDetailsBytesMax;
  const RecordHeader header{.checksum = 0,
                            .task = slot.task.header.task,
                            .version = ++beats_,
                            .kind = fits ? kDetails : kDetailsAreTheServers,
                            .attempt = 0,
                            .bytes = fits ? static_cast<std::uint32_t>(bytes) : 0,
                            .first_part_bytes = 0,
                            .unused = 0};
  write(slot.details[beats_ % 2], header, [&](char* content) {
    if (fits) {
      details.SerializeWithCachedSizesToArray(reinterpret_cast<std::uint8_t*>(content));
    }
  });
}

void LastWillEntry::forget() {
  if (slots_ != nullptr) {
    invalidate(slots_->all[index_].task);
    slots_->give_back(index_);
    slots_.reset();
  }
}

LastWillWriter::LastWillWriter(LastWillMemory& memory)
    : layout_(memory.layout_), slots_(std::make_shared<LastWillEntry::Slots>(memory.layout_->slots)) {}

void LastWillWriter::introduce(std::string_view identity, std::string_view sticky_task_queue) {
  const std::string content = std::string(identity) + std::string(sticky_task_queue);
  if (content.size() > kLastWillTokenBytesMax) {
    return;
  }
  write(layout_->introduction,
        {.checksum = 0,
         .task = 0,
         .version = 0,
         .kind = kIntroduction,
         .attempt = 0,
         .bytes = static_cast<std::uint32_t>(content.size()),
         .first_part_bytes = static_cast<std::uint32_t>(identity.size()),
         .unused = 0},
        [&](char* place) { std::ranges::copy(content, place); });
}

void LastWillWriter::withdraw() { invalidate(layout_->introduction); }

LastWillEntry LastWillWriter::record(TaskKind kind, std::string_view token, std::int32_t attempt) {
  LastWillEntry entry;
  if (token.empty() || token.size() > kLastWillTokenBytesMax) {
    return entry;
  }
  const std::optional<std::uint32_t> index = slots_->take();
  if (!index) {
    return entry;
  }
  entry.slots_ = slots_;
  entry.index_ = *index;
  write(slots_->all[*index].task,
        {.checksum = 0,
         .task = slots_->tasks.fetch_add(1) + 1,
         .version = 0,
         .kind = static_cast<std::uint32_t>(kind),
         .attempt = attempt,
         .bytes = static_cast<std::uint32_t>(token.size()),
         .first_part_bytes = 0,
         .unused = 0},
        [&](char* place) { std::ranges::copy(token, place); });
  return entry;
}

}  // namespace lifecycle::worker
