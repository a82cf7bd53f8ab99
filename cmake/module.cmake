# rollcall_module(NAME NEEDS A B ...): the static library rollcall_NAME from src/NAME.
# rollcall_flags(TARGET): the warnings and sanitizers of our own code.

function(rollcall_flags target)
  target_compile_options(${target} PRIVATE -Wall -Wextra -Wpedantic -Wconversion -Wsign-conversion
                                           -Werror)
  if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
    # g++ 12 reports these inside its own std::expected, std::variant and std::string when it optimises.
    target_compile_options(${target} PRIVATE -Wno-maybe-uninitialized -Wno-restrict -Wno-stringop-overflow
                           $<$<NOT:$<CONFIG:Debug>>:-Wno-array-bounds>)
  endif()
  if(CMAKE_CXX_COMPILER_ID STREQUAL "Clang")
    # g++ takes a TRY_DO inside of a lambda inside of a TRY_DO for shadowing.
    target_compile_options(${target} PRIVATE -Wshadow)
    target_compile_options(${target} PRIVATE -Wno-deprecated-declarations)  # libstdc++ 12's own stable_sort
  endif()
  # Lets a compiler cache see through the precompiled header.
  target_compile_options(${target} PRIVATE
    $<$<CXX_COMPILER_ID:GNU>:-fpch-preprocess>
    $<$<CXX_COMPILER_ID:Clang>:SHELL:-Xclang -fno-pch-timestamp>)
  if(ROLLCALL_SANITIZE)
    target_compile_options(${target} PRIVATE -fsanitize=${ROLLCALL_SANITIZE}
                                             -fno-sanitize-recover=all -fno-omit-frame-pointer -O1
                           $<$<CXX_COMPILER_ID:GNU>:-Wno-array-bounds -Wno-stringop-overread>)
    target_link_options(${target} PRIVATE -fsanitize=${ROLLCALL_SANITIZE})
  endif()
endfunction()

# One precompiled header serves all our targets: they are compiled with the same flags.
function(rollcall_precompile target)
  if(target STREQUAL "rollcall_base")
    target_precompile_headers(${target} PRIVATE ${PROJECT_SOURCE_DIR}/cmake/precompiled.hpp)
  elseif(NOT target STREQUAL "rollcall_http")  # its definitions differ
    target_precompile_headers(${target} REUSE_FROM rollcall_base)
  endif()
endfunction()

function(rollcall_module name)
  cmake_parse_arguments(MODULE "" "" "NEEDS" ${ARGN})
  file(GLOB_RECURSE sources CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/src/${name}/*.cpp)
  list(FILTER sources EXCLUDE REGEX "/app/main\\.cpp$")
  add_library(rollcall_${name} STATIC ${sources} ${PROJECT_SOURCE_DIR}/cmake/module.cpp)
  target_include_directories(rollcall_${name} PUBLIC ${PROJECT_SOURCE_DIR}/src)
  foreach(need ${MODULE_NEEDS})
    target_link_libraries(rollcall_${name} PUBLIC rollcall_${need})
  endforeach()
  rollcall_flags(rollcall_${name})
  rollcall_precompile(rollcall_${name})
endfunction()
