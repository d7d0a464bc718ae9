# Whether the hash of this build (in the file HASH) is another than that of the build that differs in what VITRINE_VERIFY is: the code of
# one may not run in the other. ROOT, LIST, DEFINES and OUT as of SourceHash.cmake.
cmake_minimum_required(VERSION 3.25)
if("VITRINE_VERIFY=1" IN_LIST DEFINES)
  list(REMOVE_ITEM DEFINES "VITRINE_VERIFY=1")
else()
  list(APPEND DEFINES "VITRINE_VERIFY=1")
endif()
include(${CMAKE_CURRENT_LIST_DIR}/SourceHash.cmake)
file(STRINGS ${HASH} this REGEX "return 0x")
file(STRINGS ${OUT} other REGEX "return 0x")
if(NOT this OR this STREQUAL other)
  message(FATAL_ERROR "with and without VITRINE_VERIFY: ${this}")
endif()
