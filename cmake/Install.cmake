# What `cmake --install` installs: the program, the library (shared, and static with all of the floors in one archive), the public headers,
# and what find_package(vitrine) and pkg-config read. tests/install builds a program against it in each of these ways.
include(GNUInstallDirs)
include(CMakePackageConfigHelpers)
find_package(OpenSSL REQUIRED COMPONENTS Crypto)  # what src/api found

get_property(objects GLOBAL PROPERTY VITRINE_FLOORS)
list(TRANSFORM objects REPLACE "(.+)" "$<TARGET_OBJECTS:\\1>")
add_library(vitrine_static STATIC ${CMAKE_CURRENT_BINARY_DIR}/src/empty.cpp ${objects})
set_target_properties(vitrine_static PROPERTIES OUTPUT_NAME vitrine EXPORT_NAME static LINKER_LANGUAGE CXX)
target_link_libraries(vitrine_static PUBLIC vitrine_public PRIVATE OpenSSL::Crypto Threads::Threads)
if(fmt_VERSION VERSION_GREATER_EQUAL 10)
  target_link_libraries(vitrine_static PRIVATE fmt::fmt)  # see src/base
  set(fmt_package fmt)
endif()
target_link_libraries(vitrine_static INTERFACE asmjit ${CMAKE_DL_LIBS})

install(TARGETS vitrine_cli RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR})
install(TARGETS vitrine vitrine_static vitrine_public EXPORT vitrine
  LIBRARY DESTINATION ${CMAKE_INSTALL_LIBDIR} ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR}
  INCLUDES DESTINATION ${CMAKE_INSTALL_INCLUDEDIR})
install(DIRECTORY ${CMAKE_SOURCE_DIR}/include/vitrine DESTINATION ${CMAKE_INSTALL_INCLUDEDIR})
install(FILES ${CMAKE_SOURCE_DIR}/LICENSE DESTINATION ${CMAKE_INSTALL_DOCDIR})

set(package ${CMAKE_INSTALL_LIBDIR}/cmake/vitrine)
install(EXPORT vitrine NAMESPACE vitrine:: FILE vitrineTargets.cmake DESTINATION ${package})
configure_package_config_file(${CMAKE_CURRENT_LIST_DIR}/vitrineConfig.cmake.in ${CMAKE_BINARY_DIR}/vitrineConfig.cmake
  INSTALL_DESTINATION ${package})
write_basic_package_version_file(${CMAKE_BINARY_DIR}/vitrineConfigVersion.cmake COMPATIBILITY SameMinorVersion)
install(FILES ${CMAKE_BINARY_DIR}/vitrineConfig.cmake ${CMAKE_BINARY_DIR}/vitrineConfigVersion.cmake DESTINATION ${package})

file(RELATIVE_PATH up /${CMAKE_INSTALL_LIBDIR}/pkgconfig /)
configure_file(${CMAKE_CURRENT_LIST_DIR}/vitrine.pc.in ${CMAKE_BINARY_DIR}/vitrine.pc @ONLY)
install(FILES ${CMAKE_BINARY_DIR}/vitrine.pc DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig)
