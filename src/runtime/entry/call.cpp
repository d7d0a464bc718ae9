#include "runtime/entry/call.hpp"

#include "os/signals.hpp"
#include "runtime/store/store.hpp"

namespace vitrine::runtime {

namespace {

// Stack that guests never get: host functions and builtins called from the deepest guest frame run on it.
constexpr uintptr_t kHostReserve = 128 * 1024;

/// Where guest frames may be on this thread's own stack; 0, 0 until the thread first enters a guest. Initial-exec: one
/// load, as this is read on every entry.
struct ThreadStack {
  uintptr_t floor;
  uintptr_t high;
};
constinit thread_local ThreadStack thread_stack __attribute__((tls_model("initial-exec"))) = {0, 0};

__attribute__((noinline)) void prepare_thread() {
  // A thread that first entered a guest before there was a handler has none: faults are then handled on the guest's own
  // stack, where its limit leaves room.
  if (os::has_fault_handler()) os::ensure_signal_stack();
  os::StackBounds bounds = os::stack_bounds();
  thread_stack = {bounds.low + kHostReserve, bounds.high};
}

uintptr_t stack_limit(uintptr_t sp, uint64_t max_wasm_stack) {
  if (thread_stack.high == 0) [[unlikely]]
    prepare_thread();
  uintptr_t limit = sp > max_wasm_stack ? sp - max_wasm_stack : 0;
  // On another stack than the thread's own (a fiber's) the thread's bounds say nothing.
  bool is_own_stack = sp < thread_stack.high && sp >= thread_stack.floor - kHostReserve;
  if (is_own_stack && limit < thread_stack.floor) limit = thread_stack.floor;
  return limit;
}

__attribute__((noinline)) Outcome<> call_host(Store& store, abi::VMFuncRef* function, abi::ValRaw* values) {
  // SAFETY: is_host says that the context is a VMHostContext.
  auto* host = reinterpret_cast<abi::VMHostContext*>(function->context);
  if (host->call(host->env, store.host_caller(), values) == 0 && !store.has_raised()) return {};
  return std::unexpected(store.take_failure());
}

}  // namespace

Outcome<> call_function(Store& store, abi::VMFuncRef* function, abi::ValRaw* values) {
  if (function->is_host) [[unlikely]]
    return call_host(store, function, values);
  abi::VMStore& vm = store.vm();
  abi::VMActivation activation;
  activation.previous = vm.activation;
  activation.exit_fp = 0;
  activation.exit_pc = 0;
  if (!activation.previous) {
    vm.stack_limit =
        stack_limit(reinterpret_cast<uintptr_t>(__builtin_frame_address(0)), store.engine().settings().max_wasm_stack);
  }
  vm.activation = &activation;
  int32_t ok = function->array_call(function->context, function->code, values, &vm);
  vm.activation = activation.previous;
  if (ok && !store.has_raised()) [[likely]]
    return {};
  return std::unexpected(store.take_failure());
}

}  // namespace vitrine::runtime
