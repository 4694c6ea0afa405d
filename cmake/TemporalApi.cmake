# Provides the imported target temporal_api: the messages of Temporal's API, built once in build/api and shared by all presets.
#
# Where the definitions come from, in this order:
#   -DTEMPORAL_API_DESCRIPTORS=FILE   a descriptor set, made by protoc --include_imports --descriptor_set_out
#   -DTEMPORAL_API_DIR=DIR            a checkout of the .proto files
#   otherwise                         the official `temporalio` wheel, which carries them (see lib/api/descriptors.py)
set(TEMPORAL_API_DESCRIPTORS "" CACHE FILEPATH "Descriptor set with Temporal's API")
set(TEMPORAL_API_DIR "" CACHE PATH "Folder with Temporal's .proto files")

set(api_source "${CMAKE_SOURCE_DIR}/lib/api")
set(api_build "${CMAKE_SOURCE_DIR}/build/api")
set(LIFECYCLE_API_BUILD_DIR "${api_build}")
file(MAKE_DIRECTORY "${api_build}")
find_package(Protobuf REQUIRED)

set(api_input "")
if(TEMPORAL_API_DESCRIPTORS)
  set(api_input "${TEMPORAL_API_DESCRIPTORS}")
elseif(TEMPORAL_API_DIR)
  set(api_input "${api_build}/checkout.binpb")
  execute_process(
    COMMAND "${Protobuf_PROTOC_EXECUTABLE}" "-I${TEMPORAL_API_DIR}" --include_imports "--descriptor_set_out=${api_input}"
            temporal/api/workflowservice/v1/service.proto temporal/api/operatorservice/v1/service.proto
            temporal/api/errordetails/v1/message.proto temporal/api/update/v1/message.proto
            temporal/api/protocol/v1/message.proto temporal/api/sdk/v1/workflow_metadata.proto
    COMMAND_ERROR_IS_FATAL ANY)
endif()

# Rebuilt only when something that decides its content has changed: minutes of compiling hang on it.
file(SHA256 "${api_source}/descriptors.py" api_hash_script)
file(SHA256 "${api_source}/CMakeLists.txt" api_hash_build)
file(STRINGS "${CMAKE_SOURCE_DIR}/ci/requirements.txt" api_packages REGEX "^(temporalio|googleapis-common-protos)==")
string(REGEX REPLACE "[^a-z0-9=.]+" " " api_packages "${api_packages}")
set(api_hash_input "wheel")
if(api_input)
  file(SHA256 "${api_input}" api_hash_input)
endif()
set(api_key "${api_hash_script} ${api_hash_build} ${api_packages} ${api_hash_input} ${CMAKE_CXX_COMPILER} ${CMAKE_CXX_COMPILER_VERSION}")
set(api_stamp "${api_build}/key.txt")
set(api_built "")
if(EXISTS "${api_stamp}")
  file(READ "${api_stamp}" api_built)
endif()
if(NOT api_built STREQUAL api_key)
  message(STATUS "Building Temporal's API in build/api (once for all presets; about two minutes on two cores)")
  execute_process(
    COMMAND "${LIFECYCLE_VENV_PYTHON}" "${api_source}/descriptors.py" "${api_build}/temporal_api.binpb" ${api_input}
    OUTPUT_FILE "${api_build}/files.txt" COMMAND_ERROR_IS_FATAL ANY)
  execute_process(
    COMMAND "${CMAKE_COMMAND}" -S "${api_source}" -B "${api_build}" -G Ninja -DCMAKE_BUILD_TYPE=
            "-DCMAKE_CXX_COMPILER=${CMAKE_CXX_COMPILER}" "-DCMAKE_CXX_FLAGS=-O2"
    OUTPUT_QUIET COMMAND_ERROR_IS_FATAL ANY)
  execute_process(COMMAND "${CMAKE_COMMAND}" --build "${api_build}" OUTPUT_QUIET COMMAND_ERROR_IS_FATAL ANY)
  file(WRITE "${api_stamp}" "${api_key}")
endif()
set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS "${api_source}/descriptors.py" "${api_source}/CMakeLists.txt")

add_library(temporal_api STATIC IMPORTED GLOBAL)
set_target_properties(temporal_api PROPERTIES
  IMPORTED_LOCATION "${api_build}/libtemporal_api.a"
  INTERFACE_INCLUDE_DIRECTORIES "${api_build}/include"
  INTERFACE_SYSTEM_INCLUDE_DIRECTORIES "${api_build}/include")
target_link_libraries(temporal_api INTERFACE lifecycle_protobuf)
