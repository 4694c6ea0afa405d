// What needs no server: texts, times, differences, credentials as time passes.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <chrono>
#include <filesystem>
#include <fstream>

#include "kubernetes/child_process.h"
#include "kubernetes/credentials.h"
#include "kubernetes/encoding.h"
#include "kubernetes/object_views.h"
#include "kubernetes/pod_tracker.h"
#include "kubernetes/status_error.h"
#include "kubernetes/time_text.h"
#include "kubernetes/yaml.h"

namespace lifecycle::kubernetes {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::HasSubstr;

class ManualClock final : public Clock {
 public:
  [[nodiscard]] WallTime wall_now() const override { return WallTime(now_); }
  [[nodiscard]] SteadyTime steady_now() const override { return SteadyTime(now_); }
  void advance(Duration duration) { now_ += duration; }

 private:
  Duration now_ = 1h;
};

TEST(TimeTextTest, TimesAreReadInEveryFormThatServersWrite) {
  const WallTime noon = std::chrono::sys_days(std::chrono::year(2026) / 11 / 27) + 12h;
  EXPECT_EQ(parse_time("2026-11-27T12:00:00Z"), noon);
  EXPECT_EQ(parse_time("2026-11-27T12:00:00.000250Z"), noon + 250us);
  EXPECT_EQ(parse_time("2026-11-27T13:30:00+01:30"), noon);
  EXPECT_EQ(parse_time("2026-11-27T07:00:00-05:00"), noon);
  for (const char* text : {"", "2026-11-27", "2026-02-30T00:00:00Z", "2026-11-27T12:00:00", "2026-11-27T25:00:00Z", "9999-01-01T00:00:00Z",
                           "2026-11-27T12:00:00Zx", "-026-11-27T12:00:00Z"}) {
    EXPECT_EQ(parse_time(text), std::nullopt) << text;
  }
}

TEST(EncodingTest, Base64IsReadStrictly) {
  for (const auto& [text, code] : {std::pair{"", ""}, {"f", "Zg=="}, {"fo", "Zm8="}, {"foo", "Zm9v"}, {"\xff\xfe", "//4="}}) {
    EXPECT_EQ(base64_of(text), code);
    EXPECT_EQ(from_base64(code), text);
  }
  EXPECT_EQ(from_base64("Zm9v\r\nZg==\n"), "foof");
  for (const char* text : {"Zg=", "Zg", "Z", "Zm9v!", "=Zm9", "Zg==Zg==", "Zm 9v"}) {
    EXPECT_EQ(from_base64(text), std::nullopt) << text;
  }
}

TEST(EncodingTest, UrlsAreTakenApart) {
  const auto url = parse_url("HTTPS://[fd00::1]:6443/prefix/");
  ASSERT_TRUE(url);
  EXPECT_THAT((std::vector{url->scheme, url->host, url->port, url->path}), ElementsAre("https", "fd00::1", "6443", "/prefix"));
  EXPECT_EQ(host_and_port(url->host, url->port), "[fd00::1]:6443");
  for (const char* text : {"a:1", "https://", "https://a:b", "https://u:p@a", "https://a?x", "https://a#x", "https://[::1", "https://a b",
                           "https://a\r\nHost: b", "https://[x]:1", "https://a:123456"}) {
    EXPECT_EQ(parse_url(text), std::nullopt) << text;
  }
}

Pod pod_with(const std::string& uid, const std::string& version) {
  return {.meta = {.name = "pod-" + uid, .uid = uid, .resource_version = version}};
}

TEST(PodTrackerTest, NothingIsToldTwice) {
  PodTracker tracker;
  EXPECT_EQ(tracker.replace({pod_with("a", "1"), pod_with("b", "2")}).size(), 2);
  EXPECT_TRUE(tracker.replace({pod_with("a", "1"), pod_with("b", "2")}).empty());
  EXPECT_FALSE(tracker.apply("MODIFIED", pod_with("a", "1")));
  EXPECT_FALSE(tracker.apply("BOOKMARK", pod_with("", "9")));
  EXPECT_EQ(tracker.apply("ADDED", pod_with("a", "3"))->change, PodChange::kModified);
  EXPECT_EQ(tracker.apply("DELETED", pod_with("b", "4"))->change, PodChange::kDeleted);
  EXPECT_TRUE(tracker.replace({pod_with("a", "3")}).empty());
}

TEST(LineSplitterTest, LinesAreWholeHoweverTheyArrive) {
  LineSplitter lines;
  EXPECT_THAT(lines.take("a\nb"), ElementsAre("a"));
  EXPECT_THAT(lines.take(""), ElementsAre());
  EXPECT_THAT(lines.take("c\n\nd"), ElementsAre("bc", ""));
  EXPECT_THAT(lines.take("\n"), ElementsAre("d"));
}

TEST(ObjectViewsTest, SelectorsBecomeTheTextOfRequests) {
  const Json selector = Json::parse(R"({"matchLabels": {"app": "x", "b": "y"}, "matchExpressions": [
      {"key": "t", "operator": "In", "values": ["a", "b"]}, {"key": "u", "operator": "NotIn", "values": ["c"]},
      {"key": "v", "operator": "Exists"}, {"key": "w", "operator": "DoesNotExist"}]})");
  EXPECT_EQ(label_selector_text(selector), "app=x,b=y,t in (a,b),u notin (c),v,!w");
}

TEST(ObjectViewsTest, WhatIsMissingOrOfAnotherTypeIsAsIfItWereNotThere) {
  const Pod pod = pod_of(Json::parse(R"({"metadata": {"name": 7, "labels": ["a"], "creationTimestamp": "soon"}, "status": "fine"})"));
  EXPECT_EQ(pod.meta.name, "");
  EXPECT_FALSE(pod.meta.creation_time);
  EXPECT_TRUE(pod.containers.empty());
  EXPECT_EQ(deployment_of(Json::parse(R"({"spec": {"replicas": 99999999999}})")).replicas, 1);
  EXPECT_TRUE(pod_disruption_budget_of(Json::object()).selects_nothing);
}

TEST(StatusErrorTest, WhatOthersSaidIsOneLineOfText) {
  const Error error =
      error_of({.verb = "get", .resource = "pods"}, {.http_status = 500, .body = "a\nb\x1b[31m\xff" + std::string(900, 'x')});
  EXPECT_THAT(error.message, HasSubstr("a b [31m"));
  EXPECT_LT(error.message.size(), 400);
}

TEST(YamlTest, AFileThatStandsForMoreThanItHoldsIsRefused) {
  std::string bomb = "a0: &a0 [x,x,x,x,x,x,x,x,x,x]\n";
  for (int i = 1; i < 12; ++i) {
    const std::string before = "*a" + std::to_string(i - 1);
    bomb += "a" + std::to_string(i) + ": &a" + std::to_string(i) + " [" + before;
    for (int j = 0; j < 9; ++j) {
      bomb += "," + before;
    }
    bomb += "]\n";
  }
  EXPECT_EQ(json_from_yaml(bomb).error().code, ErrorCode::kInvalidConfig);
  EXPECT_FALSE(json_from_yaml(std::string(100'000, '[')));
  EXPECT_FALSE(json_from_yaml("a: " + std::string(2'000'000, 'x')));
  EXPECT_THAT(json_from_yaml("a: b\n c: [").error().message, HasSubstr("line 2"));
}

TEST(YamlTest, MergeKeysGiveWhatTheMapDoesNotSayItself) {
  const Result<Json> merged = json_from_yaml("base: &b {x: 1, y: 2}\nother: &o {y: 5, z: 3}\nall: {y: 4, <<: [*b, *o]}\n");
  ASSERT_TRUE(merged);
  EXPECT_EQ(merged->at("all"), Json::parse(R"({"x": 1, "y": 4, "z": 3})"));
}

class CredentialsTest : public testing::Test {
 protected:
  void SetUp() override {
    directory_ = std::filesystem::path(testing::TempDir()) / ("credentials_" + std::to_string(::getpid()));
    std::filesystem::create_directories(directory_);
    write("token", "first");
    write("ca.crt", "authority 1");
  }
  void TearDown() override { std::filesystem::remove_all(directory_); }

  void write(const std::string& name, const std::string& text) const { std::ofstream(directory_ / name) << text; }
  [[nodiscard]] std::string path(const std::string& name) const { return (directory_ / name).string(); }
  [[nodiscard]] Deadline deadline() const { return {clock_, {}}; }

  ManualClock clock_;
  std::filesystem::path directory_;
};

TEST_F(CredentialsTest, FilesAreReadAgainAfterAMinuteAndKeptWhenTheyCannotBe) {
  Credentials credentials({.cluster = {.certificate_authority_path = path("ca.crt")}, .user = {.token_path = path("token")}}, clock_);
  const Result<Snapshot> first = credentials.current(deadline());
  ASSERT_TRUE(first);
  EXPECT_EQ((*first)->headers.at(0).reveal(), "Authorization: Bearer first");
  write("token", "second\n");
  write("ca.crt", "authority 2");
  clock_.advance(59s);
  EXPECT_EQ(*credentials.current(deadline()), *first);
  clock_.advance(1s);
  const Result<Snapshot> second = credentials.current(deadline());
  EXPECT_EQ((*second)->headers.at(0).reveal(), "Authorization: Bearer second");
  EXPECT_EQ((*second)->certificate_authority_pem, "authority 2");
  std::filesystem::remove(path("token"));
  clock_.advance(60s);
  EXPECT_EQ(*credentials.current(deadline()), *second);
}

TEST_F(CredentialsTest, ARefusalReadsAtOnceAndOnlyNewsAreWorthAnotherTry) {
  Credentials credentials({.user = {.token_path = path("token")}}, clock_);
  const Snapshot first = *credentials.current(deadline());
  EXPECT_EQ(*credentials.after_refusal(first, deadline()), std::nullopt);
  write("token", "second");
  const Result<std::optional<Snapshot>> second = credentials.after_refusal(first, deadline());
  ASSERT_TRUE(second && *second);
  EXPECT_EQ((**second)->headers.at(0).reveal(), "Authorization: Bearer second");
  EXPECT_EQ(**credentials.after_refusal(first, deadline()), **second);  // another caller had it refused before
}

TEST_F(CredentialsTest, ATokenCannotBringHeadersWithIt) {
  write("token", "a\r\nX-Other: b");
  const Result<Snapshot> refused = Credentials({.user = {.token_path = path("token")}}, clock_).current(deadline());
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::kInvalidConfig);
  EXPECT_THAT(refused.error().message, testing::Not(HasSubstr("X-Other")));
}

TEST(ChildProcessTest, AProgramEndsAsItEnds) {
  const Deadline deadline(system_clock(), {});
  const Result<ProgramEnd> end =
      run_program({.command = "sh", .arguments = {"-c", "cat; echo \"$A\"; kill -9 $$"}, .environment = {{"A", "b c"}}}, deadline);
  ASSERT_TRUE(end) << end.error().message;
  EXPECT_EQ(end->standard_output.reveal(), "b c\n");
  EXPECT_EQ(end->exit_code, 137);
  EXPECT_EQ(run_program({.command = "no-such-program"}, deadline).error().code, ErrorCode::kNotFound);
  EXPECT_EQ(run_program({.command = "yes"}, deadline).error().code, ErrorCode::kResourceExhausted);
}

TEST(ChildProcessTest, AProgramThatStaysBehindIsNotWaitedFor) {
  const Deadline deadline(system_clock(), {});
  const Result<ProgramEnd> end = run_program({.command = "sh", .arguments = {"-c", "echo done; sleep 5 &"}}, deadline);
  ASSERT_TRUE(end);
  EXPECT_EQ(end->standard_output.reveal(), "done\n");
}

}  // namespace
}  // namespace lifecycle::kubernetes
