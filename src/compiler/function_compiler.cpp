#include "compiler/function_compiler.hpp"

#include <fmt/format.h>

#include "compiler/ir/compact.hpp"
#include "compiler/ir/print.hpp"
#include "compiler/ir/verify.hpp"
#include "compiler/opt/inline.hpp"

namespace vitrine::compiler {

using translate::Mode;

FunctionCompiler::FunctionCompiler(const translate::ModuleEnv& env, const wasm::Features& features, const Dump* dump)
    : env_(env), dump_(dump), translator_(env, features), backend_(env.settings) {}

Result<const mach::CompiledFunction*> FunctionCompiler::compile(uint32_t function, const InlineBodies* inlinable) {
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

  if (inlinable && mode == Mode::Ssa) {
    auto find = [](void* user, uint32_t symbol) {
      const auto* all = static_cast<const InlineBodies*>(user);
      uint32_t body = symbol - all->first_function;  // an imported function's is too large
      return opt::Callee{body < all->bodies.size() ? all->bodies[body].get() : nullptr, false};
    };
    opt::inline_calls(func_, {const_cast<InlineBodies*>(inlinable), find}, {.callee = kMaxInlineInsts});
#ifdef VITRINE_VERIFY
    if (auto problem = ir::verify(func_)) {
      fmt::print(stderr, "inline: {}\n{}", *problem, ir::print(func_));
      VITRINE_ASSERT(!"the IR is valid after inlining");
    }
#endif
  }

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
  resolve_addresses();
  return &compiled_;
}

/// Tells where code that came by inlining is from.
void FunctionCompiler::resolve_addresses() {
  compiled_.inline_sites.clear();
  if (func_.inline_sites.empty()) return;
  auto number = [](uint32_t site) { return site == ir::kNoSite ? 0 : site + 1; };
  for (mach::AddressMapEntry& a : compiled_.addresses) {
    ir::InlinedLoc loc = func_.location(a.srcloc);
    a.srcloc = loc.srcloc;
    a.inline_site = number(loc.site);
  }
  for (const ir::InlineSite& s : func_.inline_sites)
    compiled_.inline_sites.push_back({number(s.parent), s.symbol, s.srcloc});
}

std::unique_ptr<ir::Func> FunctionCompiler::inline_body(uint32_t function) {
  if (translate::mode_of(env_.settings) != Mode::Ssa) return nullptr;
  if (env_.module.body_of_function(function).bytes.size() > kMaxInlineBody) return nullptr;
  auto mode = translator_.translate(function, Mode::Ssa, func_);
  if (!mode || *mode != Mode::Ssa) return nullptr;
  opt::OptSettings passes;
  passes.level = env_.settings.opt_level;
  opt::optimize(func_, passes, passes_);
  uint32_t insts = 0;
  for (ir::Block b : func_.layout)
    for (ir::Inst i = func_[b].first; i.valid(); i = func_.next(i))
      if (++insts > kMaxInlineInsts) return nullptr;
  return std::make_unique<ir::Func>(ir::compact(func_));
}

}  // namespace vitrine::compiler
