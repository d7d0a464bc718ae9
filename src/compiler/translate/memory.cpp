// Linear memory: addresses, loads, stores, size and growth.
#include "compiler/translate/function_translator.hpp"

namespace vitrine::translate {

using abi::TrapCode;
using ir::IntCC;
using ir::MemKind;
using ir::Type;

FunctionTranslator::Value FunctionTranslator::memory_field(uint32_t memory, uint32_t field, uint8_t flags) {
  return context_word(env_.memories[memory].place, field, flags);
}

FunctionTranslator::Value FunctionTranslator::memory_base(uint32_t memory) {
  bool fixed = env_.memories[memory].base_is_fixed;
  if (base_.memory == memory && (mode_ == Mode::Ssa || base_.block == b_.block())) return base_.value;
  Value value = memory_field(memory, offsetof(abi::VMMemory, base), fixed ? kFixed : kMapped);
  if (fixed) base_ = {memory, frame_number(), b_.block(), value};
  return value;
}

// SAFETY: the guarded case. `index` is 32 bits wide and `base` begins a reservation of 4 GiB with a guard after it,
// which nothing is mapped in but the memory. The access ends at most offset + bytes <= guard size past 4 GiB, so it
// hits the memory or faults, and the fault is a trap by the trap code of the access.
FunctionTranslator::Address FunctionTranslator::address(const wasm::MemArg& mem, Value index, uint32_t bytes) {
  const MemoryPlan& plan = env_.memories[mem.memory];
  uint64_t constant, reach, end;
  if (__builtin_add_overflow(mem.offset, bytes, &reach)) reach = ~0ull;
  // An access at a constant address below the smallest size the memory can have needs no check and cannot trap.
  if (func_->is_iconst(index, &constant) && !__builtin_add_overflow(constant, reach, &end) && end <= plan.min_bytes &&
      end <= 0x7fff'ffff) {
    return {memory_base(mem.memory), static_cast<int32_t>(constant + mem.offset), 0, kMapped, plan.region};
  }
  if (plan.guarded && mem.offset <= 0x7fff'ffff && reach <= env_.settings.memory_guard_size) {
    Value at = b_.uextend(index);
    Value ptr = b_.iadd(memory_base(mem.memory), at);
    return {ptr, static_cast<int32_t>(mem.offset), trap(TrapCode::MemoryOutOfBounds), 0, plan.region};
  }
  return checked_address(plan, mem.memory, mem.offset, index, bytes);
}

/// Checks explicitly that [index + offset, index + offset + bytes) lies in the memory.
FunctionTranslator::Address FunctionTranslator::checked_address(const MemoryPlan& plan, uint32_t memory,
                                                                uint64_t offset, Value index, uint32_t bytes) {
  Value at = as_i64(index);
  Value size = memory_field(memory, offsetof(abi::VMMemory, size), kMapped);
  uint64_t reach;
  Value outside;
  if (__builtin_add_overflow(offset, bytes, &reach)) {
    outside = b_.i32(1);
  } else if (reach <= plan.min_bytes) {
    // size - reach cannot wrap, so one comparison does.
    outside = b_.icmp(IntCC::UGt, at, b_.isub(size, b_.i64(reach)));
  } else if (!plan.is_64) {
    // 33 bits: the sum cannot wrap.
    outside = b_.icmp(IntCC::UGt, b_.iadd(at, b_.i64(reach)), size);
  } else {
    Value end = b_.iadd(at, b_.i64(reach));
    Value is_beyond = b_.icmp(IntCC::UGt, end, size);
    outside = b_.bor(b_.icmp(IntCC::ULt, end, at), is_beyond);
  }
  b_.trapif(outside, trap(TrapCode::MemoryOutOfBounds));
  // The access keeps its trap code, so that no pass moves it above the check.
  Address result{b_.iadd(memory_base(memory), at), 0, trap(TrapCode::MemoryOutOfBounds), 0, plan.region};
  if (env_.settings.spectre_mitigation) {
    // A mispredicted check leads to address 0 and not to where the guest points.
    Value address = b_.iadd(result.ptr, b_.i64(offset));
    result.ptr = b_.select(outside, b_.i64(0), address, ir::kGuard);
  } else if (offset <= 0x7fff'ffff) {
    result.disp = static_cast<int32_t>(offset);
  } else {
    result.ptr = b_.iadd(result.ptr, b_.i64(offset));
  }
  return result;
}

void FunctionTranslator::on_memory_size(uint32_t memory) {
  const MemoryPlan& plan = env_.memories[memory];
  Value bytes = memory_field(memory, offsetof(abi::VMMemory, size), kMapped);
  Value pages = b_.ushr(bytes, b_.i64(plan.page_size_log2));
  push(plan.is_64 ? pages : b_.wrap(pages));
}

void FunctionTranslator::on_memory_grow(uint32_t memory) {
  Value args[] = {b_.i32(memory), as_i64(pop())};
  Value old = builtin(abi::Builtin::memory_grow, args)[0];
  push(env_.memories[memory].is_64 ? old : b_.wrap(old));
}

}  // namespace vitrine::translate
