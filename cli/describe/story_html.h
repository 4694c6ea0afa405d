// A run as one page that needs nothing beside itself: no script, no font, no address. It can be attached to an issue and opened in ten
// years.
#pragma once

#include <string>

#include "cli/describe/story.h"

namespace lifecycle::cli {

// Facts, what is wrong, chart, tables; and story_json() in a script element of type application/json for programs.
[[nodiscard]] std::string story_html(const Story& story);

}  // namespace lifecycle::cli
