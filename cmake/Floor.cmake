# A floor is one folder of src/ built as one static library `vitrine_<name>`; every `*_test.cpp` in it goes into one test
# program `<name>_test`. Dependencies name the floors below (without the prefix) or imported targets.

add_library(vitrine_options INTERFACE)
target_include_directories(vitrine_options INTERFACE ${CMAKE_SOURCE_DIR}/src ${CMAKE_SOURCE_DIR}/include)
target_compile_options(vitrine_options INTERFACE -Wall -Wextra -Wpedantic -Werror
  -Wno-gnu-statement-expression $<$<CXX_COMPILER_ID:GNU>:-Wno-pedantic -Wno-missing-field-initializers>
  $<$<CXX_COMPILER_ID:Clang>:-Wno-gnu-statement-expression-from-macro-expansion -Wno-missing-field-initializers
    -Wno-deprecated-declarations -Wno-gnu-zero-variadic-macro-arguments -Wno-missing-designated-field-initializers -Wno-c99-extensions>
  -fno-omit-frame-pointer -fno-strict-aliasing)
if(VITRINE_SANITIZE)
  # GCC tells the code; of clang one would have to ask.
  if(VITRINE_SANITIZE MATCHES address AND CMAKE_CXX_COMPILER_ID STREQUAL Clang)
    add_compile_definitions(__SANITIZE_ADDRESS__=1)
  endif()
  # GCC's flow analysis loses track in instrumented code and warns of what is not there.
  target_compile_options(vitrine_options INTERFACE -fsanitize=${VITRINE_SANITIZE} -fno-sanitize-recover=all
    $<$<CXX_COMPILER_ID:GNU>:-Wno-maybe-uninitialized>
    # The runtime calls a host function by its own names of the parameters' types; api/convert.hpp asserts their layout.
    $<$<CXX_COMPILER_ID:Clang>:-fno-sanitize=function>)
  target_link_options(vitrine_options INTERFACE -fsanitize=${VITRINE_SANITIZE})
endif()
# Debug builds verify the IR after every pass and every register allocation.
target_compile_definitions(vitrine_options INTERFACE $<$<CONFIG:Debug>:VITRINE_VERIFY=1>)

function(vitrine_floor name)
  cmake_parse_arguments(ARG "" "" "DEPS;TEST_DEPS;SOURCES" ${ARGN})
  file(GLOB sources CONFIGURE_DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/*.cpp ${CMAKE_CURRENT_SOURCE_DIR}/*.S ${ARG_SOURCES})
  file(GLOB tests CONFIGURE_DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/*_test.cpp)
  foreach(pattern ${ARG_SOURCES})
    string(REPLACE "*.cpp" "*_test.cpp" test_pattern ${pattern})
    file(GLOB more CONFIGURE_DEPENDS ${test_pattern})
    list(APPEND tests ${more})
  endforeach()
  list(REMOVE_DUPLICATES sources)
  list(FILTER sources EXCLUDE REGEX "_test\\.cpp$")
  list(FILTER tests INCLUDE REGEX "_test\\.cpp$")
  set(deps)
  foreach(dep ${ARG_DEPS})
    if(dep MATCHES "::" OR NOT dep MATCHES "^[a-z0-9]+$")
      list(APPEND deps ${dep})
    else()
      list(APPEND deps vitrine_${dep})
    endif()
  endforeach()
  if(sources)
    add_library(vitrine_${name} STATIC ${sources})
    target_link_libraries(vitrine_${name} PUBLIC vitrine_options ${deps})
    set_property(GLOBAL APPEND PROPERTY VITRINE_FLOORS vitrine_${name})
  else()
    add_library(vitrine_${name} INTERFACE)
    target_link_libraries(vitrine_${name} INTERFACE vitrine_options ${deps})
  endif()
  if(VITRINE_TESTS AND tests)
    find_package(GTest REQUIRED)
    set(test_deps)
    foreach(dep ${ARG_TEST_DEPS})
      if(dep MATCHES "::")
        list(APPEND test_deps ${dep})
      else()
        list(APPEND test_deps vitrine_${dep})
      endif()
    endforeach()
    add_executable(${name}_test ${tests})
    target_link_libraries(${name}_test PRIVATE vitrine_${name} ${test_deps} GTest::gtest GTest::gtest_main)
    add_test(NAME ${name} COMMAND ${name}_test)
    set_tests_properties(${name} PROPERTIES LABELS unit)
  endif()
endfunction()

# What a client compiles with: the public headers alone.
add_library(vitrine_public INTERFACE)
target_include_directories(vitrine_public INTERFACE $<BUILD_INTERFACE:${CMAKE_SOURCE_DIR}/include>)
target_compile_features(vitrine_public INTERFACE cxx_std_23)
set_target_properties(vitrine_public PROPERTIES EXPORT_NAME headers)
