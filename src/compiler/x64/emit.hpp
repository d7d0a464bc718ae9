// From allocated machine code to bytes: prologue and epilogue, the allocator's edits, every instruction, traps and slow
// paths out of line, constants and jump tables at the end.
#pragma once

#include <memory>

#include "abi/settings.hpp"
#include "base/result.hpp"
#include "compiler/ir/func.hpp"
#include "compiler/mach/compiled.hpp"
#include "compiler/mach/vcode.hpp"

namespace vitrine::x64 {

class Emitter {
 public:
  explicit Emitter(const abi::CodegenSettings& settings);
  ~Emitter();

  /// `code` gets the constants that expansions need added. Errors: Limit, for a frame larger than any stack.
  Result<void> run(mach::VCode& code, const regalloc::Output& allocation, bool optimised, mach::CompiledFunction& out);
  // emit_trampolines.cpp
  void array_call_trampoline(const ir::Signature& signature, mach::CompiledFunction& out);
  void host_call_trampoline(const ir::Signature& signature, mach::CompiledFunction& out);

 private:
  std::unique_ptr<class EmitterImpl> impl_;
};

}  // namespace vitrine::x64
