// The journal of faults: what is written is on the disk, can be read back, and survives whoever wrote it.
#include "cli/chaos/journal.h"

#include <gmock/gmock.h>
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <sstream>

namespace lifecycle::cli::chaos {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

class JournalTest : public testing::Test {
 protected:
  JournalTest() {
    std::string pattern = testing::TempDir() + "journal-XXXXXX";
    folder_ = ::mkdtemp(pattern.data());
    path_ = folder_ + "/state/lifecycle/journal.jsonl";
  }
  ~JournalTest() override { std::filesystem::remove_all(folder_); }

  static JournalEntry entry(const std::string& id, JournalEvent event = JournalEvent::kPlanned) {
    return {.time = WallTime(std::chrono::milliseconds(1'795'793'401'250)),
            .id = id,
            .event = event,
            .fault = FaultKind::kPause,
            .target = TargetKind::kProcess,
            .name = "4711",
            .name_space = "workers",
            .uid = "u-1",
            .node = "vm",
            .pid = 4711,
            .worker_identity = "4711@vm/v1.0.0#ab",
            .version = "v1.0.0",
            .workflow_ids = {"quick-1", "quick-2"},
            .undo = {{"action", "continue"}, {"startTicks", 8812}},
            .message = "why"};
  }

  void append(const JournalEntry& written) {
    Result<Journal> journal = Journal::open(path_);
    ASSERT_TRUE(journal) << journal.error().message;
    const Result<void> done = journal->append(written);
    ASSERT_TRUE(done) << done.error().message;
  }

  void append_text(const std::string& text) const { std::ofstream(path_, std::ios::app) << text; }

  JournalContent read() const {
    Result<JournalContent> content = read_journal(path_);
    EXPECT_TRUE(content);
    return content ? *std::move(content) : JournalContent{};
  }

  std::string folder_;
  std::string path_;
};

TEST_F(JournalTest, gives_back_what_was_written_in_its_order) {
  append(entry("a/1"));
  append(entry("a/1", JournalEvent::kInjected));
  append(entry("b/1"));
  const JournalContent content = read();
  EXPECT_THAT(content.entries, ElementsAre(entry("a/1"), entry("a/1", JournalEvent::kInjected), entry("b/1")));
  EXPECT_THAT(content.warnings, IsEmpty());
}

TEST_F(JournalTest, has_one_json_object_a_line_with_the_documented_fields) {
  append(entry("a/1"));
  std::stringstream text;
  text << std::ifstream(path_).rdbuf();
  EXPECT_EQ(text.str(),
            R"({"time":"2026-11-27T15:30:01.250Z","id":"a/1","event":"planned","fault":"pause","target":"process","name":"4711",)"
            R"("namespace":"workers","uid":"u-1","node":"vm","pid":4711,"worker_identity":"4711@vm/v1.0.0#ab","version":"v1.0.0",)"
            R"("workflow_ids":["quick-1","quick-2"],"undo":{"action":"continue","startTicks":8812},"message":"why"})"
            "\n");
}

TEST_F(JournalTest, that_nobody_has_written_is_empty) {
  EXPECT_THAT(read().entries, IsEmpty());
  EXPECT_FALSE(std::filesystem::exists(path_));
}

TEST_F(JournalTest, ignores_a_last_line_that_was_not_finished) {
  append(entry("a/1"));
  append_text(R"({"time":"2026-11-27T15:30:01.250Z","id":"b/1","ev)");
  const JournalContent content = read();
  EXPECT_THAT(content.entries, ElementsAre(entry("a/1")));
  EXPECT_THAT(content.warnings, IsEmpty());
}

TEST_F(JournalTest, goes_on_behind_a_line_that_was_not_finished) {
  append(entry("a/1"));
  append_text("{\"time\":\"20");
  append(entry("b/1"));
  const JournalContent content = read();
  EXPECT_THAT(content.entries, ElementsAre(entry("a/1"), entry("b/1")));
  EXPECT_THAT(content.warnings, ElementsAre(HasSubstr("line 2")));
}

TEST_F(JournalTest, names_the_lines_that_are_none_of_its_own) {
  append(entry("a/1"));
  append_text("[]\n{\"id\":\"x\",\"event\":\"exploded\"}\n\n");
  append(entry("b/1"));
  const JournalContent content = read();
  EXPECT_THAT(content.entries, SizeIs(2));
  EXPECT_THAT(content.warnings, ElementsAre(HasSubstr("line 2"), HasSubstr("line 3")));
}

// What recover reads of it would have ended the whole command.
TEST_F(JournalTest, has_no_entry_whose_undo_is_of_other_types) {
  const std::string about = R"({"time":"2026-11-27T15:30:01.250Z","id":"a/1","event":"planned","fault":"pause","target":"pod","undo":)";
  for (const char* undo : {"null", "[]", R"({"action":1})", R"({"container":{}})", R"({"cluster":7})", R"({"startTicks":"8"})",
                           R"({"restartCount":null})", R"({"replicas":1.5})", R"({"scaledTo":[]})", R"({"tool":"me"})",
                           R"({"tool":{"host":1}})", R"({"tool":{"pid":"1"}})", R"({"tool":{"startTicks":true}})"}) {
    const Result<JournalEntry> read = parse_journal_line(about + undo + "}");
    ASSERT_FALSE(read) << undo;
    EXPECT_THAT(read.error().message, HasSubstr("undo")) << undo;
  }
  EXPECT_TRUE(parse_journal_line(about + R"({"tool":{},"anotherKey":{}}})"));
}

TEST_F(JournalTest, keeps_apart_what_several_tools_write_at_once) {
  constexpr int kTools = 4;
  constexpr int kLines = 25;
  std::vector<pid_t> tools;
  for (int tool = 0; tool < kTools; ++tool) {
    const pid_t child = ::fork();
    if (child == 0) {
      Result<Journal> journal = Journal::open(path_);
      bool good = journal.has_value();
      for (int line = 0; good && line < kLines; ++line) {
        good = journal->append(entry(std::to_string(tool) + "/" + std::to_string(line))).has_value();
      }
      ::_exit(good ? 0 : 1);
    }
    tools.push_back(child);
  }
  for (const pid_t tool : tools) {
    int status = 0;
    ASSERT_EQ(::waitpid(tool, &status, 0), tool);
    EXPECT_EQ(status, 0);
  }
  const JournalContent content = read();
  EXPECT_THAT(content.entries, SizeIs(kTools * kLines));
  EXPECT_THAT(content.warnings, IsEmpty());
}

TEST_F(JournalTest, says_which_file_cannot_be_written) {
  append_text("");
  std::filesystem::create_directories(path_);
  const Result<Journal> journal = Journal::open(path_);
  ASSERT_FALSE(journal);
  EXPECT_THAT(journal.error().message, HasSubstr(path_));
}

TEST(JournalPath, is_the_variable_then_the_state_folder_then_the_home) {
  std::map<std::string, std::string> variables{{"LIFECYCLE_JOURNAL", "/j"}, {"XDG_STATE_HOME", "/state"}, {"HOME", "/home/me"}};
  const auto path = [&variables] { return default_journal_path({.variables = variables, .read_file = {}}); };
  EXPECT_EQ(path(), "/j");
  variables.erase("LIFECYCLE_JOURNAL");
  EXPECT_EQ(path(), "/state/lifecycle/journal.jsonl");
  variables.erase("XDG_STATE_HOME");
  EXPECT_EQ(path(), "/home/me/.local/state/lifecycle/journal.jsonl");
  variables.erase("HOME");
  ASSERT_FALSE(path());
  EXPECT_THAT(path().error().hint, HasSubstr("LIFECYCLE_JOURNAL"));
}

}  // namespace
}  // namespace lifecycle::cli::chaos
