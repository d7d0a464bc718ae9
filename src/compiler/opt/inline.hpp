// Inlining of small callees, before `optimize`.
//
// Direct calls to functions of the same module are replaced by a copy of the callee's body, which may be optimised
// already. Such a callee runs in the caller's context, so `vmctx` means the same in it. Where each instruction is from
// is kept in Func::inlined_locs and Func::inline_sites (ir/func.hpp), from which the emitter writes the address map.
// Cost: O(caller + what is copied); what is copied is bounded by the limits.
#pragma once

#include "compiler/ir/func.hpp"

namespace vitrine::opt {

struct Callee {
  const ir::Func* body = nullptr;  // none: not to be inlined
  bool only_call = false;          // nobody else calls it: worth more
};

/// Whoever drives the compilation knows the bodies.
struct CalleeProvider {
  void* user = nullptr;
  Callee (*find)(void* user, uint32_t symbol) = nullptr;
};

struct InlineLimits {
  uint32_t callee = 30;          // instructions of a callee
  uint32_t only_call = 200;      // of one that is called nowhere else
  uint32_t growth = 600;         // all that may be copied into a small caller,
  uint32_t growth_percent = 60;  // and into a big one, of its size
};

/// How many calls were inlined. Calls that the copies bring are not inlined in turn.
uint32_t inline_calls(ir::Func& caller, const CalleeProvider& provider, const InlineLimits& limits = {});

}  // namespace vitrine::opt
