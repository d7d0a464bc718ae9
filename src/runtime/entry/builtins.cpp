#include "runtime/entry/builtins.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "abi/vmcontext.hpp"
#include "base/assert.hpp"
#include "runtime/code/compiled_module.hpp"
#include "runtime/entry/trap_call.hpp"
#include "runtime/entry/unwind.hpp"
#include "runtime/store/store.hpp"

namespace vitrine::runtime {

namespace {

using abi::VMContext;

/// Says where guest code was left, for builtins that may call functions of the embedder: those may enter the store
/// again, and a backtrace from there goes on here. Expands in the builtin itself, whose frame it looks at.
///
/// SAFETY: everything is compiled with frame pointers, so a function's frame begins with its caller's frame pointer and
/// the return address; the caller is guest code in the store's innermost activation.
#define LEAVE_GUEST(context)                                                        \
  do {                                                                              \
    const auto* frame_ = static_cast<const uintptr_t*>(__builtin_frame_address(0)); \
    abi::VMActivation* activation_ = (context)->store->activation;                  \
    activation_->exit_fp = frame_[0];                                               \
    activation_->exit_pc = frame_[1];                                               \
  } while (false)

/// The answer to the guest when growing was refused.
uint64_t refuse_growth(Store& store, Error error) {
  if (!store.limits().trap_on_grow_failure) return ~uint64_t{0};
  store.raise(Failure::of(Error(fmt::format("growing failed: {}", error.message()), ErrorKind::Limit)));
  return ~uint64_t{0};
}

uint64_t grow(Store& store, Result<uint64_t> result) {
  return result ? *result : refuse_growth(store, std::move(result).error());
}

// In a function of its own: when it unwinds, no object of the growing may be alive.
uint64_t after_growing(VMContext* context, uint64_t answer) {
  Store& store = Store::of(context->store);
  if (store.is_cancelled() && !store.has_raised()) store.raise(Failure::trap(abi::TrapCode::Interrupt));
  if (store.has_raised()) [[unlikely]]
    unwind_from_host(context->store);
  return answer;
}

template <class F>
uint64_t guarded_growth(Store& store, F&& f) {
  try {
    return grow(store, f());
  } catch (...) {  // of the embedder's limiter
    store.raise(Failure::of(std::current_exception()));
    return ~uint64_t{0};
  }
}

__attribute__((noinline)) uint64_t memory_grow(VMContext* context, uint32_t memory, uint64_t pages) {
  LEAVE_GUEST(context);
  Instance& instance = *instance_of(context);
  return after_growing(context, guarded_growth(instance.store(), [&] { return instance.memory(memory)->grow(pages); }));
}

__attribute__((noinline)) uint64_t table_grow(VMContext* context, uint32_t table, uint64_t init, uint64_t count) {
  LEAVE_GUEST(context);
  Instance& instance = *instance_of(context);
  return after_growing(context,
                       guarded_growth(instance.store(), [&] { return instance.table(table)->grow(count, init); }));
}

// The bulk operations answer 0 also when the store is told to end meanwhile: the failure that was raised counts, not
// the trap that follows.

__attribute__((noinline)) uint32_t memory_fill(VMContext* context, uint32_t memory, uint64_t dst, uint32_t byte,
                                               uint64_t count) {
  LEAVE_GUEST(context);
  return instance_of(context)->memory_fill(memory, dst, static_cast<uint8_t>(byte), count);
}

__attribute__((noinline)) uint32_t memory_copy(VMContext* context, uint32_t dst_memory, uint64_t dst,
                                               uint32_t src_memory, uint64_t src, uint64_t count) {
  LEAVE_GUEST(context);
  return instance_of(context)->memory_copy(dst_memory, dst, src_memory, src, count);
}

__attribute__((noinline)) uint32_t memory_init(VMContext* context, uint32_t memory, uint32_t segment, uint64_t dst,
                                               uint32_t src, uint32_t count) {
  LEAVE_GUEST(context);
  return instance_of(context)->memory_init(memory, segment, dst, src, count);
}

void data_drop(VMContext* context, uint32_t segment) {
  instance_of(context)->data_drop(segment);
}

__attribute__((noinline)) uint32_t table_fill(VMContext* context, uint32_t table, uint64_t dst, uint64_t value,
                                              uint64_t count) {
  LEAVE_GUEST(context);
  return instance_of(context)->table_fill(table, dst, value, count);
}

__attribute__((noinline)) uint32_t table_copy(VMContext* context, uint32_t dst_table, uint64_t dst, uint32_t src_table,
                                              uint64_t src, uint64_t count) {
  LEAVE_GUEST(context);
  return instance_of(context)->table_copy(dst_table, dst, src_table, src, count);
}

__attribute__((noinline)) uint32_t table_init(VMContext* context, uint32_t table, uint32_t segment, uint64_t dst,
                                              uint32_t src, uint32_t count) {
  LEAVE_GUEST(context);
  return instance_of(context)->table_init(table, segment, dst, src, count);
}

void elem_drop(VMContext* context, uint32_t segment) {
  instance_of(context)->elem_drop(segment);
}

__attribute__((noinline)) uint32_t new_epoch(VMContext* context) {
  LEAVE_GUEST(context);
  return Store::of(context->store).new_epoch();
}

uint32_t out_of_fuel(VMContext* context) {
  return Store::of(context->store).refill();
}

__attribute__((noinline)) uint64_t compile_lazy(VMContext* context, uint32_t function) {
  LEAVE_GUEST(context);
  const CompiledModule& module = instance_of(context)->module();
  const LazyCompiler& compiler = module.lazy_compiler();
  VITRINE_ASSERT(compiler.compile != nullptr);
  return reinterpret_cast<uintptr_t>(compiler.compile(compiler.env, module, function));
}

constexpr auto trap = trap_call;

}  // namespace

const void* const kBuiltins[] = {
#define BUILTIN(name, ...) reinterpret_cast<const void*>(+name),
#include "abi/builtins.def"
#undef BUILTIN
};
static_assert(std::size(kBuiltins) == static_cast<size_t>(abi::Builtin::kCount));

}  // namespace vitrine::runtime
