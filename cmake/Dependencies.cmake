# Debian's packages as targets. gRPC, protobuf, absl and OpenSSL are linked statically: measured, shared ones cost an idle worker 5 MiB and
# 10 ms of start-up. An interface target each, so that a library can only use what it names.
find_package(Threads REQUIRED)
find_package(Protobuf REQUIRED)
find_package(gRPC CONFIG REQUIRED)
find_package(spdlog REQUIRED)
find_package(nlohmann_json REQUIRED)
find_package(CLI11 REQUIRED)
find_package(tomlplusplus REQUIRED)
find_package(benchmark QUIET)

include(StaticLibraries)
if(lifecycle_missing_libraries)
  message(FATAL_ERROR "static libraries are missing: ${lifecycle_missing_libraries} (ci/setup installs the packages that have them)")
endif()

# Header-only fmt, so that no library of ours drags in a shared one for formatting.
add_library(lifecycle_fmt INTERFACE IMPORTED GLOBAL)
target_link_libraries(lifecycle_fmt INTERFACE fmt::fmt-header-only)

# The kubeconfig reader's YAML. The headers are in the compiler's own folders.
lifecycle_static_libraries(yaml_cpp_archive yaml-cpp)
lifecycle_static_libraries(crypto_archive crypto)
