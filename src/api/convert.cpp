#include "api/convert.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "base/result.hpp"
#include "runtime/store/global.hpp"
#include "runtime/store/memory.hpp"
#include "runtime/store/table.hpp"
#include "runtime/store/value_matching.hpp"

namespace vitrine::api {

namespace {

using wasm::CompositeKind;

// By HeapType::Abstract.
constexpr wasm::HeapType::Abstract kAbstract[] = {
    wasm::HeapType::Func,  wasm::HeapType::NoFunc, wasm::HeapType::Extern, wasm::HeapType::NoExtern,
    wasm::HeapType::Any,   wasm::HeapType::Eq,     wasm::HeapType::I31,    wasm::HeapType::Struct,
    wasm::HeapType::Array, wasm::HeapType::None,   wasm::HeapType::Exn,    wasm::HeapType::NoExn};
static_assert(std::size(kAbstract) == HeapType::NoExn + 1);

HeapType to_public(const SharedEngine& engine, wasm::HeapType heap) {
  if (heap.is_concrete()) return defined_type(engine, heap.type_index());
  // Continuations are refused by the reader, so all others are there.
  const auto* found = std::ranges::find(kAbstract, heap.abstract());
  return static_cast<HeapType::Abstract>(found - kAbstract);
}

template <class T>
const char* what_of();
template <>
const char* what_of<Func>() {
  return "function";
}
template <>
const char* what_of<Global>() {
  return "global";
}
template <>
const char* what_of<Memory>() {
  return "memory";
}
template <>
const char* what_of<Table>() {
  return "table";
}

template <class T>
Result<> check_limits(const T& type, const char* what) {
  if (!type.max || type.min <= *type.max) return {};
  return fail(fmt::format("a {} has a minimum of {} and a maximum of {}", what, type.min, *type.max));
}

std::optional<TrapCode> to_public(abi::TrapCode code) {
  if (code == abi::TrapCode::None) return std::nullopt;
  return static_cast<TrapCode>(static_cast<uint8_t>(code) - 1);
}

}  // namespace

ValType to_public(const SharedEngine& engine, wasm::ValType type) {
  if (type.is_ref()) return RefType{to_public(engine, type.heap()), type.is_nullable()};
  return static_cast<ValKind>(type.kind() - 1);
}

FuncType to_public(const SharedEngine& engine, const runtime::EngineType& func) {
  FuncType out;
  for (wasm::ValType t : func.params) out.params.push_back(to_public(engine, t));
  for (wasm::ValType t : func.results) out.results.push_back(to_public(engine, t));
  return out;
}

GlobalType to_public(const SharedEngine& engine, const wasm::GlobalType& type) {
  return {to_public(engine, type.type), type.is_mutable};
}

MemoryType to_public(const wasm::MemoryType& type) {
  return {type.limits.min, type.limits.max, type.limits.is_64, type.limits.is_shared, type.page_size_log2};
}

TableType to_public(const SharedEngine& engine, const wasm::TableType& type) {
  return {to_public(engine, type.element), type.limits.min, type.limits.max, type.limits.is_64};
}

wasm::ValType to_wasm(const RefType& type) {
  const auto& defined = type.heap.defined();
  return wasm::ValType::ref(
      defined ? wasm::HeapType::concrete(Access::impl(*defined)->id()) : kAbstract[type.heap.abstract()],
      type.nullable);
}

Result<wasm::ValType> to_wasm(const runtime::Engine& engine, const ValType& type) {
  if (!type.is_ref()) return static_cast<wasm::ValType::Kind>(static_cast<int>(type.kind()) + 1);
  const auto& defined = type.ref().heap.defined();
  if (defined && Access::impl(*defined)->engine.get() != &engine) return fail("a type belongs to another engine");
  return to_wasm(type.ref());
}

Result<wasm::MemoryType> to_wasm(const MemoryType& type) {
  TRY(check_limits(type, "memory"));
  if (type.page_size_log2 != 0 && type.page_size_log2 != 16) {
    return fail(fmt::format("a memory's pages are of 1 or 65536 bytes, not of 2^{}", type.page_size_log2));
  }
  wasm::MemoryType out;
  out.limits = {.min = type.min, .max = type.max, .is_64 = type.is_64, .is_shared = type.is_shared};
  out.page_size_log2 = type.page_size_log2;
  return out;
}

Result<wasm::TableType> to_wasm(const runtime::Engine& engine, const TableType& type) {
  wasm::ValType element = TRY(to_wasm(engine, type.element));
  if (!element.is_ref()) return fail(fmt::format("a table holds references, not {}", to_string(type.element)));
  TRY(check_limits(type, "table"));
  return wasm::TableType{element, {.min = type.min, .max = type.max, .is_64 = type.is_64}};
}

Result<wasm::GlobalType> to_wasm(const runtime::Engine& engine, const GlobalType& type) {
  return wasm::GlobalType{TRY(to_wasm(engine, type.type)), type.is_mutable};
}

Result<runtime::TypeSet> register_func(runtime::Engine& engine, const FuncType& type) {
  std::vector<wasm::ValType> params, results;
  for (const ValType& t : type.params) params.push_back(TRY(to_wasm(engine, t)));
  for (const ValType& t : type.results) results.push_back(TRY(to_wasm(engine, t)));
  return engine.types().add_func(params, results);
}

DefinedType defined_type(const SharedEngine& engine, runtime::TypeId id) {
  return Access::defined_type(
      std::make_shared<const DefinedTypeImpl>(DefinedTypeImpl{engine, engine->types().hold(id)}));
}

ExternType extern_type(const runtime::CompiledModule& module, wasm::ExternKind kind, uint32_t index) {
  const wasm::Module& m = module.module();
  const SharedEngine& engine = module.shared_engine();
  switch (kind) {
    case wasm::ExternKind::Func:
      return to_public(engine, engine->types().get(module.type_id_of_function(index)));
    case wasm::ExternKind::Table: {
      wasm::TableType type = m.tables[index].type;
      type.element = runtime::TypeRegistry::canonical(type.element, module.type_ids());
      return to_public(engine, type);
    }
    case wasm::ExternKind::Memory:
      return to_public(m.memories[index]);
    case wasm::ExternKind::Global: {
      wasm::GlobalType type = m.globals[index].type;
      type.type = runtime::TypeRegistry::canonical(type.type, module.type_ids());
      return to_public(engine, type);
    }
    default:
      return FuncType();  // tags: refused by the reader, as exceptions are not implemented
  }
}

Extern to_public(const StoreImpl& store, const runtime::Extern& e) {
  switch (e.kind) {
    case wasm::ExternKind::Table:
      return Access::make<Table>(store.handle(e.table));
    case wasm::ExternKind::Memory:
      return Access::make<Memory>(store.handle(e.memory));
    case wasm::ExternKind::Global:
      return Access::make<Global>(store.handle(e.global));
    default:
      return Access::make<Func>(store.handle(e.func));
  }
}

bool is_of(const StoreImpl& store, const Extern& e) {
  return std::visit([&](const auto& t) { return Access::handle(t).store_id == store.id(); }, e);
}

Result<runtime::Extern> to_runtime(const StoreImpl& store, const Extern& e) {
  if (!is_of(store, e)) {
    return std::visit(
        [](const auto& t) -> Result<runtime::Extern> {
          const char* what = what_of<std::decay_t<decltype(t)>>();
          if (!Access::handle(t).store()) return is_gone(what);
          return fail(fmt::format("the {} belongs to another store", what));
        },
        e);
  }
  void* object = std::visit([](const auto& t) { return Access::handle(t).object; }, e);
  if (std::holds_alternative<Func>(e)) return runtime::Extern::of(static_cast<abi::VMFuncRef*>(object));
  if (std::holds_alternative<Global>(e)) return runtime::Extern::of(static_cast<runtime::Global*>(object));
  if (std::holds_alternative<Memory>(e)) return runtime::Extern::of(static_cast<runtime::Memory*>(object));
  return runtime::Extern::of(static_cast<runtime::Table*>(object));
}

Result<ExternType> type_of(const Extern& e) {
  return std::visit([](const auto& t) -> Result<ExternType> { return TRY(t.type()); }, e);
}

ValKind ref_kind(runtime::Engine& engine, wasm::ValType type) {
  const wasm::HeapType heap = type.heap();
  if (heap.is_concrete()) {
    const bool is_func = engine.types().get(heap.type_index()).kind == CompositeKind::Func;
    return is_func ? ValKind::FuncRef : ValKind::AnyRef;
  }
  switch (heap.abstract()) {
    case wasm::HeapType::Func:
    case wasm::HeapType::NoFunc:
      return ValKind::FuncRef;
    case wasm::HeapType::Extern:
    case wasm::HeapType::NoExtern:
      return ValKind::ExternRef;
    case wasm::HeapType::Exn:
    case wasm::HeapType::NoExn:
      return ValKind::ExnRef;
    default:
      return ValKind::AnyRef;
  }
}

Result<uint64_t> to_word(StoreImpl& store, const Val& value, wasm::ValType type) {
  abi::ValRaw raw{};
  if (value.is_ref() && !value.is_null()) {
    // Before anything is read that a reference points to: its store may be gone.
    switch (value.kind()) {
      case ValKind::FuncRef:
        if (Access::func_store(value) != store.id()) return fail("the function belongs to another store");
        raw.ref = value.raw().ref;
        break;
      case ValKind::ExternRef:
        if (Access::extern_object(value)->store_id != store.id()) {
          return fail("the extern reference belongs to another store");
        }
        raw.ref = runtime::ExternRefs::word_of(*Access::extern_object(value));
        break;
      default:
        return fail(fmt::format("no {} but null can be made", name_of(value.kind())));
    }
  }
  TRY(runtime::admit(store, raw, TRY(to_wasm(store.engine(), value.kind())), type));
  return raw.ref;
}

Val to_ref_val(StoreImpl& store, ValKind kind, uint64_t word) {
  if (word == 0) return Val::null(kind);
  if (kind == ValKind::FuncRef) return Access::func_val(store.id(), word);
  if (kind == ValKind::ExternRef) {
    if (detail::ExternObject* object = store.externrefs().find(word)) {
      object->retain();
      return Access::extern_ref(object);
    }
  }
  return Val::null(kind);
}

Error to_error(StoreImpl& store, runtime::FailurePtr failure) {
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
  if (failure->kind == runtime::Failure::Kind::HostException) {
    // Thrown on by an outer host function it is the same exception: where it began says more.
    if (failure->exception != store.exception_on_its_way) store.last_exception = std::move(trap);
    store.exception_on_its_way = store.vm().activation ? failure->exception : nullptr;
    std::rethrow_exception(std::move(failure->exception));
  }
  if (is_trap) return Error::from_trap(std::move(cause), std::move(trap));
  Error error = std::move(*failure->error);
  const bool is_complete = error.kind() != ErrorKind::Trap || error.trap() != nullptr;
  if (is_complete && trap->frames().empty()) return error;
  return std::move(error).with_trap(std::move(trap));
}

}  // namespace vitrine::api
