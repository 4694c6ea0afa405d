// What the libraries below need to be told once per process.
#pragma once

#include "telemetry/log.h"

namespace lifecycle::rpc {

// Sends the lines that gRPC and protobuf would write to standard error to `logger`, and turns off absl's deadlock detector. Called once, by
// the program and not by a library, before the first connection is made.
void prepare_process(const Logger& logger);

// Asks gRPC for as many lines as the logger's level now wants. Called after each change of the level.
void follow_log_level(const Logger& logger);

}  // namespace lifecycle::rpc
