// The engine's types: one number per type, whatever module it comes from, so that a signature check is an integer
// compare.
//
// Rec groups are hash-consed: two groups that are equal as the specification has it (iso-recursively) get the same
// numbers. A group lives while a `TypeSet` that holds it does; its numbers may be given out again afterwards.
//
// A type in terms of the engine ("canonical") is a wasm::ValType whose concrete heap types are engine numbers in place
// of a module's type indices.
//
// Invariants
//   - What is known of a number stands in a table that never moves (abi::VMType): looking it up takes no lock, here and
//     in compiled code. An entry is written before its number is known to anybody and stays until its last holder is
//     gone.
//   - A type's display names its supertypes by their depth, itself last: subtyping is one compare.
//   - A count of references rises from and falls to 0 under the exclusive lock only; else it changes atomically.
//
// Cost: registering is expected O(size of the group), and takes the lock in shared mode if the groups are known
// already; any thread.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <shared_mutex>
#include <span>
#include <unordered_map>
#include <vector>

#include "abi/vmcontext.hpp"
#include "base/result.hpp"
#include "os/fork.hpp"
#include "os/pages.hpp"
#include "runtime/types/free_runs.hpp"
#include "wasm/types.hpp"

namespace vitrine::wasm {
struct Module;
}

namespace vitrine::runtime {

using TypeId = uint32_t;

class TypeRegistry;
struct TypeGroup;

/// Types that somebody uses: holds them in the registry until it dies. Move-only.
class TypeSet {
 public:
  TypeSet() = default;
  TypeSet(TypeSet&& other) noexcept { *this = std::move(other); }
  TypeSet& operator=(TypeSet&& other) noexcept;
  ~TypeSet() { release(); }
  /// By type index of the module (or the one type asked for).
  std::span<const TypeId> ids() const { return ids_; }

 private:
  friend class TypeRegistry;
  void release();
  TypeRegistry* registry_ = nullptr;
  std::vector<TypeId> ids_;
  std::vector<TypeGroup*> groups_;
};

/// A type with its parts in terms of the engine; the parts live as long as its group.
struct EngineType {
  wasm::CompositeKind kind = wasm::CompositeKind::Func;
  bool is_final = true;
  uint8_t depth = 0;
  TypeGroup* group = nullptr;
  std::span<const TypeId> supertypes;     // by depth, `supertypes[depth]` being the type itself
  std::span<const wasm::ValType> params;  // if Func
  std::span<const wasm::ValType> results;
  std::span<const wasm::FieldType> fields;  // if Struct; if Array, exactly one

  wasm::FuncType func() const { return {params, results}; }
};

class TypeRegistry {
 public:
  /// The most numbers that a heap type has room for.
  static constexpr uint32_t kMaxNumbers = 1u << 24;

  explicit TypeRegistry(uint32_t capacity = kMaxNumbers);
  ~TypeRegistry();
  TypeRegistry(const TypeRegistry&) = delete;
  TypeRegistry& operator=(const TypeRegistry&) = delete;

  /// All types of a module.
  Result<TypeSet> add_module(const wasm::Module& module);
  /// A function type in terms of the engine: final, without supertype, in a group of its own. Who asks holds the types
  /// that it names.
  Result<TypeSet> add_func(std::span<const wasm::ValType> params, std::span<const wasm::ValType> results);

  // -- of types that somebody holds; no lock

  /// A set of its own.
  TypeSet hold(TypeId id);
  /// The same of the type that a reference type names; empty if it names none.
  TypeSet hold(wasm::ValType type);

  const EngineType& get(TypeId id) const { return *static_cast<const EngineType*>(table()[id].description); }
  wasm::CompositeKind kind(TypeId id) const { return get(id).kind; }
  bool is_subtype(TypeId sub, TypeId super) const;
  /// Whether a value of type `sub` may stand where `super` is expected; both in terms of the engine.
  bool matches(wasm::ValType sub, wasm::ValType super) const;
  /// By number, for compiled code.
  // SAFETY: the space is the registry's own, mapped for VMTypes, which are plain words, and never moves.
  const abi::VMType* table() const { return reinterpret_cast<const abi::VMType*>(space_.data()); }

  size_t live_groups() const;
  /// The highest number in use, plus one.
  uint32_t used_numbers() const;

  /// `type` of a module whose type indices have the numbers `ids`, in terms of the engine.
  static wasm::ValType canonical(wasm::ValType type, std::span<const TypeId> ids);

 private:
  friend class TypeSet;
  using Key = std::vector<uint32_t>;
  struct KeyHash {
    uint64_t seed;  // random: guests choose the keys, and could choose them to collide
    size_t operator()(const Key& key) const;
  };
  struct Request;
  Result<TypeSet> add(const Request& request);
  TypeGroup* find(const Key& key) const;
  Result<TypeGroup*> make(Key key, const Request& request, const wasm::RecGroup& place, std::span<TypeId> ids);
  Result<TypeId> take_numbers(uint32_t count);
  void release(std::span<TypeGroup* const> groups);
  bool release_shared(TypeGroup& group);

  const uint32_t capacity_;
  os::Reservation space_;  // of abi::VMType by TypeId; all zero beyond `used_`
  mutable os::ForkSafe<std::shared_mutex> mutex_;
  std::unordered_map<Key, std::unique_ptr<TypeGroup>, KeyHash> groups_;
  FreeRuns free_;  // of numbers below `used_`
  uint32_t used_ = 0;
  uint32_t ready_ = 0;  // numbers whose entry is accessible
};

}  // namespace vitrine::runtime
