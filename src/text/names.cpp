#include "text/names.hpp"

#include <cstring>
#include <random>

#include "base/hash.hpp"

namespace vitrine::text {
namespace {

uint64_t hash_of(std::string_view name, uint32_t scope) {
  static const uint64_t seed = (uint64_t{std::random_device{}()} << 32) | std::random_device{}();
  uint64_t h = hash_mix(seed, scope ^ (uint64_t{name.size()} << 32));
  size_t i = 0;
  uint64_t word;
  for (; i + sizeof word <= name.size(); i += sizeof word) {
    std::memcpy(&word, name.data() + i, sizeof word);
    h = hash_mix(h, word);
  }
  if (i < name.size()) {
    word = 0;
    std::memcpy(&word, name.data() + i, name.size() - i);
    h = hash_mix(h, word);
  }
  return h;
}

}  // namespace

size_t NameTable::slot_of(std::string_view name, uint32_t scope, uint64_t hash) const {
  size_t mask = slots_.size() - 1;
  for (size_t i = hash & mask;; i = (i + 1) & mask) {
    const Slot& slot = slots_[i];
    if (slot.generation != generation_) return i;
    if (slot.hash == hash && slot.scope == scope && slot.name == name) return i;
  }
}

uint32_t NameTable::find(std::string_view name, uint32_t scope) const {
  if (used_ == 0) return kNone;
  const Slot& slot = slots_[slot_of(name, scope, hash_of(name, scope))];
  return slot.generation == generation_ ? slot.value : kNone;
}

uint32_t NameTable::set(std::string_view name, uint32_t value, uint32_t scope) {
  if ((used_ + 1) * 4 > slots_.size() * 3) grow();
  uint64_t hash = hash_of(name, scope);
  Slot& slot = slots_[slot_of(name, scope, hash)];
  if (slot.generation != generation_) {
    ++used_;
    slot = {name, hash, scope, value, generation_};
    return kNone;
  }
  uint32_t before = slot.value;
  slot.value = value;
  return before;
}

void NameTable::clear() {
  used_ = 0;
  if (++generation_ == 0) {  // wrapped: stale slots could come alive again
    slots_.assign(slots_.size(), {});
    generation_ = 1;
  }
}

void NameTable::grow() {
  std::vector<Slot> old(slots_.empty() ? 16 : slots_.size() * 2);
  old.swap(slots_);
  for (const Slot& slot : old) {
    if (slot.generation == generation_) slots_[slot_of(slot.name, slot.scope, slot.hash)] = slot;
  }
}

}  // namespace vitrine::text
