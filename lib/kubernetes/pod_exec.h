// Running a command in a container over a WebSocket. Private to lib/kubernetes.
#pragma once

#include "base/error.h"
#include "base/random.h"
#include "kubernetes/api_caller.h"

namespace lifecycle::kubernetes {

[[nodiscard]] Result<ExecOutcome> run_in_container(ApiCaller& caller, const ExecRequest& request, const Deadline& deadline,
                                                   RandomStream& randomness);

}  // namespace lifecycle::kubernetes
