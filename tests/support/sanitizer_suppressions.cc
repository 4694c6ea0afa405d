// Findings in Debian's libraries, which are not built with the sanitizers. To be compiled into tests that link gRPC.
//
// ThreadSanitizer does not see the atomics by which gRPC and absl synchronise, and takes what goes through them for races. Only their
// own functions are named here, never one of ours. ".isra." and ".constprop." are names that GCC gives to copies of functions: Debian's
// libraries are built by it, this tree never is.

// NOLINTBEGIN(bugprone-reserved-identifier,readability-identifier-naming): the sanitizers look for these names.
extern "C" const char* __tsan_default_suppressions() {
  return "race:grpc_core::\n"
         "race:grpc::\n"
         "race:^grpc_\n"
         "race:^gpr_\n"
         "race:^tcp_\n"
         "race:^eventfd_wakeup\n"
         "race:absl::\n"
         "race:^ares_\n"
         "race:.isra.\n"
         "race:.constprop.\n";
}

// c-ares 1.18 forgets ten bytes each time it looks up "localhost".
extern "C" const char* __lsan_default_suppressions() { return "leak:ares_strdup\n"; }
// NOLINTEND(bugprone-reserved-identifier,readability-identifier-naming)
