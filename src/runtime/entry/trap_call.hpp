// Traps of code compiled with signals_based_traps off: they come by a call, not by a signal.
#pragma once

namespace vitrine::runtime {

/// abi::Builtin::trap. The return address is the pc that the module's trap table names; rbp and r15 are the guest's
/// frame and context. Does not return: it leaves the trap in the store and continues at the entry of the call.
void trap_call();

}  // namespace vitrine::runtime
