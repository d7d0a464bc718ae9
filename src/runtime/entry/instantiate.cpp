#include "runtime/entry/instantiate.hpp"

#include "runtime/entry/builtins.hpp"
#include "runtime/entry/call.hpp"
#include "runtime/entry/handler.hpp"
#include "runtime/entry/unwind.hpp"
#include "runtime/store/store.hpp"

namespace vitrine::runtime {

Outcome<Instance*> instantiate(Store& store, std::shared_ptr<const CompiledModule> module,
                               std::span<const Extern> imports) {
  if (const int signal = store.engine().cancel_signal(); signal != 0 && !install_trap_handler(signal)) {
    return std::unexpected(Failure::of(Error("the system refuses a handler for the signal of cancellations")));
  }
  if (store.has_raised()) {
    return store.keeping_raised([&] { return instantiate(store, std::move(module), imports); });
  }
  if (store.is_cancelled()) return std::unexpected(store.cancelled_failure());
  Instance* instance = TRY(lift(store.new_instance(std::move(module), imports)));
  instance->context()->builtins = kBuiltins;
  store.vm().unwind = unwind_from_host;
  // spec: exec/modules, instantiation: element segments, then data segments, each in order, then the start function.
  TRY(instance->initialize());
  abi::VMFuncRef storage;
  if (abi::VMFuncRef* start = instance->start_function(storage)) {
    abi::ValRaw none[1];
    TRY(call_function(store, start, none));
  }
  return instance;
}

}  // namespace vitrine::runtime
