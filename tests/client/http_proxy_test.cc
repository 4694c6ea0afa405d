#include "client/http_proxy.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace lifecycle::client {
namespace {

using testing::HasSubstr;
using testing::Not;

Result<HttpProxy> proxy(const std::string& address, std::map<std::string, std::string> variables) {
  return http_proxy_for(address, {.variables = std::move(variables), .read_file = {}});
}

std::string url(const std::string& address, std::map<std::string, std::string> variables) {
  const Result<HttpProxy> found = proxy(address, std::move(variables));
  return found ? found->url : "refused";
}

TEST(HttpProxyTest, TheFirstVariableThatIsSetDecides) {
  EXPECT_EQ(url("far:1", {}), "");
  EXPECT_EQ(url("far:1", {{"http_proxy", "http://a:1"}}), "http://a:1");
  EXPECT_EQ(url("far:1", {{"HTTP_PROXY", "http://a:1"}}), "") << "requests to a web server can set that one";
  EXPECT_EQ(url("far:1", {{"HTTPS_PROXY", "http://b:1/"}, {"http_proxy", "http://a:1"}}), "http://b:1");
  EXPECT_EQ(url("far:1", {{"https_proxy", "c:1"}, {"HTTPS_PROXY", "http://b:1"}}), "http://c:1");
  EXPECT_EQ(url("far:1", {{"grpc_proxy", "http://u:p@d:1"}, {"https_proxy", "http://c:1"}}), "http://u:p@d:1");
  EXPECT_EQ(url("far:1", {{"grpc_proxy", ""}, {"https_proxy", "http://c:1"}}), "") << "an empty one is a decision, too";
  EXPECT_EQ(proxy("far:1", {{"https_proxy", "http://c:1"}})->origin, "https_proxy");
}

TEST(HttpProxyTest, ServersHereAndThoseExcludedAreReachedWithout) {
  for (const char* address : {"localhost:7233", "127.0.0.1:7233", "127.9.9.9:1", "[::1]:7233", "unix:/run/temporal"}) {
    EXPECT_EQ(url(address, {{"https_proxy", "http://a:1"}}), "") << address;
  }
  const std::pair<const char*, const char*> excluded[] = {
      {"temporal.svc.cluster.local:7233", "other,.cluster.local"},
      {"t.example:1", "t.example"},
      {"t.example:1", " *.example "},
      {"dns:///t.example:1", ".example"},
      {"anything:1", "*"},
      {"t.example:1", "example"},
  };
  for (const auto& [address, list] : excluded) {
    EXPECT_EQ(url(address, {{"https_proxy", "http://a:1"}, {"no_proxy", list}}), "") << address << " " << list;
    EXPECT_EQ(url(address, {{"https_proxy", "http://a:1"}, {"NO_PROXY", list}}), "") << address << " " << list;
  }
  for (const char* list : {"", ",", "other", "t.example.org", "example.t"}) {
    EXPECT_EQ(url("t.example:1", {{"https_proxy", "http://a:1"}, {"no_proxy", list}}), "http://a:1") << list;
  }
}

TEST(HttpProxyTest, AProxyThatGrpcWouldGoPastIsRefused) {
  for (const char* value : {"socks5://me:secret@a:1", "https://me:secret@a:1", "http://me:secret@a", "me:secret@a", "http://a:1/path"}) {
    const Result<HttpProxy> refused = proxy("far:1", {{"https_proxy", value}});
    ASSERT_FALSE(refused.has_value()) << value;
    EXPECT_EQ(refused.error().code, ErrorCode::kInvalidConfig);
    EXPECT_THAT(refused.error().message, HasSubstr("https_proxy: '"));
    EXPECT_THAT(refused.error().message, Not(HasSubstr("secret")));
  }
}

}  // namespace
}  // namespace lifecycle::client
