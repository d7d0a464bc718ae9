// Hardware faults in compiled code become traps, and cancellation ends guests.
//
// One handler per process for SIGSEGV, SIGBUS, SIGILL and SIGFPE. A fault whose pc has an entry in a loaded module's
// trap table is a trap: the handler records it with the raw backtrace in the store and continues at the landing of the
// innermost activation. Any other fault goes to the handler that was there before. The signal of a cancellation does
// the same at any pc of a guest function, but not in trampolines: what they are in the middle of is the host's.
#pragma once

namespace vitrine::runtime {

/// Installs the handlers, that of the signal of cancellations too; the first call does, later ones cost a load. To be
/// called before a thread lets that signal through. False: the system refuses a handler for it.
bool install_trap_handler(int cancel_signal);

}  // namespace vitrine::runtime
