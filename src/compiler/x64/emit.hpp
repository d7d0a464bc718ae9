// From allocated machine code to bytes: prologue and epilogue, the allocator's edits, every instruction, traps and slow
// paths out of line, constants and jump tables at the end.
#pragma once

#include <memory>

#include "abi/code_unit.hpp"
#include "abi/settings.hpp"
#include "base/result.hpp"
#include "compiler/ir/func.hpp"
#include "compiler/mach/vcode.hpp"

namespace vitrine::x64 {

class Emitter {
 public:
  explicit Emitter(const abi::CodegenSettings& settings);
  ~Emitter();

  /// `code` gets the constants that expansions need added; `places` says which srcloc code from an offset on has (all
  /// but what the unit's address map is made of is in `out`). Errors: Limit, for a frame larger than any stack.
  Result<> run(mach::VCode& code, const regalloc::Output& allocation, bool optimised, abi::CodeUnit& out,
               std::vector<abi::AddressEntry>& places);
  /// A function in pieces, of which no call passes and gets back more than `outgoing_bytes` on the stack. They are
  /// added in order, the one with the entry first.
  void begin_pieces(uint32_t outgoing_bytes);
  void add_piece(mach::VCode& code, const regalloc::Output& allocation);
  /// As `run`.
  Result<> finish_pieces(abi::CodeUnit& out, std::vector<abi::AddressEntry>& places);
  /// About how many bytes the pieces so far need until `finish_pieces` has answered, its answer included.
  size_t memory() const;
  // emit_trampolines.cpp
  void array_call_trampoline(const ir::Signature& signature, abi::CodeUnit& out);
  void host_call_trampoline(const ir::Signature& signature, abi::CodeUnit& out);

 private:
  std::unique_ptr<class EmitterImpl> impl_;
};

}  // namespace vitrine::x64
