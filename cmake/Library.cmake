# lifecycle_library(NAME SOURCES ... LINKS ... [PRIVATE_LINKS ...]): a static library of one lib/ folder. Its includes are written from lib/
# ("core/workflow_run.h"), and it sees only the targets that it links, which makes the folder table of the design a fact of the build.
function(lifecycle_library name)
  cmake_parse_arguments(arg "" "" "SOURCES;LINKS;PRIVATE_LINKS" ${ARGN})
  set(target "lifecycle_${name}")
  add_library(${target} STATIC ${arg_SOURCES})
  add_library(lifecycle::${name} ALIAS ${target})
  set_target_properties(${target} PROPERTIES EXPORT_NAME ${name})
  target_include_directories(${target} PUBLIC
    "$<BUILD_INTERFACE:${CMAKE_SOURCE_DIR}/lib>" "$<INSTALL_INTERFACE:${CMAKE_INSTALL_INCLUDEDIR}/lifecycle>")
  target_link_libraries(${target} PUBLIC ${arg_LINKS} PRIVATE ${arg_PRIVATE_LINKS} $<BUILD_INTERFACE:lifecycle_warnings>)
  target_compile_features(${target} PUBLIC cxx_std_23)
  lifecycle_use_precompiled_headers(${target})
  lifecycle_export_library(${target})
endfunction()

# Makes a target part of what other projects get from find_package(lifecycle); see cmake/Package.cmake.
function(lifecycle_export_library target)
  install(TARGETS ${target} EXPORT lifecycle ARCHIVE DESTINATION "${CMAKE_INSTALL_LIBDIR}/lifecycle" COMPONENT sdk EXCLUDE_FROM_ALL)
endfunction()
