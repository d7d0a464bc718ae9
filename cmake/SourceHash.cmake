# Writes a C++ source that defines `vitrine::abi::build_hash()`: a hash over the names and contents of FILES (a list, relative to ROOT),
# so that builds from equal sources have equal hashes and any other have different ones.
#   cmake -DROOT=... -DLIST=<file with a name a line> -DOUT=... -P SourceHash.cmake
file(STRINGS ${LIST} files)
set(all "")
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
