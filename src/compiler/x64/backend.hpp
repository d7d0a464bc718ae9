// The back end for x86-64: from IR to the bytes of a function, and the trampolines between compiled code and the host.
//
//   Func -> lower (machine code over virtual registers) -> regalloc -> emit -> CompiledFunction
//
// One Backend per thread; it keeps its scratch memory from function to function.
#pragma once

#include <cstdint>
#include <memory>

#include "abi/settings.hpp"
#include "base/result.hpp"
#include "compiler/ir/func.hpp"
#include "compiler/mach/compiled.hpp"

namespace vitrine::x64 {

struct Options {
  /// Some function of the module may leave by a tail call to a function with another context: every call restores the
  /// context register afterwards, not only those that change it.
  bool restore_context_after_calls = false;
  /// Fill `CompiledFunction::vcode` with the machine code over virtual registers.
  bool want_vcode = false;
  /// Compile this function in the fast mode, whatever the settings say.
  bool fast = false;
};

class Backend {
 public:
  explicit Backend(const abi::CodegenSettings& settings);
  ~Backend();
  Backend(Backend&&) noexcept;
  Backend& operator=(Backend&&) noexcept;

  /// Compiles `func` into `out`, whose memory is reused. `func` need not have its critical edges split and is changed
  /// only in that aliases are shortened. Errors: Unsupported when the CPU features of the settings are below
  /// x86-64-v2; Limit when the frame would be larger than the stack could ever be.
  Result<void> compile(ir::Func& func, mach::CompiledFunction& out, const Options& options = {});

  /// Code of type abi::ArrayCall for functions of `signature` (Wasm convention, parameter 0 the context).
  mach::CompiledFunction array_call_trampoline(const ir::Signature& signature);
  /// Code of `signature` (Wasm convention) that calls the VMHostContext in its context parameter.
  mach::CompiledFunction host_call_trampoline(const ir::Signature& signature);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace vitrine::x64
