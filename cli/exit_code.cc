#include "cli/exit_code.h"

#include <array>
#include <utility>

namespace lifecycle::cli {
namespace {

constexpr std::array<ExitCodeMeaning, 15> kMeanings{{
    {ExitCode::kDone, "done (worker: stopped gracefully)"},
    {ExitCode::kOperationFailed, "the operation failed: workflow failed, timed out, cancelled or terminated; server refused"},
    {ExitCode::kUsage, "wrong usage: unknown command, bad flag or value"},
    {ExitCode::kTemporalUnreachable, "Temporal unreachable"},
    {ExitCode::kNotAuthorised, "not authorised"},
    {ExitCode::kNotFound, "not found: workflow, namespace or version"},
    {ExitCode::kKubernetesUnreachable, "Kubernetes unreachable"},
    {ExitCode::kGuaranteeBroken, "a guarantee was seen broken: mixed versions in a pinned workflow, a lost step, a duplicated completion"},
    {ExitCode::kFaultNotProven, "the fault could not be proven to have happened, or could not be undone"},
    {ExitCode::kInvalidConfig, "configuration file invalid"},
    {ExitCode::kTimedOut, "time-out elapsed"},
    {ExitCode::kHungUp, "the terminal was closed (SIGHUP)"},
    {ExitCode::kInterrupted, "interrupted (SIGINT, Ctrl-C)"},
    {ExitCode::kKilled, "the supervised worker was killed (SIGKILL); 128 + its number for any other signal"},
    {ExitCode::kTerminated, "terminated (SIGTERM)"},
}};

}  // namespace

std::span<const ExitCodeMeaning> exit_code_meanings() { return kMeanings; }

ExitCode exit_code_for(ErrorCode code) {
  switch (code) {
    case ErrorCode::kInvalidArgument:
      return ExitCode::kUsage;
    case ErrorCode::kInvalidConfig:
      return ExitCode::kInvalidConfig;
    case ErrorCode::kNotFound:
      return ExitCode::kNotFound;
    case ErrorCode::kUnavailable:
      return ExitCode::kTemporalUnreachable;
    case ErrorCode::kKubernetesUnreachable:
      return ExitCode::kKubernetesUnreachable;
    case ErrorCode::kDeadlineExceeded:
      return ExitCode::kTimedOut;
    case ErrorCode::kPermissionDenied:
      return ExitCode::kNotAuthorised;
    case ErrorCode::kAlreadyExists:
    case ErrorCode::kFailedPrecondition:
    case ErrorCode::kResourceExhausted:
    case ErrorCode::kCancelled:
    case ErrorCode::kDataLoss:
    case ErrorCode::kInternal:
      return ExitCode::kOperationFailed;
  }
  std::unreachable();
}

ExitCode exit_code_for_signal(int signal_number) { return static_cast<ExitCode>(128 + signal_number); }

std::string_view name_of(ErrorCode code) {
  switch (code) {
    case ErrorCode::kInvalidArgument:
      return "invalid_argument";
    case ErrorCode::kInvalidConfig:
      return "invalid_config";
    case ErrorCode::kNotFound:
      return "not_found";
    case ErrorCode::kAlreadyExists:
      return "already_exists";
    case ErrorCode::kUnavailable:
      return "unavailable";
    case ErrorCode::kKubernetesUnreachable:
      return "kubernetes_unreachable";
    case ErrorCode::kDeadlineExceeded:
      return "deadline_exceeded";
    case ErrorCode::kPermissionDenied:
      return "permission_denied";
    case ErrorCode::kFailedPrecondition:
      return "failed_precondition";
    case ErrorCode::kResourceExhausted:
      return "resource_exhausted";
    case ErrorCode::kCancelled:
      return "cancelled";
    case ErrorCode::kDataLoss:
      return "data_loss";
    case ErrorCode::kInternal:
      return "internal";
  }
  std::unreachable();
}

}  // namespace lifecycle::cli
