#include "wasi/p1/linker.hpp"

#include "base/assert.hpp"
#include "base/result.hpp"
#include "wasi/p1/functions.hpp"

namespace vitrine::wasi::p1 {

namespace {

/// What a host function's env points to.
struct Bound {
  std::shared_ptr<P1State> state;
  const P1Function* function;
};

constexpr size_t kMaxParams = 9;  // path_open

int32_t thunk(void* env, CallerContext* context, RawVal* values) {
  const Bound& bound = *static_cast<Bound*>(env);
  uint64_t args[kMaxParams];
  for (size_t i = 0; i < bound.function->params.size(); i++) {
    bool narrow = bound.function->params[i] == WasmType::I32;
    args[i] = narrow ? static_cast<uint32_t>(values[i].i32) : static_cast<uint64_t>(values[i].i64);
  }
  Caller caller(context);
  uint64_t result = 0;
  Outcome outcome = bound.function->call(*bound.state, GuestMemory(caller.memory()), args, &result);
  switch (outcome.kind) {
    case Outcome::Kind::Ok:
      values[0].i64 = static_cast<int64_t>(result);
      return 0;
    case Outcome::Kind::Exit:
      return caller.raise(Error::exit(static_cast<int32_t>(outcome.exit_status)));
    case Outcome::Kind::Trap:
      break;
  }
  return caller.raise(Error(std::move(*outcome.message), ErrorKind::Trap));
}

}  // namespace

Result<void> add_to_linker(Linker& linker, std::shared_ptr<P1State> state, Abi abi) {
  for (const P1Function& f : p1_functions(abi)) {
    VITRINE_ASSERT(f.params.size() <= kMaxParams);
    FuncType type;
    for (WasmType t : f.params) type.params.push_back(t == WasmType::I32 ? ValKind::I32 : ValKind::I64);
    if (f.has_result) type.results.push_back(ValKind::I32);
    auto bound = std::make_shared<Bound>(Bound{state, &f});
    void* env = bound.get();
    TRY(linker.func_raw(module_name(abi), f.name, type, thunk, env, std::move(bound)));
  }
  return {};
}

}  // namespace vitrine::wasi::p1
