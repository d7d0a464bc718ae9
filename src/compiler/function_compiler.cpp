#include "compiler/function_compiler.hpp"

#include <fmt/format.h>

#include <iterator>

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
                                   opt::CalleeProvider callees)
    : env_(env),
      dump_(dump),
      callees_(callees),
      translator_(env, features),
      backend_(host_target().make_backend(env.settings)) {}

Result<Mode> FunctionCompiler::translate(uint32_t function) {
  Mode mode = translate::mode_of(env_.settings);
  const bool is_giant = is_giant_body(env_.module.body_of_function(function));
  if (is_giant) mode = Mode::Fast;
  mode = TRY(translator_.translate(function, mode, func_));
  if (is_giant) translator_.release_memory();
  fmt::format_to(std::back_inserter(func_.name), "function[{}]", function);
  verify(func_, "translate");
  return mode;
}

const ir::Func* FunctionCompiler::optimize(uint32_t function) {
  auto mode = translate(function);
  // An error is found again, and reported, when the function is compiled.
  if (!mode || *mode == Mode::Fast) return nullptr;
  opt::optimize(func_, {.level = env_.settings.opt_level, .trace = {}}, passes_);
  return &func_;
}

Result<const abi::CodeUnit*> FunctionCompiler::compile(uint32_t function) {
  const Dump* dump = dump_ && dump_->function == function ? dump_ : nullptr;
  Mode mode = TRY(translate(function));
  if (dump) dump->show("ir", ir::print(func_));
  if (mode == Mode::Ssa) inline_calls(dump);

  opt::OptSettings passes;
  passes.level = mode == Mode::Fast ? uint8_t{0} : env_.settings.opt_level;
  if (dump) {
    passes.trace.user = const_cast<Dump*>(dump);
    passes.trace.after_pass = [](void* user, std::string_view pass, const ir::Func& func, uint64_t) {
      static_cast<const Dump*>(user)->show(pass, ir::print(func));
    };
  }
  opt::optimize(func_, passes, passes_);
  if (dump) dump->show("opt", ir::print(func_));

  mach::Options options;
  options.restore_context_after_calls = env_.has_tail_calls;
  options.fast = mode == Mode::Fast;
  options.release_memory = is_giant_body(env_.module.body_of_function(function));
  if (dump) options.vcode = &vcode_;
  TRY_IN(backend_->compile(func_, unit_, options), fmt::format("in function {}", function));
  if (dump) dump->show("vcode", vcode_);
  if (dump && dump->code) dump->code(unit_);
  return &unit_;
}

void FunctionCompiler::inline_calls(const Dump* dump) {
  if (opt::inline_calls(func_, callees_) == 0) return;
  verify(func_, "inlining");
  if (dump) dump->show("inline", ir::print(func_));
}

}  // namespace vitrine::compiler
