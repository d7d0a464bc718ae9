#include "os/signals.hpp"

#include <pthread.h>
#include <signal.h>
#include <sys/mman.h>
#include <ucontext.h>

#include <atomic>
#include <cstdlib>
#include <mutex>

namespace vitrine::os {

namespace {

constexpr int kSignals[] = {SIGSEGV, SIGBUS, SIGILL, SIGFPE};
constexpr size_t kSignalStackSize = 64 * 1024;
constexpr size_t kLargeEnough = 16 * 1024;

// Read by the handler, and by threads that did not install it.
std::atomic<FaultHandler> fault_handler{nullptr};
static_assert(std::atomic<FaultHandler>::is_always_lock_free);
struct sigaction previous_actions[std::size(kSignals)];

MachineState read_state(const ucontext_t& context) {
  const auto& regs = context.uc_mcontext.gregs;
  return {.pc = static_cast<uintptr_t>(regs[REG_RIP]),
          .fp = static_cast<uintptr_t>(regs[REG_RBP]),
          .sp = static_cast<uintptr_t>(regs[REG_RSP]),
          .context = static_cast<uintptr_t>(regs[REG_R15])};
}

void write_state(ucontext_t& context, const MachineState& state) {
  auto& regs = context.uc_mcontext.gregs;
  regs[REG_RIP] = static_cast<greg_t>(state.pc);
  regs[REG_RBP] = static_cast<greg_t>(state.fp);
  regs[REG_RSP] = static_cast<greg_t>(state.sp);
}

void pass_on(int signal, siginfo_t* info, void* context) {
  struct sigaction* previous = nullptr;
  for (size_t i = 0; i < std::size(kSignals); i++) {
    if (kSignals[i] == signal) previous = &previous_actions[i];
  }
  if (previous->sa_flags & SA_SIGINFO) {
    previous->sa_sigaction(signal, info, context);
  } else if (previous->sa_handler == SIG_IGN && info->si_code <= 0) {
    // Sent by a process to one that ignores it.
  } else if (previous->sa_handler == SIG_DFL || previous->sa_handler == SIG_IGN) {
    // A fault cannot be ignored. Returning runs the instruction again; with the default action in place that ends the
    // process (a core shows the place). A signal that another process sent comes again only if it is raised again.
    struct sigaction action{};
    action.sa_handler = SIG_DFL;
    sigaction(signal, &action, nullptr);
    if (info->si_code <= 0) raise(signal);
  } else {
    previous->sa_handler(signal);
  }
}

// SAFETY: runs in signal context: it touches the interrupted thread's registers, the lock-free code registry and the
// store whose code was interrupted, allocates nothing and takes no lock.
void on_signal(int signal, siginfo_t* info, void* raw_context) {
  auto& context = *static_cast<ucontext_t*>(raw_context);
  if (info->si_code > 0) {  // raised by the machine, not by a process
    MachineState state = read_state(context);
    Fault fault{.signal = signal, .address = reinterpret_cast<uintptr_t>(info->si_addr)};
    if (fault_handler.load(std::memory_order_relaxed)(fault, state)) {
      write_state(context, state);
      return;
    }
  }
  pass_on(signal, info, raw_context);
}

/// Unmaps the thread's alternate stack when the thread ends.
struct OwnSignalStack {
  void* data = nullptr;
  ~OwnSignalStack() {
    if (!data) return;
    stack_t off{};
    off.ss_flags = SS_DISABLE;
    sigaltstack(&off, nullptr);
    munmap(data, kSignalStackSize);
  }
};

}  // namespace

void install_fault_handler(FaultHandler handler) {
  static std::once_flag once;
  std::call_once(once, [handler] {
    fault_handler = handler;
    struct sigaction action{};
    action.sa_sigaction = on_signal;
    // SA_NODEFER: a handler passed the signal may itself fault, or leave by a jump.
    action.sa_flags = SA_SIGINFO | SA_ONSTACK | SA_NODEFER;
    sigemptyset(&action.sa_mask);
    for (size_t i = 0; i < std::size(kSignals); i++) sigaction(kSignals[i], &action, &previous_actions[i]);
  });
}

bool has_fault_handler() {
  return fault_handler.load(std::memory_order_relaxed) != nullptr;
}

void ensure_signal_stack() {
  static thread_local OwnSignalStack own;
  if (own.data) return;
  stack_t now{};
  if (sigaltstack(nullptr, &now) == 0 && !(now.ss_flags & SS_DISABLE) && now.ss_size >= kLargeEnough) return;
  void* data = mmap(nullptr, kSignalStackSize, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (data == MAP_FAILED) return;  // faults are then handled on the guest's stack, which its limit leaves room on
  stack_t stack{};
  stack.ss_sp = data;
  stack.ss_size = kSignalStackSize;
  if (sigaltstack(&stack, nullptr) != 0) {
    munmap(data, kSignalStackSize);
    return;
  }
  own.data = data;
}

StackBounds stack_bounds() {
  pthread_attr_t attributes;
  if (pthread_getattr_np(pthread_self(), &attributes) != 0) return {0, UINTPTR_MAX};
  void* low = nullptr;
  size_t size = 0;
  int failed = pthread_attr_getstack(&attributes, &low, &size);
  pthread_attr_destroy(&attributes);
  if (failed) return {0, UINTPTR_MAX};
  auto address = reinterpret_cast<uintptr_t>(low);
  return {address, address + size};
}

}  // namespace vitrine::os
