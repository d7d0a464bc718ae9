#include "compiler/function_compiler.hpp"

#include <fmt/format.h>

#include <iterator>

#include "base/large_buffer.hpp"
#include "compiler/ir/print.hpp"
#include "compiler/ir/verify.hpp"
#include "compiler/targets/targets.hpp"

namespace vitrine::compiler {

using translate::Mode;

namespace {

void verify([[maybe_unused]] const ir::Func& func, [[maybe_unused]] const char* after) {
#if VITRINE_VERIFY
  if (auto problem = ir::verify(func)) {
    fmt::print(stderr, "after {}: {}\n{}", after, *problem, ir::print(func));
    VITRINE_ASSERT(!"the IR is valid");
  }
#endif
}

}  // namespace

FunctionCompiler::FunctionCompiler(const translate::ModuleEnv& env, const wasm::Features& features, const Dump* dump,
                                   opt::CalleeProvider callees, uint32_t piece_insts, MemoryBudget& memory)
    : env_(env),
      dump_(dump),
      callees_(callees),
      piece_insts_(piece_insts),
      memory_(memory),
      grant_(memory),
      translator_(env, features),
      backend_(host_target().make_backend(env.settings)) {}

/// Takes as much memory as it needs.
Result<Mode> FunctionCompiler::translate(uint32_t function) {
  const wasm::CodeBody& body = env_.module.body_of_function(function);
  std::optional<Mode> mode = Mode::Pieces;
  if (!needs_pieces(body)) {
    for (uint64_t memory = std::max(memory_.share(), likely_memory(body));; memory *= 4) {
      grant_.change(memory);
      mode = TRY(translate_with(memory, function));
      if (mode) break;
      release_memory();
    }
  }
  if (mode == Mode::Pieces) {
    release_memory();
    grant_.change(kMemory);
  } else {
    grant_.keep(translator_.working_memory());
  }
  return *mode;
}

Result<std::optional<Mode>> FunctionCompiler::translate_with(uint64_t memory, uint32_t function) {
  const auto mode = TRY(translator_.translate(function, translate::mode_of(env_.settings), memory, func_));
  if (!mode || mode == Mode::Pieces) return mode;
  fmt::format_to(std::back_inserter(func_.name), "function[{}]", function);
  verify(func_, "translate");
  return mode;
}

void FunctionCompiler::release() {
  if (grant_.bytes() == 0) return;
  release_memory();
  grant_.change(0);
}

void FunctionCompiler::release_memory() {
  translator_.release_memory();
  backend_->release_memory();
  func_ = {};
  passes_ = {};
  unit_ = {};
  vcode_ = {};
  trim_heap();
}

const ir::Func* FunctionCompiler::optimize(uint32_t function) {
  // Which ones these are must not depend on the number of threads, and so on their share.
  constexpr uint64_t kMaxMemory = 4ull << 20;
  if (needs_pieces(env_.module.body_of_function(function))) return nullptr;
  auto mode = translate_with(kMaxMemory, function);
  // An error is found again, and reported, when the function is compiled.
  if (!mode || *mode != Mode::Ssa) return nullptr;
  opt::optimize(func_, {.level = env_.settings.opt_level, .trace = {}}, passes_);
  return &func_;
}

Result<const abi::CodeUnit*> FunctionCompiler::compile(uint32_t function) {
  const Dump* dump = dump_ && dump_->function == function ? dump_ : nullptr;
  const Mode mode = TRY(translate(function));
  if (mode == Mode::Pieces) {
    TRY(compile_in_pieces(function, dump));
  } else {
    if (dump) dump->show("ir", ir::print(func_));
    if (mode == Mode::Ssa) inline_calls(dump);
    optimize_shown(mode == Mode::Fast ? uint8_t{0} : env_.settings.opt_level, dump);
    mach::Options options = backend_options(dump);
    options.fast = mode == Mode::Fast;
    TRY_IN(backend_->compile(func_, unit_, options), fmt::format("in function {}", function));
    if (dump) dump->show("vcode", vcode_);
  }
  if (dump && dump->code) dump->code(unit_);
  return &unit_;
}

void FunctionCompiler::optimize_shown(uint8_t level, const Dump* dump) {
  opt::OptSettings passes;
  passes.level = level;
  if (dump) {
    passes.trace.user = const_cast<Dump*>(dump);
    passes.trace.after_pass = [](void* user, std::string_view pass, const ir::Func& func, uint64_t) {
      static_cast<const Dump*>(user)->show(pass, ir::print(func));
    };
  }
  opt::optimize(func_, passes, passes_);
  if (dump) dump->show("opt", ir::print(func_));
}

mach::Options FunctionCompiler::backend_options(const Dump* dump) {
  mach::Options options;
  options.restore_context_after_calls = env_.has_tail_calls;
  if (dump) options.vcode = &vcode_;
  return options;
}

// -- pieces

/// Takes the pieces of one function to the back end.
class FunctionCompiler::Pieces final : public translate::PieceSink {
 public:
  Pieces(FunctionCompiler& compiler, uint32_t function, const Dump* dump)
      : c_(compiler), name_(fmt::format("function[{}]", function)), dump_(dump) {}

  bool piece(ir::Func& piece) override {
    piece.name = name_;
    verify(piece, "translate");
    if (dump_) dump_->show("ir", ir::print(piece));
    c_.optimize_shown(0, dump_);
    error_ = c_.backend_->add_piece(piece, c_.backend_options(dump_));
    if (dump_) dump_->show("vcode", c_.vcode_);
    return error_ && c_.translator_.memory() + c_.backend_->memory_of_pieces() <= kMaxMemoryOfPieces;
  }
  /// What the back end said.
  Result<>& result() { return error_; }

 private:
  FunctionCompiler& c_;
  const std::string name_;
  const Dump* dump_;
  Result<> error_;
};

Result<> FunctionCompiler::compile_in_pieces(uint32_t function, const Dump* dump) {
  backend_->begin_pieces();
  for (uint32_t type = 0; type < env_.module.types.size(); ++type) {
    const wasm::TypeDef& def = env_.module.types[type];
    if (def.kind == wasm::CompositeKind::Func) backend_->may_call(translate::signature_of(def.func));
  }
  Pieces pieces(*this, function, dump);
  auto translated = translator_.translate_in_pieces(function, func_, pieces, piece_insts_ ? piece_insts_ : kPieceInsts);
  translator_.release_memory();
  TRY_IN(std::move(pieces.result()), fmt::format("in function {}", function));
  TRY(std::move(translated));
  return backend_->finish_pieces(unit_);
}

void FunctionCompiler::inline_calls(const Dump* dump) {
  if (opt::inline_calls(func_, callees_) == 0) return;
  verify(func_, "inlining");
  if (dump) dump->show("inline", ir::print(func_));
}

}  // namespace vitrine::compiler
