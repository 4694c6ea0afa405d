# The library as other projects see it: `cmake --install BUILD --component sdk --prefix DIR` puts it there, and find_package(lifecycle) finds it.
# It is no part of a plain `cmake --install`, which is for those who want the command. docs/adr/2026-11-27-the-library-for-other-projects.md
set(lifecycle_package_dir "${CMAKE_INSTALL_LIBDIR}/cmake/lifecycle")
set(lifecycle_include_dir "${CMAKE_INSTALL_INCLUDEDIR}/lifecycle")

# Included as in this tree, "workflow/context.h", with the folder above them in the include path.
install(DIRECTORY "${CMAKE_SOURCE_DIR}/lib/" DESTINATION "${lifecycle_include_dir}" COMPONENT sdk EXCLUDE_FROM_ALL
  FILES_MATCHING PATTERN "*.h"
  # What speaks gRPC, OpenSSL or fmt is for our own sources alone.
  PATTERN "grpc_*_impl.h" EXCLUDE PATTERN "grpc_channel.h" EXCLUDE PATTERN "grpc_health_messages.h" EXCLUDE
  PATTERN "openssl_handles.h" EXCLUDE PATTERN "poller.h" EXCLUDE)
# Temporal's messages: generated once for this library, and compiled into its archive.
install(DIRECTORY "${LIFECYCLE_API_BUILD_DIR}/include/" DESTINATION "${lifecycle_include_dir}" COMPONENT sdk EXCLUDE_FROM_ALL
  FILES_MATCHING PATTERN "*.pb.h")
install(FILES "${LIFECYCLE_API_BUILD_DIR}/libtemporal_api.a" DESTINATION "${CMAKE_INSTALL_LIBDIR}/lifecycle" COMPONENT sdk EXCLUDE_FROM_ALL)

install(DIRECTORY "${CMAKE_SOURCE_DIR}/examples/greeting" DESTINATION "${CMAKE_INSTALL_DATADIR}/doc/lifecycle-dev/examples"
  COMPONENT sdk EXCLUDE_FROM_ALL)

install(EXPORT lifecycle NAMESPACE lifecycle:: FILE lifecycleTargets.cmake DESTINATION "${lifecycle_package_dir}" COMPONENT sdk EXCLUDE_FROM_ALL)
include(CMakePackageConfigHelpers)
configure_package_config_file("${CMAKE_CURRENT_LIST_DIR}/lifecycleConfig.cmake.in" "${CMAKE_BINARY_DIR}/generated/lifecycleConfig.cmake"
  INSTALL_DESTINATION "${lifecycle_package_dir}" PATH_VARS lifecycle_include_dir CMAKE_INSTALL_LIBDIR)
write_basic_package_version_file("${CMAKE_BINARY_DIR}/generated/lifecycleConfigVersion.cmake" COMPATIBILITY SameMinorVersion)
install(
  FILES "${CMAKE_BINARY_DIR}/generated/lifecycleConfig.cmake" "${CMAKE_BINARY_DIR}/generated/lifecycleConfigVersion.cmake"
        "${CMAKE_CURRENT_LIST_DIR}/StaticLibraries.cmake"
  DESTINATION "${lifecycle_package_dir}" COMPONENT sdk EXCLUDE_FROM_ALL)
