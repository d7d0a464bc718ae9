// Instructions of AVX-512 that Capstone 4 does not know: most of those that AVX has no form of.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>

namespace vitrine::cli {

struct VectorInst {
  size_t length = 0;  // bytes; 0: it has neither a VEX nor an EVEX prefix, or the code ends before it does
  std::string text;   // in the words of Capstone; empty if it is not known here either
};
/// The instruction that `code` begins with. Its length is right whatever it is, so that what follows comes out right.
VectorInst read_vector_inst(std::span<const uint8_t> code);

}  // namespace vitrine::cli
