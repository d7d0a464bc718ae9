// The stacks that guests run on, and how far down they may go.
//
// A guest enters on a thread's own stack, whose bounds the system knows, or on one that the embedder has declared (a
// coroutine's). On any other stack no bound can be known: what the system says of a mapping ends somewhere in the
// neighbour's memory where a stack lies in the heap. There a guest is not entered at all.
#pragma once

#include <cstdint>
#include <optional>

#include "os/signals.hpp"
#include "os/thread.hpp"

namespace vitrine::runtime {

// Stack that guests never get: host functions and builtins called from the deepest guest frame run on it.
constexpr uintptr_t kHostReserve = 128 * 1024;
// A smaller stack leaves guests this part of itself.
constexpr uintptr_t kLeastReserve = 16 * 1024;

/// [low, high), and the lowest address that guests get.
struct Stack {
  uintptr_t low = 0;
  uintptr_t size = 0;
  uintptr_t floor = 0;
  static Stack of(const os::StackBounds& bounds);
  bool holds(uintptr_t address) const { return address - low < size; }
  uintptr_t limit(uintptr_t sp, uint64_t max_wasm_stack) const {
    const uintptr_t limit = sp > max_wasm_stack ? sp - max_wasm_stack : 0;
    return limit < floor ? floor : limit;
  }
};

/// What the calling thread knows of itself when it enters guests. Initial-exec: one load, as it is read on every entry.
struct GuestThread {
  os::Thread* thread = nullptr;  // null until the thread first enters a guest
  Stack stack;
  int unblocked_signal = 0;  // so that cancellation reaches the thread
};
extern constinit thread_local GuestThread guest_thread __attribute__((tls_model("initial-exec")));

/// Fills it in, and gives the thread an alternate signal stack.
void prepare_guest_thread();

/// Declares a stack on which guests may be called, from any thread. Until `forget_stack`, which must come before its
/// memory goes. Stacks do not overlap.
void declare_stack(const os::StackBounds& bounds);
void forget_stack(const os::StackBounds& bounds);

/// The stack that holds `address`: the calling thread's or a declared one.
std::optional<Stack> find_stack(uintptr_t address);

}  // namespace vitrine::runtime
