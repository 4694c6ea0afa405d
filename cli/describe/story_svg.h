// A run as a picture: the same chart as the text's, with bars in the versions' colours. Needs nothing beside itself.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "cli/describe/story.h"

namespace lifecycle::cli {

enum class SvgPlace : std::uint8_t {
  kFile,  // a document of its own
  kPage,  // inside a page, whose colours it takes
};

[[nodiscard]] std::string story_svg(const Story& story, SvgPlace place = SvgPlace::kFile);

// Text as XML and HTML take it, in elements and in quoted attributes; what XML cannot carry is replaced.
[[nodiscard]] std::string xml_text(std::string_view text);

// "#0072b2" and so on: of eight that people with any colour vision can tell apart, by the order of first use; grey for a version that is
// not known.
[[nodiscard]] std::string_view version_fill(const Story& story, std::string_view version);

}  // namespace lifecycle::cli
