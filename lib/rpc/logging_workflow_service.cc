#include "rpc/logging_workflow_service.h"

namespace lifecycle::rpc {
namespace {

void log_end(const Logger& logger, std::string_view method, const Status& status, Duration took) {
  const auto microseconds = std::chrono::round<std::chrono::microseconds>(took);
  const double milliseconds = static_cast<double>(microseconds.count()) / 1000;
  if (status.ok()) {
    logger.debug("call ended", {{"method", method}, {"status", name_of(status.code)}, {"ms", milliseconds}});
  } else {
    logger.debug("call ended", {{"method", method}, {"status", name_of(status.code)}, {"ms", milliseconds}, {"error", status.message}});
  }
}

}  // namespace

CallHandle LoggingWorkflowService::start(const Method& method, RequestPtr request, ResponsePtr response, CallOptions options, Done done) {
  if (!logger_.enabled(LogLevel::kDebug)) {
    return inner_->start(method, std::move(request), std::move(response), options, std::move(done));
  }
  return inner_->start(
      method, std::move(request), std::move(response), options,
      [&clock = clock_, logger = logger_, name = method.name, began = clock_.steady_now(), done = std::move(done)](Status status) mutable {
        log_end(logger, name, status, clock.steady_now() - began);
        done(std::move(status));
      });
}

}  // namespace lifecycle::rpc
