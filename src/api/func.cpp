#include <vitrine/func.hpp>

#include <fmt/format.h>

#include "api/convert.hpp"
#include "api/host_function.hpp"
#include "api/impl.hpp"
#include "base/assert.hpp"
#include "base/result.hpp"
#include "runtime/entry/call.hpp"

namespace vitrine {

namespace {

abi::VMFuncRef* funcref_of(void* p) {
  return static_cast<abi::VMFuncRef*>(p);
}
abi::VMContext* context_of(CallerContext* caller) {
  return reinterpret_cast<abi::VMContext*>(caller);
}

/// Behind Func::make: boxes the values.
struct DynamicFunc {
  FuncType type;
  Func::Dynamic call;
};

int32_t dynamic_thunk(void* env, CallerContext* context, RawVal* values) {
  auto& f = *static_cast<DynamicFunc*>(env);
  try {
    std::vector<Val> params, results;
    for (size_t i = 0; i < f.type.params.size(); i++) params.push_back(Val::from_raw(f.type.params[i], values[i]));
    for (ValKind kind : f.type.results) results.push_back(Val::from_raw(kind, RawVal{.v128 = {}}));
    Caller caller(detail::store_of(context), context);
    auto r = f.call(caller, params, results);
    if (!r) return detail::raise(context, std::move(r).error());
    for (size_t i = 0; i < results.size(); i++) {
      if (results[i].kind() != f.type.results[i]) {
        return detail::raise(context, Error(fmt::format("result {} of a host function is {}, and its type says {}", i,
                                                        name_of(results[i].kind()), name_of(f.type.results[i])),
                                            ErrorKind::Host));
      }
      if (auto ok = api::admit(*caller.store(), results[i]); !ok) {
        return detail::raise(
            context, Error(fmt::format("result {} of a host function: {}", i, ok.error().message()), ErrorKind::Host));
      }
      values[i] = results[i].raw();
    }
    return 0;
  } catch (...) {
    return detail::carry_exception(context);
  }
}

/// Behind Func::make_raw: a function that may throw.
struct RawFunc {
  RawHostFunc call;
  void* env;
  std::shared_ptr<void> keep;
};

int32_t raw_thunk(void* env, CallerContext* context, RawVal* values) {
  const auto& f = *static_cast<const RawFunc*>(env);
  try {
    return f.call(f.env, context, values);
  } catch (...) {
    return detail::carry_exception(context);
  }
}

}  // namespace

namespace api {

std::shared_ptr<void> box_raw(RawHostFunc f, void* env, std::shared_ptr<void> keep) {
  return std::make_shared<RawFunc>(RawFunc{f, env, std::move(keep)});
}
RawHostFunc raw_host_func() {
  return raw_thunk;
}

Result<runtime::TypeSet> register_type(runtime::Engine& engine, const FuncType& type) {
  std::vector<wasm::ValType> params, results;
  for (ValKind k : type.params) params.push_back(to_wasm(k));
  for (ValKind k : type.results) results.push_back(to_wasm(k));
  return engine.types().add_func(params, results);
}

// SAFETY (both): RawHostFunc and abi::HostCall are the same function type but for the names of opaque pointees of equal
// layout (the static_asserts in convert.hpp); the trampoline calls through the C convention.

Result<abi::VMFuncRef*> new_host_function(StoreImpl& store, const FuncType& type, RawHostFunc f, void* env) {
  runtime::TypeSet set = TRY(register_type(store.engine(), type));
  return store.new_host_function(std::move(set), reinterpret_cast<abi::HostCall>(f), env, nullptr)->funcref();
}

abi::VMFuncRef* new_host_function(StoreImpl& store, runtime::TypeId type, RawHostFunc f, void* env) {
  return store.new_host_function(type, reinterpret_cast<abi::HostCall>(f), env)->funcref();
}

std::shared_ptr<void> box_dynamic(const FuncType& type, Func::Dynamic f) {
  return std::make_shared<DynamicFunc>(DynamicFunc{type, std::move(f)});
}
RawHostFunc dynamic_host_func() {
  return dynamic_thunk;
}

}  // namespace api

namespace detail {

StoreImpl* store_of(CallerContext* caller) {
  return api::impl_of(context_of(caller)->store);
}

int32_t raise(CallerContext* caller, Error error) {
  store_of(caller)->raise(runtime::Failure::of(std::move(error)));
  return 1;
}

int32_t carry_exception(CallerContext* caller) {
  store_of(caller)->carry_exception();
  return 1;
}

Result<void> call(StoreImpl* store, void* funcref, RawVal* values) {
  auto outcome = runtime::call_function(*store, funcref_of(funcref), reinterpret_cast<abi::ValRaw*>(values));
  if (outcome) [[likely]]
    return {};
  return std::unexpected(api::to_error(std::move(outcome).error()));
}

Error wrong_signature(const FuncType& found, const FuncType& expected) {
  return Error(fmt::format("the function is {}, and {} was asked for", to_string(found), to_string(expected)));
}

}  // namespace detail

Func Func::make_raw(Store& store, const FuncType& type, RawHostFunc f, void* env, std::shared_ptr<void> keep) {
  auto boxed = api::box_raw(f, env, std::move(keep));
  void* box = boxed.get();
  return make_thunk(store, type, raw_thunk, box, std::move(boxed));
}

Func Func::make_thunk(Store& store, const FuncType& type, RawHostFunc f, void* env, std::shared_ptr<void> keep) {
  auto made = api::new_host_function(*store.impl(), type, f, env);
  VITRINE_ASSERT(made.has_value());
  store.impl()->kept.push_back(std::move(keep));
  return Func(store.impl(), *made);
}

Func Func::make(Store& store, const FuncType& type, Dynamic f) {
  auto boxed = api::box_dynamic(type, std::move(f));
  void* env = boxed.get();
  return make_thunk(store, type, dynamic_thunk, env, std::move(boxed));
}

FuncType Func::type() const {
  return api::to_public(store_->engine().types().get(funcref_of(funcref_)->type_id).func());
}

Result<std::vector<Val>> Func::call(std::span<const Val> args) const {
  FuncType t = type();
  if (args.size() != t.params.size()) {
    return fail(fmt::format("the function takes {} arguments, and {} were given: it is {}", t.params.size(),
                            args.size(), to_string(t)));
  }
  std::vector<RawVal> values(std::max({t.params.size(), t.results.size(), size_t{1}}));
  for (size_t i = 0; i < args.size(); i++) {
    if (args[i].kind() != t.params[i]) {
      return fail(fmt::format("argument {} is {}, and the function takes {}: it is {}", i + 1, name_of(args[i].kind()),
                              name_of(t.params[i]), to_string(t)));
    }
    TRY_IN(api::admit(*store_, args[i]), fmt::format("in argument {}", i + 1));
    values[i] = args[i].raw();
  }
  TRY(detail::call(store_, funcref_, values.data()));
  std::vector<Val> results;
  for (size_t i = 0; i < t.results.size(); i++) {
    if (t.results[i] == ValKind::I32) values[i].i64 = values[i].i32;
    results.push_back(Val::from_raw(t.results[i], values[i]));
  }
  return results;
}

Val Func::as_val() const {
  RawVal raw{.v128 = {}};
  raw.ref = reinterpret_cast<uint64_t>(funcref_);
  return Val::from_raw(ValKind::FuncRef, raw);
}

std::optional<Func> Func::from_val(Store& store, const Val& value) {
  if (value.kind() != ValKind::FuncRef || value.is_null()) return std::nullopt;
  if (!api::is_of(*store.impl(), reinterpret_cast<abi::VMFuncRef*>(value.raw().ref))) return std::nullopt;
  return Func(store.impl(), reinterpret_cast<void*>(value.raw().ref));
}

std::span<uint8_t> Caller::memory() const {
  runtime::Instance* instance = runtime::instance_of(context_of(context_));
  if (!instance) return {};
  const auto memory = instance->module().main_memory();
  return memory ? instance->memory(*memory)->data() : std::span<uint8_t>();
}

std::optional<Func> Caller::func(std::string_view name) const {
  runtime::Instance* instance = runtime::instance_of(context_of(context_));
  if (!instance) return std::nullopt;
  auto found = instance->find_export(name);
  if (!found || found->kind != wasm::ExternKind::Func) return std::nullopt;
  return Func(store_, found->func);
}

std::optional<Memory> Caller::memory(std::string_view name) const {
  runtime::Instance* instance = runtime::instance_of(context_of(context_));
  if (!instance) return std::nullopt;
  auto found = instance->find_export(name);
  if (!found || found->kind != wasm::ExternKind::Memory) return std::nullopt;
  return Memory(store_, found->memory);
}

void* Caller::data(const void* key) const {
  for (auto& [k, value] : store_->data) {
    if (k == key) return value.get();
  }
  return nullptr;
}

Result<uint64_t> Caller::fuel() const {
  if (!store_->api_engine.config().consume_fuel())
    return fail("fuel is not counted: make the engine with Config::consume_fuel");
  return store_->fuel();
}

Result<void> Caller::set_fuel(uint64_t fuel) const {
  if (!store_->api_engine.config().consume_fuel())
    return fail("fuel is not counted: make the engine with Config::consume_fuel");
  store_->set_fuel(fuel);
  return {};
}

}  // namespace vitrine
