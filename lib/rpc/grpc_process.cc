#include <absl/synchronization/mutex.h>
#include <google/protobuf/stubs/logging.h>
#include <grpc/support/log.h>

#include <string>
#include <string_view>

#include "rpc/process.h"

namespace lifecycle::rpc {
namespace {

// The hooks of gRPC and protobuf are plain functions, so their logger has to be reachable without an argument. Never destroyed: gRPC's
// threads may write until the very end of the process.
const Logger* library_logger = nullptr;

// Each attempt writes such a line, once in three seconds for as long as a certificate is not accepted, and none says as much as the
// diagnosis of the call that failed.
bool is_failed_handshake(std::string_view message) {
  return message.starts_with("Handshake failed") || message.starts_with("No match found for server name");
}

void log_of_grpc(gpr_log_func_args* line) {
  // What gRPC calls an error is one attempt that failed; the call's status tells whether it mattered.
  if (line->severity == GPR_LOG_SEVERITY_ERROR && !is_failed_handshake(line->message)) {
    library_logger->warn("gRPC: " + std::string(line->message));
  } else {
    library_logger->debug("gRPC: " + std::string(line->message));
  }
}

void log_of_protobuf(google::protobuf::LogLevel level, const char* file, int line, const std::string& message) {
  const LogLevel ours = level == google::protobuf::LOGLEVEL_INFO      ? LogLevel::kInfo
                        : level == google::protobuf::LOGLEVEL_WARNING ? LogLevel::kWarn
                                                                      : LogLevel::kError;
  library_logger->write(ours, "protobuf: " + message, {{"file", file}, {"line", line}});
}

}  // namespace

void follow_log_level(const Logger& logger) {
  gpr_set_log_verbosity(logger.enabled(LogLevel::kDebug) ? GPR_LOG_SEVERITY_INFO : GPR_LOG_SEVERITY_ERROR);
}

void prepare_process(const Logger& logger) {
  // Debian's absl keeps a graph of all mutexes ever held together, and gRPC takes its own in an order that the graph calls a cycle at
  // times: it costs memory for as long as the process lives, and says nothing that anybody here could act on.
  absl::SetMutexDeadlockDetectionMode(absl::OnDeadlockCycle::kIgnore);
  library_logger = new Logger(logger);
  follow_log_level(logger);
  gpr_set_log_function(log_of_grpc);
  google::protobuf::SetLogHandler(log_of_protobuf);
}

}  // namespace lifecycle::rpc
