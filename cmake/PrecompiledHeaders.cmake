# Three quarters of a compilation here are the headers of Temporal's API and of the standard library: the presets read them precompiled, all
# targets from one file. The tidy preset does without, which keeps every file honest about what it includes.
option(LIFECYCLE_PCH "Precompile the headers that nearly every file includes" OFF)

if(LIFECYCLE_PCH)
  add_library(lifecycle_pch OBJECT "${CMAKE_SOURCE_DIR}/cmake/precompiled.cc")
  target_link_libraries(lifecycle_pch PRIVATE temporal_api lifecycle_fmt nlohmann_json::nlohmann_json)
  target_compile_options(lifecycle_pch PRIVATE -Xclang -fno-pch-timestamp)
  target_precompile_headers(lifecycle_pch PRIVATE
    <algorithm> <chrono> <expected> <functional> <map> <memory> <mutex> <optional> <string> <string_view> <unordered_map> <variant> <vector>
    <fmt/format.h> <nlohmann/json.hpp>
    <temporal/api/history/v1/message.pb.h> <temporal/api/workflowservice/v1/request_response.pb.h>)
endif()

function(lifecycle_use_precompiled_headers target)
  if(LIFECYCLE_PCH)
    target_link_libraries(${target} PRIVATE $<BUILD_INTERFACE:lifecycle_fmt>)
    target_compile_options(${target} PRIVATE -Xclang -fno-pch-timestamp)
    target_precompile_headers(${target} REUSE_FROM lifecycle_pch)
  endif()
endfunction()
