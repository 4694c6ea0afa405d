#include "kubernetes/status_error.h"

#include <fmt/format.h>

#include <charconv>
#include <chrono>

#include "base/text.h"
#include "kubernetes/json_access.h"

namespace lifecycle::kubernetes {
namespace {

constexpr std::size_t kForeignBodyBytesMax = 200;

// "pods" -> "pod", for one of them.
std::string singular_of(const std::string& resource) {
  const std::string plural = resource.substr(0, resource.find('/'));
  return plural.ends_with('s') ? plural.substr(0, plural.size() - 1) : plural;
}

std::string hint_for_forbidden(const Operation& operation) {
  const std::string where = operation.name_space.empty() ? "" : fmt::format(" -n {}", operation.name_space);
  return fmt::format("the role of this user needs verb '{}' on resource '{}'{}; see: kubectl auth can-i {} {}{}", operation.verb,
                     operation.resource, operation.name_space.empty() ? "" : fmt::format(" in namespace '{}'", operation.name_space),
                     operation.verb, operation.resource, where);
}

struct Explanation {
  ErrorCode code = ErrorCode::kInternal;
  std::string_view summary;
  std::string hint = {};
};

Explanation explain_conflict(std::string_view reason) {
  if (reason == "AlreadyExists") {
    return {.code = ErrorCode::kAlreadyExists, .summary = "it exists already (409)"};
  }
  return {.code = ErrorCode::kFailedPrecondition,
          .summary = "it is not what it was: it has been replaced or changed meanwhile (409)",
          .hint = "look at it again, then decide again"};
}

Explanation explain_unavailable(int http_status) {
  const bool in_front = http_status == 502 || http_status == 504;
  return {.code = ErrorCode::kKubernetesUnreachable,
          .summary = in_front ? "something in front of the API server answered, the API server did not" : "the API server is not ready",
          .hint = "see: kubectl get --raw /readyz"};
}

Explanation explain(const Operation& operation, int http_status, std::string_view reason) {
  switch (http_status) {
    case 400:
      return {.code = ErrorCode::kInvalidArgument, .summary = "the API server calls it a bad request (400)"};
    case 401:
      return {.code = ErrorCode::kPermissionDenied,
              .summary = "the API server does not know these credentials (401)",
              .hint = "they have expired or belong to another cluster: log in again, or choose another context (--kube-context)"};
    case 403:
      return {.code = ErrorCode::kPermissionDenied, .summary = "forbidden (403)", .hint = hint_for_forbidden(operation)};
    case 404:
      return {.code = ErrorCode::kNotFound, .summary = "there is none (404)"};
    case 409:
      return explain_conflict(reason);
    case 410:
      return {.code = ErrorCode::kFailedPrecondition,
              .summary = "the API server no longer has that state (410)",
              .hint = "list again and go on from there"};
    case 429:
      return {.code = ErrorCode::kResourceExhausted, .summary = "too many requests (429)", .hint = "try again later"};
    case 502:
    case 503:
    case 504:
      return explain_unavailable(http_status);
    default:
      if (http_status >= 300 && http_status < 400) {
        return {.code = ErrorCode::kKubernetesUnreachable,
                .summary = "the answer leads to another place, where credentials are not sent",
                .hint = "is this the address of the API server, and not that of something in front of it?"};
      }
      return {.code = http_status >= 500 ? ErrorCode::kInternal : ErrorCode::kFailedPrecondition, .summary = "the API server refused it"};
  }
}

std::string causes_of(const Json& status) {
  std::string text;
  for (const Json& cause : items_at(child(status, "details"), "causes")) {
    const std::string message = text_at(cause, "message");
    const std::string field = text_at(cause, "field");
    text += fmt::format("{}{}{}", text.empty() ? "" : "; ", field.empty() ? "" : field + ": ", message);
  }
  return text;
}

// What the server said, in one line of a sensible length.
std::string said_by(const Json& status, const std::string& body) {
  std::string said = text_at(status, "message");
  if (said.empty()) {
    said = shortened(valid_utf8(body), kForeignBodyBytesMax);
  } else if (const std::string causes = causes_of(status); !causes.empty() && !said.contains(causes)) {
    said += " (" + causes + ")";
  }
  for (char& each : said) {
    each = static_cast<unsigned char>(each) < ' ' ? ' ' : each;
  }
  return said;
}

Error error_from(const Operation& operation, int http_status, const Json& status, const std::string& body) {
  const Explanation explanation = explain(operation, http_status, text_at(status, "reason"));
  const std::string said = said_by(status, body);
  return {.code = explanation.code,
          .message = fmt::format("{}: {}{}{}", text_of(operation), explanation.summary,
                                 http_status >= 300 && !explanation.summary.contains('(') ? fmt::format(" ({})", http_status) : "",
                                 said.empty() ? "" : ": " + said),
          .hint = explanation.hint};
}

}  // namespace

std::string text_of(const Operation& operation) {
  if (operation.name.empty()) {
    return fmt::format("{} {}{}", operation.verb, operation.resource,
                       operation.name_space.empty() ? "" : fmt::format(" in namespace {}", operation.name_space));
  }
  const std::size_t slash = operation.resource.find('/');
  const std::string of = slash == std::string::npos ? "" : operation.resource.substr(slash + 1) + " of ";
  return fmt::format("{} {}{} {}{}", operation.verb, of, singular_of(operation.resource),
                     operation.name_space.empty() ? "" : operation.name_space + "/", operation.name);
}

Error error_of(const Operation& operation, const Refusal& refusal) {
  const Json parsed = parse_json(refusal.body);
  const bool is_status = text_at(parsed, "kind") == "Status";
  return error_from(operation, refusal.http_status, is_status ? parsed : Json(), refusal.body);
}

Error error_of_status(const Operation& operation, const Json& status) {
  return error_from(operation, integer_at<int>(status, "code"), status, "");
}

std::optional<Duration> retry_after_of(std::string_view header, const Json& status) {
  int seconds = 0;
  const auto [end, error] = std::from_chars(header.data(), header.data() + header.size(), seconds);
  if (error != std::errc() || end != header.data() + header.size() || header.empty()) {
    seconds = integer_at<int>(child(status, "details"), "retryAfterSeconds");
  }
  return seconds > 0 ? std::optional<Duration>(std::chrono::seconds(seconds)) : std::nullopt;
}

std::optional<BudgetRefusal> budget_refusal_of(const Json& status) {
  constexpr std::string_view kBeforeName = "The disruption budget ";
  for (const Json& cause : items_at(child(status, "details"), "causes")) {
    if (text_at(cause, "reason") != "DisruptionBudget") {
      continue;
    }
    BudgetRefusal refusal{.reason = text_at(cause, "message")};
    if (refusal.reason.starts_with(kBeforeName)) {
      const std::string rest = refusal.reason.substr(kBeforeName.size());
      refusal.disruption_budget = rest.substr(0, rest.find(' '));
    }
    return refusal;
  }
  // Several budgets for one pod are refused in other words.
  const std::string message = text_at(status, "message");
  if (message.contains("disruption budget") || message.contains("more than one PodDisruptionBudget")) {
    return BudgetRefusal{.reason = message};
  }
  return std::nullopt;
}

}  // namespace lifecycle::kubernetes
