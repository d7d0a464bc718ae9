#include "wasi/p1/definitions.hpp"

#include <fmt/format.h>

#include "base/result.hpp"
#include "wasi/p1/functions.hpp"
#include "wasi/p1/state.hpp"

namespace vitrine::wasi::p1 {

namespace {

[[gnu::noinline, gnu::cold]] int32_t no_guest(const Caller& caller, const P1Function& function) {
  return caller.raise(Error(fmt::format("{} was called in a store without a WASI context: "
                                        "Wasi::attach gives it one",
                                        function.name),
                            ErrorKind::Host));
}

[[gnu::noinline, gnu::cold]] int32_t end_guest(const Caller& caller, GuestMemory& memory, CallError why) {
  switch (why.kind()) {
    case CallError::Kind::Exit:
      return caller.raise(Error::exit(static_cast<int32_t>(why.exit_status())));
    case CallError::Kind::Interrupt:
      return caller.raise(TrapCode::Interrupt);
    default:
      return caller.raise(Error(std::move(*memory.take_trap()), ErrorKind::Trap));
  }
}

int32_t thunk(void* env, CallerContext* context, RawVal* values) {
  const auto& function = *static_cast<const P1Function*>(env);
  Caller caller(context);
  auto* state = static_cast<P1State*>(caller.data(&kStoreKey));
  if (!state) [[unlikely]]
    return no_guest(caller, function);
  GuestMemory memory([](void* guest) { return static_cast<Caller*>(guest)->memory(); }, &caller);
  // A function of the embedder's behind a stream may throw, as a function in the raw convention may.
  const Answer<> answer = function.call(*state, memory, values);
  if (!answer && answer.error().kind() != CallError::Kind::Errno) [[unlikely]]
    return end_guest(caller, memory, answer.error());
  values[0].i64 = answer ? 0 : static_cast<int64_t>(answer.error().error());
  return 0;
}

}  // namespace

Result<> define(Linker& linker, Abi abi) {
  for (const P1Function& f : p1_functions(abi)) {
    FuncType type;
    for (WasmType t : f.params) type.params.push_back(t == WasmType::I32 ? ValKind::I32 : ValKind::I64);
    if (f.has_result) type.results.push_back(ValKind::I32);
    // SAFETY: the row is a constant of the program; nobody writes through `env`.
    TRY(linker.func_raw(module_name(abi), f.name, type, thunk, const_cast<P1Function*>(&f), nullptr));
  }
  return {};
}

}  // namespace vitrine::wasi::p1
