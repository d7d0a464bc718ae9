// Compiles one function after another on one thread: translate, optimise, lower. Keeps the memory of all of them.
//
// A function is compiled in fast mode when the settings say so, and when it is over a bound: its body is very long, or
// the SSA form of its locals would be too large (translate knows).
#pragma once

#include <functional>
#include <memory>

#include "compiler/mach/compiled.hpp"
#include "compiler/opt/optimize.hpp"
#include "compiler/translate/translator.hpp"
#include "compiler/x64/backend.hpp"

namespace vitrine::compiler {

/// Shows what becomes of one function: its IR after translation ("ir"), after each pass (by the pass's name), at the
/// end
/// ("opt"), and the machine code over virtual registers ("vcode").
struct Dump {
  uint32_t function = 0;
  std::function<void(std::string_view stage, std::string_view text)> show;
};

/// The bodies of a module's small functions, optimised and ready to be copied into their callers. Written before the
/// first `compile` that sees it, only read from then on.
struct InlineBodies {
  uint32_t first_function = 0;                    // of the module's own
  std::vector<std::unique_ptr<ir::Func>> bodies;  // none: not small
};

class FunctionCompiler {  // one per thread
 public:
  /// Bodies longer than this, in bytes, are not looked at for inlining. A byte or three are an instruction.
  static constexpr size_t kMaxInlineBody = 96;
  /// And of those, optimised, this many instructions are small.
  static constexpr uint32_t kMaxInlineInsts = 30;
  /// Bodies longer than this, in bytes, are not optimised.
  static constexpr size_t kMaxOptimizedBody = 1 << 20;

  FunctionCompiler(const translate::ModuleEnv& env, const wasm::Features& features, const Dump* dump);

  /// The answer lives until the next call. Calls of `inlinable` functions are inlined.
  Result<const mach::CompiledFunction*> compile(uint32_t function, const InlineBodies* inlinable = nullptr);
  /// The body for `InlineBodies`, or none: it is not small, or it is not valid (which `compile` will say).
  std::unique_ptr<ir::Func> inline_body(uint32_t function);
  x64::Backend& backend() { return backend_; }

 private:
  void resolve_addresses();

  const translate::ModuleEnv& env_;
  const Dump* dump_;
  translate::Translator translator_;
  x64::Backend backend_;
  ir::Func func_;
  opt::PassCtx passes_;
  mach::CompiledFunction compiled_;
};

}  // namespace vitrine::compiler
