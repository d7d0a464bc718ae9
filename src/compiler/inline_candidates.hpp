// Which functions are worth copying into their callers, and their bodies.
//
// Compilation of a module goes in two rounds. The first one translates and optimises small functions that are called
// from somewhere and keeps their IR; the second one compiles all functions, with these at hand, read-only and shared by
// all threads. What is kept is bounded by `kMaxKeptBytes` of bodies, smallest first. Which functions they are depends
// on the module alone, so output does not depend on the number of threads.
#pragma once

#include <memory>
#include <span>
#include <vector>

#include "base/parallel.hpp"
#include "compiler/opt/inline.hpp"
#include "wasm/features.hpp"
#include "wasm/module.hpp"

namespace vitrine::compiler {

/// What the calls between the functions of a module say about it. Cost: one look over all bodies.
struct CallGraph {
  /// `count`: fill in `calls`; else they are all zero.
  CallGraph(const wasm::Module& module, bool count, WorkerPool* pool);

  bool has_tail_calls = false;
  /// By body: how many direct calls of it there are; 2 stands for more as well.
  std::vector<uint8_t> calls;
};

class InlineBodies {
 public:
  static constexpr size_t kMaxBody = 60;           // bytes of a body that is called from several places
  static constexpr size_t kMaxOnlyCallBody = 400;  // of one with a single call
  static constexpr size_t kMaxKeptBytes = 4 << 20;

  InlineBodies(const wasm::Module& module, const CallGraph& calls);

  /// The bodies (by number among the defined functions) to be translated in the first round.
  std::span<const uint32_t> candidates() const { return candidates_; }
  /// Keeps the IR of a candidate, optimised. Each is called for by one thread only.
  void keep(uint32_t body, const ir::Func& func);
  /// For inline_calls; any number of threads, after the first round.
  opt::CalleeProvider provider() const;

 private:
  struct Kept {
    std::unique_ptr<ir::Func> func;
    bool only_call = false;
  };
  uint32_t first_symbol_;
  std::vector<uint32_t> candidates_;
  std::vector<Kept> kept_;  // by body
};

}  // namespace vitrine::compiler
