# lifecycle_protobuf and lifecycle_grpc: what Temporal's API and lib/rpc are linked with, as static libraries. Read by our own build and, from
# where it is installed, by lifecycleConfig.cmake: the paths are found on the machine that links, and are not written into the package.
#
# What is not there is named in lifecycle_missing_libraries, for the caller to report in its own way.
set(lifecycle_missing_libraries "")

# Static libraries by name, in link order.
macro(lifecycle_static_libraries out)
  set(${out} "")
  foreach(name ${ARGN})
    find_library(LIFECYCLE_STATIC_${name} NAMES "lib${name}.a")
    if(LIFECYCLE_STATIC_${name})
      list(APPEND ${out} "${LIFECYCLE_STATIC_${name}}")
    else()
      list(APPEND lifecycle_missing_libraries "lib${name}.a")
    endif()
    mark_as_advanced(LIFECYCLE_STATIC_${name})
  endforeach()
endmacro()

lifecycle_static_libraries(protobuf_archives protobuf z)
lifecycle_static_libraries(grpc_archives grpc++ grpc address_sorting re2 upb cares gpr ssl crypto)
lifecycle_static_libraries(absl_base absl_base)
get_filename_component(absl_folder "${absl_base}" DIRECTORY)
file(GLOB absl_archives "${absl_folder}/libabsl_*.a")

add_library(lifecycle_protobuf INTERFACE IMPORTED GLOBAL)
target_link_libraries(lifecycle_protobuf INTERFACE ${protobuf_archives} Threads::Threads)
# absl's archives depend on each other in both directions: a group lets the linker settle that.
add_library(lifecycle_grpc INTERFACE IMPORTED GLOBAL)
target_link_libraries(lifecycle_grpc INTERFACE
  -Wl,--start-group ${grpc_archives} ${absl_archives} -Wl,--end-group lifecycle_protobuf ${CMAKE_DL_LIBS} rt)
