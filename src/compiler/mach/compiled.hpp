// What the back end makes of one function: bytes with their side tables, ready for the image's linker.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace vitrine::mach {

/// A 32-bit pc-relative reference at `offset` to the start of function `symbol`: value = target + addend - place.
struct Reloc {
  uint32_t offset;
  uint32_t symbol;
  int32_t addend;
};

/// The instruction at `offset` (its first byte) may fault or is an illegal instruction that means `code`.
struct TrapSite {
  uint32_t offset;
  uint8_t code;
};

/// Native code from `offset` on belongs to the operator at `srcloc` in the wasm module (0: none), in a copy of a
/// callee's body as entry `inline_site` of `inline_sites` says, counted from 1 (0: in the function's own body).
struct AddressMapEntry {
  uint32_t offset;
  uint32_t srcloc;
  uint32_t inline_site = 0;
};

/// A copy of the body of `symbol`, called at `call_srcloc` within inline site `parent` (from 1; 0: the function
/// itself).
struct InlineSite {
  uint32_t parent;
  uint32_t symbol;
  uint32_t call_srcloc;
};

struct CompiledFunction {
  std::vector<uint8_t> code;  // 16-byte aligned in the image; read-only constants at its end
  std::vector<Reloc> relocs;
  std::vector<TrapSite> traps;             // by increasing offset
  std::vector<AddressMapEntry> addresses;  // by increasing offset; return addresses belong to the call
  std::vector<InlineSite> inline_sites;
  uint32_t frame_size = 0;       // bytes below the saved frame pointer
  uint16_t saved_registers = 0;  // callee-saved registers pushed after the frame pointer, by hardware number
  uint32_t frame_ready = 0;      // offset at which they are
  uint32_t code_size = 0;        // without the constants
  std::string vcode;             // when asked for: the machine code over virtual registers, as text
};

}  // namespace vitrine::mach
