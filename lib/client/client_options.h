// What every client of this library is told about whom it speaks to and for.
#pragma once

#include <string>

#include "base/clock.h"

namespace lifecycle::client {

struct ClientOptions {
  std::string name_space = "default";                   // the Temporal namespace
  std::string identity = {};                            // default_identity() when empty
  Duration command_timeout = std::chrono::seconds(10);  // of each call, retries included
  std::string address = {};                             // named in errors; empty: "the Temporal server"
};

// "<pid>@<host>".
[[nodiscard]] std::string default_identity();

}  // namespace lifecycle::client
