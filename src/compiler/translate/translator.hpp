// Validated operators to IR: reads, validates and translates one function at a time.
//
// ALL of WebAssembly's semantics live in this folder: the IR that comes out knows loads, stores, compares, traps,
// calls.
//
// Cost: linear in the body; memory is kept from function to function. A function whose control flow would make the SSA
// form of its locals too large is translated in fast mode; one that carries more than a few million values along its
// branches and calls is refused (ErrorKind::Limit).
#pragma once

#include "compiler/translate/function_translator.hpp"

namespace vitrine::translate {

class Translator {  // one per thread; `env` outlives it
 public:
  Translator(const ModuleEnv& env, const wasm::Features& features);

  /// Builds the defined function `index` (of the function index space) into `out`. Answers the mode that was used,
  /// which is `mode` unless the function is too large for it. Errors are those of validation.
  Result<Mode> translate(uint32_t index, Mode mode, ir::Func& out);

 private:
  FunctionTranslator translator_;
  wasm::FunctionReader<FunctionTranslator> reader_;
};

/// What the settings ask for.
constexpr Mode mode_of(const abi::CodegenSettings& settings) {
  return settings.opt_level == 0 ? Mode::Fast : Mode::Ssa;
}

}  // namespace vitrine::translate
