// What the SDKs record in markers: local activities, patches, side effects. Each SDK has names and forms of its own.
#pragma once

#include <cstdint>
#include <string>

#include "api/api.h"

namespace lifecycle::cli {

enum class MarkerKind : std::uint8_t { kLocalActivity, kPatch, kOther };

struct MarkerText {
  MarkerKind kind = MarkerKind::kOther;
  std::string name;  // type of the local activity, id of the patch, name of any other marker
  std::string id;    // of the local activity
  int attempt = 0;   // of the local activity; zero: not told
};

// The event is a MarkerRecorded. What cannot be read is empty, never guessed.
[[nodiscard]] MarkerText read_marker(const api::HistoryEvent& event);

}  // namespace lifecycle::cli
