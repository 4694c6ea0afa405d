// The standard gRPC health service (grpc.health.v1, Check and Watch) over a worker's Health: what Kubernetes' grpc probes ask.
//
// Services: "startup", "ready", "live", and "" for "ready". It answers from a thread of its own, so that a worker whose loop is stuck can
// still be heard to be so. Why something is not served goes with the answer to Check, in the trailing metadata `lifecycle-reason-bin`.
#pragma once

#include <memory>
#include <string>

#include "base/error.h"
#include "telemetry/health.h"

namespace lifecycle::rpc {

class HealthServer {
 public:
  // Listens on `address` ("HOST:PORT"; port 0 takes a free one). `health` outlives the server. Errors: kInvalidArgument for what is no
  // address, kFailedPrecondition for one that cannot be listened on.
  [[nodiscard]] static Result<std::unique_ptr<HealthServer>> start(const std::string& address, const Health& health);
  // Ends open watches.
  ~HealthServer();
  HealthServer(const HealthServer&) = delete;
  HealthServer& operator=(const HealthServer&) = delete;

  [[nodiscard]] int port() const;

 private:
  struct Impl;
  explicit HealthServer(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace lifecycle::rpc
