// Requests with what every one of them needs: credentials that may have to be renewed, and patience when the server asks for it. Private to
// lib/kubernetes.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/error.h"
#include "kubernetes/credentials.h"
#include "kubernetes/http_client.h"
#include "kubernetes/requests.h"

namespace lifecycle::kubernetes {

struct ObjectList {
  std::vector<Json> items = {};
  std::string resource_version = {};
};

class ApiCaller {
 public:
  ApiCaller(const CurlLibrary& curl, const ClusterAccess& access, std::string user_agent, const Clock& clock);

  // The answer, whatever its status. A 401 is asked again once, if there are newer credentials; a 429 or 503 for as often as the server
  // asks for it with Retry-After, except for what a PodDisruptionBudget refuses.
  [[nodiscard]] Result<HttpAnswer> ask(const ApiRequest& request, const Deadline& deadline, const BodySink& sink = nullptr);
  // A successful answer's object.
  [[nodiscard]] Result<Json> ask_for_object(const ApiRequest& request, const Deadline& deadline);
  // All pages. `request` makes the request of one page from the parameters that it needs.
  using PageRequest = std::function<ApiRequest(const std::vector<QueryParameter>& page)>;
  [[nodiscard]] Result<ObjectList> ask_for_list(const PageRequest& request, const Deadline& deadline);

  [[nodiscard]] Error error_of(const ApiRequest& request, const HttpAnswer& answer) const;
  [[nodiscard]] Credentials& credentials() { return credentials_; }
  [[nodiscard]] HttpClient& http() { return http_; }
  [[nodiscard]] const Clock& clock() const { return clock_; }

 private:
  const Clock& clock_;
  Credentials credentials_;
  HttpClient http_;
};

}  // namespace lifecycle::kubernetes
