// Asks the server what it is and whether it knows the namespace, beside the first polls and again after each outage, and publishes from
// that and from the polls whether the worker has started and is ready.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "base/random.h"
#include "rpc/methods.h"
#include "worker/poll_backoff.h"
#include "worker/shared.h"

namespace lifecycle::worker {

class ServerWatch {
 public:
  // `on_described` runs each time when the server has described the namespace; `shared.server` then says what it can do. `shared` outlives
  // the watch.
  ServerWatch(Shared& shared, std::function<void()> on_described);
  ~ServerWatch();
  ServerWatch(const ServerWatch&) = delete;
  ServerWatch& operator=(const ServerWatch&) = delete;

  void start();
  // Publishes that the worker is stopping, and asks nothing any more.
  void stop();

 private:
  void ask_system_info();
  void describe_namespace();
  void on_described(const rpc::Reply<rpc::TryDescribeNamespace>& reply, SteadyTime sent);
  // Publishes how things stand, and looks again soon while they do not stand well.
  void review();
  void log_connected();

  Shared& shared_;
  std::function<void()> tell_described_;
  PollBackoff backoff_{entropy_stream()};
  SteadyTime next_question_;
  std::string server_version_;
  bool asking_ = false;
  bool namespace_known_ = false;
  bool said_connected_ = false;
  TimerId next_review_ = TimerId::kNone;
  std::shared_ptr<ServerWatch*> self_;  // calls under way hold it weakly: they may be answered when this is gone
};

}  // namespace lifecycle::worker
