// Asks a health service once and waits for its answer: what a container's health check does.
#pragma once

#include <string>

#include "base/clock.h"
#include "base/error.h"
#include "telemetry/health.h"

namespace lifecycle::rpc {

// `address` is the one that the worker was told to listen on: where that is every interface of the machine, this one is asked on the
// loopback interface. Errors: kInvalidArgument for what is no address, kUnavailable when nothing answers within `timeout`, and
// kFailedPrecondition when something answers that is no worker's health service.
[[nodiscard]] Result<HealthAnswer> ask_health(const std::string& address, HealthService service, Duration timeout);

}  // namespace lifecycle::rpc
