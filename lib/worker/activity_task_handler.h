// Runs activity tasks on threads, sends their heartbeats, tells them when to stop, and reports what came of them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <list>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

#include "activity/context.h"
#include "rpc/methods.h"
#include "worker/activity_threads.h"
#include "worker/shared.h"

namespace lifecycle::worker {

using ActivityTaskResponse = std::shared_ptr<rpc::service::PollActivityTaskQueueResponse>;

class ActivityTaskHandler {
 public:
  // `shared` outlives the handler.
  explicit ActivityTaskHandler(Shared& shared);
  ~ActivityTaskHandler();

  // Takes a task together with the slot that was reserved for it.
  void on_task(ActivityTaskResponse task);

  // Tells all running activities to stop.
  void cancel_all(const std::string& reason);
  // Reports those that still run as failed, so that another worker may take them, and forgets them.
  void give_up_on_all(const std::string& reason);
  // Nothing runs, and the server has answered all reports: a worker that left before could take an outcome with it.
  [[nodiscard]] bool idle() const { return running_.empty() && reports_in_flight_ == 0; }

 private:
  struct Running;
  class Mailbox;
  using RunningPtr = std::shared_ptr<Running>;
  // What the function returned, or what it threw.
  using Outcome = std::variant<api::Payloads, std::exception_ptr>;

  void start(const RunningPtr& running, const ActivityFunction& function);
  void on_heartbeat_due(const RunningPtr& running);
  void send_heartbeat(const RunningPtr& running);
  void on_heartbeat_answered(const RunningPtr& running, std::uint64_t beat, const rpc::Reply<rpc::RecordActivityTaskHeartbeat>& reply);
  void schedule_heartbeat(const RunningPtr& running, Duration delay);
  void on_ended(const RunningPtr& running, Outcome outcome);
  void report_completed(const RunningPtr& running, api::Payloads result);
  void report_failed(const RunningPtr& running, api::Failure failure);
  void report_canceled(const RunningPtr& running, const converter::CancelledFailure& cancelled);
  void forget(const RunningPtr& running);
  void abandon(const RunningPtr& running);
  void tell_end(const Running& running, std::string_view what, std::string_view message);
  void log(const Running& running, std::string_view what, std::optional<Duration> took, std::string_view message);
  template <class Rpc>
  void report(const RunningPtr& running, typename Rpc::Request request);

  Shared& shared_;
  std::list<RunningPtr> running_;
  std::size_t reports_in_flight_ = 0;
  std::shared_ptr<Mailbox> mailbox_;
  ActivityThreads threads_;
};

}  // namespace lifecycle::worker
