// What stands behind the public handles.
#pragma once

#include <vitrine/vitrine.hpp>

#include <map>
#include <unordered_map>

#include "api/cache.hpp"
#include "runtime/code/compiled_module.hpp"
#include "runtime/engine/engine.hpp"
#include "runtime/store/store.hpp"

namespace vitrine {

struct EngineImpl {
  Config config;
  wasm::Features features;
  std::shared_ptr<runtime::Engine> runtime;
  std::optional<api::CodeCache> cache;

  void warn(const std::string& message) const {
    if (config.warning()) config.warning()(message);
  }
};

struct ModuleImpl {
  Engine engine;
  std::shared_ptr<const runtime::CompiledModule> compiled;
};

/// The runtime's store with what the API adds.
struct StoreImpl : runtime::Store {
  StoreImpl(const vitrine::Engine& engine) : runtime::Store(engine.impl()->runtime), api_engine(engine) {}

  vitrine::Engine api_engine;
  std::vector<std::shared_ptr<void>> kept;  // what host functions point to
  std::vector<std::pair<const void*, std::shared_ptr<void>>> data;
  // Host functions that a linker's definitions have become in this store, by the definition's number.
  std::unordered_map<uint64_t, abi::VMFuncRef*> linked;
};

namespace api {

inline StoreImpl* impl_of(const abi::VMStore* vm) {
  return static_cast<StoreImpl*>(&runtime::Store::of(vm));
}

}  // namespace api
}  // namespace vitrine
