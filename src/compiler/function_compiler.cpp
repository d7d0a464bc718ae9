#include "compiler/function_compiler.hpp"

#include <fmt/format.h>

#include "compiler/ir/print.hpp"
#include "compiler/ir/verify.hpp"

namespace vitrine::compiler {

using translate::Mode;

FunctionCompiler::FunctionCompiler(const translate::ModuleEnv& env, const wasm::Features& features, const Dump* dump)
    : env_(env), dump_(dump), translator_(env, features), backend_(env.settings) {}

Result<const mach::CompiledFunction*> FunctionCompiler::compile(uint32_t function) {
  const Dump* dump = dump_ && dump_->function == function ? dump_ : nullptr;
  Mode mode = translate::mode_of(env_.settings);
  if (env_.module.body_of_function(function).bytes.size() > kMaxOptimizedBody) mode = Mode::Fast;
  mode = TRY(translator_.translate(function, mode, func_));
  func_.name = fmt::format("function[{}]", function);
#ifdef VITRINE_VERIFY
  if (auto problem = ir::verify(func_)) {
    fmt::print(stderr, "translate: {}\n{}", *problem, ir::print(func_));
    VITRINE_ASSERT(!"the IR is valid after translation");
  }
#endif
  if (dump) dump->show("ir", ir::print(func_));

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

  x64::Options options;
  options.restore_context_after_calls = env_.has_tail_calls;
  options.want_vcode = dump != nullptr;
  options.fast = mode == Mode::Fast;
  TRY_IN(backend_.compile(func_, compiled_, options), fmt::format("in function {}", function));
  if (dump) dump->show("vcode", compiled_.vcode);
  return &compiled_;
}

}  // namespace vitrine::compiler
