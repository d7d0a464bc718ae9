// Compiles one function after another on one thread: translate, inline, optimise, lower. Keeps the memory of all of
// them.
//
// A function is compiled in fast mode when the settings say so, and when it is over a bound: the SSA form of its locals
// would be too large (translate knows). One with a very long body is compiled in pieces, in that mode. What a large
// function needs comes from a budget that all threads share.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "compiler/mach/backend.hpp"
#include "compiler/memory_budget.hpp"
#include "compiler/opt/inline.hpp"
#include "compiler/opt/optimize.hpp"
#include "compiler/translate/translator.hpp"

namespace vitrine::compiler {

/// Shows what becomes of one function: its IR after translation ("ir"), after inlining ("inline"), after each pass (by
/// the pass's name), at the end ("opt"), and the machine code over virtual registers ("vcode").
struct Dump {
  uint32_t function = 0;
  std::function<void(std::string_view stage, std::string_view text)> show;
  /// Shows the bytes with their side tables, if there is one.
  std::function<void(const abi::CodeUnit&)> code;
};

class FunctionCompiler {  // one per thread
 public:
  /// What all threads together have for large functions.
  static constexpr uint64_t kMemory = translate::Translator::kMaxMemory;
  /// A body so long that no other large one can be compiled beside it.
  static bool is_giant_body(const wasm::CodeBody& body) { return likely_memory(body) >= kMemory; }
  /// How many bytes a function in pieces may need at once: some 100 for each block that is open, and four times its
  /// code with its side tables. (A body of nothing but conversions that trap can get there.)
  static constexpr size_t kMaxMemoryOfPieces = 400ull << 20;

  /// `callees`: what may be inlined, nothing if it has no `find`. `piece_insts`: see CompileOptions.
  FunctionCompiler(const translate::ModuleEnv& env, const wasm::Features& features, const Dump* dump,
                   opt::CalleeProvider callees, uint32_t piece_insts, MemoryBudget& memory);

  /// The answer lives until `release`, which has to follow. May wait for other threads to release theirs.
  Result<const abi::CodeUnit*> compile(uint32_t function);
  /// Gives back what a large function took.
  void release();
  /// The memory itself stays; others need not wait for it any more.
  void give_back() noexcept { grant_.keep(0); }
  /// The optimised IR of a small function, with nothing inlined; none if it is not to be optimised. Lives until the
  /// next call.
  const ir::Func* optimize(uint32_t function);
  mach::Backend& backend() { return *backend_; }

 private:
  class Pieces;
  /// Instructions of IR in a piece, about.
  static constexpr uint32_t kPieceInsts = 32 * 1024;
  /// A body so long that it is not optimised, and compiled in pieces.
  bool needs_pieces(const wasm::CodeBody& body) const { return piece_insts_ != 0 || body.bytes.size() > 1 << 20; }
  /// What the function needs if it is as most are.
  static uint64_t likely_memory(const wasm::CodeBody& body) { return uint64_t{body.bytes.size()} * 300; }
  Result<translate::Mode> translate(uint32_t function);
  Result<std::optional<translate::Mode>> translate_with(uint64_t memory, uint32_t function);
  void release_memory();
  Result<> compile_in_pieces(uint32_t function, const Dump* dump);
  void inline_calls(const Dump* dump);
  void optimize_shown(uint8_t level, const Dump* dump);
  mach::Options backend_options(const Dump* dump);

  const translate::ModuleEnv& env_;
  const Dump* dump_;
  opt::CalleeProvider callees_;
  const uint32_t piece_insts_;
  MemoryBudget& memory_;
  MemoryBudget::Grant grant_;
  translate::Translator translator_;
  std::unique_ptr<mach::Backend> backend_;
  ir::Func func_;
  opt::PassCtx passes_;
  abi::CodeUnit unit_;
  std::string vcode_;
};

}  // namespace vitrine::compiler
