# One virtual environment in the build tree, shared by all presets, with exactly the packages of ci/requirements.txt.
# It serves three things: the API definitions, the embedded Temporal server and the tests' official SDK.
function(lifecycle_python_environment out_python)
  set(venv "${CMAKE_SOURCE_DIR}/build/venv")
  set(requirements "${CMAKE_SOURCE_DIR}/ci/requirements.txt")
  file(SHA256 "${requirements}" wanted)
  set(stamp "${venv}/requirements.sha256")
  set(installed "")
  if(EXISTS "${stamp}")
    file(READ "${stamp}" installed)
  endif()
  if(NOT installed STREQUAL wanted)
    find_program(LIFECYCLE_PYTHON3 NAMES python3 REQUIRED)
    message(STATUS "Installing the Python packages of ci/requirements.txt into build/venv")
    execute_process(COMMAND "${LIFECYCLE_PYTHON3}" -m venv --clear "${venv}" COMMAND_ERROR_IS_FATAL ANY)
    execute_process(
      COMMAND "${venv}/bin/pip" install --quiet --disable-pip-version-check --require-hashes -r "${requirements}"
      COMMAND_ERROR_IS_FATAL ANY)
    file(WRITE "${stamp}" "${wanted}")
  endif()
  set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS "${requirements}")
  set(${out_python} "${venv}/bin/python" PARENT_SCOPE)
endfunction()
