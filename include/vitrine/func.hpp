// Functions, called and defined.
//
//   auto add = TRY(instance.typed<int32_t(int32_t, int32_t)>("add"));
//   int32_t sum = TRY(add(1, 2));
//   linker.func("env", "log", [](Caller& caller, int32_t ptr, int32_t len) -> Result<void> { ... });
//
// Typed calls and host functions exchange values without boxing: one compiled trampoline a signature.
#pragma once

#include <algorithm>
#include <cstring>
#include <exception>
#include <functional>
#include <memory>
#include <span>
#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>

#include "vitrine/export.hpp"
#include "vitrine/extern.hpp"

namespace vitrine {

struct CallerContext;  // a VMContext

/// The guest that is calling a host function; valid during the call.
class VITRINE_API Caller {
 public:
  /// The memory the calling module exports as "memory" (or its first), or an empty span. Ask again after calling the
  /// guest.
  std::span<uint8_t> memory() const;
  /// What Store::set_data put there, or null.
  void* data(const void* key) const;
  /// A function the calling module exports.
  std::optional<class Func> func(std::string_view name) const;
  std::optional<Memory> memory(std::string_view name) const;
  Result<uint64_t> fuel() const;
  Result<void> set_fuel(uint64_t fuel) const;
  StoreImpl* store() const { return store_; }

  Caller(StoreImpl* store, CallerContext* context) : store_(store), context_(context) {}

 private:
  StoreImpl* store_;
  CallerContext* context_;
};

/// A host function in the raw convention: arguments in `values`, results to be left there. Answers 0; or nonzero after
/// `raise`, to end the guest's call with that error.
using RawHostFunc = int32_t (*)(void* env, CallerContext* caller, RawVal* values);

namespace detail {

VITRINE_API StoreImpl* store_of(CallerContext* caller);
/// Leaves the error for the host's entry and answers 1.
VITRINE_API int32_t raise(CallerContext* caller, Error error);
/// In a `catch (...)`: carries the exception to the host's entry and answers 1. One that nobody may catch
/// (pthread_exit, the cancellation of the thread) goes on.
VITRINE_API int32_t carry_exception(CallerContext* caller);
/// The one way in: `values` has room for the larger of parameters and results.
VITRINE_API Result<void> call(StoreImpl* store, void* funcref, RawVal* values);

template <class T>
struct Kind;
template <>
struct Kind<int32_t> {
  static constexpr ValKind value = ValKind::I32;
};
template <>
struct Kind<uint32_t> {
  static constexpr ValKind value = ValKind::I32;
};
template <>
struct Kind<int64_t> {
  static constexpr ValKind value = ValKind::I64;
};
template <>
struct Kind<uint64_t> {
  static constexpr ValKind value = ValKind::I64;
};
template <>
struct Kind<float> {
  static constexpr ValKind value = ValKind::F32;
};
template <>
struct Kind<double> {
  static constexpr ValKind value = ValKind::F64;
};

template <class T>
void store_raw(RawVal& to, T v) {
  if constexpr (sizeof(T) == 4) {
    uint32_t bits;
    std::memcpy(&bits, &v, 4);
    to.i64 = bits;
  } else {
    std::memcpy(&to.i64, &v, 8);
  }
}
template <class T>
T load_raw(const RawVal& from) {
  T v;
  std::memcpy(&v, &from, sizeof v);
  return v;
}

// The results of a function: void, one value, or a tuple of them.
template <class R>
struct Results {
  static constexpr size_t kCount = 1;
  static std::vector<ValKind> kinds() { return {Kind<R>::value}; }
  static R load(const RawVal* values) { return load_raw<R>(values[0]); }
  static void store(RawVal* values, const R& r) { store_raw(values[0], r); }
};
template <>
struct Results<void> {
  static constexpr size_t kCount = 0;
  static std::vector<ValKind> kinds() { return {}; }
};
template <class... Ts>
struct Results<std::tuple<Ts...>> {
  static constexpr size_t kCount = sizeof...(Ts);
  static std::vector<ValKind> kinds() { return {Kind<Ts>::value...}; }
  static std::tuple<Ts...> load(const RawVal* values) {
    return [&]<size_t... I>(std::index_sequence<I...>) {
      return std::tuple<Ts...>(load_raw<Ts>(values[I])...);
    }(std::index_sequence_for<Ts...>());
  }
  static void store(RawVal* values, const std::tuple<Ts...>& r) {
    [&]<size_t... I>(std::index_sequence<I...>) {
      (store_raw(values[I], std::get<I>(r)), ...);
    }(std::index_sequence_for<Ts...>());
  }
};
template <class T>
struct Results<Result<T>> : Results<T> {};

template <class T>
inline constexpr bool kIsResult = false;
template <class T>
inline constexpr bool kIsResult<Result<T>> = true;

// The signature of a lambda or function, without a leading Caller&.
template <class F>
struct Signature : Signature<decltype(&F::operator())> {};
template <class R, class... A>
struct Signature<R (*)(A...)> {
  using Return = R;
  using Args = std::tuple<std::decay_t<A>...>;
  static constexpr bool kTakesCaller = false;
};
template <class R, class... A>
struct Signature<R (*)(Caller&, A...)> {
  using Return = R;
  using Args = std::tuple<std::decay_t<A>...>;
  static constexpr bool kTakesCaller = true;
};
template <class C, class R, class... A>
struct Signature<R (C::*)(A...) const> : Signature<R (*)(A...)> {};
template <class C, class R, class... A>
struct Signature<R (C::*)(A...)> : Signature<R (*)(A...)> {};

/// What the trampoline of a host function's signature calls for a C++ callable of type F.
template <class F>
int32_t host_thunk(void* env, CallerContext* context, RawVal* values) {
  using S = Signature<F>;
  auto& f = *static_cast<F*>(env);
  try {
    return [&]<size_t... I>(std::index_sequence<I...>) -> int32_t {
      auto invoke = [&] {
        if constexpr (S::kTakesCaller) {
          Caller caller(store_of(context), context);
          return f(caller, load_raw<std::tuple_element_t<I, typename S::Args>>(values[I])...);
        } else {
          return f(load_raw<std::tuple_element_t<I, typename S::Args>>(values[I])...);
        }
      };
      using R = typename S::Return;
      if constexpr (std::is_void_v<R>) {
        invoke();
      } else if constexpr (kIsResult<R>) {
        auto r = invoke();
        if (!r) return raise(context, std::move(r).error());
        if constexpr (Results<R>::kCount > 0) Results<R>::store(values, *r);
      } else {
        Results<R>::store(values, invoke());
      }
      return 0;
    }(std::make_index_sequence<std::tuple_size_v<typename S::Args>>());
  } catch (...) {
    return carry_exception(context);
  }
}
template <class Tuple>
struct ParamKinds;
template <class... A>
struct ParamKinds<std::tuple<A...>> {
  static std::vector<ValKind> get() { return {Kind<A>::value...}; }
};
template <class F>
FuncType type_of_callable() {
  return {ParamKinds<typename Signature<F>::Args>::get(), Results<typename Signature<F>::Return>::kinds()};
}

}  // namespace detail

template <class Signature>
class TypedFunc;

/// A function of a guest or of the host, as a value.
class VITRINE_API Func {
 public:
  /// Defines a host function from a lambda: parameters and results are int32_t, uint32_t, int64_t, uint64_t, float,
  /// double; a leading `Caller&` is the calling guest; several results are a std::tuple; a Result<> may fail. An
  /// exception that leaves it is carried over the guest's frames and thrown again by the call that entered the guest.
  template <class F>
  static Func wrap(Store& store, F&& f) {
    using D = std::decay_t<F>;
    auto owned = std::make_shared<D>(std::forward<F>(f));
    void* env = owned.get();
    return make_thunk(store, detail::type_of_callable<D>(), detail::host_thunk<D>, env, std::move(owned));
  }
  /// Defines a host function of any type from one that takes values in a span and fills in the results.
  using Dynamic = std::function<Result<void>(Caller&, std::span<const Val> params, std::span<Val> results)>;
  static Func make(Store& store, const FuncType& type, Dynamic f);
  /// The raw form of both; `keep` is kept until the store goes.
  static Func make_raw(Store& store, const FuncType& type, RawHostFunc f, void* env, std::shared_ptr<void> keep);

  FuncType type() const;
  /// Calls with values; fails on a wrong count or kind, a trap, or a host function's error.
  Result<std::vector<Val>> call(std::span<const Val> args) const;
  Result<std::vector<Val>> call(std::initializer_list<Val> args) const {
    return call(std::span(args.begin(), args.size()));
  }
  /// The typed view; fails if the signature differs.
  template <class S>
  Result<TypedFunc<S>> typed() const;

  Val as_val() const;
  /// None for null, and for a function of another store.
  static std::optional<Func> from_val(Store& store, const Val& value);

  Func(StoreImpl* store, void* funcref) : store_(store), funcref_(funcref) {}
  StoreImpl* store() const { return store_; }
  void* funcref() const { return funcref_; }

 private:
  /// `f` lets no exception out.
  static Func make_thunk(Store& store, const FuncType& type, RawHostFunc f, void* env, std::shared_ptr<void> keep);
  StoreImpl* store_;
  void* funcref_;  // a VMFuncRef
};

/// A function whose signature was checked once: calls cost a few nanoseconds.
template <class R, class... A>
class TypedFunc<R(A...)> {
 public:
  Result<R> operator()(A... args) const {
    constexpr size_t kSize = std::max<size_t>({sizeof...(A), detail::Results<R>::kCount, 1});
    RawVal values[kSize];
    [&]<size_t... I>(std::index_sequence<I...>) {
      (detail::store_raw(values[I], args), ...);
    }(std::index_sequence_for<A...>());
    auto called = detail::call(func_.store(), func_.funcref(), values);
    if (!called) return std::unexpected(std::move(called).error());
    if constexpr (std::is_void_v<R>) {
      return {};
    } else {
      return detail::Results<R>::load(values);
    }
  }
  const Func& func() const { return func_; }

 private:
  friend class Func;
  explicit TypedFunc(Func func) : func_(func) {}
  Func func_;
};

namespace detail {
template <class S>
struct TypedSignature;
template <class R, class... A>
struct TypedSignature<R(A...)> {
  static FuncType type() { return {{Kind<A>::value...}, Results<R>::kinds()}; }
};
VITRINE_API Error wrong_signature(const FuncType& found, const FuncType& expected);
}  // namespace detail

template <class S>
Result<TypedFunc<S>> Func::typed() const {
  FuncType expected = detail::TypedSignature<S>::type();
  FuncType found = type();
  if (found != expected) return std::unexpected(detail::wrong_signature(found, expected));
  return TypedFunc<S>(*this);
}

using Extern = std::variant<Func, Global, Memory, Table>;

}  // namespace vitrine
