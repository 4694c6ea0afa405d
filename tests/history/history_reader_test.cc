#include "history/history_reader.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <memory>
#include <ostream>
#include <string>
#include <utility>
#include <vector>

namespace lifecycle::history {
namespace {

// Event types by the names that a history's reader knows them by.
constexpr api::EventType kExecutionStarted = api::enums::EVENT_TYPE_WORKFLOW_EXECUTION_STARTED;
constexpr api::EventType kExecutionCompleted = api::enums::EVENT_TYPE_WORKFLOW_EXECUTION_COMPLETED;
constexpr api::EventType kExecutionTerminated = api::enums::EVENT_TYPE_WORKFLOW_EXECUTION_TERMINATED;
constexpr api::EventType kExecutionTimedOut = api::enums::EVENT_TYPE_WORKFLOW_EXECUTION_TIMED_OUT;
constexpr api::EventType kExecutionCanceled = api::enums::EVENT_TYPE_WORKFLOW_EXECUTION_CANCELED;
constexpr api::EventType kSignaled = api::enums::EVENT_TYPE_WORKFLOW_EXECUTION_SIGNALED;
constexpr api::EventType kTaskScheduled = api::enums::EVENT_TYPE_WORKFLOW_TASK_SCHEDULED;
constexpr api::EventType kTaskStarted = api::enums::EVENT_TYPE_WORKFLOW_TASK_STARTED;
constexpr api::EventType kTaskCompleted = api::enums::EVENT_TYPE_WORKFLOW_TASK_COMPLETED;
constexpr api::EventType kTaskFailed = api::enums::EVENT_TYPE_WORKFLOW_TASK_FAILED;
constexpr api::EventType kTaskTimedOut = api::enums::EVENT_TYPE_WORKFLOW_TASK_TIMED_OUT;
constexpr api::EventType kActivityScheduled = api::enums::EVENT_TYPE_ACTIVITY_TASK_SCHEDULED;
constexpr api::EventType kActivityStarted = api::enums::EVENT_TYPE_ACTIVITY_TASK_STARTED;
constexpr api::EventType kActivityCompleted = api::enums::EVENT_TYPE_ACTIVITY_TASK_COMPLETED;

using Page = std::shared_ptr<const api::History>;

Page page(const std::vector<api::EventType>& types, std::int64_t first_event_id = 1) {
  auto history = std::make_shared<api::History>();
  for (const api::EventType type : types) {
    api::HistoryEvent& event = *history->add_events();
    event.set_event_id(first_event_id++);
    event.set_event_type(type);
  }
  return history;
}

Page page_with_ids(const std::vector<std::int64_t>& event_ids) {
  auto history = std::make_shared<api::History>();
  for (const std::int64_t event_id : event_ids) {
    api::HistoryEvent& event = *history->add_events();
    event.set_event_id(event_id);
    event.set_event_type(kSignaled);
  }
  return history;
}

// One logical task as these tests compare it: its last event, and whether it hands anything to the code.
struct Chunk {
  std::int64_t last_event_id = 0;
  bool is_started = true;
  friend bool operator==(const Chunk&, const Chunk&) = default;
  friend std::ostream& operator<<(std::ostream& out, const Chunk& chunk) {
    return out << "to event " << chunk.last_event_id << (chunk.is_started ? "" : ", without a started task");
  }
};

Chunk chunk_of(const LogicalTask& task) {
  const std::int64_t last_event_id = task.events.back()->event_id();
  EXPECT_TRUE(task.started == nullptr || task.started->event_id() == last_event_id);
  return {.last_event_id = last_event_id, .is_started = task.started != nullptr};
}

// The logical tasks of a history that comes in pages of `events_per_page`; each page is asked for before it is given.
std::vector<Chunk> chunks_in_pages(const std::vector<api::EventType>& types, std::size_t events_per_page) {
  HistoryReader reader;
  std::vector<Chunk> chunks;
  std::size_t given = 0;
  std::int64_t next_event_id = 1;
  for (;;) {
    const HistoryReader::Next next = reader.next();
    if (std::holds_alternative<EndOfHistory>(next)) {
      return chunks;
    }
    if (const auto* task = std::get_if<LogicalTask>(&next)) {
      EXPECT_EQ(task->events.front()->event_id(), next_event_id);
      chunks.push_back(chunk_of(*task));
      next_event_id = chunks.back().last_event_id + 1;
      continue;
    }
    if (given == types.size()) {
      ADD_FAILURE() << "the reader asks for a page after the last one";
      return chunks;
    }
    const std::size_t end = std::min(given + events_per_page, types.size());
    const Page events = page({types.begin() + static_cast<std::ptrdiff_t>(given), types.begin() + static_cast<std::ptrdiff_t>(end)},
                             static_cast<std::int64_t>(given + 1));
    given = end;
    EXPECT_TRUE(reader.add_page(events, given == types.size()));
  }
}

// Likewise, and the same for every size of page.
std::vector<Chunk> chunks(const std::vector<api::EventType>& types) {
  const std::vector<Chunk> whole = chunks_in_pages(types, types.size());
  for (std::size_t events_per_page = 1; events_per_page < types.size(); ++events_per_page) {
    EXPECT_EQ(chunks_in_pages(types, events_per_page), whole) << "in pages of " << events_per_page;
  }
  return whole;
}

using Chunks = std::vector<Chunk>;

TEST(HistoryReaderTest, EndsALogicalTaskWhereTheCodeWasRun) {
  EXPECT_EQ(chunks({kExecutionStarted, kTaskScheduled, kTaskStarted,                                                         // to 3
                    kTaskCompleted, kActivityScheduled, kActivityStarted, kActivityCompleted, kTaskScheduled, kTaskStarted,  // to 9
                    kTaskCompleted, kExecutionCompleted}),
            (Chunks{{3}, {9}, {11, false}}));
}

TEST(HistoryReaderTest, MergesTasksThatFailedIntoTheOneThatFollows) {
  EXPECT_EQ(chunks({kExecutionStarted, kTaskScheduled, kTaskStarted, kTaskFailed, kTaskScheduled, kTaskStarted, kTaskFailed, kSignaled,
                    kTaskScheduled, kTaskStarted}),
            (Chunks{{10}}));
}

TEST(HistoryReaderTest, MergesTasksThatTimedOutIntoTheOneThatFollows) {
  EXPECT_EQ(chunks({kExecutionStarted, kTaskScheduled, kTaskStarted, kTaskTimedOut, kTaskScheduled, kTaskTimedOut, kTaskScheduled,
                    kTaskStarted, kTaskCompleted, kActivityScheduled}),
            (Chunks{{8}, {10, false}}));
}

TEST(HistoryReaderTest, MergesHeartbeatsIntoTheTaskThatFollows) {
  EXPECT_EQ(chunks({kExecutionStarted, kTaskScheduled, kTaskStarted, kTaskCompleted, kTaskScheduled, kTaskStarted, kTaskCompleted,
                    kTaskScheduled, kTaskStarted, kTaskCompleted, kActivityScheduled}),
            (Chunks{{9}, {11, false}}));
}

TEST(HistoryReaderTest, AnEmptyTaskIsNoHeartbeatWhenSomethingHappenedAfterIt) {
  EXPECT_EQ(
      chunks({kExecutionStarted, kTaskScheduled, kTaskStarted, kTaskCompleted, kSignaled, kTaskScheduled, kTaskStarted, kTaskCompleted}),
      (Chunks{{3}, {7}, {8, false}}));
}

TEST(HistoryReaderTest, ATaskThatBeganWithCommandsIsNotMergedWithTheEmptyOneAfterIt) {
  EXPECT_EQ(chunks({kExecutionStarted, kTaskScheduled, kTaskStarted,                              // to 3
                    kTaskCompleted, kActivityScheduled, kSignaled, kTaskScheduled, kTaskStarted,  // to 8: its commands make it count
                    kTaskCompleted, kTaskScheduled, kTaskStarted,                                 // to 11
                    kTaskCompleted}),
            (Chunks{{3}, {8}, {11}, {12, false}}));
}

TEST(HistoryReaderTest, ATaskThatWasStartedWhenTheServerEndedTheRunIsNotHandedOut) {
  for (const api::EventType ended : {kExecutionTerminated, kExecutionTimedOut, kExecutionCanceled}) {
    EXPECT_EQ(chunks({kExecutionStarted, kTaskScheduled, kTaskStarted, ended}), (Chunks{{4, false}}));
  }
}

TEST(HistoryReaderTest, HandsOutWhatComesAfterTheLastTaskOfAnOpenHistory) {
  EXPECT_EQ(chunks({kExecutionStarted, kTaskScheduled}), (Chunks{{2, false}}));
  EXPECT_EQ(chunks({kExecutionStarted, kTaskScheduled, kTaskStarted, kTaskCompleted}), (Chunks{{3}, {4, false}}));
}

TEST(HistoryReaderTest, TakesTheLastStartedTaskOfACompleteHistoryAsOneThatGoesToTheCode) {
  EXPECT_EQ(chunks({kExecutionStarted, kTaskScheduled, kTaskStarted}), (Chunks{{3}}));
}

TEST(HistoryReaderTest, AsksForAPageExactlyWhereTheBoundaryIsNotKnown) {
  struct Case {
    std::vector<api::EventType> after_started;  // what the first page holds after its WorkflowTaskStarted
    bool known;
  };
  const std::vector<Case> cases{
      {{}, false},
      {{kTaskCompleted}, false},
      {{kTaskCompleted, kTaskScheduled}, false},      // a heartbeat: the task goes on
      {{kTaskCompleted, kActivityScheduled}, false},  // the next page may go on with what the code answered
      {{kTaskCompleted, kActivityScheduled, kActivityStarted}, true},
      {{kTaskCompleted, kSignaled}, true},
      {{kTaskFailed}, false},
      {{kTaskTimedOut, kTaskScheduled}, false},
      {{kSignaled}, true},
      {{kExecutionTerminated}, true},
  };
  for (const Case& each : cases) {
    std::vector<api::EventType> types{kExecutionStarted, kTaskScheduled, kTaskStarted};
    types.insert(types.end(), each.after_started.begin(), each.after_started.end());
    HistoryReader reader;
    ASSERT_TRUE(reader.add_page(page(types), false));
    EXPECT_EQ(std::holds_alternative<LogicalTask>(reader.next()), each.known) << ::testing::PrintToString(each.after_started);
    EXPECT_TRUE(std::holds_alternative<NeedPage>(reader.next())) << ::testing::PrintToString(each.after_started);
  }
}

// Ids of the events that are shown as the recorded answer to each started task; a task without a started event shows none.
std::vector<std::vector<std::int64_t>> answers(const std::vector<api::EventType>& types) {
  HistoryReader reader;
  EXPECT_TRUE(reader.add_page(page(types), true));
  std::vector<std::vector<std::int64_t>> ids;
  for (HistoryReader::Next next = reader.next(); std::holds_alternative<LogicalTask>(next); next = reader.next()) {
    const auto& task = std::get<LogicalTask>(next);
    ids.emplace_back();
    for (const api::HistoryEvent* event : task.recorded_answer) {
      ids.back().push_back(event->event_id());
    }
  }
  return ids;
}

TEST(HistoryReaderTest, ShowsWhatTheAnswerToATaskBecame) {
  using Ids = std::vector<std::vector<std::int64_t>>;
  EXPECT_EQ(answers({kExecutionStarted, kTaskScheduled, kTaskStarted,                         // to 3
                     kTaskCompleted, kActivityScheduled, kActivityScheduled, kTaskScheduled,  // commands 5 and 6
                     kTaskStarted,                                                            // to 8
                     kTaskCompleted, kSignaled, kTaskScheduled, kTaskStarted,                 // to 12
                     kTaskCompleted, kExecutionCompleted}),
            (Ids{{5, 6}, {}, {14}, {}}));
  EXPECT_EQ(answers({kExecutionStarted, kTaskScheduled, kTaskStarted}), Ids{{}});
  EXPECT_EQ(answers({kExecutionStarted, kTaskScheduled, kTaskStarted, kTaskCompleted}), (Ids{{}, {}}));
  EXPECT_EQ(answers({kExecutionStarted, kTaskScheduled, kTaskStarted, kTaskFailed, kTaskScheduled, kTaskStarted, kTaskCompleted,
                     kActivityScheduled}),
            (Ids{{8}, {}}));
}

TEST(HistoryReaderTest, AFinalEventEndsTheAnswerThoughAPageIsSaidToFollow) {
  HistoryReader reader;
  ASSERT_TRUE(reader.add_page(page({kExecutionStarted, kTaskScheduled, kTaskStarted, kTaskCompleted, kExecutionCompleted}), false));
  EXPECT_EQ(chunk_of(std::get<LogicalTask>(reader.next())), Chunk{3});
}

TEST(HistoryReaderTest, AnEmptyLastPageEndsTheHistory) {
  HistoryReader reader;
  ASSERT_TRUE(reader.add_page(page({kExecutionStarted, kTaskScheduled, kTaskStarted}), false));
  ASSERT_TRUE(std::holds_alternative<NeedPage>(reader.next()));
  ASSERT_TRUE(reader.add_page(page({}), true));
  EXPECT_EQ(chunk_of(std::get<LogicalTask>(reader.next())), Chunk{3});
  EXPECT_TRUE(std::holds_alternative<EndOfHistory>(reader.next()));
}

TEST(HistoryReaderTest, AHistoryWithoutEventsIsAtItsEnd) {
  HistoryReader reader;
  EXPECT_TRUE(std::holds_alternative<NeedPage>(reader.next()));
  ASSERT_TRUE(reader.add_page(page({}), true));
  EXPECT_TRUE(std::holds_alternative<EndOfHistory>(reader.next()));
  EXPECT_EQ(reader.last_event_id(), 0);
}

std::string refusal(const Result<void>& added) {
  EXPECT_FALSE(added);
  EXPECT_EQ(added.error().code, ErrorCode::kDataLoss);
  return added.error().message;
}

TEST(HistoryReaderTest, NamesTheEventsThatAreMissing) {
  EXPECT_EQ(refusal(HistoryReader().add_page(page_with_ids({1, 2, 4}), true)), "history lacks event 3");
  EXPECT_EQ(refusal(HistoryReader().add_page(page_with_ids({1, 2, 7}), true)), "history lacks events 3 to 6");
  EXPECT_EQ(refusal(HistoryReader().add_page(page_with_ids({2, 3}), true)), "history lacks event 1");
}

TEST(HistoryReaderTest, NamesTheEventThatIsRepeatedOrOutOfOrder) {
  EXPECT_EQ(refusal(HistoryReader().add_page(page_with_ids({1, 2, 2}), true)),
            "history has event 2 (WorkflowExecutionSignaled) after event 2");
  EXPECT_EQ(refusal(HistoryReader().add_page(page_with_ids({1, 2, 3, 1}), true)),
            "history has event 1 (WorkflowExecutionSignaled) after event 3");
}

TEST(HistoryReaderTest, ChecksTheIdsAcrossPages) {
  HistoryReader reader;
  ASSERT_TRUE(reader.add_page(page_with_ids({1, 2}), false));
  EXPECT_EQ(refusal(reader.add_page(page_with_ids({4, 5}), true)), "history lacks event 3");
  HistoryReader other;
  ASSERT_TRUE(other.add_page(page_with_ids({1, 2}), false));
  EXPECT_EQ(refusal(other.add_page(page_with_ids({1, 2}), true)), "history has event 1 (WorkflowExecutionSignaled) after event 2");
}

TEST(HistoryReaderTest, ATailAddsOnlyWhatIsNotThereYetAndCompletesTheHistory) {
  HistoryReader reader;
  ASSERT_TRUE(reader.add_page(page({kExecutionStarted, kTaskScheduled}), false));
  ASSERT_TRUE(reader.add_tail(page({kTaskScheduled, kTaskStarted}, 2)));
  EXPECT_EQ(reader.last_event_id(), 3);
  EXPECT_EQ(chunk_of(std::get<LogicalTask>(reader.next())), Chunk{3});
  EXPECT_TRUE(std::holds_alternative<EndOfHistory>(reader.next()));
}

TEST(HistoryReaderTest, ATailThatDoesNotReachBackNamesTheGap) {
  HistoryReader reader;
  ASSERT_TRUE(reader.add_page(page({kExecutionStarted, kTaskScheduled}), true));
  EXPECT_EQ(refusal(reader.add_tail(page({kTaskScheduled, kTaskStarted}, 5))), "history lacks events 3 to 4");
}

TEST(HistoryReaderTest, ContinuesAfterEventsThatWereAppliedBefore) {
  HistoryReader reader;
  ASSERT_TRUE(reader.add_page(page({kExecutionStarted, kTaskScheduled, kTaskStarted}), true));
  ASSERT_TRUE(std::holds_alternative<LogicalTask>(reader.next()));
  reader.continue_after(3);
  EXPECT_EQ(reader.last_event_id(), 3);
  EXPECT_TRUE(std::holds_alternative<NeedPage>(reader.next()));
  ASSERT_TRUE(reader.add_page(page({kTaskCompleted, kActivityScheduled, kSignaled, kTaskScheduled, kTaskStarted}, 4), true));
  const HistoryReader::Next next = reader.next();
  EXPECT_EQ(std::get<LogicalTask>(next).events.front()->event_id(), 4);
  EXPECT_EQ(chunk_of(std::get<LogicalTask>(next)), Chunk{8});
}

TEST(HistoryReaderTest, ContinuingChecksTheFirstEventOfTheNextPage) {
  HistoryReader early;
  early.continue_after(9);
  EXPECT_EQ(refusal(early.add_page(page_with_ids({9, 10}), true)), "history has event 9 (WorkflowExecutionSignaled) after event 9");
  HistoryReader late;
  late.continue_after(9);
  EXPECT_EQ(refusal(late.add_page(page_with_ids({11}), true)), "history lacks event 10");
}

TEST(HistoryReaderTest, ReleasesPagesWhoseEventsHaveBeenSeen) {
  HistoryReader reader;
  Page first = page({kExecutionStarted, kTaskScheduled, kTaskStarted, kTaskCompleted, kActivityScheduled});
  Page second = page({kSignaled, kTaskScheduled, kTaskStarted}, 6);
  const std::weak_ptr<const api::History> first_alive = first;
  const std::weak_ptr<const api::History> second_alive = second;
  ASSERT_TRUE(reader.add_page(std::exchange(first, nullptr), false));
  ASSERT_TRUE(reader.add_page(std::exchange(second, nullptr), true));
  ASSERT_EQ(chunk_of(std::get<LogicalTask>(reader.next())), Chunk{3});
  EXPECT_FALSE(first_alive.expired()) << "events 4 and 5 are still to come";
  ASSERT_EQ(chunk_of(std::get<LogicalTask>(reader.next())), Chunk{8});
  EXPECT_FALSE(first_alive.expired()) << "the events of a task live until the call after the one that gave it";
  ASSERT_TRUE(std::holds_alternative<EndOfHistory>(reader.next()));
  EXPECT_TRUE(first_alive.expired());
  EXPECT_TRUE(second_alive.expired());
}

TEST(HistoryReaderTest, ReleasesThePagesOfALongHistoryAsItGoes) {
  HistoryReader reader;
  std::vector<std::weak_ptr<const api::History>> pages;
  std::int64_t event_id = 1;
  std::size_t held_at_most = 0;
  for (int i = 0; i < 1000; ++i) {
    Page next_page = page({kActivityScheduled, kTaskScheduled, kTaskStarted, kTaskCompleted}, event_id);
    event_id += 4;
    pages.push_back(next_page);
    ASSERT_TRUE(reader.add_page(std::exchange(next_page, nullptr), false));
    while (std::holds_alternative<LogicalTask>(reader.next())) {
    }
    held_at_most =
        std::max(held_at_most,
                 pages.size() - static_cast<std::size_t>(std::ranges::count_if(pages, [](const auto& each) { return each.expired(); })));
  }
  EXPECT_LE(held_at_most, 2U);
}

TEST(HistoryReaderTest, HandsOutALongHistoryThatComesAsOnePageTaskByTask) {
  std::vector<api::EventType> types{kExecutionStarted, kTaskScheduled, kTaskStarted};
  Chunks expected{{3}};
  for (int i = 0; i < 500; ++i) {
    types.insert(types.end(), {kTaskCompleted, kActivityScheduled, kActivityStarted, kActivityCompleted, kTaskScheduled, kTaskStarted});
    expected.push_back({expected.back().last_event_id + 6});
  }
  EXPECT_EQ(chunks_in_pages(types, types.size()), expected);
}

TEST(EventNameTest, IsTheNameThatPeopleKnowOrTheNumber) {
  EXPECT_EQ(event_name(kActivityScheduled), "ActivityTaskScheduled");
  EXPECT_EQ(event_name(kExecutionTimedOut), "WorkflowExecutionTimedOut");
  EXPECT_EQ(event_name(static_cast<api::EventType>(9999)), "event of type 9999");
}

}  // namespace
}  // namespace lifecycle::history
