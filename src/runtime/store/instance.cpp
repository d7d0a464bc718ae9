#include "runtime/store/instance.hpp"

#include <algorithm>
#include <cstring>

#include "base/assert.hpp"
#include "base/casts.hpp"
#include "base/streaming.hpp"
#include "os/pages.hpp"
#include "runtime/code/compiled_module.hpp"
#include "runtime/store/store.hpp"

namespace vitrine::runtime {

using abi::ValRaw;
using abi::VMFuncRef;
using wasm::ExternKind;
using wasm::SegmentMode;

namespace {

/// `offset + count <= size`, without overflow.
constexpr bool is_inside(uint64_t offset, uint64_t count, uint64_t size) {
  return offset <= size && count <= size - offset;
}

// A guest may ask for gigabytes at once, and a piece on fresh pages takes a microsecond or more for each kilobyte: with
// this much between two looks at whether to go on, a guest that is told to end does so within 200 microseconds.
constexpr uint64_t kPieceBytes = 16 * 1024;
constexpr uint64_t kPieceElements = kPieceBytes / sizeof(uint64_t);

/// Calls `work(at, n)` for pieces of [0, count). False if told to end between two of them, with the reason raised in
/// the store; what is done so far stays done, as if a loop had been interrupted.
template <class F>
bool in_pieces(Store& store, uint64_t count, uint64_t piece, F&& work) {
  if (count <= piece) [[likely]] {
    if (count > 0) work(uint64_t{0}, count);
    return true;
  }
  for (uint64_t at = 0; at < count; at += piece) {
    if (store.is_interrupted()) return false;
    work(at, std::min(piece, count - at));
  }
  return true;
}

/// Whether a copy has to begin at the end, so that nothing is overwritten before it is copied (in another memory or
/// table it does no harm).
constexpr bool overlaps_from_below(uint64_t src, uint64_t dst, uint64_t count) {
  return dst > src && dst - src < count;
}

ValRaw value_of(const wasm::ConstOp& op) {
  ValRaw value{};
  std::memcpy(value.v128, &op.bits, 8);
  std::memcpy(value.v128 + 8, &op.high, 8);
  return value;
}

}  // namespace

Instance* instance_of(const abi::VMContext* context) {
  return static_cast<Instance*>(context->instance);
}

Instance::Instance(Store& store, std::shared_ptr<const CompiledModule> module)
    : store_(store), module_(std::move(module)) {}

Instance::~Instance() = default;

Result<> Instance::allocate(std::span<const Extern> imports) {
  const wasm::Module& m = module_->module();
  const abi::VMLayout& layout = module_->layout();
  // One block: the context, and behind it what the host looks at.
  const uint64_t context_size = os::round_up(layout.size(), alignof(void*));
  const uint64_t pointers = m.tables.size() + m.memories.size() + m.globals.size();
  auto space = store_.engine().allocator().take_instance(context_size + pointers * sizeof(void*) + m.elems.size() +
                                                         m.datas.size());
  if (!space) return std::unexpected(std::move(space).error());
  space_ = *std::move(space);
  auto carve = [next = static_cast<uint8_t*>(space_.data()) + context_size]<class T>(std::span<T>& list,
                                                                                     size_t count) mutable {
    // SAFETY: inside of the block, whose zeros are null pointers and false; the pointers come first, aligned.
    list = {reinterpret_cast<T*>(next), count};
    next += list.size_bytes();
  };
  carve(tables_, m.tables.size());
  carve(memories_, m.memories.size());
  carve(globals_, m.globals.size());
  carve(elem_dropped_, m.elems.size());
  carve(data_dropped_, m.datas.size());
  static_assert(alignof(abi::VMGlobal) <= 16, "what the allocator aligns to");
  context_ = static_cast<abi::VMContext*>(space_.data());
  *context_ = {.store = &store_.vm(),
               .builtins = nullptr,
               .functions = module_->functions(),
               .type_ids = module_->type_ids().data(),
               .instance = this};

  for (size_t i = 0; i < imports.size(); ++i) import(m.imports[i], imports[i]);
  if (const auto funcrefs = module_->funcref_template(); !funcrefs.empty()) {
    auto* to = at<VMFuncRef>(layout.funcrefs());
    std::memcpy(to, funcrefs.data(), funcrefs.size_bytes());
    for (size_t i = 0; i < funcrefs.size(); ++i) to[i].context = context_;
  }
  TRY(define_memories());
  for (uint32_t i = m.imported_globals; i < m.globals.size(); ++i) {
    *at<abi::VMGlobal>(layout.global(i)) = evaluate(m.globals[i].init);
  }
  return define_tables();
}

void Instance::import(const wasm::Import& import, const Extern& value) {
  const abi::VMLayout& layout = module_->layout();
  switch (import.kind) {
    case ExternKind::Func: {
      VMFuncRef* func = value.func;
      store_.resolve(func);
      // A host function is called through this module's own trampoline of the type: the code is near.
      const void* code = func->is_host ? module_->host_call(module_->module().functions[import.index]) : func->code;
      *at<abi::VMFuncImport>(layout.function_import(import.index)) = {
          .code = code, .context = func->context, .funcref = func};
      break;
    }
    case ExternKind::Table:
      tables_[import.index] = value.table;
      *at<abi::VMTable*>(layout.table(import.index)) = value.table->definition();
      break;
    case ExternKind::Memory:
      memories_[import.index] = value.memory;
      *at<abi::VMMemory*>(layout.memory(import.index)) = value.memory->definition();
      break;
    case ExternKind::Global:
      globals_[import.index] = value.global;
      *at<abi::VMGlobal*>(layout.global(import.index)) = value.global->definition();
      break;
    case ExternKind::Tag:
      VITRINE_ASSERT(!"no tag can be made");
  }
}

Result<> Instance::define_memories() {
  const wasm::Module& m = module_->module();
  for (uint32_t i = m.imported_memories; i < m.memories.size(); ++i) {
    const wasm::MemoryType& type = m.memories[i];
    Engine& engine = store_.engine();
    const MemorySource source = module_->memory_source(i);
    const bool is_mapped = engine.options().memory_init_cow;
    auto linear = engine.allocator().take_memory(type, is_mapped ? source : MemorySource{});
    if (!linear) return std::unexpected(std::move(linear).error());
    if (!is_mapped && source.size > 0) {
      const auto contents = module_->bytes().subspan(source.file_offset, source.size);
      std::memcpy(linear->base() + source.guest_offset, contents.data(), contents.size());
    }
    const abi::VMLayout& layout = module_->layout();
    const bool is_indirect = layout.memory_is_indirect(i);
    abi::VMMemory* slot = is_indirect ? nullptr : at<abi::VMMemory>(layout.memory(i));
    memories_[i] = &store_.memories_.emplace_back(store_, type, *std::move(linear), slot);
    if (is_indirect) *at<abi::VMMemory*>(layout.memory(i)) = memories_[i]->definition();
  }
  return {};
}

Result<> Instance::define_tables() {
  const wasm::Module& m = module_->module();
  for (uint32_t i = m.imported_tables; i < m.tables.size(); ++i) {
    wasm::TableType type = m.tables[i].type;
    type.element = TypeRegistry::canonical(type.element, module_->type_ids());
    auto elements = Table::allocate(store_.engine().allocator(), type.limits.min);
    if (!elements) return std::unexpected(std::move(elements).error());
    uint64_t init = m.tables[i].init ? evaluate(*m.tables[i].init).ref : 0;
    tables_[i] = &store_.tables_.emplace_back(store_, type, *std::move(elements), init,
                                              at<abi::VMTable>(module_->layout().table(i)));
  }
  return {};
}

ValRaw Instance::evaluate(wasm::ConstExpr expr) {
  const wasm::Module& m = module_->module();
  std::vector<ValRaw> stack;
  auto single = [&](const wasm::ConstOp& op) -> std::optional<ValRaw> {
    ValRaw value{};
    switch (op.op) {
      case wasm::Op::I32Const:
      case wasm::Op::I64Const:
      case wasm::Op::F32Const:
      case wasm::Op::F64Const:
      case wasm::Op::V128Const:
        return value_of(op);
      case wasm::Op::RefNull:
        return value;
      case wasm::Op::RefFunc:
        value.ref = address_of(func(op.index));
        return value;
      case wasm::Op::GlobalGet:
        if (op.index < m.imported_globals) return **at<abi::VMGlobal*>(module_->layout().global(op.index));
        return *at<abi::VMGlobal>(module_->layout().global(op.index));
      default:
        return std::nullopt;
    }
  };
  const auto ops = m.ops(expr);
  if (ops.size() == 1) {
    auto value = single(ops[0]);
    VITRINE_ASSERT(value.has_value());
    return *value;
  }
  for (const wasm::ConstOp& op : ops) {
    if (auto value = single(op)) {
      stack.push_back(*value);
      continue;
    }
    VITRINE_ASSERT(stack.size() >= 2);
    const auto right = static_cast<uint64_t>(stack.back().i64);
    stack.pop_back();
    const auto left = static_cast<uint64_t>(stack.back().i64);
    uint64_t result = 0;
    switch (op.op) {
      case wasm::Op::I32Add:
        result = static_cast<uint32_t>(left + right);
        break;
      case wasm::Op::I32Sub:
        result = static_cast<uint32_t>(left - right);
        break;
      case wasm::Op::I32Mul:
        result = static_cast<uint32_t>(left * right);
        break;
      case wasm::Op::I64Add:
        result = left + right;
        break;
      case wasm::Op::I64Sub:
        result = left - right;
        break;
      case wasm::Op::I64Mul:
        result = left * right;
        break;
      default:
        VITRINE_ASSERT(!"an operator that is not constant");
    }
    stack.back() = {};
    stack.back().i64 = static_cast<int64_t>(result);
  }
  VITRINE_ASSERT(stack.size() == 1);
  return stack.back();
}

Outcome<> Instance::initialize() {
  const wasm::Module& m = module_->module();
  auto failure = [this](abi::TrapCode code) {
    return store_.has_raised() ? store_.take_failure() : Failure::trap(code);
  };
  for (uint32_t i = 0; i < m.elems.size(); ++i) {
    const wasm::ElemSegment& segment = m.elems[i];
    if (segment.mode == SegmentMode::Passive) continue;
    if (segment.mode == SegmentMode::Active) {
      ValRaw offset = evaluate(segment.offset);
      bool is_64 = tables_[segment.table]->type().limits.is_64;
      uint64_t dst = is_64 ? static_cast<uint64_t>(offset.i64) : static_cast<uint32_t>(offset.i32);
      if (!table_init(segment.table, i, dst, 0, static_cast<uint32_t>(segment.size()))) {
        return std::unexpected(failure(abi::TrapCode::TableOutOfBounds));
      }
    }
    elem_drop(i);
  }
  for (uint32_t i = 0; i < m.datas.size(); ++i) {
    const wasm::DataSegment& segment = m.datas[i];
    if (segment.mode != SegmentMode::Active) continue;
    ValRaw offset = evaluate(segment.offset);
    bool is_64 = memories_[segment.memory]->type().limits.is_64;
    uint64_t dst = is_64 ? static_cast<uint64_t>(offset.i64) : static_cast<uint32_t>(offset.i32);
    if (!memory_init(segment.memory, i, dst, 0, static_cast<uint32_t>(segment.bytes.size()))) {
      return std::unexpected(failure(abi::TrapCode::MemoryOutOfBounds));
    }
    data_drop(i);
  }
  return {};
}

VMFuncRef* Instance::start_function(VMFuncRef& storage) {
  const auto& start = module_->module().start;
  return start ? func(*start, storage) : nullptr;
}

std::optional<Extern> Instance::find_export(std::string_view name) {
  auto index = module_->find_export(name);
  if (!index) return std::nullopt;
  return export_at(*index);
}

Extern Instance::export_at(uint32_t export_index) {
  const wasm::Export& e = module_->module().exports[export_index];
  switch (e.kind) {
    case ExternKind::Func:
      return Extern::of(func(e.index));
    case ExternKind::Table:
      return Extern::of(table(e.index));
    case ExternKind::Memory:
      return Extern::of(memory(e.index));
    case ExternKind::Global:
      return Extern::of(global(e.index));
    case ExternKind::Tag:
      break;
  }
  VITRINE_ASSERT(!"no tag can be made");
  __builtin_unreachable();
}

VMFuncRef* Instance::func(uint32_t index) {
  const abi::VMLayout& layout = module_->layout();
  if (layout.function_is_imported(index)) return at<abi::VMFuncImport>(layout.function_import(index))->funcref;
  return layout.has_funcref(index) ? at<VMFuncRef>(layout.funcref(index)) : nullptr;
}

VMFuncRef* Instance::func(uint32_t index, VMFuncRef& storage) {
  if (VMFuncRef* known = func(index)) return known;
  storage = {.code = module_->function_code(index),
             .context = context_,
             .array_call = module_->array_call(module_->module().functions[index]),
             .type_id = module_->type_id_of_function(index),
             .is_host = 0};
  return &storage;
}

const ValRaw& Instance::global_value(uint32_t index) const {
  return *at<abi::VMGlobal>(module_->layout().global(index));
}

Global* Instance::global(uint32_t index) {
  if (!globals_[index]) {
    wasm::GlobalType type = module_->module().globals[index].type;
    type.type = TypeRegistry::canonical(type.type, module_->type_ids());
    globals_[index] = &store_.globals_.emplace_back(store_, type, at<abi::VMGlobal>(module_->layout().global(index)));
  }
  return globals_[index];
}

uint64_t Instance::element(const wasm::ElemSegment& segment, uint32_t i) {
  if (segment.is_functions) return address_of(func(segment.functions[i]));
  return evaluate(segment.exprs[i]).ref;
}

bool Instance::table_init(uint32_t table, uint32_t segment_index, uint64_t dst, uint32_t src, uint32_t count) {
  const wasm::ElemSegment& segment = module_->module().elems[segment_index];
  const abi::VMTable& to = *tables_[table]->definition();
  const uint64_t length = elem_dropped_[segment_index] ? 0 : segment.size();
  if (!is_inside(src, count, length) || !is_inside(dst, count, to.size)) return false;
  return in_pieces(store_, count, kPieceElements, [&](uint64_t at, uint64_t n) {
    for (uint64_t i = at; i < at + n; ++i) to.base[dst + i] = element(segment, src + static_cast<uint32_t>(i));
  });
}

bool Instance::memory_init(uint32_t memory, uint32_t segment_index, uint64_t dst, uint32_t src, uint32_t count) {
  const wasm::DataSegment& segment = module_->module().datas[segment_index];
  const abi::VMMemory& to = *memories_[memory]->definition();
  const uint64_t length = data_dropped_[segment_index] ? 0 : segment.bytes.size();
  if (!is_inside(src, count, length) || !is_inside(dst, count, to.size)) return false;
  return in_pieces(store_, count, kPieceBytes, [&](uint64_t at, uint64_t n) {
    std::memcpy(to.base + dst + at, segment.bytes.data() + src + at, n);
  });
}

// SAFETY (the next four): the ranges were checked against the sizes now. Between pieces an epoch callback may run,
// which may grow what the context describes, but nothing shrinks; so base and size are looked at again.

bool Instance::memory_fill(uint32_t memory, uint64_t dst, uint8_t value, uint64_t count) {
  const abi::VMMemory& to = *memories_[memory]->definition();
  if (!is_inside(dst, count, to.size)) return false;
  return in_pieces(store_, count, kPieceBytes, [&](uint64_t at, uint64_t n) {
    if (count >= kStreamingFrom) [[unlikely]]
      return fill_streaming(to.base + dst + at, value, n);
    std::memset(to.base + dst + at, value, n);
  });
}

bool Instance::memory_copy(uint32_t dst_memory, uint64_t dst, uint32_t src_memory, uint64_t src, uint64_t count) {
  const abi::VMMemory& to = *memories_[dst_memory]->definition();
  const abi::VMMemory& from = *memories_[src_memory]->definition();
  if (!is_inside(dst, count, to.size) || !is_inside(src, count, from.size)) return false;
  const bool is_backwards = overlaps_from_below(src, dst, count);
  return in_pieces(store_, count, kPieceBytes, [&](uint64_t at, uint64_t n) {
    if (is_backwards) {
      at = count - at - n;
    } else if (count >= kStreamingFrom) [[unlikely]] {
      return copy_streaming(to.base + dst + at, from.base + src + at, n);
    }
    std::memmove(to.base + dst + at, from.base + src + at, n);
  });
}

bool Instance::table_fill(uint32_t table, uint64_t dst, uint64_t value, uint64_t count) {
  const abi::VMTable& to = *tables_[table]->definition();
  if (!is_inside(dst, count, to.size)) return false;
  return in_pieces(store_, count, kPieceElements,
                   [&](uint64_t at, uint64_t n) { std::fill_n(to.base + dst + at, n, value); });
}

bool Instance::table_copy(uint32_t dst_table, uint64_t dst, uint32_t src_table, uint64_t src, uint64_t count) {
  const abi::VMTable& to = *tables_[dst_table]->definition();
  const abi::VMTable& from = *tables_[src_table]->definition();
  if (!is_inside(dst, count, to.size) || !is_inside(src, count, from.size)) return false;
  const bool is_backwards = overlaps_from_below(src, dst, count);
  return in_pieces(store_, count, kPieceElements, [&](uint64_t at, uint64_t n) {
    if (is_backwards) at = count - at - n;
    std::memmove(to.base + dst + at, from.base + src + at, n * sizeof(uint64_t));
  });
}

}  // namespace vitrine::runtime
