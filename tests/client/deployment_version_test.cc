#include "client/deployment_version.h"

#include <gmock/gmock.h>

namespace lifecycle::client {
namespace {

using testing::HasSubstr;

TEST(DeploymentVersion, MayHaveDotsAndColonsInTheVersion) {
  EXPECT_TRUE(check_version({.deployment_name = "lifecycle-worker", .build_id = "v1.0.3"}).has_value());
  EXPECT_TRUE(check_version({.deployment_name = "a", .build_id = "a:b"}).has_value());
  EXPECT_TRUE(check_version({.deployment_name = "_a", .build_id = "a__b"}).has_value());
}

TEST(DeploymentVersion, IsRefusedWithTheRuleThatItBreaks) {
  const std::tuple<DeploymentVersion, const char*> table[] = {
      {{.deployment_name = "life.cycle", .build_id = "v1"}, "'.' or ':'"},
      {{.deployment_name = "life:cycle", .build_id = "v1"}, "'.' or ':'"},
      {{.deployment_name = "__life", .build_id = "v1"}, "begins with '__'"},
      {{.deployment_name = "life", .build_id = "__v1"}, "begins with '__'"},
      {{.deployment_name = "", .build_id = "v1"}, "name is empty"},
      {{.deployment_name = "life", .build_id = ""}, "version is empty"},
  };
  for (const auto& [version, rule] : table) {
    const Result<void> checked = check_version(version);
    ASSERT_FALSE(checked.has_value()) << to_text(version);
    EXPECT_EQ(checked.error().code, ErrorCode::kInvalidArgument);
    EXPECT_THAT(checked.error().message, HasSubstr(rule));
  }
}

TEST(DeploymentVersion, IsWrittenAsSearchAttributesWriteIt) {
  EXPECT_EQ(to_text({.deployment_name = "lifecycle", .build_id = "v1.0.0"}), "lifecycle:v1.0.0");
}

TEST(DeploymentVersion, GoesToTheApiAndBack) {
  const DeploymentVersion version{.deployment_name = "lifecycle", .build_id = "v1.0.0"};
  EXPECT_EQ(from_api(to_api(version)), version);
}

}  // namespace
}  // namespace lifecycle::client
