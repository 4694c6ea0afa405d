#include <gmock/gmock.h>
#include <google/protobuf/stubs/logging.h>
#include <grpc/support/log.h>
#include <gtest/gtest.h>

#include <string>

#include "rpc/process.h"

namespace lifecycle::rpc {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

// One test, because the hooks stay for the rest of the process.
TEST(ProcessTest, LinesOfGrpcAndProtobufBecomeLinesOfTheLog) {
  prepare_process(Logger(LogLevel::kInfo, LogFormat::kText));
  testing::internal::CaptureStderr();
  gpr_log(GPR_ERROR, "something\nfailed");
  gpr_log(GPR_ERROR, "Handshake failed with fatal error, which is not worth a line");
  gpr_log(GPR_INFO, "not worth a line");
  google::protobuf::internal::LogFinisher() = google::protobuf::internal::LogMessage(google::protobuf::LOGLEVEL_ERROR, "parse.cc", 12)
                                              << "bad text";
  const std::string log = testing::internal::GetCapturedStderr();
  EXPECT_THAT(log, AllOf(HasSubstr("WARN  gRPC: something\\nfailed\n"), Not(HasSubstr("not worth")),
                         HasSubstr("ERROR protobuf: bad text file=parse.cc line=12\n")));

  const Logger verbose(LogLevel::kDebug, LogFormat::kText);
  follow_log_level(verbose);
  EXPECT_NE(gpr_should_log(GPR_LOG_SEVERITY_INFO), 0);
  verbose.set_level(LogLevel::kInfo);
  follow_log_level(verbose);
  EXPECT_EQ(gpr_should_log(GPR_LOG_SEVERITY_INFO), 0);
}

}  // namespace
}  // namespace lifecycle::rpc
