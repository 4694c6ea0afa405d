#include "worker/last_will.h"

#include <fmt/format.h>
#include <sys/mman.h>

#include <array>
#include <atomic>
#include <cerrno>
#include <cstring>
#include <system_error>
#include <type_traits>
#include <utility>

namespace lifecycle::worker {
namespace {

template <std::size_t kBytesMax>
struct SharedText {
  std::uint32_t size;
  std::array<char, kBytesMax> bytes;

  void assign(std::string_view text) {
    std::memcpy(bytes.data(), text.data(), text.size());
    size = static_cast<std::uint32_t>(text.size());
  }
  [[nodiscard]] std::string_view view() const { return {bytes.data(), size}; }
};

enum class PlaceState : std::uint8_t { kFree, kActivity, kWorkflowTask };
enum class WillState : std::uint8_t { kNone, kLeft, kNothingToTell };

constexpr std::uint8_t kNoDetails = 2;  // else: which of the two buffers holds the newest ones

template <class T>
void publish(T& place, T value) {
  std::atomic_ref(place).store(value, std::memory_order_release);
}

template <class T>
T published(T& place) {
  return std::atomic_ref(place).load(std::memory_order_acquire);
}

// Pages of zeros at first, and a trivial type, so that making it touches none of them.
struct Place {
  std::uint8_t newest_details;  // published
  std::int32_t attempt;
  SharedText<kWillTokenBytesMax> token;
  std::array<SharedText<kWillDetailsBytesMax>, 2> details;  // one is published, the other written
};

}  // namespace

struct SharedWills {
  WillState state;  // published
  std::array<PlaceState, kWillsMax>
      states;  // each published last, and taken back first; apart, so that reading them all is reading one page
  SharedText<kWillNameBytesMax> identity;
  SharedText<kWillNameBytesMax> sticky_task_queue;
  std::array<Place, kWillsMax> places;
};

static_assert(std::is_trivial_v<SharedWills>, "the kernel's zeros are its first value");
static_assert(std::atomic_ref<PlaceState>::is_always_lock_free && std::atomic_ref<WillState>::is_always_lock_free,
              "a lock would be held for ever by a writer that died");

WillEntry::WillEntry(WillEntry&& other) noexcept : wills_(std::exchange(other.wills_, nullptr)), index_(other.index_) {}

WillEntry& WillEntry::operator=(WillEntry&& other) noexcept {
  if (this != &other) {
    revoke();
    wills_ = std::exchange(other.wills_, nullptr);
    index_ = other.index_;
  }
  return *this;
}

void WillEntry::set_details(const api::Payloads& details) {
  if (wills_ == nullptr) {
    return;
  }
  Place& place = wills_->places[index_];
  const std::size_t bytes = details.ByteSizeLong();
  if (bytes > kWillDetailsBytesMax) {
    publish(place.newest_details, kNoDetails);
    return;
  }
  const std::uint8_t free_buffer = place.newest_details == 0 ? 1 : 0;
  auto& buffer = place.details[free_buffer];
  details.SerializeWithCachedSizesToArray(reinterpret_cast<std::uint8_t*>(buffer.bytes.data()));  // NOLINT(*-reinterpret-cast): bytes
  buffer.size = static_cast<std::uint32_t>(bytes);
  publish(place.newest_details, free_buffer);
}

void WillEntry::revoke() {
  if (wills_ != nullptr) {
    publish(std::exchange(wills_, nullptr)->states[index_], PlaceState::kFree);
  }
}

Result<std::unique_ptr<LastWillMemory>> LastWillMemory::create() {
  void* memory = ::mmap(nullptr, sizeof(SharedWills), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  if (memory == MAP_FAILED) {
    return fail(ErrorCode::kResourceExhausted, fmt::format("no {} bytes of shared memory for the last will: {}", sizeof(SharedWills),
                                                           std::error_code(errno, std::generic_category()).message()));
  }
  return std::unique_ptr<LastWillMemory>(new LastWillMemory(*static_cast<SharedWills*>(memory)));
}

LastWillMemory::~LastWillMemory() { ::munmap(&wills_, sizeof(SharedWills)); }

void LastWillMemory::begin(std::string_view identity, std::string_view sticky_task_queue) {
  if (identity.size() > kWillNameBytesMax || sticky_task_queue.size() > kWillNameBytesMax) {
    return;
  }
  wills_.identity.assign(identity);
  wills_.sticky_task_queue.assign(sticky_task_queue);
  publish(wills_.state, WillState::kLeft);
}

WillEntry LastWillMemory::keep(TaskKind kind, std::string_view task_token, std::int32_t attempt) {
  if (task_token.size() > kWillTokenBytesMax) {
    return {};
  }
  // The lowest free place, so that no more pages are written than there were tasks at once.
  for (std::size_t index = 0; index < kWillsMax; ++index) {
    // Another thread may have taken a task out, never put one in.
    if (published(wills_.states[index]) == PlaceState::kFree) {
      Place& place = wills_.places[index];
      place.token.assign(task_token);
      place.attempt = attempt;
      place.newest_details = kNoDetails;
      publish(wills_.states[index], kind == TaskKind::kActivity ? PlaceState::kActivity : PlaceState::kWorkflowTask);
      return {wills_, index};
    }
  }
  return {};
}

void LastWillMemory::end() { publish(wills_.state, WillState::kNothingToTell); }

std::optional<LastWill> LastWillMemory::read() const {
  if (published(wills_.state) != WillState::kLeft) {
    return std::nullopt;
  }
  LastWill will{
      .identity = std::string(wills_.identity.view()), .sticky_task_queue = std::string(wills_.sticky_task_queue.view()), .tasks = {}};
  for (std::size_t index = 0; index < kWillsMax; ++index) {
    const PlaceState state = published(wills_.states[index]);
    if (state == PlaceState::kFree) {
      continue;
    }
    Place& place = wills_.places[index];
    TaskWill task{.kind = state == PlaceState::kActivity ? TaskKind::kActivity : TaskKind::kWorkflowTask,
                  .task_token = std::string(place.token.view()),
                  .attempt = place.attempt,
                  .newest_details = std::nullopt};
    if (const std::uint8_t newest = published(place.newest_details); newest != kNoDetails) {
      const std::string_view bytes = place.details[newest].view();
      task.newest_details.emplace();
      if (!task.newest_details->ParseFromArray(bytes.data(), static_cast<int>(bytes.size()))) {
        task.newest_details.reset();
      }
    }
    will.tasks.push_back(std::move(task));
  }
  return will;
}

}  // namespace lifecycle::worker
