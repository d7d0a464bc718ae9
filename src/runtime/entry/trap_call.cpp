#include "runtime/entry/trap_call.hpp"

#include <cstdint>

#include "base/assert.hpp"
#include "runtime/code/compiled_module.hpp"
#include "runtime/code/registry.hpp"
#include "runtime/entry/unwind.hpp"

namespace vitrine::runtime {

// SAFETY: the caller is compiled code of a loaded module, in the innermost activation of the store of its context, and
// `pc` is the address behind its call. ThreadSanitizer is kept out, as this function does not return to balance its
// own record of the stack.
extern "C" __attribute__((used, visibility("hidden"), no_sanitize("thread"))) void vitrine_trap_called(
    uintptr_t pc, uintptr_t fp, const abi::VMContext* context, uintptr_t sp) {
  Store& store = Store::of(context->store);
  abi::TrapCode code = abi::TrapCode::None;
  {
    CodeLookup lookup(pc);
    if (lookup.module()) code = lookup.module()->find_trap(pc);
  }
  VITRINE_ASSERT(code != abi::TrapCode::None);
  const GuestRegisters at{.pc = pc, .fp = fp, .sp = sp};
  store.record_trap(code, at);
  resume(unwind(store, at));
}

// The stack is the guest's and may be aligned in any way.
__attribute__((naked)) void trap_call() {
  asm("popq %rdi\n\t"
      "movq %rbp, %rsi\n\t"
      "movq %r15, %rdx\n\t"
      "movq %rsp, %rcx\n\t"
      "andq $-16, %rsp\n\t"
      "call vitrine_trap_called\n\t"
      "ud2");
}

}  // namespace vitrine::runtime
