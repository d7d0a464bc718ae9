// Synchronous signals and what of a thread's machine state a handler may look at and change: the only code that knows
// the platform's ucontext.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

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

/// Looks at what a signal of `catch_interrupts` interrupted. Answers and runs as a FaultHandler does.
using InterruptHandler = bool (*)(MachineState& state);
void set_interrupt_handler(InterruptHandler handler);

/// What `catch_interrupts` is given where nobody chose: a signal that does nothing in a process that does not ask for
/// it.
extern const int kDefaultInterruptSignal;

/// Whether there is such a signal, and it can be used for this: it does not mean a fault, and is no real-time signal.
bool can_interrupt(uint32_t signal);

/// Lets the signal through to the calling thread.
void unblock(int signal);

/// From now on the interrupt handler is called for this signal, on the alternate stack where a thread has one; after it
/// the handler that was there before. False: the system refuses.
bool catch_interrupts(int signal);

/// Writes the line to standard error and aborts. Async-signal-safe.
[[noreturn]] void end_process(std::string_view line);

/// Gives the calling thread an alternate signal stack with a guard below, unless it has one that is large enough;
/// undone when the thread ends, unless it has another by then.
void ensure_signal_stack();

/// A stack: [low, high).
struct StackBounds {
  uintptr_t low;
  uintptr_t high;
};

/// The calling thread's; empty if the system does not say.
StackBounds stack_bounds();

}  // namespace vitrine::os
