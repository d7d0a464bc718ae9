// Validated operators to IR: reads, validates and translates one function at a time.
//
// ALL of WebAssembly's semantics live in this folder: the IR that comes out knows loads, stores, compares, traps,
// calls.
//
// Cost: linear in the body; memory is kept from function to function. A function whose control flow would make the SSA
// form of its locals too large, or that would need too much memory further down, is translated in fast mode; one that
// is too large for that as well is refused (ErrorKind::Limit).
#pragma once

#include "compiler/translate/function_translator.hpp"

namespace vitrine::translate {

class Translator {  // one per thread; `env` outlives it
 public:
  Translator(const ModuleEnv& env, const wasm::Features& features);

  /// Builds the defined function `index` (of the function index space) into `out`. Answers the mode that was used,
  /// which is `mode` unless the function is too large for it. Errors are those of validation.
  Result<Mode> translate(uint32_t index, Mode mode, ir::Func& out);
  /// Gives back what a very large function left behind.
  void release_memory();

 private:
  const ModuleEnv& env_;
  wasm::Features features_;
  FunctionTranslator translator_;
  std::optional<wasm::FunctionReader<FunctionTranslator>> reader_;  // always there
};

/// What the settings ask for.
constexpr Mode mode_of(const abi::CodegenSettings& settings) {
  return settings.opt_level == 0 ? Mode::Fast : Mode::Ssa;
}

}  // namespace vitrine::translate
