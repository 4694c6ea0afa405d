#include "rpc/status.h"

#include <gmock/gmock.h>
#include <google/protobuf/any.pb.h>
#include <gtest/gtest.h>
#include <temporal/api/errordetails/v1/message.pb.h>

#include "rpc/status_details.h"
#include "tests/support/status_builder.h"

namespace lifecycle::rpc {
namespace {

using testing::HasSubstr;
namespace errordetails = temporal::api::errordetails::v1;

TEST(StatusTest, CodesHaveTheNamesThatMetricsUse) {
  EXPECT_EQ(name_of(StatusCode::kOk), "OK");
  EXPECT_EQ(name_of(StatusCode::kDeadlineExceeded), "DEADLINE_EXCEEDED");
  EXPECT_EQ(name_of(StatusCode::kUnauthenticated), "UNAUTHENTICATED");
}

TEST(StatusTest, CodesBecomeTheErrorsThatCallersActOn) {
  const std::pair<StatusCode, ErrorCode> table[] = {
      {StatusCode::kUnavailable, ErrorCode::kUnavailable},
      {StatusCode::kDeadlineExceeded, ErrorCode::kDeadlineExceeded},
      {StatusCode::kUnauthenticated, ErrorCode::kPermissionDenied},
      {StatusCode::kPermissionDenied, ErrorCode::kPermissionDenied},
      {StatusCode::kNotFound, ErrorCode::kNotFound},
      {StatusCode::kAlreadyExists, ErrorCode::kAlreadyExists},
      {StatusCode::kResourceExhausted, ErrorCode::kResourceExhausted},
      {StatusCode::kFailedPrecondition, ErrorCode::kFailedPrecondition},
      {StatusCode::kUnimplemented, ErrorCode::kFailedPrecondition},
      {StatusCode::kInvalidArgument, ErrorCode::kInvalidArgument},
      {StatusCode::kCancelled, ErrorCode::kCancelled},
      {StatusCode::kDataLoss, ErrorCode::kDataLoss},
      {StatusCode::kInternal, ErrorCode::kInternal},
  };
  for (const auto& [status, error] : table) {
    EXPECT_EQ(to_error({.code = status}, "x").code, error) << name_of(status);
  }
}

TEST(StatusTest, AnErrorSaysWhatWasAttemptedWhatTheServerSaidAndWhatToTry) {
  const Error error = to_error({.code = StatusCode::kUnavailable, .message = "connection refused\xff"}, "start workflow 'x'");
  EXPECT_EQ(error.message, "start workflow 'x': no server answered (UNAVAILABLE): connection refused\xEF\xBF\xBD");
  EXPECT_THAT(error.hint, HasSubstr("address"));
}

TEST(StatusTest, TypedDetailsAreFound) {
  errordetails::WorkflowExecutionAlreadyStartedFailure started;
  started.set_run_id("run-1");
  const Status status = test::status_with_detail(StatusCode::kAlreadyExists, "already started", started);
  const auto found = find_detail<errordetails::WorkflowExecutionAlreadyStartedFailure>(status);
  ASSERT_TRUE(found.has_value());
  EXPECT_EQ(found->run_id(), "run-1");
  EXPECT_FALSE(find_detail<errordetails::NamespaceNotFoundFailure>(status).has_value());
}

TEST(StatusTest, DetailsThatAreMissingOrBrokenAreNotFound) {
  EXPECT_FALSE(find_detail<errordetails::NotFoundFailure>({.code = StatusCode::kNotFound}).has_value());
  EXPECT_FALSE(find_detail<errordetails::NotFoundFailure>({.code = StatusCode::kNotFound, .details = "\x1a\x7f"}).has_value());
  EXPECT_FALSE(find_detail<errordetails::NotFoundFailure>({.code = StatusCode::kNotFound, .details = "\x1a\x02\xff\xff"}).has_value());
}

}  // namespace
}  // namespace lifecycle::rpc
