// What stands behind the public classes.
#pragma once

#include <vitrine/vitrine.hpp>

#include <array>
#include <unordered_map>

#include "api/access.hpp"
#include "api/cache.hpp"
#include "api/store_slots.hpp"
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

/// A type that is registered while this lives.
struct DefinedTypeImpl {
  std::shared_ptr<runtime::Engine> engine;
  runtime::TypeSet held;
  runtime::TypeId id() const { return held.ids()[0]; }
  const runtime::EngineType& type() const { return engine->types().get(id()); }
};

/// The runtime's store with what the API adds.
struct StoreImpl : runtime::Store {
  explicit StoreImpl(const vitrine::Engine& engine)
      : runtime::Store(detail::Access::impl(engine)->runtime), api_engine(engine), slot(api::take_slot(this)) {}
  ~StoreImpl() { api::retire_slot(slot); }

  uint64_t id() const { return slot->id.load(std::memory_order_relaxed); }
  detail::Handle handle(void* object) const { return {slot, id(), object}; }

  /// The type of a function of this store: without the registry's lock after the first time.
  const runtime::EngineType& type_of(const abi::VMFuncRef* func) {
    auto& [id, type] = recent_types[func->type_id % recent_types.size()];
    if (!type || id != func->type_id) [[unlikely]] {
      // It stays: whatever a function of the store is made of lives as long as the store.
      type = &engine().types().get(func->type_id);
      id = func->type_id;
    }
    return *type;
  }

  vitrine::Engine api_engine;
  detail::StoreSlot* slot;
  std::array<std::pair<runtime::TypeId, const runtime::EngineType*>, 16> recent_types{};
  std::vector<std::shared_ptr<void>> kept;  // what host functions point to
  std::vector<std::pair<const void*, std::shared_ptr<void>>> data;
  std::shared_ptr<const Trap> last_exception;
  std::exception_ptr exception_on_its_way;  // the last exception, while there is an outer call it may pass through
  // Host functions that a linker's definitions have become in this store, by the definition's number.
  std::unordered_map<uint64_t, abi::VMFuncRef*> linked;
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
