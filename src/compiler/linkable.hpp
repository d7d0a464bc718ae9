// What the image's linker needs of a compiled function, and where it is kept until the last function is compiled.
#pragma once

#include <span>

#include "base/arena.hpp"
#include "compiler/function_compiler.hpp"

namespace vitrine::compiler {

/// Views of a function's code and side tables; a trampoline has code alone.
struct Linkable {
  std::span<const uint8_t> code;
  std::span<const mach::Reloc> relocs;
  std::span<const mach::TrapSite> traps;
  std::span<const mach::InlineSite> inline_sites;
  std::span<const abi::AddressChunk> address_chunks;
  std::span<const uint8_t> address_bytes;
  uint32_t code_size = 0;  // without the constants behind it
  uint32_t frame_ready = 0;
  uint16_t saved_registers = 0;

  Linkable() = default;
  explicit Linkable(const mach::CompiledFunction& from)
      : code(from.code),
        relocs(from.relocs),
        traps(from.traps),
        inline_sites(from.inline_sites),
        code_size(from.code_size),
        frame_ready(from.frame_ready),
        saved_registers(from.saved_registers) {}
  explicit Linkable(const CompiledBody& from) : Linkable(from.code) {
    address_chunks = from.addresses.chunks;
    address_bytes = from.addresses.bytes;
  }

  /// A copy that lives in `arena`.
  Linkable kept(Arena& arena) const {
    Linkable copy = *this;
    copy.code = arena.copy(code);
    copy.relocs = arena.copy(relocs);
    copy.traps = arena.copy(traps);
    copy.inline_sites = arena.copy(inline_sites);
    copy.address_chunks = arena.copy(address_chunks);
    copy.address_bytes = arena.copy(address_bytes);
    return copy;
  }
};

}  // namespace vitrine::compiler
