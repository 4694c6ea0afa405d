// An event loop that its owner runs on the calling thread.
#pragma once

#include <functional>

#include "base/event_loop.h"

namespace lifecycle::rpc {

class RunnableEventLoop : public EventLoop {
 public:
  // Handles one event after the other until `finished` says so. It is asked first, and again after each event.
  virtual void run_until(std::move_only_function<bool()> finished) = 0;
};

}  // namespace lifecycle::rpc
