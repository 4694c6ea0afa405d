// Base 64, and what a URL is made of. Private to lib/kubernetes.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace lifecycle::kubernetes {

[[nodiscard]] std::string base64_of(std::string_view bytes);
// With padding; line ends are skipped. Nothing when it is not base 64.
[[nodiscard]] std::optional<std::string> from_base64(std::string_view text);

// All but letters, digits and "-._~" as %XX: for one segment of a path, or one name or value of a query.
[[nodiscard]] std::string percent_encoded(std::string_view text);

struct QueryParameter {
  std::string name = {};
  std::string value = {};
};
// "?a=b&c=d", or nothing.
[[nodiscard]] std::string query_text(const std::vector<QueryParameter>& parameters);

struct Url {
  std::string scheme = {};  // lower case
  std::string host = {};    // without brackets
  std::string port = {};    // empty: the scheme's own
  std::string path = {};    // "" or "/prefix", without a slash at its end
};
// "https://host:6443/prefix"; no user, query or fragment. Nothing for anything else.
[[nodiscard]] std::optional<Url> parse_url(std::string_view text);
// "host:port", "[::1]:6443"
[[nodiscard]] std::string host_and_port(std::string_view host, std::string_view port);

}  // namespace lifecycle::kubernetes
