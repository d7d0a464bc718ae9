#include "runtime/entry/handler.hpp"

#include <csignal>

#include "os/signals.hpp"
#include "runtime/code/compiled_module.hpp"
#include "runtime/code/registry.hpp"
#include "runtime/store/store.hpp"

namespace vitrine::runtime {

namespace {

constexpr uintptr_t kNullPage = 4096;

// SAFETY: signal context. The pc is that of an instruction that a loaded module's trap table names, so the interrupted
// code is a function body of ours: the context register holds its VMContext, whose store has an activation on this very
// stack. Nothing here allocates, locks or calls into the C library.
bool on_fault(const os::Fault& fault, os::MachineState& state) {
  abi::TrapCode code;
  {
    CodeLookup lookup(state.pc);
    if (!lookup.module()) return false;
    code = lookup.module()->find_trap(state.pc);
  }
  if (code == abi::TrapCode::None) return false;
  const auto* context = reinterpret_cast<const abi::VMContext*>(state.context);
  Store& store = Store::of(context->store);
  // A null reference is followed without a check: nothing is mapped in the first page.
  bool through_null =
      fault.address < kNullPage && (code == abi::TrapCode::IndirectCallToNull || code == abi::TrapCode::NullReference);
  // An access that left its memory's reservation is no trap of the guest's but a hole in the sandbox: end the process.
  if (fault.signal == SIGBUS) return false;
  if (fault.signal == SIGSEGV && !through_null && !store.is_memory_address(fault.address)) return false;
  const abi::VMActivation* activation = store.vm().activation;
  if (!activation) return false;
  store.record_trap(code, state.pc, state.fp);
  state.pc = *reinterpret_cast<const uintptr_t*>(activation->entry_sp);
  state.sp = activation->entry_sp + sizeof(uintptr_t);
  return true;
}

}  // namespace

void install_trap_handler() {
  os::install_fault_handler(on_fault);
}

}  // namespace vitrine::runtime
