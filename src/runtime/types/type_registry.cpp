#include "runtime/types/type_registry.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <mutex>
#include <random>

#include "base/assert.hpp"
#include "base/hash.hpp"
#include "wasm/module.hpp"

namespace vitrine::runtime {

using wasm::CompositeKind;
using wasm::HeapType;
using wasm::ValType;

namespace {

constexpr uint32_t kIndexMask = 0x00ff'ffff;  // of a concrete heap type, see wasm::HeapType
constexpr uint32_t kInGroup = 0x8000'0000;    // in a key: the number counts from the start of the group

/// The key of a rec group: its types as words, references inside the group relative, others by engine number.
class KeyWriter {
 public:
  KeyWriter(std::span<const TypeId> ids, wasm::RecGroup group) : ids_(ids), group_(group) {}

  void type(const wasm::TypeDef& def) {
    word(static_cast<uint32_t>(def.kind) | uint32_t{def.is_final} << 8);
    index(def.supertype);
    switch (def.kind) {
      case CompositeKind::Func:
        word(static_cast<uint32_t>(def.func.params.size()));
        word(static_cast<uint32_t>(def.func.results.size()));
        for (ValType t : def.func.params) value(t);
        for (ValType t : def.func.results) value(t);
        break;
      case CompositeKind::Struct:
      case CompositeKind::Array:
        word(static_cast<uint32_t>(def.fields.size()));
        for (const wasm::FieldType& field : def.fields) {
          word(field.is_mutable);
          value(field.storage);
        }
        break;
    }
  }
  std::vector<uint32_t> take() { return std::move(key_); }

 private:
  void word(uint32_t w) { key_.push_back(w); }
  void index(uint32_t i) {
    if (i == wasm::kNoIndex) {
      word(wasm::kNoIndex);
    } else if (i >= group_.first && i - group_.first < group_.count) {
      word(kInGroup | (i - group_.first));
    } else {
      word(ids_[i]);
    }
  }
  void value(ValType t) {
    bool concrete = t.is_ref() && t.heap().is_concrete();
    word(concrete ? t.raw() & ~kIndexMask : t.raw());
    if (concrete) index(t.heap().type_index());
  }

  std::span<const TypeId> ids_;
  wasm::RecGroup group_;
  std::vector<uint32_t> key_;
};

template <class F>
void for_each_reference(const wasm::TypeDef& def, F&& f) {
  auto value = [&f](ValType t) {
    if (t.is_ref() && t.heap().is_concrete()) f(t.heap().type_index());
  };
  if (def.supertype != wasm::kNoIndex) f(def.supertype);
  for (ValType t : def.func.params) value(t);
  for (ValType t : def.func.results) value(t);
  for (const wasm::FieldType& field : def.fields) value(field.storage);
}

EngineType make_type(const wasm::TypeDef& def, std::span<const TypeId> ids) {
  EngineType type;
  type.kind = def.kind;
  type.is_final = def.is_final;
  type.depth = def.depth;
  if (def.supertype != wasm::kNoIndex) type.supertype = ids[def.supertype];
  for (ValType t : def.func.params) type.params.push_back(TypeRegistry::canonical(t, ids));
  for (ValType t : def.func.results) type.results.push_back(TypeRegistry::canonical(t, ids));
  for (const wasm::FieldType& field : def.fields) {
    type.fields.push_back({TypeRegistry::canonical(field.storage, ids), field.is_mutable});
  }
  return type;
}

}  // namespace

TypeSet& TypeSet::operator=(TypeSet&& other) noexcept {
  if (this != &other) {
    release();
    registry_ = std::exchange(other.registry_, nullptr);
    ids_ = std::move(other.ids_);
    groups_ = std::move(other.groups_);
  }
  return *this;
}

void TypeSet::release() {
  if (registry_) registry_->release_groups(groups_);
  registry_ = nullptr;
}

TypeRegistry::TypeRegistry()
    : groups_by_key_(16, KeyHash{uint64_t{std::random_device()()} << 32 | std::random_device()()}) {}

size_t TypeRegistry::KeyHash::operator()(const Key& key) const {
  uint64_t h = seed;
  for (uint32_t word : key) h = hash_mix(h, word);
  return h;
}

ValType TypeRegistry::canonical(ValType type, std::span<const TypeId> ids) {
  if (!type.is_ref() || !type.heap().is_concrete()) return type;
  return ValType::ref(HeapType::concrete(ids[type.heap().type_index()]), type.is_nullable());
}

Result<TypeSet> TypeRegistry::add_module(const wasm::Module& module) {
  TypeSet set;
  set.registry_ = this;
  set.ids_.resize(module.types.size());
  set.groups_.reserve(module.rec_groups.size());
  std::unique_lock lock(mutex_);
  auto add = [&](const wasm::RecGroup& group) -> Result<void> {
    KeyWriter writer(set.ids_, group);
    std::span<const wasm::TypeDef> defs(module.types.data() + group.first, group.count);
    for (const wasm::TypeDef& def : defs) writer.type(def);
    Key key = writer.take();
    if (auto known = groups_by_key_.find(key); known != groups_by_key_.end()) {
      Group& found = groups_[known->second];
      found.references++;
      set.groups_.push_back(known->second);
      for (uint32_t i = 0; i < group.count; i++) set.ids_[group.first + i] = found.first + i;
      return {};
    }
    uint32_t index = TRY(add_group(std::move(key), group.count));
    Group& made = groups_[index];
    for (uint32_t i = 0; i < group.count; i++) set.ids_[group.first + i] = made.first + i;
    for (uint32_t i = 0; i < group.count; i++) {
      types_[made.first + i] = make_type(defs[i], set.ids_);
      types_[made.first + i].group = index;
      for_each_reference(defs[i], [&](uint32_t target) {
        if (target < group.first || target - group.first >= group.count) {
          made.uses.push_back(types_[set.ids_[target]].group);
        }
      });
    }
    std::ranges::sort(made.uses);
    made.uses.erase(std::ranges::unique(made.uses).begin(), made.uses.end());
    for (uint32_t used : made.uses) groups_[used].references++;
    set.groups_.push_back(index);
    return {};
  };
  for (const wasm::RecGroup& group : module.rec_groups) {
    if (auto added = add(group); !added) {
      lock.unlock();  // what was added goes with `set`
      return std::unexpected(std::move(added).error());
    }
  }
  return set;
}

Result<TypeSet> TypeRegistry::add_func(std::span<const ValType> params, std::span<const ValType> results) {
  wasm::TypeDef def;
  def.func = {params, results};
  // The types are in terms of the engine already: an identity mapping stands for the module's type indices.
  TypeSet set;
  set.registry_ = this;
  std::unique_lock lock(mutex_);
  std::vector<TypeId> identity;
  for_each_reference(def, [&](uint32_t id) {
    VITRINE_ASSERT(id < types_.size());
    for (auto i = static_cast<uint32_t>(identity.size()); i <= id; i++) identity.push_back(i);
  });
  KeyWriter writer(identity, {.first = wasm::kNoIndex, .count = 0});
  writer.type(def);
  Key key = writer.take();
  if (auto known = groups_by_key_.find(key); known != groups_by_key_.end()) {
    groups_[known->second].references++;
    set.groups_ = {known->second};
    set.ids_ = {groups_[known->second].first};
    return set;
  }
  auto index = add_group(std::move(key), 1);
  if (!index) {
    lock.unlock();
    return std::unexpected(std::move(index).error());
  }
  Group& made = groups_[*index];
  types_[made.first] = make_type(def, identity);
  types_[made.first].group = *index;
  for_each_reference(def, [&](uint32_t id) { made.uses.push_back(types_[id].group); });
  for (uint32_t used : made.uses) groups_[used].references++;
  set.groups_ = {*index};
  set.ids_ = {made.first};
  return set;
}

TypeSet TypeRegistry::hold(TypeId id) {
  TypeSet set;
  set.registry_ = this;
  std::unique_lock lock(mutex_);
  VITRINE_ASSERT(id < types_.size());
  const uint32_t group = types_[id].group;
  groups_[group].references++;
  set.groups_ = {group};
  set.ids_ = {id};
  return set;
}

Result<uint32_t> TypeRegistry::add_group(Key key, uint32_t count) {
  TypeId first;
  if (auto run = free_type_runs_.find(count); run != free_type_runs_.end()) {
    first = run->second.back();
    run->second.pop_back();
    if (run->second.empty()) free_type_runs_.erase(run);
  } else {
    if (types_.size() + count > kIndexMask) {
      return fail(fmt::format("more than {} different types in one engine", kIndexMask), ErrorKind::Limit);
    }
    first = static_cast<TypeId>(types_.size());
    types_.resize(types_.size() + count);
  }
  uint32_t index;
  if (!free_groups_.empty()) {
    index = free_groups_.back();
    free_groups_.pop_back();
  } else {
    index = static_cast<uint32_t>(groups_.size());
    groups_.emplace_back();
  }
  auto [place, inserted] = groups_by_key_.emplace(std::move(key), index);
  VITRINE_ASSERT(inserted);
  groups_[index] = {.first = first, .count = count, .references = 1, .key = &place->first, .uses = {}};
  return index;
}

void TypeRegistry::release_groups(std::span<const uint32_t> groups) {
  std::unique_lock lock(mutex_);
  std::vector<uint32_t> work(groups.begin(), groups.end());
  while (!work.empty()) {
    uint32_t index = work.back();
    work.pop_back();
    Group& group = groups_[index];
    VITRINE_ASSERT(group.references > 0);
    if (--group.references > 0) continue;
    work.insert(work.end(), group.uses.begin(), group.uses.end());
    for (uint32_t i = 0; i < group.count; i++) types_[group.first + i] = {};
    if (group.count > 0) free_type_runs_[group.count].push_back(group.first);
    groups_by_key_.erase(groups_by_key_.find(*group.key));
    group = {};
    free_groups_.push_back(index);
  }
}

const EngineType& TypeRegistry::get(TypeId id) const {
  std::shared_lock lock(mutex_);
  VITRINE_ASSERT(id < types_.size());
  return types_[id];  // a deque's elements stay where they are
}

size_t TypeRegistry::live_groups() const {
  std::shared_lock lock(mutex_);
  return groups_by_key_.size();
}

bool TypeRegistry::is_subtype(TypeId sub, TypeId super) const {
  if (sub == super) return true;
  std::shared_lock lock(mutex_);
  return is_subtype_locked(sub, super);
}

bool TypeRegistry::is_subtype_locked(TypeId sub, TypeId super) const {
  // At most kMaxSubtypeDepth steps: a type's depth was validated.
  while (sub != super) {
    sub = types_[sub].supertype;
    if (sub == wasm::kNoIndex) return false;
  }
  return true;
}

bool TypeRegistry::matches(ValType sub, ValType super) const {
  if (sub == super) return true;
  if (!sub.is_ref() || !super.is_ref()) return false;
  if (sub.is_nullable() && !super.is_nullable()) return false;
  if (sub.heap() == super.heap()) return true;
  std::shared_lock lock(mutex_);
  return heap_matches_locked(sub.heap(), super.heap());
}

bool TypeRegistry::heap_matches_locked(HeapType sub, HeapType super) const {
  if (sub == super) return true;
  if (sub.is_concrete() && super.is_concrete()) return is_subtype_locked(sub.type_index(), super.type_index());
  if (super.is_concrete()) {
    bool is_func = types_[super.type_index()].kind == CompositeKind::Func;
    return sub.abstract() == (is_func ? HeapType::NoFunc : HeapType::None);
  }
  HeapType::Abstract from = HeapType::Any;
  if (sub.is_concrete()) {
    switch (types_[sub.type_index()].kind) {
      case CompositeKind::Func:
        from = HeapType::Func;
        break;
      case CompositeKind::Struct:
        from = HeapType::Struct;
        break;
      case CompositeKind::Array:
        from = HeapType::Array;
        break;
    }
  } else {
    from = sub.abstract();
  }
  const HeapType::Abstract to = super.abstract();
  if (from == to) return true;
  switch (from) {
    case HeapType::None:
      return to == HeapType::I31 || to == HeapType::Struct || to == HeapType::Array || to == HeapType::Eq ||
             to == HeapType::Any;
    case HeapType::I31:
    case HeapType::Struct:
    case HeapType::Array:
      return to == HeapType::Eq || to == HeapType::Any;
    case HeapType::Eq:
      return to == HeapType::Any;
    case HeapType::NoFunc:
      return to == HeapType::Func;
    case HeapType::NoExtern:
      return to == HeapType::Extern;
    case HeapType::NoExn:
      return to == HeapType::Exn;
    case HeapType::NoCont:
      return to == HeapType::Cont;
    default:
      return false;
  }
}

std::string to_string(const EngineType& func) {
  auto list = [](std::span<const ValType> types) {
    std::string text = "(";
    for (ValType t : types) {
      if (text.size() > 1) text += ", ";
      text += wasm::to_string(t);
    }
    return text + ")";
  };
  return fmt::format("{} -> {}", list(func.params), list(func.results));
}

}  // namespace vitrine::runtime
