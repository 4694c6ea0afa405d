# Debian's packages: `cpack -G DEB` makes `lifecycle`, the command with all that belongs to it, and, where the library's install rules are there,
# `lifecycle-dev`, what other projects need to build on it.
set(LIFECYCLE_MAINTAINER "The lifecycle authors <lifecycle@users.noreply.github.com>" CACHE STRING "Who answers for the Debian packages")
set(debian_folder "${CMAKE_CURRENT_LIST_DIR}/debian")

# Only for reading and copying from: what a settings file looks like, and the manifests of k8s/.
install(FILES "${debian_folder}/lifecycle.toml" DESTINATION "${CMAKE_INSTALL_DOCDIR}/examples" COMPONENT lifecycle)
install(DIRECTORY "${CMAKE_SOURCE_DIR}/k8s" DESTINATION "${CMAKE_INSTALL_DOCDIR}/examples" COMPONENT lifecycle)

set(CMAKE_SKIP_INSTALL_ALL_DEPENDENCY ON)  # what is packed is built by then; tests and benchmarks need not be
set(CPACK_GENERATOR DEB)
set(CPACK_PACKAGE_NAME lifecycle)
set(CPACK_PACKAGE_VERSION "${PROJECT_VERSION}")
set(CPACK_PACKAGE_CONTACT "${LIFECYCLE_MAINTAINER}")
set(CPACK_PACKAGING_INSTALL_PREFIX /usr)
set(CPACK_STRIP_FILES ON)
set(CPACK_COMPONENTS_ALL lifecycle)

set(CPACK_DEB_COMPONENT_INSTALL ON)
set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_PACKAGE_RELEASE 1)
set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS ON)
set(CPACK_DEBIAN_PACKAGE_PRIORITY optional)
set(CPACK_DEBIAN_COMPRESSION_TYPE xz)

# Each package's description begins with its own summary.
set(CPACK_PACKAGE_DESCRIPTION_SUMMARY "")

set(CPACK_DEBIAN_LIFECYCLE_PACKAGE_NAME lifecycle)
set(CPACK_DEBIAN_LIFECYCLE_PACKAGE_SECTION net)
set(CPACK_DEBIAN_LIFECYCLE_PACKAGE_DEPENDS libcurl4)  # which no linker sees: it is loaded when it is needed
set(CPACK_DEBIAN_LIFECYCLE_PACKAGE_RECOMMENDS ca-certificates)
set(CPACK_DEBIAN_LIFECYCLE_PACKAGE_SUGGESTS "bash-completion, kubernetes-client")
set(CPACK_DEBIAN_LIFECYCLE_DESCRIPTION "prove that Temporal workflows survive what happens to workers
A worker and a client of Temporal in one program. It runs a workflow of
several steps on your own server, lets you kill, replace, upgrade and roll
back the workers under it, and tells from the workflow's history what became
of each step.
.
This package has the command lifecycle, which is a command of temporal and
kubectl, too, its manual pages, completions for bash, zsh and fish, and
Kubernetes manifests as examples.")

get_cmake_property(install_components COMPONENTS)
if(sdk IN_LIST install_components)
  list(APPEND CPACK_COMPONENTS_ALL sdk)
  set(CPACK_DEBIAN_SDK_PACKAGE_NAME lifecycle-dev)
  set(CPACK_DEBIAN_SDK_PACKAGE_SECTION libdevel)
  set(CPACK_DEBIAN_SDK_PACKAGE_SHLIBDEPS OFF)
  set(CPACK_DEBIAN_SDK_PACKAGE_DEPENDS
      "libgrpc++-dev, libprotobuf-dev, libabsl-dev, libre2-dev, libc-ares-dev, libssl-dev, zlib1g-dev, nlohmann-json3-dev")
  set(CPACK_DEBIAN_SDK_PACKAGE_RECOMMENDS "clang-19, cmake")
  set(CPACK_DEBIAN_SDK_DESCRIPTION "C++23 library for Temporal workers and clients
Workflows as coroutines, activities, clients and a replayer for recorded
histories, as static libraries with their headers and a CMake package:
find_package(lifecycle) gives the target lifecycle::lifecycle.
.
The library is compiled by clang 19, and so must be what uses it.")
endif()

# What Debian wants and `make install` does not: see the script.
configure_file("${debian_folder}/prepare.cmake.in" "${CMAKE_BINARY_DIR}/generated/debian-prepare.cmake" @ONLY)
set(CPACK_PRE_BUILD_SCRIPTS "${CMAKE_BINARY_DIR}/generated/debian-prepare.cmake")
include(CPack)
