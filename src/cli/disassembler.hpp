// Machine code as text.
#pragma once

#include <vitrine/result.hpp>

#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace vitrine::cli {

struct DisassembledInst {
  uint64_t address;
  std::span<const uint8_t> bytes;
  std::string text;  // "mov eax, 1"
};

/// Disassembles x86-64 code that begins at `address`. Bytes that are no instruction, or one that the library that does it
/// does not know, come out as ".byte 0x..". Fails if that is not installed.
Result<std::vector<DisassembledInst>> disassemble(std::span<const uint8_t> code, uint64_t address);

}  // namespace vitrine::cli
