// Leaving guest frames behind: what the trap handler does to registers, done from a function that guest code called.
#pragma once

#include "abi/vmcontext.hpp"

#if defined(__SANITIZE_ADDRESS__)
extern "C" void __asan_handle_no_return();
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
extern "C" void __asan_handle_no_return();
#define __SANITIZE_ADDRESS__ 1
#endif
#endif

namespace vitrine::runtime {

/// Continues at the landing of the array-call trampoline that `activation` entered through, which then answers 0.
/// Between there and here may be guest frames and the caller's only: no destructor runs.
[[noreturn]] inline void unwind_to_entry(const abi::VMActivation* activation) {
#if defined(__SANITIZE_ADDRESS__)
  __asan_handle_no_return();
#endif
  // SAFETY: entry_sp is where the trampoline of the innermost activation pushed its landing's address; the frames below
  // it are given up.
  asm volatile("movq %0, %%rsp\n\tret" : : "r"(activation->entry_sp) : "memory");
  __builtin_unreachable();
}

}  // namespace vitrine::runtime
