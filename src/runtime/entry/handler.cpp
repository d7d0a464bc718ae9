#include "runtime/entry/handler.hpp"

#include <csignal>

#include "os/signals.hpp"
#include "os/thread.hpp"
#include "runtime/code/compiled_module.hpp"
#include "runtime/code/registry.hpp"
#include "runtime/entry/unwind.hpp"
#include "runtime/failure/activations.hpp"

namespace vitrine::runtime {

namespace {

constexpr uintptr_t kNullPage = 4096;

// SAFETY (all of this file): signal context; nothing here allocates, locks or calls into the C library. The
// interrupted code is a function body of ours (in `on_fault` the trap table names its instruction): the context
// register holds a VMContext or VMHostContext, both of which begin with the store, and the store has an activation on
// this very stack.

Store& store_of(const os::MachineState& state) {
  return Store::of(reinterpret_cast<const abi::VMContext*>(state.context)->store);
}

void leave_guest(Store& store, abi::TrapCode code, os::MachineState& state) {
  const GuestRegisters at{.pc = state.pc, .fp = state.fp, .sp = state.sp};
  store.record_trap(code, at);
  const Landing landing = unwind(store, at);
  state.pc = landing.pc;
  state.sp = landing.sp;
}

bool on_fault(const os::Fault& fault, os::MachineState& state) {
  abi::TrapCode code;
  {
    CodeLookup lookup(state.pc);
    if (!lookup.module()) return false;
    code = lookup.module()->find_trap(state.pc);
    // An illegal instruction of a trampoline that is no trap: it found another activation than the one it belongs to.
    if (fault.signal == SIGILL && code == abi::TrapCode::None && !lookup.module()->find_function(state.pc))
      broken_activations();
  }
  if (code == abi::TrapCode::None) return false;
  Store& store = store_of(state);
  // A null reference is followed without a check: nothing is mapped in the first page.
  bool through_null =
      fault.address < kNullPage && (code == abi::TrapCode::IndirectCallToNull || code == abi::TrapCode::NullReference);
  // An access that left its memory's reservation is no trap of the guest's but a hole in the sandbox: end the process.
  if (fault.signal == SIGBUS) return false;
  if (fault.signal == SIGSEGV && !through_null && !store.is_memory_address(fault.address)) return false;
  leave_guest(store, code, state);
  return true;
}

bool on_interrupt(os::MachineState& state) {
  if (os::Thread* thread = os::Thread::current_or_null()) thread->on_signal();
  {
    CodeLookup lookup(state.pc);
    if (!lookup.module() || !lookup.module()->find_function(state.pc)) return false;
  }
  Store& store = store_of(state);
  if (!store.is_cancelled()) return false;
  leave_guest(store, abi::TrapCode::Interrupt, state);
  return true;
}

}  // namespace

bool install_trap_handler(int cancel_signal) {
  os::set_interrupt_handler(on_interrupt);
  os::install_fault_handler(on_fault);
  return os::catch_interrupts(cancel_signal);
}

}  // namespace vitrine::runtime
