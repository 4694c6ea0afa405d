# Three quarters of a compilation here are the headers of Temporal's API and of the standard library: the presets read them precompiled, all
# targets from one file, the tests from one that has their framework, too. The tidy preset does without, which keeps every file honest about
# what it includes.
option(LIFECYCLE_PCH "Precompile the headers that nearly every file includes" OFF)

# lifecycle_precompile(TARGET HEADERS... [LINKS TARGETS...])
function(lifecycle_precompile target)
  cmake_parse_arguments(arg "" "" "LINKS" ${ARGN})
  add_library(${target} OBJECT "${CMAKE_SOURCE_DIR}/cmake/precompiled.cc")
  target_link_libraries(${target} PRIVATE temporal_api lifecycle_fmt nlohmann_json::nlohmann_json CLI11::CLI11 ${arg_LINKS})
  target_compile_options(${target} PRIVATE -Xclang -fno-pch-timestamp)
  target_precompile_headers(${target} PRIVATE
    <algorithm> <chrono> <expected> <functional> <map> <memory> <mutex> <optional> <string> <string_view> <unordered_map> <variant> <vector>
    <CLI/CLI.hpp> <fmt/format.h> <nlohmann/json.hpp>
    <temporal/api/history/v1/message.pb.h> <temporal/api/workflowservice/v1/request_response.pb.h>
    ${arg_UNPARSED_ARGUMENTS})
endfunction()

if(LIFECYCLE_PCH)
  lifecycle_precompile(lifecycle_pch)
endif()

# lifecycle_use_precompiled_headers(TARGET [FROM])
function(lifecycle_use_precompiled_headers target)
  if(LIFECYCLE_PCH)
    set(from lifecycle_pch ${ARGN})
    list(GET from -1 from)
    target_link_libraries(${target} PRIVATE $<BUILD_INTERFACE:lifecycle_fmt>)
    target_compile_options(${target} PRIVATE -Xclang -fno-pch-timestamp)
    target_precompile_headers(${target} REUSE_FROM ${from})
  endif()
endfunction()
