// What passes share: their settings, the analyses they have in common, and scratch memory that lives from one function
// to the next.
//
// One PassCtx serves one thread: function after function. An analysis is computed when first asked for and kept until a
// pass says that it changed the graph.
#pragma once

#include <array>
#include <memory>
#include <string_view>

#include "compiler/ir/dominators.hpp"
#include "compiler/ir/loops.hpp"

namespace vitrine::opt {

/// Called after each pass, for timing and dumps; must not change the function.
struct TraceHook {
  void* user = nullptr;
  void (*after_pass)(void* user, std::string_view pass, const ir::Func& func, uint64_t nanoseconds) = nullptr;
};

struct OptSettings {
  /// 0: only what lowering needs. 1: without memory and loop passes. 2: everything.
  uint8_t level = 2;
  TraceHook trace;
};

class PassCtx {
 public:
  const ir::Cfg& cfg(const ir::Func& func) {
    if (!has_cfg_) cfg_.compute(func);
    has_cfg_ = true;
    return cfg_;
  }
  const ir::DomTree& dom(const ir::Func& func) {
    if (!has_dom_) dom_.compute(func, cfg(func));
    has_dom_ = true;
    return dom_;
  }
  const ir::LoopForest& loops(const ir::Func& func) {
    if (!has_loops_) loops_.compute(cfg(func), dom(func));
    has_loops_ = true;
    return loops_;
  }
  /// Blocks or edges changed.
  void graph_changed() { has_cfg_ = has_dom_ = has_loops_ = false; }
  /// Only edges changed; which block dominates which is as before, and so are the loops.
  void edges_changed() { has_cfg_ = false; }
  /// The scratch memory of a pass, made when first asked for. Each pass has its own T.
  template <class T>
  T& scratch() {
    static const unsigned slot = next_slot();
    if (!scratch_[slot]) scratch_[slot] = std::make_shared<T>();
    return *static_cast<T*>(scratch_[slot].get());
  }

 private:
  static constexpr unsigned kScratchSlots = 16;
  static unsigned next_slot();

  ir::Cfg cfg_;
  ir::DomTree dom_;
  ir::LoopForest loops_;
  bool has_cfg_ = false, has_dom_ = false, has_loops_ = false;
  std::array<std::shared_ptr<void>, kScratchSlots> scratch_;
};

}  // namespace vitrine::opt
