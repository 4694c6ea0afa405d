#include "worker/host_usage.h"

#include <fstream>
#include <sstream>
#include <utility>

namespace lifecycle::worker {

std::string read_proc_file(const std::string& path) {
  std::ifstream file(path);
  std::ostringstream content;
  content << file.rdbuf();
  return content.str();
}

HostUsage HostUsageMeter::look() {
  HostUsage usage{.memory = used_memory(read_file_("/proc/meminfo"))};
  const std::optional<CpuTicks> now = cpu_ticks(read_file_("/proc/stat"));
  if (now) {
    const CpuTicks before = last_.value_or(CpuTicks{});
    if (now->all > before.all && now->busy >= before.busy) {
      usage.cpu = static_cast<double>(now->busy - before.busy) / static_cast<double>(now->all - before.all);
    }
    last_ = now;
  }
  return usage;
}

// The first line is "cpu  user nice system idle iowait irq softirq steal ...", in ticks since the machine's start.
std::optional<HostUsageMeter::CpuTicks> HostUsageMeter::cpu_ticks(std::string_view stat) {
  std::istringstream line(std::string(stat.substr(0, stat.find('\n'))));
  std::string name;
  if (!(line >> name) || name != "cpu") {
    return std::nullopt;
  }
  constexpr int kIdle = 3;
  constexpr int kIoWait = 4;
  constexpr int kSteal = 7;  // what follows is counted in the others already
  CpuTicks ticks;
  std::uint64_t value = 0;
  for (int column = 0; column <= kSteal && line >> value; ++column) {
    ticks.all += value;
    ticks.busy += column == kIdle || column == kIoWait ? 0 : value;
  }
  return ticks;
}

double HostUsageMeter::used_memory(std::string_view meminfo) {
  std::istringstream lines{std::string(meminfo)};
  std::string name;
  std::string unit;
  double kib = 0;
  double total = 0;
  double available = 0;
  while (lines >> name >> kib >> unit) {
    if (name == "MemTotal:") {
      total = kib;
    } else if (name == "MemAvailable:") {
      available = kib;
      break;
    }
  }
  return total > 0 ? 1 - available / total : 0;
}

}  // namespace lifecycle::worker
