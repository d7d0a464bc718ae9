#include "os/signals.hpp"

#include <pthread.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <ucontext.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <cstdlib>
#include <mutex>

#include "base/casts.hpp"
#include "os/fork.hpp"
#include "os/pages.hpp"

// Of the dynamic linker: where the first thread's stack began.
extern "C" void* __libc_stack_end;

namespace vitrine::os {

namespace {

constexpr int kSignals[] = {SIGSEGV, SIGBUS, SIGILL, SIGFPE};
constexpr size_t kSignalStackSize = 64 * 1024;
constexpr size_t kLargeEnough = 16 * 1024;

// Read by the handler, and by threads that did not install it.
std::atomic<FaultHandler> fault_handler{nullptr};
static_assert(std::atomic<FaultHandler>::is_always_lock_free);
struct sigaction previous_actions[std::size(kSignals)];

std::atomic<InterruptHandler> interrupt_handler{nullptr};
// By signal number, for those that are caught.
struct sigaction previous_of_interrupt[NSIG];
std::atomic<bool> is_caught[NSIG];
ForkSafe<std::mutex> catch_mutex;

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
  for (size_t i = 0; i < std::size(kSignals); ++i) {
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
    Fault fault{.signal = signal, .address = address_of(info->si_addr)};
    if (fault_handler.load(std::memory_order_relaxed)(fault, state)) {
      write_state(context, state);
      return;
    }
  }
  pass_on(signal, info, raw_context);
}

void pass_on_interrupt(int signal, siginfo_t* info, void* context) {
  const struct sigaction& previous = previous_of_interrupt[signal];
  if (previous.sa_flags & SA_SIGINFO) {
    previous.sa_sigaction(signal, info, context);
  } else if (previous.sa_handler == SIG_DFL) {
    // One of our own is done with. One from outside gets what it would have got, but its default may be to be ignored,
    // and then the handler has to stay.
    const bool is_own = info->si_code == SI_TKILL && info->si_pid == getpid();
    const bool is_ignored = signal == SIGURG || signal == SIGCHLD || signal == SIGWINCH || signal == SIGCONT;
    if (is_own || is_ignored) return;
    is_caught[signal].store(false, std::memory_order_relaxed);
    sigaction(signal, &previous, nullptr);
    raise(signal);
  } else if (previous.sa_handler != SIG_IGN) {
    previous.sa_handler(signal);
  }
}

// SAFETY: as `on_signal`.
void on_interrupt(int signal, siginfo_t* info, void* raw_context) {
  const int saved_errno = errno;
  auto& context = *static_cast<ucontext_t*>(raw_context);
  MachineState state = read_state(context);
  InterruptHandler handler = interrupt_handler.load(std::memory_order_relaxed);
  if (handler && handler(state)) write_state(context, state);
  pass_on_interrupt(signal, info, raw_context);
  errno = saved_errno;
}

/// Unmaps the thread's alternate stack when the thread ends.
struct OwnSignalStack {
  void* mapping = nullptr;  // a page of guard, then the stack
  ~OwnSignalStack() {
    if (!mapping) return;
    stack_t now{};
    if (sigaltstack(nullptr, &now) == 0 && now.ss_sp == stack()) {
      now = {};
      now.ss_flags = SS_DISABLE;
      if (sigaltstack(&now, nullptr) != 0) return;  // a handler is running on it
    }
    munmap(mapping, page_size() + kSignalStackSize);
  }
  void* stack() const { return static_cast<uint8_t*>(mapping) + page_size(); }
};

}  // namespace

namespace {

/// Without /proc the C library does not say where the first thread's stack is; but where it began, and how far the
/// system lets it grow.
StackBounds first_stack_bounds() {
  constexpr rlim_t kLeast = 64 * 1024, kMost = 8 << 20;
  rlimit limit{};
  if (getpid() != static_cast<pid_t>(syscall(SYS_gettid)) || getrlimit(RLIMIT_STACK, &limit) != 0) return {0, 0};
  const auto high = address_of(__libc_stack_end);
  if (limit.rlim_cur < kLeast) return {0, 0};
  return {high - std::min(limit.rlim_cur, kMost), high};
}

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
    for (size_t i = 0; i < std::size(kSignals); ++i) sigaction(kSignals[i], &action, &previous_actions[i]);
  });
}

bool has_fault_handler() {
  return fault_handler.load(std::memory_order_relaxed) != nullptr;
}

void set_interrupt_handler(InterruptHandler handler) {
  interrupt_handler.store(handler, std::memory_order_relaxed);
}

const int kDefaultInterruptSignal = SIGURG;

bool can_interrupt(uint32_t signal) {
  // Those before 32: real-time signals queue, up to a limit that others may use up, and some are the C library's own.
  return signal > 0 && signal < 32 && signal != SIGKILL && signal != SIGSTOP &&
         std::ranges::find(kSignals, static_cast<int>(signal)) == std::end(kSignals);
}

void unblock(int signal) {
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, signal);
  pthread_sigmask(SIG_UNBLOCK, &set, nullptr);
}

bool catch_interrupts(int signal) {
  if (is_caught[signal].load(std::memory_order_acquire)) return true;
  std::lock_guard lock(catch_mutex);
  if (is_caught[signal].load(std::memory_order_relaxed)) return true;
  // The previous action has to stand before the handler can run.
  if (sigaction(signal, nullptr, &previous_of_interrupt[signal]) != 0) return false;
  struct sigaction action{};
  action.sa_sigaction = on_interrupt;
  action.sa_flags = SA_SIGINFO | SA_ONSTACK | SA_RESTART;
  sigemptyset(&action.sa_mask);
  if (sigaction(signal, &action, nullptr) != 0) return false;
  is_caught[signal].store(true, std::memory_order_release);
  return true;
}

void end_process(std::string_view line) {
  [[maybe_unused]] const ssize_t written = write(STDERR_FILENO, line.data(), line.size());
  std::abort();
}

void ensure_signal_stack() {
  static thread_local OwnSignalStack own;
  stack_t now{};
  if (sigaltstack(nullptr, &now) == 0 && !(now.ss_flags & SS_DISABLE) && now.ss_size >= kLargeEnough) return;
  if (!own.mapping) {
    // The guard below it: a handler that needs more must not write into what lies there.
    const size_t size = page_size() + kSignalStackSize;
    void* mapping = mmap(nullptr, size, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (mapping == MAP_FAILED) return;  // faults are then handled on the guest's stack, which its limit leaves room on
    if (mprotect(static_cast<uint8_t*>(mapping) + page_size(), kSignalStackSize, PROT_READ | PROT_WRITE) != 0) {
      munmap(mapping, size);
      return;
    }
    own.mapping = mapping;
  }
  stack_t stack{};
  stack.ss_sp = own.stack();
  stack.ss_size = kSignalStackSize;
  sigaltstack(&stack, nullptr);
}

StackBounds stack_bounds() {
  pthread_attr_t attributes;
  if (pthread_getattr_np(pthread_self(), &attributes) != 0) return first_stack_bounds();
  void* low = nullptr;
  size_t size = 0;
  int failed = pthread_attr_getstack(&attributes, &low, &size);
  pthread_attr_destroy(&attributes);
  if (failed) return {0, 0};
  auto address = address_of(low);
  return {address, address + size};
}

}  // namespace vitrine::os
