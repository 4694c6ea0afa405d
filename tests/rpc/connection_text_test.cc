// Addresses, headers and keys as texts.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "rpc/header_text.h"
#include "rpc/probe_socket.h"

namespace lifecycle::rpc {
namespace {

using testing::HasSubstr;
using testing::Not;

std::string endpoint(std::string_view address) {
  const std::optional<Endpoint> found = endpoint_of(address);
  return found ? found->host + " " + found->port : "none";
}

TEST(ConnectionTextTest, AnAddressHasAHostAndAPort) {
  const std::pair<const char*, const char*> table[] = {
      {"localhost:7233", "localhost 7233"},
      {"10.0.0.1:1", "10.0.0.1 1"},
      {"[::1]:7233", "::1 7233"},
      {"dns:///temporal.example:7233", "temporal.example 7233"},
      {"dns:host:1", "host 1"},
      {"ipv4:127.0.0.1:1", "127.0.0.1 1"},
      {"ipv6:[::1]:1", "::1 1"},
      {"unix:/run/temporal", "none"},
      {"unix:relative", "none"},
      {"dns://resolver/host:1", "none"},
      {"host", "none"},
      {":1", "none"},
  };
  for (const auto& [address, wanted] : table) {
    EXPECT_EQ(endpoint(address), wanted) << address;
  }
}

TEST(ConnectionTextTest, AHeaderIsPrintable) {
  EXPECT_TRUE(check_header("x-team", "blue ~ !").has_value());
  EXPECT_TRUE(check_header("x_1.b", "").has_value());
  for (const char* name : {"", "X-Team", "my header", ":authority", "a\n"}) {
    EXPECT_FALSE(check_header(name, "v").has_value()) << name;
  }
  for (const char* value : {"a\nsecret", "\x7f secret", "\xc3\xa4 secret"}) {
    const Result<void> refused = check_header("x-team", value);
    ASSERT_FALSE(refused.has_value());
    EXPECT_THAT(refused.error().message, Not(HasSubstr("secret")));
  }
}

TEST(ConnectionTextTest, AnApiKeyIsTakenWithoutTheSpaceAroundIt) {
  EXPECT_EQ(api_key_in("key").value_or(""), "key");
  EXPECT_EQ(api_key_in(" \tkey.with-all~ \r\n\n").value_or(""), "key.with-all~");
  for (const char* text : {"", " \n", "secret\nsecret", "secret\x01", "\xef\xbb\xbfsecret"}) {
    const Result<std::string> refused = api_key_in(text);
    ASSERT_FALSE(refused.has_value());
    EXPECT_THAT(refused.error().message, Not(HasSubstr("secret")));
  }
}

}  // namespace
}  // namespace lifecycle::rpc
