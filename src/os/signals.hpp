// Synchronous signals and what of a thread's machine state a handler may look at and change: the only code that knows
// the platform's ucontext.
#pragma once

#include <cstddef>
#include <cstdint>

namespace vitrine::os {

/// The interrupted thread's registers, in a signal handler.
struct MachineState {
  uintptr_t pc;
  uintptr_t fp;
  uintptr_t sp;
  uintptr_t context;  // the register that compiled code keeps its VMContext in
};

struct Fault {
  int signal;
  uintptr_t address;  // of the access, for SIGSEGV and SIGBUS
};

/// Looks at a fault. Answers true to go on with `state`'s pc, fp and sp (as changed), false if it is none of ours: the
/// handler that was installed before gets it. Runs in signal context.
using FaultHandler = bool (*)(const Fault& fault, MachineState& state);

/// Installs `handler` for SIGSEGV, SIGBUS, SIGILL and SIGFPE, on the alternate stack where a thread has one. Once per
/// process.
void install_fault_handler(FaultHandler handler);

/// Whether there is one.
bool has_fault_handler();

/// Gives the calling thread an alternate signal stack, unless it has one that is large enough; undone when the thread
/// ends.
void ensure_signal_stack();

/// The stack of the calling thread: [low, high).
struct StackBounds {
  uintptr_t low;
  uintptr_t high;
};
StackBounds stack_bounds();

}  // namespace vitrine::os
