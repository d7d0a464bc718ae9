#include "runtime/entry/call.hpp"

#include "base/casts.hpp"
#include "runtime/entry/stack.hpp"
#include "runtime/failure/activations.hpp"
#include "runtime/store/store.hpp"

namespace vitrine::runtime {

namespace {

/// Keeps an entry on the store's list of activations while it lives; also when a forced unwind (pthread_exit,
/// cancellation of the thread) passes by.
class Listed {
 public:
  Listed(abi::VMStore& vm, abi::VMActivation& entry) : vm_(vm), entry_(entry), previous_(entry.previous) {
    // Before the look at the store's thread, for who cancels looks at them the other way round.
    __atomic_store_n(&vm.activation, &entry, __ATOMIC_RELAXED);
    std::atomic_signal_fence(std::memory_order_seq_cst);
  }
  ~Listed() {
    if (vm_.activation != &entry_) [[unlikely]]
      broken_activations();
    __atomic_store_n(&vm_.activation, previous_, __ATOMIC_RELAXED);
  }
  Listed(const Listed&) = delete;
  Listed& operator=(const Listed&) = delete;
  const abi::VMActivation* previous() const { return previous_; }

 private:
  abi::VMStore& vm_;
  abi::VMActivation& entry_;
  abi::VMActivation* const previous_;
};

__attribute__((always_inline)) inline Failure* run(Store& store, abi::VMFuncRef* function, abi::ValRaw* values) {
  int32_t ok = function->array_call(function->context, function->code, values, &store.vm());
  if (ok && !store.has_raised()) [[likely]]
    return nullptr;
  return store.take_failure().release();
}

/// Makes the calling thread one whose guests can be cancelled.
void prepare_thread(Store& store) {
  if (!guest_thread.thread) prepare_guest_thread();
  const int signal = store.engine().cancel_signal();
  if (guest_thread.unblocked_signal == signal) return;
  if (signal != 0) os::unblock(signal);
  guest_thread.unblocked_signal = signal;
}

/// A call that finds something else than the one before it: another thread, another stack, or a cancelled store.
__attribute__((noinline)) Failure* call_elsewhere(Store& store, abi::VMFuncRef* function, abi::ValRaw* values,
                                                  const abi::VMActivation* previous, uintptr_t sp) {
  prepare_thread(store);
  abi::VMStore& vm = store.vm();
  struct Restore {
    Store& store;
    os::Thread* thread;
    uintptr_t limit;
    ~Restore() {
      store.vm().stack_limit = limit;
      if (thread) store.go_back_to(*thread);
    }
  } restore{store, previous ? store.running_thread() : nullptr, vm.stack_limit};
  if (!store.enter(*guest_thread.thread)) return store.cancelled_failure().release();
  const auto stack = find_stack(sp);
  if (!stack) {
    return Failure::of(Error("a guest is called on a stack whose bounds are not known: it is not the thread's own, and "
                             "no vitrine::Stack says where it ends",
                             ErrorKind::Usage))
        .release();
  }
  if (!previous || !stack->holds(address_of(previous))) {
    vm.stack_limit = stack->limit(sp, store.max_wasm_stack());
  } else if (!may_call_at(*previous, sp)) {
    broken_activations();  // the frames of the guest that called the host are gone, but it did not return
  }
  return run(store, function, values);
}

__attribute__((noinline)) Failure* call_host(Store& store, abi::VMFuncRef* function, abi::ValRaw* values) {
  if (store.is_cancelled()) return store.cancelled_failure().release();
  // SAFETY: is_host says that the context is a VMHostContext.
  auto* host = reinterpret_cast<abi::VMHostContext*>(function->context);
  if (host->call(host->env, store.host_caller(), values) == 0 && !store.has_raised()) return nullptr;
  return store.take_failure().release();
}

__attribute__((noinline)) Failure* call_after_raise(Store& store, abi::VMFuncRef* function, abi::ValRaw* values) {
  return store.keeping_raised([&] { return enter_function(store, function, values); });
}

}  // namespace

// AddressSanitizer would move the activation to a heap of its own, and where it lies says which frames are below it.
__attribute__((no_sanitize("address"))) Failure* enter_function(Store& store, abi::VMFuncRef* function,
                                                                abi::ValRaw* values) {
  if (store.has_raised()) [[unlikely]]
    return call_after_raise(store, function, values);
  if (function->is_host) [[unlikely]]
    return call_host(store, function, values);
  abi::VMStore& vm = store.vm();
  abi::VMActivation entry{.previous = vm.activation, .entry_sp = 0, .entry_fp = 0, .exit_fp = 0, .exit_pc = 0};
  const Listed activation(vm, entry);
  const auto sp = address_of(__builtin_frame_address(0));
  const abi::VMActivation* previous = activation.previous();
  bool is_at_home = store.thread_at_home() == guest_thread.thread;
  if (!previous) {
    is_at_home &= guest_thread.stack.holds(sp);
    vm.stack_limit = guest_thread.stack.limit(sp, store.max_wasm_stack());
  } else {
    // Below the frames of the guest that called the host, and above the limit they had: on their stack.
    is_at_home &= sp > vm.stack_limit && may_call_at(*previous, sp);
    is_at_home &= guest_thread.thread != nullptr;  // which nobody is at home in a cancelled store, too
  }
  if (!is_at_home) [[unlikely]]
    return call_elsewhere(store, function, values, previous, sp);
  return run(store, function, values);
}

// Not inlined: its caller may have been on another thread before.
__attribute__((noinline)) void go_on_here(Store& store) {
  prepare_thread(store);
  if (store.running_thread() != guest_thread.thread) (void)store.enter(*guest_thread.thread);
}

}  // namespace vitrine::runtime
