#include "compiler/inline_candidates.hpp"

#include <algorithm>
#include <atomic>

#include "compiler/ir/compact.hpp"
#include "wasm/body_scan.hpp"

namespace vitrine::compiler {

CallGraph::CallGraph(const wasm::Module& module, bool count, WorkerPool* pool) {
  constexpr size_t kChunk = 128;
  std::vector<std::atomic<uint8_t>> counts(module.code.size());
  std::atomic<bool> tail_calls = false;
  size_t chunks = (module.code.size() + kChunk - 1) / kChunk;
  parallel_for(pool, chunks, [&](size_t chunk, unsigned) {
    wasm::CallScan scan;
    size_t end = std::min(module.code.size(), (chunk + 1) * kChunk);
    for (size_t i = chunk * kChunk; i < end; ++i) {
      wasm::scan_calls(module.code[i].bytes, count, scan);
      if (scan.has_tail_calls) tail_calls.store(true, std::memory_order_relaxed);
      for (uint32_t callee : scan.callees) {
        uint32_t body = callee - module.imported_functions;
        if (callee < module.imported_functions || body >= counts.size()) continue;
        // Saturates: that two threads both add past 2 changes nothing, 255 of them there are not.
        if (counts[body].load(std::memory_order_relaxed) < 2) counts[body].fetch_add(1, std::memory_order_relaxed);
      }
    }
  });
  has_tail_calls = tail_calls;
  calls.reserve(counts.size());
  for (const auto& count : counts) calls.push_back(std::min<uint8_t>(2, count.load(std::memory_order_relaxed)));
}

InlineBodies::InlineBodies(const wasm::Module& module, const CallGraph& calls)
    : first_symbol_(module.imported_functions), kept_(module.code.size()) {
  auto size = [&](uint32_t body) { return module.code[body].bytes.size(); };
  for (uint32_t body = 0; body < module.code.size(); ++body) {
    if (calls.calls[body] == 0) continue;
    uint32_t index = first_symbol_ + body;
    bool from_outside = module.declared_functions[index] || module.start == index;
    kept_[body].only_call = calls.calls[body] == 1 && !from_outside;
    if (size(body) <= (kept_[body].only_call ? kMaxOnlyCallBody : kMaxBody)) candidates_.push_back(body);
  }
  std::ranges::stable_sort(candidates_, {}, size);
  size_t total = 0, n = 0;
  while (n < candidates_.size() && total + size(candidates_[n]) <= kMaxKeptBytes) total += size(candidates_[n++]);
  candidates_.resize(n);
}

void InlineBodies::keep(uint32_t body, const ir::Func& func) {
  // A little more than what inline_calls accepts by default: it has the last word.
  constexpr uint32_t kMaxInsts = 256;
  uint32_t insts = 0;
  size_t carried = 0;  // by lists, which few bytes can make long: each copy costs as much as they have
  for (ir::Block block : func.layout) {
    carried += func[block].params.size();
    for (ir::Inst i = func[block].first; i.valid(); i = func.next(i)) {
      if (++insts > kMaxInsts) return;
      carried += func.args(i).size() + func[i].result_count;
    }
  }
  if (carried > 8 * kMaxInsts) return;
  kept_[body].func = std::make_unique<ir::Func>(ir::compact(func));
}

opt::CalleeProvider InlineBodies::provider() const {
  // SAFETY: `find` only reads what the first round has left.
  return {const_cast<InlineBodies*>(this), [](void* user, uint32_t symbol) -> opt::Callee {
            const auto& self = *static_cast<const InlineBodies*>(user);
            if (symbol < self.first_symbol_) return {};
            const Kept& kept = self.kept_[symbol - self.first_symbol_];
            return {kept.func.get(), kept.only_call};
          }};
}

}  // namespace vitrine::compiler
