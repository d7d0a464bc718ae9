// Compiles one function after another on one thread: translate, optimise, lower. Keeps the memory of all of them.
//
// A function is compiled in fast mode when the settings say so, and when it is over a bound: its body is very long, or
// the SSA form of its locals would be too large (translate knows).
#pragma once

#include <functional>

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

class FunctionCompiler {  // one per thread
 public:
  /// Bodies longer than this, in bytes, are not optimised.
  static constexpr size_t kMaxOptimizedBody = 1 << 20;

  FunctionCompiler(const translate::ModuleEnv& env, const wasm::Features& features, const Dump* dump);

  /// The answer lives until the next call.
  Result<const mach::CompiledFunction*> compile(uint32_t function);
  x64::Backend& backend() { return backend_; }

 private:
  const translate::ModuleEnv& env_;
  const Dump* dump_;
  translate::Translator translator_;
  x64::Backend backend_;
  ir::Func func_;
  opt::PassCtx passes_;
  mach::CompiledFunction compiled_;
};

}  // namespace vitrine::compiler
