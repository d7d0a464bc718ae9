#include "runtime/entry/builtins.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "abi/vmcontext.hpp"
#include "base/assert.hpp"
#include "base/casts.hpp"
#include "runtime/code/compiled_module.hpp"
#include "runtime/entry/call.hpp"
#include "runtime/entry/trap_call.hpp"
#include "runtime/entry/unwind.hpp"
#include "runtime/store/store.hpp"

namespace vitrine::runtime {

namespace {

using abi::VMContext;

/// How compiled code gets to a builtin that it leaves the guest for (builtins.def): the activation says where, so that
/// a backtrace, an unwinding or an entry into the store that begins in there goes on at the guest's frames. The guest
/// does not go on where a reason to end it was raised, or the store was cancelled. What the builtin throws (a callback
/// of the embedder's, or std::bad_alloc) is such a reason, as what a host function throws is.
template <auto builtin>
struct Leaving;
template <class R, class... Args, R (*builtin)(VMContext*, Args...)>
struct Leaving<builtin> {
  // SAFETY: a function that asks for its frame has a frame pointer, so its frame begins with its caller's frame pointer
  // and the return address; the caller is guest code in the store's innermost activation.
  static R call(VMContext* context, Args... args) {
    const auto* frame = static_cast<const uintptr_t*>(__builtin_frame_address(0));
    abi::VMActivation* activation = context->store->activation;
    activation->exit_fp = frame[0];
    activation->exit_pc = frame[1];
    R answer{};
    try {
      answer = builtin(context, args...);
    } catch (...) {
      Store::of(context->store).carry_exception();
    }
    come_back(context->store, activation);
    return answer;
  }
  // When it unwinds, no object of the builtin is alive.
  static void come_back(abi::VMStore* vm, abi::VMActivation* activation) {
    const Store& store = Store::of(vm);
    if (store.is_cancelled() || store.has_raised()) [[unlikely]]
      unwind_from_host(vm);
    activation->exit_fp = 0;
  }
};

template <auto builtin>
constexpr auto Leaves = &Leaving<builtin>::call;
template <auto builtin>
constexpr auto Stays = builtin;

uint64_t answer_growth(Store& store, std::expected<uint64_t, GrowthFailure> result) {
  if (result) return *result;
  GrowthFailure& failure = result.error();
  if (failure.ends_guest) {
    store.raise(Failure::of(std::move(failure.error)));
  } else if (store.limits().trap_on_grow_failure) {
    store.raise(Failure::of(Error(fmt::format("growing failed: {}", failure.error.message()), ErrorKind::Limit)));
  }
  return ~uint64_t{0};
}

uint64_t memory_grow(VMContext* context, uint32_t memory, uint64_t pages) {
  Instance& instance = *instance_of(context);
  return answer_growth(instance.store(), instance.memory(memory)->try_grow(pages));
}

uint64_t table_grow(VMContext* context, uint32_t table, uint64_t init, uint64_t count) {
  Instance& instance = *instance_of(context);
  return answer_growth(instance.store(), instance.table(table)->try_grow(count, init));
}

uint32_t memory_fill(VMContext* context, uint32_t memory, uint64_t dst, uint32_t byte, uint64_t count) {
  return instance_of(context)->memory_fill(memory, dst, static_cast<uint8_t>(byte), count);
}

uint32_t memory_copy(VMContext* context, uint32_t dst_memory, uint64_t dst, uint32_t src_memory, uint64_t src,
                     uint64_t count) {
  return instance_of(context)->memory_copy(dst_memory, dst, src_memory, src, count);
}

uint32_t memory_init(VMContext* context, uint32_t memory, uint32_t segment, uint64_t dst, uint32_t src,
                     uint32_t count) {
  return instance_of(context)->memory_init(memory, segment, dst, src, count);
}

void data_drop(VMContext* context, uint32_t segment) {
  instance_of(context)->data_drop(segment);
}

uint32_t table_fill(VMContext* context, uint32_t table, uint64_t dst, uint64_t value, uint64_t count) {
  return instance_of(context)->table_fill(table, dst, value, count);
}

uint32_t table_copy(VMContext* context, uint32_t dst_table, uint64_t dst, uint32_t src_table, uint64_t src,
                    uint64_t count) {
  return instance_of(context)->table_copy(dst_table, dst, src_table, src, count);
}

uint32_t table_init(VMContext* context, uint32_t table, uint32_t segment, uint64_t dst, uint32_t src, uint32_t count) {
  return instance_of(context)->table_init(table, segment, dst, src, count);
}

void elem_drop(VMContext* context, uint32_t segment) {
  instance_of(context)->elem_drop(segment);
}

uint32_t new_epoch(VMContext* context) {
  Store& store = Store::of(context->store);
  const bool goes_on = store.new_epoch();
  go_on_here(store);  // the yield hook may have come back on another thread
  return goes_on;
}

uint32_t out_of_fuel(VMContext* context) {
  return Store::of(context->store).refill();
}

uint64_t compile_lazy(VMContext* context, uint32_t function) {
  const CompiledModule& module = instance_of(context)->module();
  const LazyCompiler& compiler = module.lazy_compiler();
  VITRINE_ASSERT(compiler.compile != nullptr);
  return address_of(compiler.compile(compiler.env, module, function));
}

constexpr auto trap = trap_call;

}  // namespace

// SAFETY: compiled code calls each by the signature that builtins.def gives it.
const void* const kBuiltins[] = {
#define BUILTIN(name, leaves, ...) reinterpret_cast<const void*>(leaves<name>),
#include "abi/builtins.def"
#undef BUILTIN
};
static_assert(std::size(kBuiltins) == static_cast<size_t>(abi::Builtin::kCount));

}  // namespace vitrine::runtime
