// What stands behind the public classes.
#pragma once

#include <vitrine/vitrine.hpp>

#include <unordered_map>

#include "api/access.hpp"
#include "api/cache.hpp"
#include "api/store_slots.hpp"
#include "base/parallel.hpp"
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
  std::optional<WorkerPool> workers;  // for compiling on several threads

  /// The same engine, for a store to hold.
  static Engine share(const Engine& engine) {
    const auto& impl = detail::Access::impl(engine);
    // A handle that came from a store says nothing of whether the shards are there still.
    const bool owns_shards = !impl.owner_before(impl->shards_owner) && !impl->shards_owner.owner_before(impl);
    return owns_shards ? detail::Access::engine(impl->shards->share()) : engine;
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

/// A type that is registered while this lives.
struct DefinedTypeImpl {
  std::shared_ptr<runtime::Engine> engine;
  runtime::TypeSet held;
  runtime::TypeId id() const { return held.ids()[0]; }
  const runtime::EngineType& type() const { return engine->types().get(id()); }
};

/// What outlives the guests of a store. It goes from below: each may use what stands above it until then.
struct StoreBelongings {
  vitrine::Engine api_engine;
  std::vector<std::pair<const void*, std::shared_ptr<void>>> data;
  std::vector<std::shared_ptr<const void>> linkers;  // what their definitions point to, and their types
  std::vector<std::shared_ptr<void>> kept;           // what host functions point to
};

/// The runtime's store with what the API adds. It ends as it is said here, from below: no handle finds it any more,
/// then guests and extern references go, then what they were given.
struct StoreImpl : StoreBelongings, runtime::Store {
  explicit StoreImpl(const vitrine::Engine& engine) : StoreImpl(EngineImpl::share(engine), nullptr) {}
  ~StoreImpl() { api::retire_slot(slot); }

  uint64_t id() const { return slot->id.load(std::memory_order_relaxed); }
  detail::Handle handle(void* object) const { return {slot, id(), object}; }
  const runtime::EngineType& type_of(const abi::VMFuncRef* func) const { return engine().types().get(func->type_id); }

  detail::StoreSlot* slot;
  std::shared_ptr<const Trap> last_exception;
  std::exception_ptr exception_on_its_way;  // the last exception, while there is an outer call it may pass through
  // Host functions that a linker's definitions have become in this store, by the definition's number.
  std::unordered_map<uint64_t, abi::VMFuncRef*> linked;

 private:
  StoreImpl(vitrine::Engine shared, std::nullptr_t)
      : StoreBelongings{.api_engine = std::move(shared), .data = {}, .linkers = {}, .kept = {}},
        runtime::Store(std::shared_ptr<runtime::Engine>(detail::Access::impl(api_engine),
                                                        detail::Access::impl(api_engine)->runtime.get())),
        slot(api::take_slot(this)) {}
};

namespace api {

using detail::Access;

inline StoreImpl* impl_of(const abi::VMStore* vm) {
  return static_cast<StoreImpl*>(&runtime::Store::of(vm));
}

/// The store of a handle and the T it stands for there; none if the store is gone.
template <class T>
struct Found {
  StoreImpl* store;
  T* object;
  explicit operator bool() const { return store != nullptr; }
};
template <class T>
Found<T> find(const detail::Handle& handle) {
  return {handle.store(), static_cast<T*>(handle.object)};
}

/// `what`: "memory", "function", ...
inline std::unexpected<Error> is_gone(const char* what) {
  return fail(std::string("the ") + what + " belongs to a store that is gone");
}

}  // namespace api
}  // namespace vitrine
