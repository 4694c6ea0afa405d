// Fails when the workflow's code does not fit one of the recorded histories that it is given.
#include <cstdio>

#include "greeting.h"
#include "replay/replayer.h"

int main(int argc, char** argv) {
  lifecycle::Registry registry;
  register_greeting(registry);
  int failed = argc < 2 ? 1 : 0;
  for (int i = 1; i < argc; ++i) {
    const auto result = lifecycle::replay::Replayer(registry).replay_file(argv[i]);
    const bool fits = result && result->verdict != lifecycle::replay::Verdict::kMismatch;
    failed += fits ? 0 : 1;
    std::puts(fits ? argv[i] : result ? result->failure.failure.message().c_str() : result.error().message.c_str());
  }
  return failed;
}
