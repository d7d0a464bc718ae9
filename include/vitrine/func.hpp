// Functions, called and defined.
//
//   auto add = instance.typed<int32_t(int32_t, int32_t)>("add");
//   if (!add) return std::unexpected(std::move(add).error());
//   Result<int32_t> sum = (*add)(1, 2);
//   auto defined = linker.func("env", "log", [](Caller& caller, int32_t ptr, int32_t len) -> Result<> { ... });
//
// Typed calls and host functions exchange values without boxing: one compiled trampoline a signature.
//
// Threads: a Func and a TypedFunc belong to a store, as the handles of extern.hpp do. They may be copied, compared and
// destroyed anywhere; whatever else is done with one, a call above all, is done by one thread at a time with the store
// and everything in it, and no two calls of a store's functions overlap but by one calling the other. Which thread that
// is may change from call to call.
//
// A host function runs on the thread that called the guest, or the function. While it runs the store is that thread's,
// and it may use it and call guests; or it lets another thread do so, and waits until that has come out again. A
// callable that one store was given (Func) is so never called by two threads at once; one that a Linker was given is, by
// the threads of all stores that have it.
#pragma once

#include <algorithm>
#include <functional>
#include <initializer_list>
#include <memory>
#include <span>
#include <utility>
#include <vector>

#include "vitrine/caller.hpp"
#include "vitrine/export.hpp"
#include "vitrine/extern.hpp"
#include "vitrine/signature.hpp"

namespace vitrine {

/// A host function in the raw convention: arguments in `values`, results to be left there. Answers 0; or nonzero after
/// `Caller::raise`, to end the guest's call with that error.
using RawHostFunc = int32_t (*)(void* env, CallerContext* caller, RawVal* values);

namespace detail {
struct CallFailure;
/// The one way in: `values` has room for the larger of parameters and results. Answers null, or what `call_error` has to
/// be given: a pointer stays in a register, which a Result<> does not.
[[nodiscard]] VITRINE_API CallFailure* enter(const Handle& func, RawVal* values);
/// Why that call failed. Throws what a host function threw.
VITRINE_API Error call_error(const Handle& func, CallFailure* failure);
VITRINE_API Error wrong_signature(const FuncType& found, const FuncType& expected);
}  // namespace detail

template <class Signature>
class TypedFunc {
  static_assert(std::is_function_v<Signature>,
                "the signature of a typed function is written as int32_t(int64_t, float)");
};

/// A function of a guest or of the host, as a value: see extern.hpp.
///
/// A call fails with a trap's error (ErrorKind::Trap), with that of a host function, or before the guest runs (wrong
/// arguments, a store that is gone). An exception of a host function is thrown again by the call: see
/// Context::last_exception for where the guest was. std::bad_alloc may also be the library's own; the guest has ended
/// then, and the store goes on.
class VITRINE_API Func {
 public:
  /// Defines a host function from a lambda: parameters and results are int32_t, uint32_t, int64_t, uint64_t, float,
  /// double, V128; a leading `Caller&` is the calling guest, `CallerOf<T>&` with its store's T (both may be const);
  /// several results are a std::tuple; a Result<> may fail. An exception that leaves it is carried over the guest's
  /// frames and thrown again by the call that entered the guest. Fails over the engine's limit of types.
  template <class F>
  [[nodiscard]] static Result<Func> wrap(const Context& store, F&& f) {
    using D = std::decay_t<F>;
    if constexpr (detail::Signature<D>::kValid) {
      auto owned = std::make_shared<D>(std::forward<F>(f));
      void* env = owned.get();
      return make_thunk(store, detail::type_of_callable<D>(), detail::host_thunk<D>, env, std::move(owned));
    } else {
      __builtin_unreachable();  // does not compile
    }
  }
  /// Defines a host function of any type from one that takes values in a span and fills in the results, which are zero
  /// and null before. What it answers is checked against the type.
  using Dynamic = std::function<Result<>(Caller&, std::span<const Val> params, std::span<Val> results)>;
  [[nodiscard]] static Result<Func> make(const Context& store, const FuncType& type, Dynamic f);
  /// The raw form of both, which is not checked: the words it leaves have to be of the types. `keep` is kept until the
  /// store goes.
  [[nodiscard]] static Result<Func> make_raw(const Context& store, const FuncType& type, RawHostFunc f, void* env,
                                             std::shared_ptr<void> keep);

  [[nodiscard]] Result<FuncType> type() const;  ///< as declared
  /// Which type it is to the engine.
  [[nodiscard]] Result<DefinedType> defined_type() const;

  /// Calls with values; fails on a wrong count or type, a trap, or a host function's error. `results` has to be of the
  /// function's count of results and is left as it is on failure. Allocates nothing for up to 16 values.
  [[nodiscard]] Result<> call(std::span<const Val> args, std::span<Val> results) const;
  /// The same with results in a vector.
  [[nodiscard]] Result<std::vector<Val>> call(std::span<const Val> args) const;
  [[nodiscard]] Result<std::vector<Val>> call(std::initializer_list<Val> args) const {
    return call(std::span(args.begin(), args.size()));
  }
  /// Arguments and results in place, which are not checked: `values` has to have room for the larger of both, and the
  /// words in it have to be of the types and of this store.
  [[nodiscard]] Result<> call_raw(RawVal* values) const {
    if (auto* failure = detail::enter(handle_, values)) [[unlikely]]
      return std::unexpected(detail::call_error(handle_, failure));
    return {};
  }
  /// The typed view; fails if the signature differs.
  template <class S>
  [[nodiscard]] Result<TypedFunc<S>> typed() const;

  /// A reference to it, as guests can hold it.
  Val as_val() const;
  /// None for null, for a function of another store, and if it is no function.
  static std::optional<Func> from_val(const Context& store, const Val& value);
  /// Whether both are the same function. One that several instances import is one function.
  friend bool operator==(const Func&, const Func&) = default;

 private:
  friend struct detail::Access;
  template <class S>
  friend class TypedFunc;
  /// `f` lets no exception out.
  [[nodiscard]] static Result<Func> make_thunk(const Context& store, const FuncType& type, RawHostFunc f, void* env,
                                               std::shared_ptr<void> keep);
  explicit Func(const detail::Handle& handle) : handle_(handle) {}
  detail::Handle handle_;  // to a VMFuncRef
};

/// A function whose signature was checked once: calls cost a few nanoseconds.
template <class R, class... A>
class TypedFunc<R(A...)> {
 public:
  /// Fails as Func::call does.
  [[nodiscard]] Result<R> operator()(A... args) const {
    constexpr size_t kSize = std::max<size_t>({sizeof...(A), detail::Results<R>::kCount, 1});
    RawVal values[kSize];
    [&]<size_t... I>(std::index_sequence<I...>) {
      (detail::store_raw(values[I], args), ...);
    }(std::index_sequence_for<A...>());
    if (auto* failure = detail::enter(func_.handle_, values)) [[unlikely]]
      return std::unexpected(detail::call_error(func_.handle_, failure));
    if constexpr (std::is_void_v<R>) {
      return {};
    } else {
      return detail::Results<R>::load(values);
    }
  }
  const Func& func() const { return func_; }

 private:
  friend class Func;
  static_assert(
      (detail::is_value<A> && ...),
      "a parameter of a typed function has to be int32_t, uint32_t, int64_t, uint64_t, float, double or V128");
  static_assert(
      detail::Results<R>::kValid,
      "a typed function answers void, int32_t, uint32_t, int64_t, uint64_t, float, double, V128 or a std::tuple "
      "of these");
  static FuncType type() { return {{detail::kind_of<A>...}, detail::Results<R>::types()}; }
  explicit TypedFunc(const Func& func) : func_(func) {}
  Func func_;
};

template <class S>
Result<TypedFunc<S>> Func::typed() const {
  Result<FuncType> found = type();
  if (!found) return std::unexpected(std::move(found).error());
  FuncType expected = TypedFunc<S>::type();
  if (*found != expected) return std::unexpected(detail::wrong_signature(*found, expected));
  return TypedFunc<S>(*this);
}

}  // namespace vitrine
