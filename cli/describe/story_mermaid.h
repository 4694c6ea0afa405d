// A run as a Mermaid Gantt chart, which GitHub and GitLab draw where it stands in a description or a comment.
#pragma once

#include <string>

#include "cli/describe/story.h"

namespace lifecycle::cli {

[[nodiscard]] std::string story_mermaid(const Story& story);

}  // namespace lifecycle::cli
