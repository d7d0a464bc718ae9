// The one way out of guest frames: traps, cancellation, and errors and exceptions of host functions.
//
// Where it ends is the entry of the innermost activation: that call then answers 0, and the store has the reason. It
// sees the frames that it leaves (`LiveFrames`), and could stop at one of them: an exception's handler will be found by
// a frame's pc, and a debugger or a core dump looks at them while they stand.
//
// What lies between is guest frames alone (and the function that unwinds): no destructor is skipped. A host function
// that leaves by longjmp over guest frames skips their activation: it stays on the store's list, and the program is
// ended where that is seen, at the latest when the outer guest goes on.
#pragma once

#include <cstdint>

#include "abi/vmcontext.hpp"
#include "runtime/store/store.hpp"

#if defined(__SANITIZE_ADDRESS__)
extern "C" void __asan_handle_no_return();
#endif

namespace vitrine::runtime {

/// Where the thread goes on.
struct Landing {
  uintptr_t pc;
  uintptr_t sp;
};

/// Where to go on after leaving the guest at `at`, which runs in the store's innermost activation. Async-signal-safe.
Landing unwind(Store& store, const GuestRegisters& at);

/// Goes there, from a function that guest code called.
[[noreturn]] inline void resume(const Landing& landing) {
#if defined(__SANITIZE_ADDRESS__)
  __asan_handle_no_return();
#endif
  // SAFETY: `unwind` says so; the frames below are given up.
  asm volatile("movq %0, %%rsp\n\tjmpq *%1" : : "r"(landing.sp), "r"(landing.pc) : "memory");
  __builtin_unreachable();
}

/// What VMStore::unwind points to: a host function failed, and the reason is in the store; or there is none, as the
/// store was cancelled.
[[noreturn]] void unwind_from_host(abi::VMStore* store);

}  // namespace vitrine::runtime
