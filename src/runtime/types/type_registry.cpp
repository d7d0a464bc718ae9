#include "runtime/types/type_registry.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <mutex>
#include <random>

#include "base/assert.hpp"
#include "base/hash.hpp"
#include "wasm/matching.hpp"
#include "wasm/module.hpp"

namespace vitrine::runtime {

using wasm::CompositeKind;
using wasm::HeapType;
using wasm::ValType;

/// A rec group in use.
struct TypeGroup {
  TypeId first = 0;
  std::atomic<uint64_t> references{1};
  const std::vector<uint32_t>* key = nullptr;  // where it stands in the registry's map
  std::vector<TypeGroup*> uses;                // groups outside that its types refer to, each held once
  std::vector<EngineType> types;
  // What the types' spans point to.
  std::vector<ValType> values;
  std::vector<wasm::FieldType> fields;
  std::vector<TypeId> displays;
};

namespace {

constexpr uint32_t kIndexMask = 0x00ff'ffff;  // of a concrete heap type, see wasm::HeapType
constexpr uint32_t kInGroup = 0x8000'0000;    // in a key: the number counts from the start of the group
constexpr uint32_t kTypesAtOnce = 4096;       // entries of the table made accessible in one step
static_assert(kIndexMask + 1 == TypeRegistry::kMaxNumbers);

/// Type indices to numbers; without a list the indices are numbers already.
TypeId number(std::span<const TypeId> ids, uint32_t index) {
  return ids.empty() ? index : ids[index];
}

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
      word(number(ids_, i));
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

size_t display_size(const wasm::TypeDef& def) {
  return std::max<size_t>(abi::kLeastDisplay, def.depth + 1u);
}

/// Fills in the types of a group. `entries` is the engine's table, of which those of supertypes are read; the group's
/// own are written.
void describe(TypeGroup& group, std::span<const wasm::TypeDef> defs, std::span<const TypeId> ids,
              abi::VMType* entries) {
  size_t values = 0, fields = 0, displays = 0;
  for (const wasm::TypeDef& def : defs) {
    values += def.func.params.size() + def.func.results.size();
    fields += def.fields.size();
    displays += 1 + display_size(def);
  }
  // Reserved whole, so that nothing moves any more.
  group.types.resize(defs.size());
  group.values.reserve(values);
  group.fields.reserve(fields);
  group.displays.assign(displays, wasm::kNoIndex);
  auto append = [&](std::span<const ValType> from) {
    const size_t first = group.values.size();
    for (ValType t : from) group.values.push_back(TypeRegistry::canonical(t, ids));
    return std::span<const ValType>(group.values).subspan(first);
  };
  TypeId* display = group.displays.data();
  for (size_t i = 0; i < defs.size(); ++i) {
    const wasm::TypeDef& def = defs[i];
    const TypeId self = group.first + static_cast<TypeId>(i);
    EngineType& type = group.types[i];
    type.kind = def.kind;
    type.is_final = def.is_final;
    type.depth = def.depth;
    type.group = &group;
    type.params = append(def.func.params);
    type.results = append(def.func.results);
    const size_t first_field = group.fields.size();
    for (const wasm::FieldType& field : def.fields) {
      group.fields.push_back({TypeRegistry::canonical(field.storage, ids), field.is_mutable});
    }
    type.fields = std::span<const wasm::FieldType>(group.fields).subspan(first_field);
    // A supertype stands before its subtypes, in this group or in an earlier one.
    *display++ = def.depth + 1u;
    if (def.supertype != wasm::kNoIndex) {
      const abi::VMType& super = entries[number(ids, def.supertype)];
      std::copy_n(super.supertypes, def.depth, display);
    }
    display[def.depth] = self;
    type.supertypes = {display, def.depth + 1u};
    entries[self] = {.supertypes = display, .description = &type};
    display += display_size(def);
  }
}

}  // namespace

/// Types to register: a module's, or one in terms of the engine.
struct TypeRegistry::Request {
  std::span<const wasm::TypeDef> types;
  std::span<const wasm::RecGroup> groups;
  bool is_canonical = false;

  std::span<const wasm::TypeDef> of(const wasm::RecGroup& group) const {
    return types.subspan(group.first, group.count);
  }
};

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
  if (registry_) registry_->release(groups_);
  registry_ = nullptr;
}

TypeRegistry::TypeRegistry(uint32_t capacity)
    : capacity_(capacity), groups_(16, KeyHash{uint64_t{std::random_device()()} << 32 | std::random_device()()}) {
  // Address space only; without it the first type is refused.
  const uint64_t entries = os::round_up(capacity, kTypesAtOnce);
  if (auto space = os::Reservation::make(entries * sizeof(abi::VMType))) space_ = *std::move(space);
}

TypeRegistry::~TypeRegistry() = default;

size_t TypeRegistry::KeyHash::operator()(const Key& key) const {
  uint64_t h = seed;
  for (uint32_t word : key) h = hash_mix(h, word);
  return h;
}

ValType TypeRegistry::canonical(ValType type, std::span<const TypeId> ids) {
  if (!type.is_ref() || !type.heap().is_concrete()) return type;
  return ValType::ref(HeapType::concrete(number(ids, type.heap().type_index())), type.is_nullable());
}

Result<TypeSet> TypeRegistry::add_module(const wasm::Module& module) {
  return add({.types = module.types, .groups = module.rec_groups});
}

Result<TypeSet> TypeRegistry::add_func(std::span<const ValType> params, std::span<const ValType> results) {
  wasm::TypeDef def;
  def.func = {params, results};
  const wasm::RecGroup group{.first = 0, .count = 1};
  return add({.types = {&def, 1}, .groups = {&group, 1}, .is_canonical = true});
}

Result<TypeSet> TypeRegistry::add(const Request& request) {
  TypeSet set;
  set.registry_ = this;
  set.ids_.resize(request.types.size());
  set.groups_.reserve(request.groups.size());
  // An earlier group is numbered before a later one names it; numbers of the engine stand for themselves.
  const std::span<TypeId> ids = request.is_canonical ? std::span<TypeId>() : std::span(set.ids_);
  auto key_of = [&](const wasm::RecGroup& group) {
    // In terms of the engine nothing is inside of the group: it has no number yet.
    KeyWriter writer(ids, request.is_canonical ? wasm::RecGroup{.first = wasm::kNoIndex, .count = 0} : group);
    for (const wasm::TypeDef& def : request.of(group)) writer.type(def);
    return writer.take();
  };
  auto hold = [&](TypeGroup* found, const wasm::RecGroup& group) {
    set.groups_.push_back(found);
    for (uint32_t i = 0; i < group.count; ++i) set.ids_[group.first + i] = found->first + i;
  };
  size_t next = 0;
  {
    std::shared_lock lock(mutex_);
    for (; next < request.groups.size(); ++next) {
      TypeGroup* known = find(key_of(request.groups[next]));
      if (!known) break;
      known->references.fetch_add(1, std::memory_order_relaxed);
      hold(known, request.groups[next]);
    }
  }
  if (next == request.groups.size()) return set;
  std::unique_lock lock(mutex_);
  for (; next < request.groups.size(); ++next) {
    const wasm::RecGroup& group = request.groups[next];
    Key key = key_of(group);
    TypeGroup* known = find(key);
    if (known) {
      known->references.fetch_add(1, std::memory_order_relaxed);
    } else {
      auto made = make(std::move(key), request, group, ids);
      if (!made) {
        lock.unlock();  // what was added goes with `set`
        return std::unexpected(std::move(made).error());
      }
      known = *made;
    }
    hold(known, group);
  }
  return set;
}

TypeSet TypeRegistry::hold(TypeId id) {
  TypeGroup* group = get(id).group;
  group->references.fetch_add(1, std::memory_order_relaxed);
  TypeSet set;
  set.registry_ = this;
  set.groups_ = {group};
  set.ids_ = {id};
  return set;
}

TypeSet TypeRegistry::hold(ValType type) {
  return type.is_ref() && type.heap().is_concrete() ? hold(type.heap().type_index()) : TypeSet();
}

TypeGroup* TypeRegistry::find(const Key& key) const {
  auto known = groups_.find(key);
  return known == groups_.end() ? nullptr : known->second.get();
}

Result<TypeGroup*> TypeRegistry::make(Key key, const Request& request, const wasm::RecGroup& place,
                                      std::span<TypeId> ids) {
  const auto defs = request.of(place);
  const TypeId first = TRY(take_numbers(place.count));
  // Its own numbers first: its types name each other.
  for (uint32_t i = 0; i < ids.size() && i < place.count; ++i) ids[place.first + i] = first + i;
  auto [where, is_new] = groups_.emplace(std::move(key), std::make_unique<TypeGroup>());
  VITRINE_ASSERT(is_new);
  TypeGroup& group = *where->second;
  group.first = first;
  group.key = &where->first;
  // SAFETY: the numbers are nobody's yet, so nobody reads their entries; `take_numbers` made them accessible.
  // SAFETY: the space is the registry's own, mapped for VMTypes, which are plain words, and never moves.
  auto* entries = reinterpret_cast<abi::VMType*>(space_.data());
  describe(group, defs, ids, entries);
  for (const wasm::TypeDef& def : defs) {
    for_each_reference(def, [&](uint32_t target) {
      TypeGroup* used = get(number(ids, target)).group;
      if (used != &group) group.uses.push_back(used);
    });
  }
  std::ranges::sort(group.uses);
  group.uses.erase(std::ranges::unique(group.uses).begin(), group.uses.end());
  for (TypeGroup* used : group.uses) used->references.fetch_add(1, std::memory_order_relaxed);
  return &group;
}

Result<TypeId> TypeRegistry::take_numbers(uint32_t count) {
  if (!space_.valid()) return fail("the system had no address space for the engine's types", ErrorKind::Io);
  if (count == 0) return 0;
  if (auto first = free_.take(count)) return *first;
  const uint32_t first = used_;
  if (count > capacity_ - first) {
    return fail(fmt::format("no room for {} more types: an engine has numbers for {}", count, capacity_),
                ErrorKind::Limit);
  }
  const auto wanted = static_cast<uint32_t>(os::round_up(uint64_t{first} + count, kTypesAtOnce));
  if (wanted > ready_) {
    if (!space_.make_accessible(ready_ * sizeof(abi::VMType), (wanted - ready_) * sizeof(abi::VMType))) {
      return fail("the system has no room for the engine's types", ErrorKind::Io);
    }
    ready_ = wanted;
  }
  used_ = first + count;
  return first;
}

bool TypeRegistry::release_shared(TypeGroup& group) {
  uint64_t now = group.references.load(std::memory_order_relaxed);
  while (now > 1) {
    // Release: what this holder read of the group happens before the last one drops it.
    if (group.references.compare_exchange_weak(now, now - 1, std::memory_order_release, std::memory_order_relaxed)) {
      return true;
    }
  }
  return false;
}

void TypeRegistry::release(std::span<TypeGroup* const> groups) {
  std::vector<TypeGroup*> work;
  for (TypeGroup* group : groups) {
    if (!release_shared(*group)) work.push_back(group);
  }
  if (work.empty()) return;
  std::unique_lock lock(mutex_);
  // SAFETY: the space is the registry's own, mapped for VMTypes, which are plain words, and never moves.
  auto* entries = reinterpret_cast<abi::VMType*>(space_.data());
  while (!work.empty()) {
    TypeGroup* group = work.back();
    work.pop_back();
    const uint64_t before = group->references.fetch_sub(1, std::memory_order_acq_rel);
    VITRINE_ASSERT(before > 0);
    if (before > 1) continue;
    work.insert(work.end(), group->uses.begin(), group->uses.end());
    const auto count = static_cast<uint32_t>(group->types.size());
    std::fill_n(entries + group->first, count, abi::VMType{});
    if (count > 0) free_.give_back(group->first, count);
    groups_.erase(groups_.find(*group->key));
  }
  used_ = free_.take_last(used_);
  if (used_ == 0) space_.discard(0, ready_ * sizeof(abi::VMType));
}

size_t TypeRegistry::live_groups() const {
  std::shared_lock lock(mutex_);
  return groups_.size();
}

uint32_t TypeRegistry::used_numbers() const {
  std::shared_lock lock(mutex_);
  return used_;
}

bool TypeRegistry::is_subtype(TypeId sub, TypeId super) const {
  if (sub == super) return true;
  const size_t depth = get(super).depth;
  const auto supertypes = get(sub).supertypes;
  return depth < supertypes.size() && supertypes[depth] == super;
}

bool TypeRegistry::matches(ValType sub, ValType super) const {
  return wasm::matches(*this, sub, super);
}

}  // namespace vitrine::runtime
