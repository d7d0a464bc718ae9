// Validated operators to IR: reads, validates and translates one function at a time.
//
// ALL of WebAssembly's semantics live in this folder: the IR that comes out knows loads, stores, compares, traps,
// calls.
//
// Cost: linear in the body; memory is kept from function to function. A function whose control flow would make the SSA
// form of its locals too large, or that would need too much memory further down, is translated in fast mode; one that
// is too large for that as well has to be translated in pieces.
#pragma once

#include "compiler/translate/function_translator.hpp"

namespace vitrine::translate {

class Translator {  // one per thread; `env` outlives it
 public:
  Translator(const ModuleEnv& env, const wasm::Features& features);

  /// Builds the defined function `index` (of the function index space) into `out`. Answers the mode that was used,
  /// which is `mode` unless the function is too large for it; Pieces if it is too large for any other, and then nothing
  /// was built. None if compiling it needs more than `memory` bytes, which is never so if they are kMaxMemory. Errors are
  /// those of validation.
  Result<std::optional<Mode>> translate(uint32_t index, Mode mode, uint64_t memory, ir::Func& out);
  static constexpr uint64_t kMaxMemory = FunctionTranslator::kMaxWorkingMemory;
  /// The same in pieces of about `piece_insts` instructions, each built into `scratch` and handed to `sink`: a function
  /// may be as large as the language allows. Errors are those of validation, and Limit when the function carries too
  /// many values, or the sink ended it.
  Result<> translate_in_pieces(uint32_t index, ir::Func& scratch, PieceSink& sink, uint32_t piece_insts);
  /// About how many bytes compiling the function that was translated last needs at once.
  uint64_t working_memory() const { return translator_.working_memory(); }
  /// About how many bytes the function being translated in pieces takes here.
  size_t memory() const { return translator_.memory(); }
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
