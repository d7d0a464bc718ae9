#include "compiler/opt/optimize.hpp"

#include <atomic>
#include <chrono>
#include <cstdio>
#include <string>

#include "compiler/ir/print.hpp"
#include "compiler/ir/verify.hpp"
#include "compiler/opt/passes.hpp"

namespace vitrine::opt {
namespace {

struct Pass {
  std::string_view name;
  void (*run)(ir::Func&, PassCtx&);
  uint8_t min_level;
  uint8_t max_level = 2;
};
struct Order {
  std::string_view first, then, why;
};

constexpr Pass kPasses[] = {
    {"reach", reach, 1},       {"simplify_params", simplify_params, 1},
    {"branches", branches, 1}, {"rotate", rotate, 2},
    {"gvn", gvn, 1},           {"memory", memory, 2},
    {"licm", licm, 2},         {"dce", dce, 1},
    {"layout", layout, 1},     {"layout_as_built", layout_as_built, 0, 0},
};

constexpr Order kOrder[] = {
    {"reach", "simplify_params", "an argument from an unreachable block would keep a parameter"},
    {"simplify_params", "gvn", "a parameter that is always one value hides equal expressions"},
    {"branches", "gvn", "merged blocks have more facts in common"},
    {"rotate", "licm", "a loop tested at the bottom runs its body whenever it is entered"},
    {"gvn", "memory", "equal addresses are equal values only after numbering"},
    {"gvn", "licm", "equal loop-invariant expressions are hoisted once"},
    {"memory", "licm", "a load that is gone keeps nothing in the loop"},
    {"licm", "layout", "licm makes preheaders, layout places them"},
    {"dce", "layout", "dce empties blocks and drops parameters"},
};

constexpr size_t position(std::string_view name) {
  for (size_t i = 0; i < std::size(kPasses); ++i)
    if (kPasses[i].name == name) return i;
  return ~size_t{0};
}
constexpr bool order_holds() {
  for (const Order& o : kOrder)
    if (position(o.first) == ~size_t{0} || position(o.then) == ~size_t{0} || position(o.first) >= position(o.then))
      return false;
  return true;
}
static_assert(order_holds());

/// Around one pass: times it and shows the result to the trace hook if there is one, verifies in debug builds.
class PassScope {
 public:
  PassScope(const Pass& pass, const ir::Func& func, const OptSettings& settings)
      : pass_(pass), func_(func), settings_(settings) {
#if VITRINE_VERIFY
    // The text before, so that a failure can show both; of a large function only its name.
    if (func.num_insts() < 500) before_ = ir::print(func);
#endif
    if (settings.trace.after_pass) start_ = std::chrono::steady_clock::now();
  }
  ~PassScope() {
    if (settings_.trace.after_pass) {
      auto time = std::chrono::steady_clock::now() - start_;
      uint64_t ns = static_cast<uint64_t>(std::chrono::nanoseconds(time).count());
      settings_.trace.after_pass(settings_.trace.user, pass_.name, func_, ns);
    }
#if VITRINE_VERIFY
    if (auto problem = ir::verify(func_)) {
      std::fprintf(stderr, "pass %s: %s\n-- before\n%s-- after\n%s", pass_.name.data(), problem->c_str(),
                   before_.empty() ? func_.name.c_str() : before_.c_str(), ir::print(func_).c_str());
      assert_failed("the IR is valid after a pass", __FILE_NAME__, __LINE__);
    }
#endif
  }

 private:
  const Pass& pass_;
  const ir::Func& func_;
  const OptSettings& settings_;
  std::chrono::steady_clock::time_point start_;
#if VITRINE_VERIFY
  std::string before_;
#endif
};

}  // namespace

void optimize(ir::Func& func, const OptSettings& settings, PassCtx& ctx) {
  ctx.graph_changed();
  for (const Pass& pass : kPasses) {
    if (settings.level < pass.min_level || settings.level > pass.max_level) continue;
    PassScope scope(pass, func, settings);
    pass.run(func, ctx);
  }
}

unsigned PassCtx::next_slot() {
  static std::atomic<unsigned> next{0};
  unsigned slot = next++;
  VITRINE_ASSERT(slot < kScratchSlots);
  return slot;
}

void reach(ir::Func& func, PassCtx& ctx) {
  remove_unreachable(func, ctx.cfg(func));
}

}  // namespace vitrine::opt
