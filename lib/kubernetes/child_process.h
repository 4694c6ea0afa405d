// Running another program to its end, without a shell. Private to lib/kubernetes.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "base/error.h"
#include "kubernetes/deadline.h"
#include "kubernetes/secret.h"

namespace lifecycle::kubernetes {

struct Program {
  std::string command = {};  // looked up in PATH when it has no slash
  std::vector<std::string> arguments = {};
  std::vector<std::pair<std::string, std::string>> environment = {};  // added to this process's own
  bool with_standard_input = false;                                   // otherwise it reads nothing
};

struct ProgramEnd {
  int exit_code = 0;            // 128 + the signal's number when a signal ended it
  Secret standard_output = {};  // its standard error is this process's own
};

// Errors: kNotFound when there is no such program; kDeadlineExceeded and kCancelled, after which it has been killed; kResourceExhausted
// when it prints more than 1 MiB.
[[nodiscard]] Result<ProgramEnd> run_program(const Program& program, const Deadline& deadline);

}  // namespace lifecycle::kubernetes
