// Makes the calls that its standard input names, one JSON object a line, and prints what they return, likewise: so that tests can be the
// API server and watch what arrives there. The first line of the output is the cluster that was found.
#include <unistd.h>

#include <cstdlib>
#include <iostream>
#include <map>
#include <nlohmann/json.hpp>
#include <string>
#include <thread>

#include "base/clock.h"
#include "base/random.h"
#include "kubernetes/client.h"

namespace lifecycle::kubernetes {
namespace {

using Answer = Result<Json>;

std::string text(const Json& request, const char* name) { return request.value(name, std::string()); }

PodRef pod_in(const Json& request) {
  return {.name_space = text(request, "namespace"), .name = text(request, "name"), .uid = text(request, "uid")};
}

DeploymentRef deployment_in(const Json& request) { return {.name_space = text(request, "namespace"), .name = text(request, "name")}; }

PodQuery query_in(const Json& request) {
  return {.name_space = text(request, "namespace"),
          .label_selector = text(request, "label_selector"),
          .field_selector = text(request, "field_selector")};
}

DeleteOptions delete_options_in(const Json& request) {
  DeleteOptions options{.dry_run = request.value("dry_run", false)};
  if (request.contains("grace_period_s")) {
    options.grace_period = std::chrono::seconds(request.at("grace_period_s").get<int>());
  }
  return options;
}

Json json_of(const Pod& pod) {
  Json containers = Json::array();
  for (const ContainerStatus& each : pod.containers) {
    containers.push_back({{"name", each.name},
                          {"ready", each.ready},
                          {"restart_count", each.restart_count},
                          {"last_exit_code", each.last_state ? Json(each.last_state->exit_code) : Json()}});
  }
  const OwnerReference* owner = pod.meta.controller();
  return {{"name", pod.meta.name},
          {"namespace", pod.meta.name_space},
          {"uid", pod.meta.uid},
          {"labels", pod.meta.labels},
          {"owner", owner != nullptr ? owner->kind + "/" + owner->name : ""},
          {"node", pod.node},
          {"phase", pod.phase},
          {"ready", pod.ready},
          {"deleted", pod.meta.deletion_time.has_value()},
          {"containers", containers}};
}

Json json_of(const Deployment& deployment) {
  return {{"name", deployment.meta.name},
          {"replicas", deployment.replicas},
          {"ready", deployment.ready_replicas},
          {"selector", deployment.label_selector},
          {"rolled_out", deployment.rolled_out()}};
}

Json json_of(const Scale& scale) {
  return {{"replicas", scale.replicas}, {"current", scale.current_replicas}, {"resource_version", scale.resource_version}};
}

template <class Value, class View>
Answer seen(const Result<Value>& value, View view) {
  return value ? Answer(view(*value)) : std::unexpected(value.error());
}

Answer watch(Api& api, const Json& request, const Call& call) {
  int left = request.value("events", 1);
  const Result<void> done = api.watch_pods(
      query_in(request),
      [&left](const PodEvent& event) {
        const Json line{{"event", name_of(event.change)}, {"name", event.pod.meta.name}, {"version", event.pod.meta.resource_version}};
        std::cout << line.dump() << std::endl;
        return --left > 0 ? WatchStep::kGoOn : WatchStep::kStop;
      },
      call);
  return done ? Answer(Json::object()) : std::unexpected(done.error());
}

Answer evict(Api& api, const Json& request, const Call& call) {
  return seen(api.evict_pod(pod_in(request), delete_options_in(request), call), [](const EvictionOutcome& outcome) {
    return Json{
        {"evicted", outcome.evicted},
        {"budget", outcome.disruption_budget},
        {"reason", outcome.reason},
        {"retry_after_s", outcome.retry_after ? Json(std::chrono::floor<std::chrono::seconds>(*outcome.retry_after).count()) : Json()}};
  });
}

Answer exec(Api& api, const Json& request, const Call& call) {
  const ExecRequest exec{.pod = pod_in(request), .container = text(request, "container"), .command = request.at("command")};
  return seen(api.exec(exec, call), [](const ExecOutcome& outcome) {
    return Json{{"exit_code", outcome.exit_code ? Json(*outcome.exit_code) : Json()},
                {"stdout", outcome.standard_output},
                {"stderr", outcome.standard_error}};
  });
}

Answer patch(Api& api, const Json& request, const Call& call) {
  const bool merge = request.value("merge", false);
  return seen(api.patch_deployment(deployment_in(request),
                                   {.kind = merge ? PatchKind::kMerge : PatchKind::kStrategicMerge,
                                    .body = request.at("body"),
                                    .dry_run = request.value("dry_run", false)},
                                   call),
              [](const Deployment& deployment) { return json_of(deployment); });
}

using Handler = Answer (*)(Api& api, const Json& request, const Call& call);

const std::map<std::string, Handler>& handlers() {
  static const std::map<std::string, Handler> all{
      {"version",
       [](Api& api, const Json&, const Call& call) -> Answer {
         return seen(api.version(call), [](const ServerVersion& version) { return Json{{"version", version.git_version}}; });
       }},
      {"may",
       [](Api& api, const Json& request, const Call& call) -> Answer {
         const AccessQuestion question{
             .verb = text(request, "verb"), .resource = text(request, "resource"), .name_space = text(request, "namespace")};
         return seen(api.may(question, call), [](const AccessAnswer& answer) { return Json{{"allowed", answer.allowed}}; });
       }},
      {"list_pods",
       [](Api& api, const Json& request, const Call& call) -> Answer {
         return seen(api.list_pods(query_in(request), call), [](const PodList& list) {
           Json names = Json::array();
           for (const Pod& pod : list.pods) {
             names.push_back(pod.meta.name);
           }
           return Json{{"names", names}, {"resource_version", list.resource_version}};
         });
       }},
      {"get_pod",
       [](Api& api, const Json& request, const Call& call) -> Answer {
         return seen(api.get_pod(pod_in(request), call), [](const Pod& pod) { return json_of(pod); });
       }},
      {"delete_pod",
       [](Api& api, const Json& request, const Call& call) -> Answer {
         const Result<void> done = api.delete_pod(pod_in(request), delete_options_in(request), call);
         return done ? Answer(Json::object()) : std::unexpected(done.error());
       }},
      {"evict_pod", evict},
      {"exec", exec},
      {"watch_pods", watch},
      {"get_deployment",
       [](Api& api, const Json& request, const Call& call) -> Answer {
         return seen(api.get_deployment(deployment_in(request), call), [](const Deployment& deployment) { return json_of(deployment); });
       }},
      {"patch_deployment", patch},
      {"get_scale",
       [](Api& api, const Json& request, const Call& call) -> Answer {
         return seen(api.get_scale(deployment_in(request), call), [](const Scale& scale) { return json_of(scale); });
       }},
      {"set_scale",
       [](Api& api, const Json& request, const Call& call) -> Answer {
         const ScaleChange change{.replicas = request.at("replicas"),
                                  .resource_version = text(request, "resource_version"),
                                  .dry_run = request.value("dry_run", false)};
         return seen(api.set_scale(deployment_in(request), change, call), [](const Scale& scale) { return json_of(scale); });
       }},
      {"list_pod_disruption_budgets",
       [](Api& api, const Json& request, const Call& call) -> Answer {
         return seen(api.list_pod_disruption_budgets(text(request, "namespace"), call), [](const auto& budgets) {
           Json all = Json::object();
           for (const PodDisruptionBudget& budget : budgets) {
             all[budget.meta.name] = budget.disruptions_allowed;
           }
           return all;
         });
       }},
      {"list_horizontal_pod_autoscalers",
       [](Api& api, const Json& request, const Call& call) -> Answer {
         return seen(api.list_horizontal_pod_autoscalers(text(request, "namespace"), call), [](const auto& autoscalers) {
           Json all = Json::object();
           for (const HorizontalPodAutoscaler& autoscaler : autoscalers) {
             all[autoscaler.meta.name] = autoscaler.target_kind + "/" + autoscaler.target_name;
           }
           return all;
         });
       }},
      {"get_namespace",
       [](Api& api, const Json& request, const Call& call) -> Answer {
         return seen(api.get_namespace(text(request, "name"), call),
                     [](const Namespace& found) { return Json{{"labels", found.meta.labels}}; });
       }},
  };
  return all;
}

Json json_of(const Error& error) { return {{"error", static_cast<int>(error.code)}, {"message", error.message}, {"hint", error.hint}}; }

Json json_of(const ClusterAccess& access) {
  const UserEntry& user = access.user;
  Json out{{"origin", access.origin},
           {"context", access.context},
           {"namespace", access.name_space},
           {"server", access.cluster.server},
           {"tls_server_name", access.cluster.tls_server_name},
           {"proxy_url", access.cluster.proxy_url},
           {"insecure", access.cluster.insecure_skip_tls_verify},
           {"ca_path", access.cluster.certificate_authority_path},
           {"ca_pem", access.cluster.certificate_authority_pem},
           {"certificate_path", user.client_certificate_path},
           {"certificate_pem", user.client_certificate_pem},
           {"key_path", user.client_key_path},
           {"key_pem", user.client_key_pem.reveal()},
           {"token", user.token.reveal()},
           {"token_path", user.token_path},
           {"username", user.username},
           {"password", user.password.reveal()},
           {"exec", Json()}};
  if (!user.exec.empty()) {
    const ExecPlugin& exec = user.exec.front();
    out["exec"] = {{"command", exec.command}, {"args", exec.arguments}, {"env", exec.environment}, {"api_version", exec.api_version}};
  }
  return out;
}

void print(const Json& line) { std::cout << line.dump(-1, ' ', false, Json::error_handler_t::replace) << std::endl; }

// A request may be stopped after a while, as Ctrl-C would.
Answer answer(Api& api, const Json& request) {
  std::stop_source stop;
  Call call{.timeout = std::chrono::milliseconds(request.value("timeout_ms", 20'000)), .stop = stop.get_token()};
  std::jthread stopper;
  if (request.contains("stop_on_line")) {
    stopper = std::jthread([&stop] {
      std::string line;
      std::getline(std::cin, line);
      stop.request_stop();
    });
  }
  return handlers().at(request.at("call"))(api, request, call);
}

int run(int argument_count, char** arguments) {
  AccessOptions options;
  for (int i = 1; i + 1 < argument_count; i += 2) {
    const std::string name = arguments[i];
    (name == "--kubeconfig"  ? options.kubeconfig_path
     : name == "--context"   ? options.context
     : name == "--namespace" ? options.name_space
                             : options.service_account_directory) = arguments[i + 1];
  }
  const Environment environment = [](std::string_view name) -> std::optional<std::string> {
    const char* value = std::getenv(std::string(name).c_str());
    return value != nullptr ? std::optional<std::string>(value) : std::nullopt;
  };
  Result<ClusterAccess> access = load_cluster_access(options, environment);
  print(access ? json_of(*access) : json_of(access.error()));
  if (!access) {
    return 1;
  }
  const Result<std::unique_ptr<Api>> api =
      make_client({.access = *std::move(access), .user_agent = "lifecycle/test"}, system_clock(), entropy_stream());
  if (!api) {
    print(json_of(api.error()));
    return 1;
  }
  std::string line;
  while (std::getline(std::cin, line)) {
    const Answer returned = answer(**api, Json::parse(line));
    print(returned ? *returned : json_of(returned.error()));
  }
  return 0;
}

}  // namespace
}  // namespace lifecycle::kubernetes

int main(int argument_count, char** arguments) { return lifecycle::kubernetes::run(argument_count, arguments); }
