#include "runtime/entry/unwind.hpp"

#include "base/casts.hpp"
#include "runtime/failure/activations.hpp"

namespace vitrine::runtime {

Landing unwind(Store& store, const GuestRegisters& at) {
  const abi::VMActivation* activation = store.vm().activation;
  // The guest's frames lie below its entry's: else the activation is one that a jump has skipped.
  if (!activation || !is_standing(*activation) || at.sp > activation->entry_sp) broken_activations();
  // SAFETY: entry_sp is where the trampoline of the innermost activation pushed its landing's address.
  return {.pc = *reinterpret_cast<const uintptr_t*>(activation->entry_sp),
          .sp = activation->entry_sp + sizeof(uintptr_t)};
}

void unwind_from_host(abi::VMStore* vm) {
  Store& store = Store::of(vm);
  if (store.is_cancelled() && !store.has_raised()) store.record_trap(abi::TrapCode::Interrupt, std::nullopt);
  const abi::VMActivation* activation = vm->activation;
  resume(unwind(store,
                {.pc = activation->exit_pc, .fp = activation->exit_fp, .sp = address_of(__builtin_frame_address(0))}));
}

}  // namespace vitrine::runtime
