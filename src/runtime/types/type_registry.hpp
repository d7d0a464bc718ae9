// The engine's types: one number per type, whatever module it comes from, so that a signature check is an integer
// compare.
//
// Rec groups are hash-consed: two groups that are equal as the specification has it (iso-recursively) get the same
// numbers. A group lives while a `TypeSet` that holds it does; its numbers may be given out again afterwards.
//
// A type in terms of the engine ("canonical") is a wasm::ValType whose concrete heap types are engine numbers in place
// of a module's type indices.
//
// Cost: registering is expected O(size of the group); any thread.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <shared_mutex>
#include <span>
#include <string>
#include <unordered_map>
#include <vector>

#include "base/result.hpp"
#include "wasm/types.hpp"

namespace vitrine::wasm {
struct Module;
}

namespace vitrine::runtime {

using TypeId = uint32_t;

class TypeRegistry;

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
  std::vector<uint32_t> groups_;
};

/// A type with its parts in terms of the engine.
struct EngineType {
  wasm::CompositeKind kind = wasm::CompositeKind::Func;
  bool is_final = true;
  uint8_t depth = 0;
  TypeId supertype = wasm::kNoIndex;
  uint32_t group = 0;
  std::vector<wasm::ValType> params;  // if Func
  std::vector<wasm::ValType> results;
  std::vector<wasm::FieldType> fields;  // if Struct or Array

  wasm::FuncType func() const { return {params, results}; }
};

class TypeRegistry {
 public:
  TypeRegistry();
  TypeRegistry(const TypeRegistry&) = delete;
  TypeRegistry& operator=(const TypeRegistry&) = delete;

  /// All types of a module.
  Result<TypeSet> add_module(const wasm::Module& module);
  /// A function type in terms of the engine: final, without supertype, in a group of its own.
  Result<TypeSet> add_func(std::span<const wasm::ValType> params, std::span<const wasm::ValType> results);

  /// A set of its own of a type that a living one has.
  TypeSet hold(TypeId id);

  /// Valid while a TypeSet that has `id` lives.
  const EngineType& get(TypeId id) const;
  bool is_subtype(TypeId sub, TypeId super) const;
  /// Whether a value of type `sub` may stand where `super` is expected; both in terms of the engine.
  bool matches(wasm::ValType sub, wasm::ValType super) const;
  size_t live_groups() const;

  /// `type` of a module whose type indices have the numbers `ids`, in terms of the engine.
  static wasm::ValType canonical(wasm::ValType type, std::span<const TypeId> ids);

 private:
  friend class TypeSet;
  using Key = std::vector<uint32_t>;
  struct KeyHash {
    uint64_t seed;  // random: guests choose the keys, and could choose them to collide
    size_t operator()(const Key& key) const;
  };
  struct Group {
    TypeId first = 0;
    uint32_t count = 0;
    uint64_t references = 0;
    const Key* key = nullptr;    // where it stands in `groups_by_key_`
    std::vector<uint32_t> uses;  // groups outside that its types refer to, each held once
  };
  Result<uint32_t> add_group(Key key, uint32_t count);  // of types yet to be filled in
  void release_groups(std::span<const uint32_t> groups);
  bool is_subtype_locked(TypeId sub, TypeId super) const;
  bool heap_matches_locked(wasm::HeapType sub, wasm::HeapType super) const;

  mutable std::shared_mutex mutex_;
  std::unordered_map<Key, uint32_t, KeyHash> groups_by_key_;
  std::deque<Group> groups_;
  std::vector<uint32_t> free_groups_;
  std::deque<EngineType> types_;                            // by TypeId
  std::map<uint32_t, std::vector<TypeId>> free_type_runs_;  // by length
};

/// "(i32, i64) -> (f32)".
std::string to_string(const EngineType& func);

}  // namespace vitrine::runtime
