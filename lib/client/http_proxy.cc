#include "client/http_proxy.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <optional>
#include <ranges>

namespace lifecycle::client {
namespace {

struct Variable {
  std::string name;
  std::string value;
};

std::optional<Variable> first_set(const Environment& environment, std::initializer_list<std::string_view> names) {
  for (const std::string_view name : names) {
    if (const auto found = environment.variables.find(std::string(name)); found != environment.variables.end()) {
      return Variable{.name = found->first, .value = found->second};
    }
  }
  return std::nullopt;
}

// No proxy knows what listens on this machine, and a socket file is here by its nature.
bool is_here(std::string_view address) {
  return std::ranges::any_of(std::array<std::string_view, 4>{"localhost:", "127.", "[::1]:", "unix:"},
                             [address](std::string_view prefix) { return address.starts_with(prefix); });
}

std::string_view host_of(std::string_view address) {
  if (address.starts_with("dns:///")) {
    address.remove_prefix(std::string_view("dns:///").size());
  }
  return address.substr(0, address.rfind(':'));
}

bool excludes(std::string_view list, std::string_view host) {
  return std::ranges::any_of(list | std::views::split(','), [host](auto part) {
    std::string_view entry(part.begin(), part.end());
    const std::size_t begin = entry.find_first_not_of(" *");
    if (begin == std::string_view::npos) {
      return entry.contains('*');
    }
    entry = entry.substr(begin, entry.find_last_not_of(' ') - begin + 1);
    return host.ends_with(entry);
  });
}

}  // namespace

Result<HttpProxy> http_proxy_for(std::string_view address, const Environment& environment) {
  const std::optional<Variable> proxy = first_set(environment, {"grpc_proxy", "https_proxy", "HTTPS_PROXY", "http_proxy"});
  if (!proxy || proxy->value.empty() || is_here(address)) {
    return HttpProxy{};
  }
  const std::optional<Variable> exceptions = first_set(environment, {"no_grpc_proxy", "no_proxy", "NO_PROXY"});
  if (exceptions && excludes(exceptions->value, host_of(address))) {
    return HttpProxy{.origin = exceptions->name};
  }
  std::string url = proxy->value.contains("://") ? proxy->value : "http://" + proxy->value;
  while (url.ends_with('/')) {
    url.pop_back();
  }
  const std::string place = url.substr(url.find("://") + 3);
  if (!url.starts_with("http://") || place.contains('/') || !place.substr(place.rfind('@') + 1).contains(':')) {
    return fail(ErrorCode::kInvalidConfig, fmt::format("{}: '{}' is no proxy that gRPC can use", proxy->name, without_credentials(url)),
                "write http://host:port, or name the server in no_proxy");
  }
  return HttpProxy{.url = std::move(url), .origin = proxy->name};
}

std::string without_credentials(std::string_view proxy_url) {
  const std::size_t scheme_end = proxy_url.find("://");
  const std::size_t at = proxy_url.rfind('@');
  if (scheme_end == std::string_view::npos || at == std::string_view::npos) {
    return std::string(proxy_url);
  }
  return fmt::format("{}://{}", proxy_url.substr(0, scheme_end), proxy_url.substr(at + 1));
}

}  // namespace lifecycle::client
