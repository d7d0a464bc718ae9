#include "api/convert.hpp"

#include "api/impl.hpp"
#include "runtime/store/global.hpp"
#include "runtime/store/memory.hpp"
#include "runtime/store/table.hpp"

namespace vitrine::api {

ValKind to_kind(wasm::ValType type) {
  switch (type.kind()) {
    case wasm::ValType::I64:
      return ValKind::I64;
    case wasm::ValType::F32:
      return ValKind::F32;
    case wasm::ValType::F64:
      return ValKind::F64;
    case wasm::ValType::V128:
      return ValKind::V128;
    case wasm::ValType::Ref:
      return type == wasm::ValType::externref() ? ValKind::ExternRef : ValKind::FuncRef;
    default:
      return ValKind::I32;
  }
}

wasm::ValType to_wasm(ValKind kind) {
  switch (kind) {
    case ValKind::I32:
      return wasm::ValType::I32;
    case ValKind::I64:
      return wasm::ValType::I64;
    case ValKind::F32:
      return wasm::ValType::F32;
    case ValKind::F64:
      return wasm::ValType::F64;
    case ValKind::V128:
      return wasm::ValType::V128;
    case ValKind::FuncRef:
      return wasm::ValType::funcref();
    case ValKind::ExternRef:
      return wasm::ValType::externref();
  }
  return wasm::ValType::I32;
}

FuncType to_public(const wasm::FuncType& type) {
  FuncType out;
  for (wasm::ValType t : type.params) out.params.push_back(to_kind(t));
  for (wasm::ValType t : type.results) out.results.push_back(to_kind(t));
  return out;
}

GlobalType to_public(const wasm::GlobalType& type) {
  return {to_kind(type.type), type.is_mutable};
}

MemoryType to_public(const wasm::MemoryType& type) {
  return {type.limits.min, type.limits.max, type.limits.is_64};
}

TableType to_public(const wasm::TableType& type) {
  return {to_kind(type.element), type.limits.min, type.limits.max, type.limits.is_64};
}

wasm::MemoryType to_wasm(const MemoryType& type) {
  wasm::MemoryType out;
  out.limits = {.min = type.min, .max = type.max, .is_64 = type.is_64};
  return out;
}

wasm::TableType to_wasm(const TableType& type) {
  return {to_wasm(type.element), {.min = type.min, .max = type.max, .is_64 = type.is_64}};
}

wasm::GlobalType to_wasm(const GlobalType& type) {
  return {to_wasm(type.kind), type.is_mutable};
}

ExternType extern_type(const wasm::Module& module, wasm::ExternKind kind, uint32_t index) {
  switch (kind) {
    case wasm::ExternKind::Func:
      return to_public(module.type_of_function(index));
    case wasm::ExternKind::Table:
      return to_public(module.tables[index].type);
    case wasm::ExternKind::Memory:
      return to_public(module.memories[index]);
    case wasm::ExternKind::Global:
      return to_public(module.globals[index].type);
    default:
      return FuncType();  // tags: refused by the reader, as exceptions are not implemented
  }
}

Extern to_public(StoreImpl* store, const runtime::Extern& e) {
  switch (e.kind) {
    case wasm::ExternKind::Table:
      return Table(store, e.table);
    case wasm::ExternKind::Memory:
      return Memory(store, e.memory);
    case wasm::ExternKind::Global:
      return Global(store, e.global);
    default:
      return Func(store, e.func);
  }
}

runtime::Extern to_runtime(const Extern& e) {
  if (auto* f = std::get_if<Func>(&e)) return runtime::Extern::of(static_cast<abi::VMFuncRef*>(f->funcref()));
  if (auto* g = std::get_if<Global>(&e)) return runtime::Extern::of(static_cast<runtime::Global*>(g->object()));
  if (auto* m = std::get_if<Memory>(&e)) return runtime::Extern::of(static_cast<runtime::Memory*>(m->object()));
  return runtime::Extern::of(static_cast<runtime::Table*>(std::get<Table>(e).object()));
}

StoreImpl* store_of(const Extern& e) {
  return std::visit([](const auto& handle) { return handle.store(); }, e);
}

ExternType type_of(const Extern& e) {
  return std::visit([](const auto& handle) -> ExternType { return handle.type(); }, e);
}

bool is_of(const StoreImpl& store, const abi::VMFuncRef* func) {
  // SAFETY: the contexts of instances and of host functions both begin with their store.
  return func->context->store->host_store == static_cast<const runtime::Store*>(&store);
}

Result<void> admit(StoreImpl& store, const Val& value) {
  if (value.kind() != ValKind::FuncRef || value.is_null()) return {};
  auto* func = reinterpret_cast<abi::VMFuncRef*>(value.raw().ref);
  if (!is_of(store, func)) return fail("the function belongs to another store");
  store.resolve(func);
  return {};
}

namespace {

std::optional<TrapCode> to_public(abi::TrapCode code) {
  // The numbers in images are the public ones plus one, so that 0 can mean "cannot trap".
  static_assert(static_cast<int>(abi::TrapCode::StackOverflow) == static_cast<int>(TrapCode::StackOverflow) + 1);
  static_assert(static_cast<int>(abi::TrapCode::CastFailure) == static_cast<int>(TrapCode::CastFailure) + 1);
  if (code == abi::TrapCode::None) return std::nullopt;
  return static_cast<TrapCode>(static_cast<uint8_t>(code) - 1);
}

}  // namespace

Error to_error(runtime::FailurePtr failure) {
  if (failure->kind == runtime::Failure::Kind::HostException) std::rethrow_exception(failure->exception);
  std::vector<Frame> frames;
  for (runtime::Frame& f : failure->frames) {
    Frame frame;
    frame.module_name = std::move(f.module_name);
    if (!f.function_name.empty()) frame.function_name = std::move(f.function_name);
    frame.function_index = f.function;
    frame.module_offset = f.module_offset;
    frames.push_back(std::move(frame));
  }
  std::string cause = failure->cause();
  bool is_trap = failure->kind == runtime::Failure::Kind::Trap;
  auto trap = std::make_shared<const Trap>(is_trap ? to_public(failure->code) : std::nullopt, cause, std::move(frames));
  if (is_trap) return Error::from_trap(std::move(cause), std::move(trap));
  Error error = std::move(*failure->error);
  if (trap->frames().empty()) return error;
  return std::move(error).with_trap(std::move(trap));
}

}  // namespace vitrine::api
