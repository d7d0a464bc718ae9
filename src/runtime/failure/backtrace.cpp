#include "runtime/failure/backtrace.hpp"

#include "runtime/code/compiled_module.hpp"
#include "runtime/code/registry.hpp"

namespace vitrine::runtime {

// SAFETY: the words read at a frame pointer lie between the walk's start and the entry frame of the activation, which
// is a part of this thread's stack that is in use: `fp` only ever moves up, and never beyond `entry_fp`.
__attribute__((no_sanitize("address"))) size_t walk_frames(const abi::VMActivation* activation, uintptr_t pc,
                                                           uintptr_t fp, std::span<RawFrame> frames) {
  size_t count = 0;
  bool is_return_address = false;
  for (; activation; activation = activation->previous) {
    if (pc == 0) {
      pc = activation->exit_pc;
      fp = activation->exit_fp;
      is_return_address = true;
    }
    const uintptr_t end = activation->entry_fp;
    while (pc != 0 && fp != 0 && fp < end && fp % sizeof(uintptr_t) == 0 && count < frames.size()) {
      frames[count++] = {is_return_address ? pc - 1 : pc};
      is_return_address = true;
      const auto* words = reinterpret_cast<const uintptr_t*>(fp);
      uintptr_t next = words[0];
      pc = words[1];
      if (next <= fp) break;
      fp = next;
    }
    pc = 0;
  }
  return count;
}

std::vector<Frame> symbolize(std::span<const RawFrame> raw, size_t limit) {
  std::vector<Frame> frames;
  for (const RawFrame& r : raw) {
    if (frames.size() >= limit) break;
    std::shared_ptr<const CompiledModule> module;
    {
      CodeLookup lookup(r.pc);
      if (!lookup.module()) continue;
      // Its code is being executed, so somebody owns it; a module on its way out has no owner to share.
      module = lookup.module()->weak_from_this().lock();
    }
    if (!module) continue;
    auto position = module->find_position(r.pc);
    if (!position) continue;
    auto add = [&](uint32_t function, uint32_t offset) {
      if (frames.size() >= limit) return;
      const wasm::Names& names = module->names();
      frames.push_back({.module = module,
                        .function = function,
                        .module_offset = offset,
                        .module_name = std::string(names.module()),
                        .function_name = std::string(names.function(function))});
    };
    uint32_t offset = position->srcloc;
    const auto sites = module->image().inline_sites();
    for (uint32_t site = position->inline_site; site != 0; site = sites[site - 1].parent) {
      add(sites[site - 1].function, offset);
      offset = sites[site - 1].call_srcloc;
    }
    add(position->function, offset);
  }
  return frames;
}

}  // namespace vitrine::runtime
