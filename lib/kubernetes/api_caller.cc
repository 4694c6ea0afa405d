#include "kubernetes/api_caller.h"

#include <fmt/format.h>

#include <utility>

#include "kubernetes/json_access.h"

namespace lifecycle::kubernetes {
namespace {

constexpr int kAttemptsMax = 10;
constexpr int kPageObjects = 500;

// How long the server wants this request to wait, if waiting is what it needs.
std::optional<Duration> wait_before_next(const HttpAnswer& answer) {
  if (answer.status != 429 && answer.status != 503) {
    return std::nullopt;
  }
  const Json status = parse_json(answer.body);
  return budget_refusal_of(status) ? std::nullopt : retry_after_of(answer.retry_after, status);
}

Error failed(const ApiRequest& request, Error error) {
  error.message = fmt::format("{}: {}", text_of(request.operation), error.message);
  return error;
}

}  // namespace

ApiCaller::ApiCaller(const CurlLibrary& curl, const ClusterAccess& access, std::string user_agent, const Clock& clock)
    : clock_(clock), credentials_(access, clock), http_(curl, access, std::move(user_agent)) {}

Error ApiCaller::error_of(const ApiRequest& request, const HttpAnswer& answer) const {
  return kubernetes::error_of(request.operation, {.http_status = answer.status, .body = answer.body});
}

Result<HttpAnswer> ApiCaller::ask(const ApiRequest& request, const Deadline& deadline, const BodySink& sink) {
  Result<Snapshot> shown = credentials_.current(deadline);
  bool renewed = false;
  for (int attempt = 1;; ++attempt) {
    if (!shown) {
      return std::unexpected(failed(request, shown.error()));
    }
    Result<HttpAnswer> answer = http_.send(request.http, **shown, deadline, sink);
    if (!answer) {
      return std::unexpected(failed(request, answer.error()));
    }
    if (answer->status == 401 && !renewed) {
      Result<std::optional<Snapshot>> newer = credentials_.after_refusal(*shown, deadline);
      if (newer && !*newer) {
        return answer;
      }
      renewed = true;
      shown = newer ? Result<Snapshot>(**newer) : std::unexpected(newer.error());
      continue;
    }
    const std::optional<Duration> wait = attempt < kAttemptsMax ? wait_before_next(*answer) : std::nullopt;
    if (!wait || *wait >= deadline.remaining() || deadline.stop().stop_requested()) {
      return answer;
    }
    deadline.wait(*wait);
    shown = credentials_.current(deadline);
  }
}

Result<Json> ApiCaller::ask_for_object(const ApiRequest& request, const Deadline& deadline) {
  const Result<HttpAnswer> answer = ask(request, deadline);
  if (!answer) {
    return std::unexpected(answer.error());
  }
  if (answer->status < 200 || answer->status > 299) {
    return std::unexpected(error_of(request, *answer));
  }
  Json object = parse_json(answer->body);
  if (!object.is_object()) {
    return fail(ErrorCode::kKubernetesUnreachable,
                fmt::format("{}: {} answers, but not as Kubernetes' API server does", text_of(request.operation), http_.host()),
                "is this the address of the API server, and not that of something else?");
  }
  return object;
}

Result<ObjectList> ApiCaller::ask_for_list(const PageRequest& request, const Deadline& deadline) {
  ObjectList list;
  std::vector<QueryParameter> page{{.name = "limit", .value = fmt::format("{}", kPageObjects)}};
  while (true) {
    const ApiRequest of_page = request(page);
    const Result<HttpAnswer> answer = ask(of_page, deadline);
    if (!answer) {
      return std::unexpected(answer.error());
    }
    if (answer->status == 410 && page.size() > 1) {
      // The pages' state is gone, so that the rest of it can no longer be had: all anew, and in one.
      list = {};
      page.clear();
      continue;
    }
    Json object = parse_json(answer->body);
    if (answer->status != 200 || !object.is_object()) {
      return std::unexpected(error_of(of_page, *answer));
    }
    for (const Json& item : items_at(object, "items")) {
      list.items.push_back(item);
    }
    const Json& metadata = child(object, "metadata");
    list.resource_version = text_at(metadata, "resourceVersion");
    const std::string token = text_at(metadata, "continue");
    if (token.empty()) {
      return list;
    }
    page.resize(1);
    page.push_back({.name = "continue", .value = token});
  }
}

}  // namespace lifecycle::kubernetes
