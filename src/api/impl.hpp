// What stands behind the public handles.
#pragma once

#include <vitrine/vitrine.hpp>

#include <map>
#include <unordered_map>

#include "api/cache.hpp"
#include "base/sharded.hpp"
#include "runtime/code/compiled_module.hpp"
#include "runtime/engine/engine.hpp"
#include "runtime/store/store.hpp"

namespace vitrine {

struct EngineImpl {
  // What users hold counts references in one place; what stores hold counts in this, which users' references own, in a
  // place for each thread. So threads that make stores do not meet.
  using Shards = ShardedPtr<EngineImpl>;
  std::weak_ptr<const Shards> shards_owner;
  const Shards* shards = nullptr;

  Config config;
  wasm::Features features;
  std::shared_ptr<runtime::Engine> runtime;
  std::optional<api::CodeCache> cache;

  /// The same engine, for a store to hold.
  static Engine share(const Engine& engine) {
    const auto& impl = engine.impl();
    // A handle that came from a store says nothing of whether the shards are there still.
    const bool owns_shards = !impl.owner_before(impl->shards_owner) && !impl->shards_owner.owner_before(impl);
    return owns_shards ? Engine(impl->shards->share()) : engine;
  }
  void warn(const std::string& message) const {
    if (config.warning()) config.warning()(message);
  }
};

struct ModuleImpl {
  Engine engine;
  std::shared_ptr<const runtime::CompiledModule> compiled;
  ShardedPtr<const runtime::CompiledModule> shards;  // none for one that is not instantiated often

  /// For an instance to hold: threads that instantiate one module do not meet at its count.
  std::shared_ptr<const runtime::CompiledModule> share() const { return shards ? shards.share() : compiled; }
};

/// The runtime's store with what the API adds.
struct StoreImpl : runtime::Store {
  explicit StoreImpl(const vitrine::Engine& engine) : StoreImpl(EngineImpl::share(engine), nullptr) {}

  vitrine::Engine api_engine;
  std::vector<std::shared_ptr<void>> kept;  // what host functions point to
  std::vector<std::pair<const void*, std::shared_ptr<void>>> data;
  // Host functions that a linker's definitions have become in this store, by the definition's number.
  std::unordered_map<uint64_t, abi::VMFuncRef*> linked;
  std::vector<std::shared_ptr<const void>> linkers;  // what their definitions point to, and their types

 private:
  StoreImpl(vitrine::Engine shared, std::nullptr_t)
      : runtime::Store(std::shared_ptr<runtime::Engine>(shared.impl(), shared.impl()->runtime.get())),
        api_engine(std::move(shared)) {}
};

namespace api {

inline StoreImpl* impl_of(const abi::VMStore* vm) {
  return static_cast<StoreImpl*>(&runtime::Store::of(vm));
}

}  // namespace api
}  // namespace vitrine
