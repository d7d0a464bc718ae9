// From C++ types to WebAssembly's: what TypedFunc and host functions are made of. Nothing here is for use by name.
#pragma once

#include <cstring>
#include <tuple>
#include <type_traits>
#include <typeinfo>
#include <utility>
#include <vector>

#include "vitrine/caller.hpp"
#include "vitrine/v128.hpp"

namespace vitrine::detail {

template <class T, class... Among>
inline constexpr bool is_any_of = (std::is_same_v<T, Among> || ...);
/// i32, i64, f32, f64 and v128 have C++ types of their own; int64_t is long.
template <class T>
inline constexpr bool is_value =
    is_any_of<T, int32_t, uint32_t, int64_t, uint64_t, long long, unsigned long long, float, double, V128>;
template <class T>
inline constexpr ValKind kind_of = std::is_same_v<T, float>    ? ValKind::F32
                                   : std::is_same_v<T, double> ? ValKind::F64
                                   : std::is_same_v<T, V128>   ? ValKind::V128
                                   : sizeof(T) == 4            ? ValKind::I32
                                                               : ValKind::I64;

template <class T>
void store_raw(RawVal& to, T v) {
  if constexpr (sizeof(T) == 4) {
    uint32_t bits;
    std::memcpy(&bits, &v, 4);
    to.i64 = bits;
  } else {
    std::memcpy(&to, &v, sizeof v);
  }
}
template <class T>
T load_raw(const RawVal& from) {
  static_assert(std::is_trivially_copyable_v<T>);
  T v;
  std::memcpy(static_cast<void*>(&v), &from, sizeof v);
  return v;
}

// The results of a function: void, one value, or a tuple of them.
template <class R>
struct Results {
  static constexpr size_t kCount = 1;
  static constexpr bool kValid = is_value<R>;
  static std::vector<ValType> types() { return {kind_of<R>}; }
  static R load(const RawVal* values) { return load_raw<R>(values[0]); }
  static void store(RawVal* values, const R& r) { store_raw(values[0], r); }
};
template <>
struct Results<void> {
  static constexpr size_t kCount = 0;
  static constexpr bool kValid = true;
  static std::vector<ValType> types() { return {}; }
};
template <class... Ts>
struct Results<std::tuple<Ts...>> {
  static constexpr size_t kCount = sizeof...(Ts);
  static constexpr bool kValid = (is_value<Ts> && ...);
  static std::vector<ValType> types() { return {kind_of<Ts>...}; }
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
inline constexpr bool is_result = false;
template <class T>
inline constexpr bool is_result<Result<T>> = true;

// A leading parameter that is the caller: Caller& or CallerOf<T>&, const or not.
template <class T>
struct CallerParam {
  static constexpr bool kIs = false;
};
template <>
struct CallerParam<Caller> {
  static constexpr bool kIs = true;
};
template <class T>
struct CallerParam<CallerOf<T>> {
  static constexpr bool kIs = true;
};
template <class T>
inline constexpr bool is_caller = std::is_lvalue_reference_v<T> && CallerParam<std::remove_cvref_t<T>>::kIs;

// Instantiated only to say what is wrong with a host function, in words; the compiler adds where it was written.
template <size_t I, class T>
struct HostFunctionParameter {
#define VITRINE_PARAMETER(n)                                                                               \
  static_assert(I != (n) || is_value<T>,                                                                   \
                "parameter " #n                                                                            \
                " of the host function (not counting the caller) has to be int32_t, uint32_t, int64_t, "   \
                "uint64_t, float, double or V128; a Caller& or CallerOf<T>& goes first; for other values " \
                "there is Func::make")
  VITRINE_PARAMETER(1);
  VITRINE_PARAMETER(2);
  VITRINE_PARAMETER(3);
  VITRINE_PARAMETER(4);
  VITRINE_PARAMETER(5);
  VITRINE_PARAMETER(6);
  VITRINE_PARAMETER(7);
  VITRINE_PARAMETER(8);
#undef VITRINE_PARAMETER
  static_assert(I <= 8 || is_value<T>, "a parameter of the host function beyond the eighth is no wasm value");
  static constexpr bool kValid = is_value<T>;
};
template <class R>
struct HostFunctionResult {
  static_assert(Results<R>::kValid,
                "a host function has to answer void, int32_t, uint32_t, int64_t, uint64_t, float, double, V128, a "
                "std::tuple of these for several results, or a Result<> of any of them");
  static constexpr bool kValid = Results<R>::kValid;
};

template <class R, class... A>
struct SignatureParts {
  using Return = R;
  using Args = std::tuple<std::decay_t<A>...>;
  // A guest's value is no variable that a T& could refer to.
  template <class T>
  using Parameter = std::conditional_t<std::is_convertible_v<std::decay_t<T>, T>, std::decay_t<T>, T>;
  static constexpr bool kValid = []<size_t... I>(std::index_sequence<I...>) {
    return (HostFunctionParameter<I + 1, Parameter<A>>::kValid && ...) && HostFunctionResult<R>::kValid;
  }(std::index_sequence_for<A...>());
};

// The signature of a function, function object or lambda.
template <class F>
struct Signature {
  static constexpr bool kHasOneCall = requires { &F::operator(); };
  static_assert(kHasOneCall,
                "a host function is a function or an object with one operator(), and no template: write the types of a "
                "lambda's parameters in place of auto");
  static constexpr bool kValid = false;
};
template <class F>
  requires requires { &F::operator(); }
struct Signature<F> : Signature<decltype(&F::operator())> {};
template <class R>
struct Signature<R (*)()> : SignatureParts<R> {
  using CallerType = void;
};
template <class R, class First, class... A>
struct Signature<R (*)(First, A...)> : SignatureParts<R, First, A...> {
  using CallerType = void;
};
template <class R, class First, class... A>
  requires is_caller<First>
struct Signature<R (*)(First, A...)> : SignatureParts<R, A...> {
  using CallerType = std::remove_cvref_t<First>;
};
template <class R, class... A>
struct Signature<R (*)(A...) noexcept> : Signature<R (*)(A...)> {};
#define VITRINE_MEMBER(qualifiers)        \
  template <class C, class R, class... A> \
  struct Signature<R (C::*)(A...) qualifiers> : Signature<R (*)(A...)> {};
VITRINE_MEMBER()
VITRINE_MEMBER(const)
VITRINE_MEMBER(&)
VITRINE_MEMBER(const&)
VITRINE_MEMBER(noexcept)
VITRINE_MEMBER(const noexcept)
VITRINE_MEMBER(& noexcept)
VITRINE_MEMBER(const& noexcept)
#undef VITRINE_MEMBER

template <class Tuple>
struct ParamTypes;
template <class... A>
struct ParamTypes<std::tuple<A...>> {
  static std::vector<ValType> get() { return {kind_of<A>...}; }
};

/// Leaves the error for the host's entry and answers 1.
VITRINE_API int32_t raise(CallerContext* caller, Error error);
/// In a `catch (...)`: carries the exception to the host's entry and answers 1. One that nobody may catch
/// (pthread_exit, the cancellation of the thread) goes on.
VITRINE_API int32_t carry_exception(CallerContext* caller);
VITRINE_API int32_t raise_wrong_data(CallerContext* caller, const std::type_info& wanted);

/// What the trampoline of a host function's signature calls for a C++ callable of type F.
template <class F>
int32_t host_thunk(void* env, CallerContext* guest, RawVal* values) {
  using S = Signature<F>;
  using R = typename S::Return;
  auto& f = *static_cast<F*>(env);
  auto run = [&](auto&... caller) -> int32_t {
    auto invoke = [&]<size_t... I>(std::index_sequence<I...>) -> R {
      return f(caller..., load_raw<std::tuple_element_t<I, typename S::Args>>(values[I])...);
    };
    constexpr auto kArgs = std::make_index_sequence<std::tuple_size_v<typename S::Args>>();
    if constexpr (std::is_void_v<R>) {
      invoke(kArgs);
    } else if constexpr (is_result<R>) {
      auto r = invoke(kArgs);
      if (!r) return raise(guest, std::move(r).error());
      if constexpr (Results<R>::kCount > 0) Results<R>::store(values, *r);
    } else {
      Results<R>::store(values, invoke(kArgs));
    }
    return 0;
  };
  try {
    if constexpr (std::is_void_v<typename S::CallerType>) {
      return run();
    } else {
      typename S::CallerType caller(guest);
      if constexpr (requires { typename S::CallerType::Data; }) {
        if (!caller.has_data()) return raise_wrong_data(guest, typeid(typename S::CallerType::Data));
      }
      return run(caller);
    }
  } catch (...) {
    return carry_exception(guest);
  }
}

template <class F>
FuncType type_of_callable() {
  using S = Signature<F>;
  return {ParamTypes<typename S::Args>::get(), Results<typename S::Return>::types()};
}

}  // namespace vitrine::detail
