# Writes a C++ source that defines `vitrine::abi::build_hash()`: a hash over the names and contents of FILES (a list, relative to ROOT) and
# over DEFINES, the macros that they are compiled with, so that builds that make equal code have equal hashes and any other have
# different ones.
#   cmake -DROOT=... -DLIST=<file with a name a line> -DDEFINES=... -DOUT=... -P SourceHash.cmake
file(STRINGS ${LIST} files)
set(all "${DEFINES}\n")
foreach(file ${files})
  file(SHA256 ${ROOT}/${file} hash)
  string(APPEND all "${file} ${hash}\n")
endforeach()
string(SHA256 hash "${all}")
string(SUBSTRING ${hash} 0 16 short)
file(CONFIGURE OUTPUT ${OUT} CONTENT [=[
#include "abi/image.hpp"

namespace vitrine::abi {

uint64_t build_hash() {
  return 0x@short@;
}

}  // namespace vitrine::abi
]=] @ONLY)
