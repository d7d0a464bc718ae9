#include "runtime/entry/stack.hpp"

#include <algorithm>
#include <map>
#include <mutex>

#include "os/fork.hpp"

namespace vitrine::runtime {

namespace {

// Never destroyed: another thread may still call guests while the process is exiting.
struct Declared {
  os::ForkSafe<std::mutex> mutex;
  std::map<uintptr_t, os::StackBounds> by_low;
};
Declared& declared() {
  static auto* d = new Declared;
  return *d;
}

}  // namespace

constinit thread_local GuestThread guest_thread __attribute__((tls_model("initial-exec"))) = {};

Stack Stack::of(const os::StackBounds& bounds) {
  const uintptr_t size = bounds.high - bounds.low;
  // Half of a small stack is the guest's.
  const uintptr_t reserve = size >= 2 * kHostReserve ? kHostReserve : std::max(size / 2, kLeastReserve);
  return {.low = bounds.low, .size = size, .floor = bounds.low + reserve};
}

void prepare_guest_thread() {
  // A thread that first entered a guest before there was a handler has none: faults are then handled on the guest's own
  // stack, where its limit leaves room.
  if (os::has_fault_handler()) os::ensure_signal_stack();
  guest_thread = {.thread = &os::Thread::current(), .stack = Stack::of(os::stack_bounds()), .unblocked_signal = 0};
}

void declare_stack(const os::StackBounds& bounds) {
  Declared& d = declared();
  std::lock_guard lock(d.mutex);
  d.by_low[bounds.low] = bounds;
}

void forget_stack(const os::StackBounds& bounds) {
  Declared& d = declared();
  std::lock_guard lock(d.mutex);
  d.by_low.erase(bounds.low);
}

std::optional<Stack> find_stack(uintptr_t address) {
  if (guest_thread.stack.holds(address)) return guest_thread.stack;
  Declared& d = declared();
  std::lock_guard lock(d.mutex);
  auto after = d.by_low.upper_bound(address);
  if (after == d.by_low.begin()) return std::nullopt;
  const os::StackBounds& bounds = std::prev(after)->second;
  if (address >= bounds.high) return std::nullopt;
  return Stack::of(bounds);
}

}  // namespace vitrine::runtime
