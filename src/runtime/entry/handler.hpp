// Hardware faults in compiled code become traps.
//
// One handler per process for SIGSEGV, SIGBUS, SIGILL and SIGFPE. A fault whose pc has an entry in a loaded module's
// trap table is a trap: the handler records it with the raw backtrace in the store and continues at the landing of the
// innermost activation. Any other fault goes to the handler that was there before.
#pragma once

namespace vitrine::runtime {

/// Installs the handlers; the first call does, later ones cost a load.
void install_trap_handler();

}  // namespace vitrine::runtime
