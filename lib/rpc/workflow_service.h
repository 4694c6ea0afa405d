// Temporal's WorkflowService as this library sees it: calls that are started on an event loop and answered by a callback on it.
//
// One virtual function carries every RPC, so that a decorator (retries, metadata, logging, metrics) is one function and not sixty. The
// typed face is call<Rpc>(), with a descriptor for each RPC in rpc/methods.h:
//
//   service.call<rpc::DescribeNamespace>(request, {.timeout = 10s}, [](rpc::Reply<rpc::DescribeNamespace> reply) { ... });
#pragma once

#include <google/protobuf/arena.h>
#include <google/protobuf/message_lite.h>

#include <expected>
#include <functional>
#include <memory>
#include <optional>
#include <string_view>
#include <utility>

#include "base/clock.h"
#include "rpc/status.h"

namespace lifecycle::rpc {

// Which statuses may be tried again, and for how long (reference: the official SDKs' policies).
enum class RetryClass : std::uint8_t {
  kNormal,  // transient statuses, 100 ms x 1.7 up to 5 s, at most 10 tries or the call's time-out
  kPoll,    // never tried again below the poller: the poller owns its back-off
  kNone,    // one try (ShutdownWorker, heartbeats that a newer one replaces)
};

struct Method {
  std::string_view name;  // "PollWorkflowTaskQueue"
  std::string_view path;  // "/temporal.api.workflowservice.v1.WorkflowService/PollWorkflowTaskQueue"
  RetryClass retry = RetryClass::kNormal;
  bool long_poll = false;  // answered after up to 60 s: counted apart in metrics
};

struct CallOptions {
  Duration timeout = std::chrono::seconds(10);  // of the whole call, retries included; a poll without one is refused by the server
};

// A call under way. Destroying the handle does not stop the call; cancel() does, and its callback then gets kCancelled (unless the
// answer was there already). Used on the loop's thread.
class Call {
 public:
  Call() = default;
  Call(const Call&) = delete;
  Call& operator=(const Call&) = delete;
  virtual ~Call() = default;
  virtual void cancel() = 0;
};
using CallHandle = std::shared_ptr<Call>;

template <class Rpc>
using Reply = std::expected<std::shared_ptr<typename Rpc::Response>, Status>;

using Done = std::move_only_function<void(Status)>;

// Messages live as long as the shared pointers: a retry sends `request` again, and `response` is read by `done`.
using RequestPtr = std::shared_ptr<const google::protobuf::MessageLite>;
using ResponsePtr = std::shared_ptr<google::protobuf::MessageLite>;

class WorkflowService {
 public:
  WorkflowService() = default;
  WorkflowService(const WorkflowService&) = delete;
  WorkflowService& operator=(const WorkflowService&) = delete;
  virtual ~WorkflowService() = default;

  // Starts one call. `done` runs later, exactly once, on the loop's thread, and never from inside start().
  [[nodiscard]] virtual CallHandle start(const Method& method, RequestPtr request, ResponsePtr response, CallOptions options,
                                         Done done) = 0;

  // The typed face of start(). The response is allocated on an arena of its own: parsing a history there costs a third.
  template <class Rpc>
  CallHandle call(typename Rpc::Request request, CallOptions options, std::move_only_function<void(Reply<Rpc>)> done) {
    auto shared_request = std::make_shared<typename Rpc::Request>(std::move(request));
    auto arena = std::make_shared<google::protobuf::Arena>();
    auto* raw = google::protobuf::Arena::CreateMessage<typename Rpc::Response>(arena.get());
    std::shared_ptr<typename Rpc::Response> response(arena, raw);  // keeps the arena alive, frees nothing by itself
    return start(Rpc::kMethod, std::move(shared_request), response, options, [response, done = std::move(done)](Status status) mutable {
      done(status.ok() ? Reply<Rpc>(std::move(response)) : Reply<Rpc>(std::unexpected(std::move(status))));
    });
  }
};

}  // namespace lifecycle::rpc
