// How busy the machine is, as worker heartbeats report it.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

namespace lifecycle::worker {

// Parts of one.
struct HostUsage {
  double cpu = 0;     // since the last look
  double memory = 0;  // of what there is
};

// Reads /proc/stat and /proc/meminfo through `read_file`, which gives nothing for a file that cannot be read; what cannot be known is zero.
class HostUsageMeter {
 public:
  using ReadFile = std::function<std::string(const std::string& path)>;

  explicit HostUsageMeter(ReadFile read_file) : read_file_(std::move(read_file)) {}

  [[nodiscard]] HostUsage look();

 private:
  struct CpuTicks {
    std::uint64_t busy = 0;
    std::uint64_t all = 0;
  };
  [[nodiscard]] static std::optional<CpuTicks> cpu_ticks(std::string_view stat);
  [[nodiscard]] static double used_memory(std::string_view meminfo);

  ReadFile read_file_;
  std::optional<CpuTicks> last_;
};

// The file's content; empty when it cannot be read.
[[nodiscard]] std::string read_proc_file(const std::string& path);

}  // namespace lifecycle::worker
