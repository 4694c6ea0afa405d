# Compiler choice, warnings and sanitizers. See docs/adr/2026-11-25-clang-19-and-cpp23.md for why only clang 19 and newer is accepted.
if(NOT CMAKE_CXX_COMPILER_ID STREQUAL "Clang" OR CMAKE_CXX_COMPILER_VERSION VERSION_LESS 19)
  message(FATAL_ERROR
    "lifecycle needs clang 19 or newer, and found ${CMAKE_CXX_COMPILER_ID} ${CMAKE_CXX_COMPILER_VERSION}. GCC before 15 and clang before 19 "
    "miscompile the coroutines that workflows are made of (heap corruption). On Debian 12: apt-get install clang-19, then use a preset "
    "(cmake --preset release), which picks it.")
endif()

set(CMAKE_CXX_STANDARD 23)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)
set(CMAKE_POSITION_INDEPENDENT_CODE OFF)

find_program(LIFECYCLE_CCACHE ccache)
if(LIFECYCLE_CCACHE)
  # What ccache must overlook to keep objects that were compiled with a precompiled header.
  set(CMAKE_CXX_COMPILER_LAUNCHER "${CMAKE_COMMAND};-E;env;CCACHE_SLOPPINESS=pch_defines,time_macros,include_file_mtime,include_file_ctime;${LIFECYCLE_CCACHE}")
endif()

option(LIFECYCLE_WERROR "Treat warnings as errors" OFF)
option(LIFECYCLE_FUZZ "Build tests/fuzz, and everything for them: with libFuzzer, AddressSanitizer and UndefinedBehaviorSanitizer" OFF)
set(LIFECYCLE_SANITIZE "" CACHE STRING "Sanitizers to build with: address,undefined or thread")

add_library(lifecycle_warnings INTERFACE)
target_compile_options(lifecycle_warnings INTERFACE -Wall -Wextra -Wpedantic -Wconversion -Wshadow -Wno-missing-field-initializers
  $<$<BOOL:${LIFECYCLE_WERROR}>:-Werror>)

add_compile_options(-ffunction-sections -fdata-sections -fno-omit-frame-pointer)
add_link_options(-fuse-ld=lld -Wl,--gc-sections)
if(LIFECYCLE_FUZZ)
  set(LIFECYCLE_SANITIZE "address,undefined")
  add_compile_options(-fsanitize=fuzzer-no-link)
endif()
if(LIFECYCLE_SANITIZE)
  add_compile_options(-fsanitize=${LIFECYCLE_SANITIZE} -fno-sanitize-recover=all)
  add_link_options(-fsanitize=${LIFECYCLE_SANITIZE})
  # Suppressions name functions: without a symbolizer that reads this compiler's debug information they match nothing. Debian's default one
  # (LLVM 14) does not read it, so the tests must not pick whichever is first in PATH.
  find_program(LIFECYCLE_SYMBOLIZER llvm-symbolizer-19 REQUIRED)
  # What was suppressed is not told: it would follow a program's last line on standard error, which tests read.
  set(LIFECYCLE_SANITIZER_ENVIRONMENT "LIFECYCLE_SANITIZE=${LIFECYCLE_SANITIZE};LSAN_OPTIONS=print_suppressions=0"
    "ASAN_SYMBOLIZER_PATH=${LIFECYCLE_SYMBOLIZER};TSAN_SYMBOLIZER_PATH=${LIFECYCLE_SYMBOLIZER}")
else()
  add_link_options(-static-libstdc++ -static-libgcc)
endif()
