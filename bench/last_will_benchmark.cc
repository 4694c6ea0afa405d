// What it costs a worker to remember a task in the memory that it shares with its parent, with sizes as they are in practice.
#include <benchmark/benchmark.h>

#include <string>

#include "converter/payload.h"
#include "worker/last_will.h"

namespace lifecycle::worker {
namespace {

constexpr std::size_t kTokenBytes = 118;  // of an activity, measured

void remember_and_forget(benchmark::State& state) {
  LastWillMemory memory = *LastWillMemory::create();
  LastWillWriter writer(memory);
  const std::string token(kTokenBytes, 't');
  for (auto _ : state) {
    const LastWillEntry entry = writer.record(TaskKind::kActivity, token, 1);
    benchmark::DoNotOptimize(entry.remembered());
  }
}
BENCHMARK(remember_and_forget);

void set_details(benchmark::State& state) {
  LastWillMemory memory = *LastWillMemory::create();
  LastWillWriter writer(memory);
  LastWillEntry entry = writer.record(TaskKind::kActivity, std::string(kTokenBytes, 't'), 1);
  const api::Payloads details = converter::to_payloads(std::string(static_cast<std::size_t>(state.range(0)), 'd'));
  for (auto _ : state) {
    entry.set_details(details);
  }
}
BENCHMARK(set_details)->Arg(20)->Arg(1024)->Arg(16'000);

void read_all(benchmark::State& state) {
  LastWillMemory memory = *LastWillMemory::create();
  LastWillWriter writer(memory);
  std::vector<LastWillEntry> entries;
  for (int i = 0; i < state.range(0); ++i) {
    entries.push_back(writer.record(TaskKind::kActivity, std::string(kTokenBytes, 't'), 1));
    entries.back().set_details(converter::to_payloads("details"));
  }
  for (auto _ : state) {
    benchmark::DoNotOptimize(memory.read());
  }
}
BENCHMARK(read_all)->Arg(10)->Arg(1000);

}  // namespace
}  // namespace lifecycle::worker
