#include "runtime/entry/builtins.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <type_traits>

#include "abi/vmcontext.hpp"
#include "base/assert.hpp"
#include "runtime/code/compiled_module.hpp"
#include "runtime/entry/trap_call.hpp"
#include "runtime/entry/unwind.hpp"
#include "runtime/store/store.hpp"

namespace vitrine::runtime {

namespace {

using abi::VMContext;

/// How compiled code gets to a builtin that it leaves the guest for (builtins.def): the activation says where, so that
/// a backtrace, an unwinding or an entry into the store that begins in there goes on at the guest's frames.
template <auto builtin>
struct Leaving;
template <class R, class... Args, R (*builtin)(VMContext*, Args...)>
struct Leaving<builtin> {
  // SAFETY: everything is compiled with frame pointers, so this function's frame begins with its caller's frame pointer
  // and the return address; the caller is guest code in the store's innermost activation.
  static R call(VMContext* context, Args... args) {
    const auto* frame = static_cast<const uintptr_t*>(__builtin_frame_address(0));
    abi::VMActivation* activation = context->store->activation;
    activation->exit_fp = frame[0];
    activation->exit_pc = frame[1];
    if constexpr (std::is_void_v<R>) {
      builtin(context, args...);
      activation->exit_fp = 0;
    } else {
      R answer = builtin(context, args...);
      activation->exit_fp = 0;
      return answer;
    }
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

// In a function of its own: when it unwinds, no object of the growing may be alive.
uint64_t after_growing(VMContext* context, uint64_t answer) {
  if (Store::of(context->store).has_raised()) [[unlikely]]
    unwind_to_entry(context->store->activation);
  return answer;
}

template <class F>
uint64_t guarded_growth(Store& store, F&& f) {
  try {
    return answer_growth(store, f());
  } catch (...) {  // of the embedder's limiter
    store.raise(Failure::of(std::current_exception()));
    return ~uint64_t{0};
  }
}

uint64_t memory_grow(VMContext* context, uint32_t memory, uint64_t pages) {
  Instance& instance = *instance_of(context);
  return after_growing(context,
                       guarded_growth(instance.store(), [&] { return instance.memory(memory)->try_grow(pages); }));
}

uint64_t table_grow(VMContext* context, uint32_t table, uint64_t init, uint64_t count) {
  Instance& instance = *instance_of(context);
  return after_growing(context,
                       guarded_growth(instance.store(), [&] { return instance.table(table)->try_grow(count, init); }));
}

// A guest may ask for gigabytes at once: where epochs interrupt guests, a large operation is done piece by piece with a
// look at the deadline between them. What is done so far stays done, as if a loop had been interrupted.
constexpr uint64_t kPiece = 16ull << 20;

bool is_interrupted(Store& store) {
  const abi::VMStore& vm = store.vm();
  if (store.engine().epoch() < vm.epoch_deadline || store.new_epoch()) return false;
  if (!store.has_raised()) store.raise(Failure::trap(abi::TrapCode::Interrupt));
  return true;
}

bool needs_pieces(const Store& store, uint64_t count) {
  return count > kPiece && store.engine().settings().epoch_interruption;
}

/// Answers 0 as for a range that is out of bounds: the failure that was raised counts, not the trap that follows.
uint32_t fill_in_pieces(Instance& instance, uint32_t memory, uint64_t dst, uint8_t byte, uint64_t count) {
  if (!instance.memory_fill(memory, dst, byte, 0) || count > instance.memory(memory)->data().size() - dst) return 0;
  for (uint64_t done = 0; done < count; done += kPiece) {
    if (is_interrupted(instance.store())) return 0;
    instance.memory_fill(memory, dst + done, byte, std::min(kPiece, count - done));
  }
  return 1;
}

uint32_t copy_in_pieces(Instance& instance, uint32_t dst_memory, uint64_t dst, uint32_t src_memory, uint64_t src,
                        uint64_t count) {
  if (!instance.memory_copy(dst_memory, dst, src_memory, src, 0) ||
      count > instance.memory(dst_memory)->data().size() - dst ||
      count > instance.memory(src_memory)->data().size() - src) {
    return 0;
  }
  // From the end if the ranges may overlap that way, so that no byte is overwritten before it is copied.
  const bool backwards = dst > src;
  for (uint64_t done = 0; done < count; done += kPiece) {
    if (is_interrupted(instance.store())) return 0;
    const uint64_t piece = std::min(kPiece, count - done);
    const uint64_t at = backwards ? count - done - piece : done;
    instance.memory_copy(dst_memory, dst + at, src_memory, src + at, piece);
  }
  return 1;
}

uint32_t memory_fill(VMContext* context, uint32_t memory, uint64_t dst, uint32_t byte, uint64_t count) {
  Instance& instance = *instance_of(context);
  if (needs_pieces(instance.store(), count)) [[unlikely]]
    return fill_in_pieces(instance, memory, dst, static_cast<uint8_t>(byte), count);
  return instance.memory_fill(memory, dst, static_cast<uint8_t>(byte), count);
}

uint32_t memory_copy(VMContext* context, uint32_t dst_memory, uint64_t dst, uint32_t src_memory, uint64_t src,
                     uint64_t count) {
  Instance& instance = *instance_of(context);
  if (needs_pieces(instance.store(), count)) [[unlikely]]
    return copy_in_pieces(instance, dst_memory, dst, src_memory, src, count);
  return instance.memory_copy(dst_memory, dst, src_memory, src, count);
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
  return Store::of(context->store).new_epoch();
}

uint32_t out_of_fuel(VMContext* context) {
  return Store::of(context->store).refill();
}

uint64_t compile_lazy(VMContext* context, uint32_t function) {
  const CompiledModule& module = instance_of(context)->module();
  const LazyCompiler& compiler = module.lazy_compiler();
  VITRINE_ASSERT(compiler.compile != nullptr);
  return reinterpret_cast<uintptr_t>(compiler.compile(compiler.env, module, function));
}

constexpr auto trap = trap_call;

}  // namespace

const void* const kBuiltins[] = {
#define BUILTIN(name, leaves, ...) reinterpret_cast<const void*>(leaves<name>),
#include "abi/builtins.def"
#undef BUILTIN
};
static_assert(std::size(kBuiltins) == static_cast<size_t>(abi::Builtin::kCount));

}  // namespace vitrine::runtime
