// What image, runtime and compiler have to agree on about the machine that code is for.
#pragma once

#include <elf.h>

#include <cstdint>

namespace vitrine::abi {

struct Machine {
  const char* name;
  uint16_t elf;        // its number in an ELF header
  uint32_t page_size;  // what is mapped apart begins at multiples of it: text, and the initial pages of memories
};

inline constexpr Machine kX64{"x86_64", EM_X86_64, 4096};

/// The one that this program runs on.
inline constexpr const Machine& host_machine() {
  return kX64;
}

}  // namespace vitrine::abi
