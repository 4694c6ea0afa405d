# Debian's packages as targets. gRPC, protobuf, absl and OpenSSL are linked statically: measured, shared ones cost an idle worker 5 MiB and
# 10 ms of start-up. An interface target each, so that a library can only use what it names.
find_package(Threads REQUIRED)
find_package(Protobuf REQUIRED)
find_package(gRPC CONFIG REQUIRED)
find_package(spdlog REQUIRED)
find_package(nlohmann_json REQUIRED)
find_package(CLI11 REQUIRED)
find_package(tomlplusplus REQUIRED)
find_package(GTest REQUIRED)
find_package(benchmark QUIET)

# Static libraries by name, in link order; a missing one is a clear error at configure time.
function(lifecycle_static_libraries out)
  set(found "")
  foreach(name IN LISTS ARGN)
    find_library(LIFECYCLE_STATIC_${name} NAMES "lib${name}.a" REQUIRED)
    list(APPEND found "${LIFECYCLE_STATIC_${name}}")
  endforeach()
  set(${out} ${found} PARENT_SCOPE)
endfunction()

lifecycle_static_libraries(protobuf_archive protobuf z)
add_library(lifecycle_protobuf INTERFACE)
target_link_libraries(lifecycle_protobuf INTERFACE ${protobuf_archive} Threads::Threads)

# absl's archives depend on each other in both directions: a group lets the linker settle that.
file(GLOB absl_archives "/usr/lib/*/libabsl_*.a")
if(NOT absl_archives)
  message(FATAL_ERROR "absl's static libraries are missing: install libabsl-dev (ci/setup does)")
endif()
lifecycle_static_libraries(grpc_archives grpc++ grpc address_sorting re2 upb cares gpr ssl crypto)
add_library(lifecycle_grpc INTERFACE)
target_link_libraries(lifecycle_grpc INTERFACE
  -Wl,--start-group ${grpc_archives} ${absl_archives} -Wl,--end-group lifecycle_protobuf ${CMAKE_DL_LIBS} rt)

# Header-only fmt, so that no library of ours drags in a shared one for formatting.
add_library(lifecycle_fmt INTERFACE)
target_link_libraries(lifecycle_fmt INTERFACE fmt::fmt-header-only)

# The kubeconfig reader's YAML. The headers are in the compiler's own folders.
lifecycle_static_libraries(yaml_cpp_archive yaml-cpp)
lifecycle_static_libraries(crypto_archive crypto)
