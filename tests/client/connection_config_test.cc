#include "client/connection_config.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdio>
#include <cstdlib>

#include "tests/support/certificates.h"

namespace lifecycle::client {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Pair;

const test::Certificate& server_ca() {
  static const test::Certificate certificate = test::certificate_for("ca");
  return certificate;
}
const test::Certificate& client() {
  static const test::Certificate certificate = test::certificate_for("client");
  return certificate;
}

constexpr const char* kFile = "/home/me/.config/temporalio/temporal.toml";

// A machine's surroundings: variables, and files that exist.
Environment environment(std::map<std::string, std::string> variables, std::map<std::string, std::string> files = {}) {
  variables.emplace("HOME", "/home/me");
  return {.variables = std::move(variables), .read_file = [files = std::move(files)](const std::string& path) -> Result<std::string> {
            const auto found = files.find(path);
            if (found == files.end()) {
              return fail(ErrorCode::kNotFound, "No such file");
            }
            if (found->second == "<secret>") {
              return fail(ErrorCode::kPermissionDenied, "Permission denied");
            }
            return found->second;
          }};
}

ConnectionConfig loaded(const ConnectionFlags& flags, const Environment& surroundings) {
  Result<ConnectionConfig> config = load_connection_config(flags, surroundings);
  EXPECT_TRUE(config.has_value()) << (config ? "" : config.error().message);
  return config.value_or(ConnectionConfig{.address = "failed"});
}

Error refused(const ConnectionFlags& flags, const Environment& surroundings) {
  const Result<ConnectionConfig> config = load_connection_config(flags, surroundings);
  EXPECT_FALSE(config.has_value());
  return config ? Error{} : config.error();
}

TEST(ConnectionConfigTest, NothingGivenIsALocalServerWithoutTls) {
  const ConnectionConfig config = loaded({}, environment({}));
  EXPECT_EQ(config.address, "localhost:7233");
  EXPECT_EQ(config.name_space, "default");
  EXPECT_FALSE(config.tls.enabled);
  EXPECT_EQ(config.api_key, "");
  EXPECT_EQ(config.authority, "");
  EXPECT_THAT(config.metadata, IsEmpty());
}

TEST(ConnectionConfigTest, AProfileGivesEverySetting) {
  const std::string certificate = "client_cert_data = '''" + client().certificate_pem + "'''\n";
  const ConnectionConfig config = loaded({}, environment({}, {{kFile, R"(
    [profile.default]
    address = "cloud:7233"
    namespace = "ns"
    api_key = "key"
    authority = "auth"
    unknown = 3
    [profile.default.codec]
    endpoint = "http://localhost"
    [profile.default.grpc_meta]
    My_Header = "v"
    [profile.default.tls]
    client_key_path = "/key.pem"
    server_ca_cert_path = "/ca.pem"
    server_name = "name"
    disable_host_verification = true
  )" + certificate},
                                                              {"/key.pem", client().key_pem},
                                                              {"/ca.pem", server_ca().certificate_pem}}));
  EXPECT_EQ(config.address, "cloud:7233");
  EXPECT_EQ(config.name_space, "ns");
  EXPECT_EQ(config.api_key, "key");
  EXPECT_EQ(config.authority, "auth");
  EXPECT_TRUE(config.tls.enabled);
  EXPECT_EQ(config.tls.client_certificate_pem, client().certificate_pem);
  EXPECT_EQ(config.tls.client_key_pem, client().key_pem);
  EXPECT_EQ(config.tls.client_key_path, "/key.pem");
  EXPECT_EQ(config.tls.server_ca_certificate_pem, server_ca().certificate_pem);
  EXPECT_EQ(config.tls.server_ca_certificate_path, "/ca.pem");
  EXPECT_EQ(config.tls.server_name, "name");
  EXPECT_TRUE(config.tls.disable_host_verification);
  EXPECT_THAT(config.metadata, ElementsAre(Pair("my-header", "v")));
}

TEST(ConnectionConfigTest, VariablesGiveEverySetting) {
  const ConnectionConfig config = loaded({}, environment({{"TEMPORAL_ADDRESS", "cloud:7233"},
                                                          {"TEMPORAL_NAMESPACE", "ns"},
                                                          {"TEMPORAL_API_KEY", "key"},
                                                          {"TEMPORAL_CLIENT_AUTHORITY", "auth"},
                                                          {"TEMPORAL_TLS", "1"},
                                                          {"TEMPORAL_TLS_CLIENT_CERT_DATA", client().certificate_pem},
                                                          {"TEMPORAL_TLS_CLIENT_KEY_PATH", "/key.pem"},
                                                          {"TEMPORAL_TLS_SERVER_CA_CERT_DATA", server_ca().certificate_pem},
                                                          {"TEMPORAL_TLS_SERVER_NAME", "name"},
                                                          {"TEMPORAL_TLS_DISABLE_HOST_VERIFICATION", "true"},
                                                          {"TEMPORAL_GRPC_META_X_TEAM", "blue"}},
                                                         {{"/key.pem", client().key_pem}}));
  EXPECT_EQ(config.address, "cloud:7233");
  EXPECT_EQ(config.name_space, "ns");
  EXPECT_EQ(config.api_key, "key");
  EXPECT_EQ(config.authority, "auth");
  EXPECT_TRUE(config.tls.enabled);
  EXPECT_EQ(config.tls.client_certificate_pem, client().certificate_pem);
  EXPECT_EQ(config.tls.client_key_pem, client().key_pem);
  EXPECT_EQ(config.tls.client_key_path, "/key.pem");
  EXPECT_EQ(config.tls.server_ca_certificate_pem, server_ca().certificate_pem);
  EXPECT_EQ(config.tls.server_ca_certificate_path, "");
  EXPECT_EQ(config.tls.server_name, "name");
  EXPECT_TRUE(config.tls.disable_host_verification);
  EXPECT_THAT(config.metadata, ElementsAre(Pair("x-team", "blue")));
}

TEST(ConnectionConfigTest, FlagsWinOverVariablesAndVariablesOverTheFile) {
  const std::map<std::string, std::string> file{{kFile, R"(
    [profile.default]
    address = "file:1"
    namespace = "file"
    api_key = "file"
    [profile.default.grpc_meta]
    a = "file"
    b = "file"
    c = "file"
  )"}};
  const Environment surroundings = environment(
      {{"TEMPORAL_ADDRESS", "env:1"}, {"TEMPORAL_NAMESPACE", "env"}, {"TEMPORAL_GRPC_META_B", "env"}, {"TEMPORAL_GRPC_META_C", ""}}, file);
  const ConnectionConfig config = loaded({.settings = {.address = "flag:1", .grpc_meta = {{"A", "flag"}}}}, surroundings);
  EXPECT_EQ(config.address, "flag:1");
  EXPECT_EQ(config.name_space, "env");
  EXPECT_EQ(config.api_key, "file");
  EXPECT_THAT(config.metadata, ElementsAre(Pair("a", "flag"), Pair("b", "env"))) << "an empty variable removes a header";
}

TEST(ConnectionConfigTest, AnEmptyVariableTakesBackWhatTheFileSays) {
  const ConnectionConfig config = loaded({}, environment({{"TEMPORAL_ADDRESS", ""}, {"TEMPORAL_API_KEY", ""}},
                                                         {{kFile, "[profile.default]\naddress = 'file:1'\napi_key = 'file'\n"}}));
  EXPECT_EQ(config.address, "localhost:7233");
  EXPECT_EQ(config.api_key, "");
  EXPECT_FALSE(config.tls.enabled);
}

TEST(ConnectionConfigTest, ACertificateOfAHigherPlaceReplacesTheLowerOneInAnyForm) {
  const ConnectionConfig config = loaded({.settings = {.server_ca_certificate = {.data = server_ca().certificate_pem}}},
                                         environment({{"TEMPORAL_TLS_SERVER_CA_CERT_PATH", "/missing.pem"}}));
  EXPECT_EQ(config.tls.server_ca_certificate_pem, server_ca().certificate_pem);
}

struct TlsCase {
  const char* name;
  ConnectionSettings flags;
  std::map<std::string, std::string> variables;
  const char* profile;
  bool enabled;
};

TEST(ConnectionConfigTest, TlsIsOnWithAnApiKeyOrAnyTlsSettingUnlessItIsDisabled) {
  const TlsCase table[] = {
      {"API key", {.api_key = "k"}, {}, "", true},
      {"server name", {.server_name = "n"}, {}, "", true},
      {"no verification", {}, {{"TEMPORAL_TLS_DISABLE_HOST_VERIFICATION", "true"}}, "", true},
      {"certificate", {}, {{"TEMPORAL_TLS_SERVER_CA_CERT_DATA", server_ca().certificate_pem}}, "", true},
      {"verification asked for", {}, {{"TEMPORAL_TLS_DISABLE_HOST_VERIFICATION", "false"}}, "", true},
      {"API key file", {.api_key_file = "/key"}, {}, "", true},
      {"empty texts", {}, {{"TEMPORAL_TLS_CLIENT_CERT_PATH", ""}, {"TEMPORAL_TLS_SERVER_NAME", ""}, {"TEMPORAL_API_KEY", ""}}, "", false},
      {"table in the file", {}, {}, "[profile.default.tls]\n", true},
      {"flag alone", {.tls = true}, {}, "", true},
      {"API key, disabled by variable", {.api_key = "k"}, {{"TEMPORAL_TLS", "false"}}, "", false},
      {"API key, disabled by file", {.api_key = "k"}, {}, "[profile.default.tls]\ndisabled = true\n", false},
      {"disabled by file, enabled by variable", {}, {{"TEMPORAL_TLS", "true"}}, "[profile.default.tls]\ndisabled = true\n", true},
      {"enabled by variable, disabled by flag", {.tls = false}, {{"TEMPORAL_TLS", "true"}}, "", false},
      {"an empty variable says nothing", {}, {{"TEMPORAL_TLS", ""}}, "", false},
  };
  for (const TlsCase& row : table) {
    const ConnectionConfig config = loaded({.settings = row.flags}, environment(row.variables, {{kFile, row.profile}, {"/key", "k\n"}}));
    EXPECT_EQ(config.tls.enabled, row.enabled) << row.name;
  }
}

TEST(ConnectionConfigTest, CertificatesAreNotReadWhenTlsIsOff) {
  EXPECT_FALSE(loaded({}, environment({{"TEMPORAL_TLS", "0"}, {"TEMPORAL_TLS_CLIENT_CERT_PATH", "/missing"}})).tls.enabled);
}

TEST(ConnectionConfigTest, TheFileIsFoundByFlagVariableAndXdgFolder) {
  const std::map<std::string, std::string> files{{"/flag.toml", "[profile.default]\naddress = 'flag:1'"},
                                                 {"/env.toml", "[profile.default]\naddress = 'env:1'"},
                                                 {"/xdg/temporalio/temporal.toml", "[profile.default]\naddress = 'xdg:1'"},
                                                 {kFile, "[profile.default]\naddress = 'home:1'"}};
  const std::map<std::string, std::string> all{{"TEMPORAL_CONFIG_FILE", "/env.toml"}, {"XDG_CONFIG_HOME", "/xdg"}};
  EXPECT_EQ(loaded({.config_file = "/flag.toml"}, environment(all, files)).address, "flag:1");
  EXPECT_EQ(loaded({}, environment(all, files)).address, "env:1");
  EXPECT_EQ(loaded({}, environment({{"XDG_CONFIG_HOME", "/xdg"}, {"TEMPORAL_CONFIG_FILE", ""}}, files)).address, "xdg:1");
  EXPECT_EQ(loaded({}, environment({{"XDG_CONFIG_HOME", ""}}, files)).address, "home:1");
}

TEST(ConnectionConfigTest, TheProfileIsChosenByFlagThenVariable) {
  const std::map<std::string, std::string> files{
      {kFile, "[profile.default]\naddress = 'd:1'\n[profile.a]\naddress = 'a:1'\n[profile.b]\naddress = 'b:1'\n"}};
  EXPECT_EQ(loaded({}, environment({}, files)).address, "d:1");
  EXPECT_EQ(loaded({}, environment({{"TEMPORAL_PROFILE", "a"}}, files)).address, "a:1");
  EXPECT_EQ(loaded({.profile = "b"}, environment({{"TEMPORAL_PROFILE", "a"}}, files)).address, "b:1");
}

TEST(ConnectionConfigTest, AMissingProfileIsAnErrorOnlyWhenItWasNamed) {
  const std::map<std::string, std::string> files{{kFile, "[profile.other]\naddress = 'o:1'\n"}};
  EXPECT_EQ(loaded({}, environment({}, files)).address, "localhost:7233");
  for (const Error& error :
       {refused({.profile = "nope"}, environment({}, files)), refused({}, environment({{"TEMPORAL_PROFILE", "nope"}}, files)),
        refused({.profile = "nope"}, environment({}))}) {
    EXPECT_EQ(error.code, ErrorCode::kInvalidConfig);
    EXPECT_THAT(error.message, HasSubstr("profile 'nope'"));
    EXPECT_THAT(error.message, HasSubstr(kFile));
  }
}

TEST(ConnectionConfigTest, AMissingFileIsAnErrorOnlyWhenAFlagNamesIt) {
  EXPECT_EQ(loaded({}, environment({{"TEMPORAL_CONFIG_FILE", "/missing.toml"}})).address, "localhost:7233");
  const Error error = refused({.config_file = "/missing.toml"}, environment({}));
  EXPECT_EQ(error.code, ErrorCode::kInvalidConfig);
  EXPECT_THAT(error.message, HasSubstr("'/missing.toml': No such file"));
  EXPECT_THAT(refused({}, environment({}, {{kFile, "<secret>"}})).message, HasSubstr("Permission denied"));
}

TEST(ConnectionConfigTest, BrokenFilesAreRefusedWithLineAndColumn) {
  const std::pair<const char*, const char*> table[] = {
      {"[profile.default]\naddress = \n", ":2:"},
      {"[profile.default]\nnamespace = 5\n", ":2:13: 'namespace' must be a text"},
      {"[profile.default]\n\ntls = true\n", ":3:7: 'tls' must be a table"},
      {"profile = 'x'\n", ":1:11: 'profile' must be a table"},
      {"[profile]\ndefault = 1\n", ":2:11: 'default' must be a table"},
      {"[profile.default.tls]\ndisabled = 'no'\n", ":2:12: 'disabled' must be true or false"},
      {"[profile.default.grpc_meta]\nx = 1\n", ":2:5: 'x' must be a text"},
  };
  for (const auto& [content, wanted] : table) {
    const Error error = refused({}, environment({}, {{kFile, content}}));
    EXPECT_EQ(error.code, ErrorCode::kInvalidConfig);
    EXPECT_THAT(error.message, HasSubstr(std::string(kFile) + wanted)) << content;
  }
}

TEST(ConnectionConfigTest, APathAndDataTogetherAreRefused) {
  EXPECT_THAT(refused({}, environment({{"TEMPORAL_TLS_CLIENT_CERT_PATH", "/a"}, {"TEMPORAL_TLS_CLIENT_CERT_DATA", "b"}})).message,
              HasSubstr("TEMPORAL_TLS_CLIENT_CERT is given both as a path and as data"));
  EXPECT_THAT(refused({.settings = {.client_key = {.path = "/a", .data = "b"}}}, environment({})).message, HasSubstr("--tls-key-path"));
  EXPECT_THAT(
      refused({}, environment({}, {{kFile, "[profile.default.tls]\nserver_ca_cert_path = '/a'\nserver_ca_cert_data = 'b'\n"}})).message,
      HasSubstr("temporal.toml:2:23: server_ca_cert is given both"));
}

TEST(ConnectionConfigTest, AnApiKeyFileIsReadWithoutItsLineEndAndReplacesALowerKey) {
  const std::map<std::string, std::string> files{{kFile, "[profile.default]\napi_key = 'file'\n"}, {"/key", " k\r\n"}, {"/other", "o"}};
  const ConnectionConfig config = loaded({}, environment({{"LIFECYCLE_API_KEY_FILE", "/key"}}, files));
  EXPECT_EQ(config.api_key, "k");
  EXPECT_EQ(config.api_key_path, "/key");
  const Environment surroundings = environment({{"LIFECYCLE_API_KEY_FILE", "/key"}}, files);
  EXPECT_EQ(loaded({.settings = {.api_key = "flag"}}, surroundings).api_key, "flag");
  EXPECT_EQ(loaded({.settings = {.api_key = "flag"}}, surroundings).api_key_path, "");
  EXPECT_EQ(loaded({.settings = {.api_key_file = "/other"}}, surroundings).api_key, "o");
  EXPECT_THAT(refused({}, environment({{"LIFECYCLE_API_KEY_FILE", "/key"}, {"TEMPORAL_API_KEY", "k"}}, files)).message,
              HasSubstr("LIFECYCLE_API_KEY_FILE: the API key is given directly, too"));
}

TEST(ConnectionConfigTest, TheCertificateAndItsKeyMustBelongTogether) {
  const Error error =
      refused({.settings = {.client_certificate = {.data = client().certificate_pem}, .client_key = {.data = server_ca().key_pem}}},
              environment({}));
  EXPECT_EQ(error.code, ErrorCode::kInvalidArgument);
  EXPECT_THAT(error.message, HasSubstr("the client key is not the key of the client certificate"));
  EXPECT_THAT(refused({}, environment({{"TEMPORAL_TLS_CLIENT_KEY_DATA", client().key_pem}})).message,
              HasSubstr("TEMPORAL_TLS_CLIENT_KEY: a client certificate and its key belong together, and the certificate is missing"));
}

TEST(ConnectionConfigTest, WhatIsNotDoneOrNotSafeIsAWarning) {
  const Result<LoadedConnection> codec = load_connection({}, environment({{"TEMPORAL_CODEC_ENDPOINT", "http://localhost:8888"}}));
  ASSERT_TRUE(codec.has_value());
  EXPECT_THAT(codec->warnings, ElementsAre(HasSubstr("TEMPORAL_CODEC_ENDPOINT: the remote codec is not used")));
  const std::map<std::string, std::string> plain{{"TEMPORAL_API_KEY", "k"}, {"TEMPORAL_TLS", "false"}};
  EXPECT_THAT(load_connection({.settings = {.address = "far:7233"}}, environment(plain))->warnings, ElementsAre(HasSubstr("unencrypted")));
  EXPECT_THAT(load_connection({.settings = {.address = "localhost:7233"}}, environment(plain))->warnings, IsEmpty());
}

TEST(ConnectionConfigTest, AnUnreadableCertificateNamesItsFileAndWhoAskedForIt) {
  const Error error = refused({}, environment({{"TEMPORAL_TLS_CLIENT_KEY_PATH", "/key.pem"}}, {{"/key.pem", "<secret>"}}));
  EXPECT_EQ(error.code, ErrorCode::kInvalidConfig);
  EXPECT_EQ(error.message, "TEMPORAL_TLS_CLIENT_KEY: file '/key.pem': Permission denied");
  EXPECT_THAT(refused({.settings = {.server_ca_certificate = {.path = "/none"}}}, environment({})).message,
              HasSubstr("--tls-ca-path/-data: file '/none': No such file"));
}

TEST(ConnectionConfigTest, ABooleanVariableThatIsNeitherIsRefused) {
  const Error error = refused({}, environment({{"TEMPORAL_TLS", "yes"}}));
  EXPECT_EQ(error.code, ErrorCode::kInvalidConfig);
  EXPECT_EQ(error.message, "TEMPORAL_TLS is 'yes'");
  EXPECT_THAT(refused({}, environment({{"TEMPORAL_TLS_DISABLE_HOST_VERIFICATION", "on"}})).message,
              HasSubstr("TEMPORAL_TLS_DISABLE_HOST_VERIFICATION"));
}

TEST(ConnectionConfigTest, TheProcessEnvironmentReadsVariablesAndFiles) {
  setenv("LIFECYCLE_TEST_VARIABLE", "a=b", 1);
  const Environment surroundings = process_environment();
  EXPECT_EQ(surroundings.variables.at("LIFECYCLE_TEST_VARIABLE"), "a=b");

  const std::string path = testing::TempDir() + "connection_config_test.txt";
  std::FILE* file = std::fopen(path.c_str(), "wb");
  ASSERT_NE(file, nullptr);
  const std::string content(10'000, 'x');
  EXPECT_EQ(std::fwrite(content.data(), 1, content.size(), file), content.size());
  std::fclose(file);
  EXPECT_EQ(surroundings.read_file(path), content);
  std::remove(path.c_str());

  EXPECT_EQ(surroundings.read_file(path).error().code, ErrorCode::kNotFound);
  EXPECT_EQ(surroundings.read_file("/").error().code, ErrorCode::kInternal);
}

}  // namespace
}  // namespace lifecycle::client
