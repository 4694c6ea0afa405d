# Writes OUTPUT (a header) with the git revision of SOURCE_DIR, or, outside of a checkout, what LIFECYCLE_REVISION of the environment says. Run at each build; an unchanged revision
# leaves the file alone, so that nothing is compiled again.
set(revision "unknown")
if(NOT "$ENV{LIFECYCLE_REVISION}" STREQUAL "")
  set(revision "$ENV{LIFECYCLE_REVISION}")
endif()
find_program(GIT git)
if(GIT)
  execute_process(COMMAND "${GIT}" -C "${SOURCE_DIR}" describe --always --dirty --abbrev=7 --exclude "*"
    OUTPUT_VARIABLE described OUTPUT_STRIP_TRAILING_WHITESPACE ERROR_QUIET RESULT_VARIABLE failed)
  if(NOT failed AND described)
    set(revision "${described}")
  endif()
endif()
file(CONFIGURE OUTPUT "${OUTPUT}" CONTENT [[
#pragma once

namespace lifecycle::cli {

inline constexpr char kGitRevision[] = "@revision@";

}  // namespace lifecycle::cli
]] @ONLY)
