#include "wasi/p1/functions.hpp"

#include <array>
#include <tuple>
#include <utility>
#include <vector>

#include "wasi/p1/calls.hpp"

namespace vitrine::wasi::p1 {
namespace {

template <class T>
inline constexpr WasmType kWasmType = sizeof(T) == 4 ? WasmType::I32 : WasmType::I64;

/// What can be said about a function from its C++ type: the wasm signature, and how to call it with raw arguments.
template <auto F>
struct Thunk;
template <class... Params, Answer<> (*F)(Call&, Params...)>
struct Thunk<F> {
  static constexpr std::array<WasmType, sizeof...(Params)> kParams = {kWasmType<Params>...};

  static Answer<> call(P1State& state, GuestMemory& memory, const RawVal* args) {
    Call c{state, memory};
    return [&]<size_t... I>(std::index_sequence<I...>) {
      return F(c, static_cast<Params>(sizeof(Params) == 4 ? args[I].i32 : args[I].i64)...);
    }(std::index_sequence_for<Params...>());
  }
};

template <auto F>
P1Function describe(std::string_view name) {
  return {name, Thunk<F>::kParams, name != "proc_exit", Thunk<F>::call};
}

}  // namespace

std::span<const P1Function> p1_functions(Abi abi) {
  static const std::vector<P1Function> preview1 = {
#define P1(name, unstable, ...) describe<&name>(#name),
#include "wasi/p1/functions.def"
  };
  static const std::vector<P1Function> unstable = {
#define P1_OLD_Same(name) describe<&name>(#name),
#define P1_OLD_Own(name) describe<&unstable_##name>(#name),
#define P1_OLD_Absent(name)
#define P1(name, unstable, ...) P1_OLD_##unstable(name)
#include "wasi/p1/functions.def"
  };
  return abi == Abi::Preview1 ? preview1 : unstable;
}

}  // namespace vitrine::wasi::p1
