#include <vitrine/func.hpp>

#include <fmt/format.h>

#include "api/convert.hpp"
#include "api/host_function.hpp"
#include "base/casts.hpp"
#include "base/result.hpp"
#include "runtime/entry/call.hpp"

namespace vitrine {

using api::Access;

namespace {

// Calls of no more parameters and results than this allocate nothing.
constexpr size_t kFewValues = 16;

/// Room for `n` values of a call.
template <class T>
class CallBuffer {
 public:
  explicit CallBuffer(size_t n) {
    if (n > kFewValues) many_.resize(n);
  }
  T* data() { return many_.empty() ? few_ : many_.data(); }

 private:
  T few_[kFewValues];
  std::vector<T> many_;
};

/// Behind Func::make. The types are in terms of the engine.
struct DynamicFunc {
  runtime::TypeSet held;
  const runtime::EngineType* type;
  Func::Dynamic call;
};

/// What the function's type says against a result; its message says which.
Result<> check_result(StoreImpl& store, const Val& result, wasm::ValType type, size_t i, RawVal& to) {
  abi::ValRaw raw;
  if (auto ok = api::to_raw(store, result, type, raw); !ok) {
    return fail(fmt::format("result {} of a host function: {}", i + 1, ok.error().message()), ErrorKind::Host);
  }
  to = api::to_public(raw);
  return {};
}

int32_t dynamic_thunk(void* env, CallerContext* guest, RawVal* values) {
  const auto& f = *static_cast<DynamicFunc*>(env);
  try {
    Caller caller(guest);
    StoreImpl& store = Access::impl(caller);
    const auto& [params, results] = std::tie(f.type->params, f.type->results);
    CallBuffer<Val> vals(params.size() + results.size());
    Val* out = vals.data() + params.size();
    for (size_t i = 0; i < params.size(); ++i) vals.data()[i] = api::to_val(store, params[i], api::to_abi(values[i]));
    for (size_t i = 0; i < results.size(); ++i) out[i] = api::to_val(store, results[i], abi::ValRaw{});
    auto answer = f.call(caller, std::span(vals.data(), params.size()), std::span(out, results.size()));
    if (!answer) return detail::raise(guest, std::move(answer).error());
    for (size_t i = 0; i < results.size(); ++i) {
      if (auto ok = check_result(store, out[i], results[i], i, values[i]); !ok) {
        return detail::raise(guest, std::move(ok).error());
      }
    }
    return 0;
  } catch (...) {
    return detail::carry_exception(guest);
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

std::unexpected<Error> wrong_count(size_t found, size_t expected, std::string_view what, StoreImpl& store,
                                   const runtime::EngineType& type) {
  return fail(fmt::format("the function has {} {}, and {} {} given: it is {}", expected,
                          what.substr(0, what.size() - (expected == 1)), found, found == 1 ? "was" : "were",
                          to_string(api::to_public(store.shared_engine(), type))));
}

/// The arguments of a call, checked, into `values`.
Result<> put_arguments(StoreImpl& store, const runtime::EngineType& type, std::span<const Val> args,
                       abi::ValRaw* values) {
  if (args.size() != type.params.size()) [[unlikely]]
    return wrong_count(args.size(), type.params.size(), "arguments", store, type);
  const wasm::ValType* param = type.params.data();
  for (size_t i = 0; i < args.size(); ++i) {
    if (auto ok = api::to_raw(store, args[i], param[i], values[i]); !ok) [[unlikely]] {
      return std::unexpected(std::move(ok).error().in(fmt::format(
          "in argument {} of a function {}", i + 1, to_string(api::to_public(store.shared_engine(), type)))));
    }
  }
  return {};
}

/// `values` has room for the arguments and the results.
Result<> call_with(StoreImpl& store, abi::VMFuncRef* func, const runtime::EngineType& type, std::span<const Val> args,
                   abi::ValRaw* values) {
  if (auto ok = put_arguments(store, type, args, values); !ok) [[unlikely]]
    return ok;
  if (runtime::Failure* failure = runtime::enter_function(store, func, values)) [[unlikely]]
    return std::unexpected(api::to_error(store, runtime::FailurePtr(failure)));
  return {};
}

}  // namespace

namespace api {

std::shared_ptr<void> box_raw(RawHostFunc f, void* env, std::shared_ptr<void> keep) {
  return std::make_shared<RawFunc>(RawFunc{f, env, std::move(keep)});
}
RawHostFunc raw_host_func() {
  return raw_thunk;
}

// SAFETY (both): RawHostFunc and abi::HostCall are the same function type but for the names of opaque pointees of equal
// layout (the static_asserts in convert.hpp); the trampoline calls through the C convention.

Result<abi::VMFuncRef*> new_host_function(StoreImpl& store, const FuncType& type, RawHostFunc f, void* env) {
  runtime::TypeSet held = TRY(register_func(store.engine(), type));
  return store.new_host_function(std::move(held), reinterpret_cast<abi::HostCall>(f), env)->funcref();
}

abi::VMFuncRef* new_host_function(StoreImpl& store, runtime::TypeId type, RawHostFunc f, void* env) {
  // SAFETY: as above.
  return store.new_host_function(type, reinterpret_cast<abi::HostCall>(f), env)->funcref();
}

Result<std::shared_ptr<void>> box_dynamic(runtime::Engine& engine, const FuncType& type, Func::Dynamic f) {
  runtime::TypeSet held = TRY(register_func(engine, type));
  const runtime::EngineType* engine_type = &engine.types().get(held.ids()[0]);
  return std::make_shared<DynamicFunc>(DynamicFunc{std::move(held), engine_type, std::move(f)});
}

RawHostFunc dynamic_host_func() {
  return dynamic_thunk;
}

}  // namespace api

namespace detail {

namespace {

[[gnu::cold]] CallFailure* failure_of_gone() {
  // SAFETY: as in `enter`.
  return reinterpret_cast<CallFailure*>(runtime::Failure::of(api::is_gone("function").error()).release());
}

}  // namespace

CallFailure* enter(const Handle& func, RawVal* values) {
  StoreImpl* store = func.store();
  if (!store) [[unlikely]]
    return failure_of_gone();
  // SAFETY: RawVal has the layout of ValRaw (api/convert.hpp); CallFailure is runtime::Failure to who cannot look inside.
  return reinterpret_cast<CallFailure*>(runtime::enter_function(*store, static_cast<abi::VMFuncRef*>(func.object),
                                                                reinterpret_cast<abi::ValRaw*>(values)));
}

Error call_error(const Handle& func, CallFailure* failure) {
  // SAFETY: as above; `enter` gave it away.
  runtime::FailurePtr owned(reinterpret_cast<runtime::Failure*>(failure));
  if (StoreImpl* store = func.store()) return api::to_error(*store, std::move(owned));
  return std::move(*owned->error);
}

Error wrong_signature(const FuncType& found, const FuncType& expected) {
  return Error(fmt::format("the function is {}, and {} was asked for", to_string(found), to_string(expected)));
}

}  // namespace detail

Result<Func> Func::make_raw(const Context& context, const FuncType& type, RawHostFunc f, void* env,
                            std::shared_ptr<void> keep) {
  auto boxed = api::box_raw(f, env, std::move(keep));
  void* box = boxed.get();
  return make_thunk(context, type, raw_thunk, box, std::move(boxed));
}

Result<Func> Func::make_thunk(const Context& context, const FuncType& type, RawHostFunc f, void* env,
                              std::shared_ptr<void> keep) {
  StoreImpl& store = Access::impl(context);
  abi::VMFuncRef* func = TRY(api::new_host_function(store, type, f, env));
  store.kept.push_back(std::move(keep));
  return Func(store.handle(func));
}

Result<Func> Func::make(const Context& context, const FuncType& type, Dynamic f) {
  auto boxed = TRY(api::box_dynamic(Access::impl(context).engine(), type, std::move(f)));
  void* env = boxed.get();
  return make_thunk(context, type, dynamic_thunk, env, std::move(boxed));
}

Result<FuncType> Func::type() const {
  auto [store, func] = api::find<abi::VMFuncRef>(handle_);
  if (!store) return api::is_gone("function");
  return api::to_public(store->shared_engine(), store->type_of(func));
}

Result<DefinedType> Func::defined_type() const {
  auto [store, func] = api::find<abi::VMFuncRef>(handle_);
  if (!store) return api::is_gone("function");
  return api::defined_type(store->shared_engine(), func->type_id);
}

Result<> Func::call(std::span<const Val> args, std::span<Val> results) const {
  auto [store, func] = api::find<abi::VMFuncRef>(handle_);
  if (!store) [[unlikely]]
    return api::is_gone("function");
  const runtime::EngineType& type = store->type_of(func);
  if (results.size() != type.results.size()) [[unlikely]]
    return wrong_count(results.size(), type.results.size(), "results", *store, type);
  CallBuffer<abi::ValRaw> values(std::max(args.size(), results.size()));
  TRY(call_with(*store, func, type, args, values.data()));
  const wasm::ValType* result = type.results.data();
  for (size_t i = 0; i < results.size(); ++i) api::assign(*store, results[i], result[i], values.data()[i]);
  return {};
}

Result<std::vector<Val>> Func::call(std::span<const Val> args) const {
  auto [store, func] = api::find<abi::VMFuncRef>(handle_);
  if (!store) [[unlikely]]
    return api::is_gone("function");
  const runtime::EngineType& type = store->type_of(func);
  CallBuffer<abi::ValRaw> values(std::max(args.size(), type.results.size()));
  std::vector<Val> results;
  results.reserve(type.results.size());
  TRY(call_with(*store, func, type, args, values.data()));
  for (size_t i = 0; i < type.results.size(); ++i) {
    results.push_back(api::to_val(*store, type.results[i], values.data()[i]));
  }
  return results;
}

Val Func::as_val() const {
  return Access::func_val(handle_.store_id, address_of(handle_.object));
}

std::optional<Func> Func::from_val(const Context& context, const Val& value) {
  const StoreImpl& store = Access::impl(context);
  if (value.kind() != ValKind::FuncRef || value.is_null() || Access::func_store(value) != store.id()) {
    return std::nullopt;
  }
  // SAFETY: a value that holds a function of this store holds the address of its VMFuncRef.
  return Func(store.handle(reinterpret_cast<void*>(value.raw().ref)));
}

}  // namespace vitrine
