#include <vitrine/extern.hpp>
#include <vitrine/func.hpp>

#include <fmt/format.h>

#include <cstring>

#include "api/convert.hpp"
#include "api/impl.hpp"
#include "base/result.hpp"

namespace vitrine {

namespace {

runtime::Memory& memory(void* object) {
  return *static_cast<runtime::Memory*>(object);
}
runtime::Table& table(void* object) {
  return *static_cast<runtime::Table*>(object);
}
runtime::Global& global(void* object) {
  return *static_cast<runtime::Global*>(object);
}

Result<uint64_t> element_word(StoreImpl& store, ValKind element, const Val& value) {
  if (value.kind() != element) {
    return fail(fmt::format("the table holds {}, and this is {}", name_of(element), name_of(value.kind())));
  }
  TRY(api::admit(store, value));
  return value.raw().ref;
}

}  // namespace

Result<Memory> Memory::make(Store& store, const MemoryType& type) {
  return Memory(store.impl(), TRY(store.impl()->new_memory(api::to_wasm(type))));
}
std::span<uint8_t> Memory::data() const {
  return memory(object_).data();
}
uint64_t Memory::size() const {
  return memory(object_).pages();
}
MemoryType Memory::type() const {
  return api::to_public(memory(object_).type());
}
Result<uint64_t> Memory::grow(uint64_t pages) const {
  return memory(object_).grow(pages);
}

Result<void> Memory::read(uint64_t offset, std::span<uint8_t> out) const {
  auto all = data();
  if (offset > all.size() || out.size() > all.size() - offset) {
    return fail(fmt::format("reading {} bytes at {:#x} leaves the memory of {} bytes", out.size(), offset, all.size()));
  }
  if (!out.empty()) std::memcpy(out.data(), all.data() + offset, out.size());
  return {};
}

Result<void> Memory::write(uint64_t offset, std::span<const uint8_t> in) const {
  auto all = data();
  if (offset > all.size() || in.size() > all.size() - offset) {
    return fail(fmt::format("writing {} bytes at {:#x} leaves the memory of {} bytes", in.size(), offset, all.size()));
  }
  if (!in.empty()) std::memcpy(all.data() + offset, in.data(), in.size());
  return {};
}

Result<Table> Table::make(Store& store, const TableType& type, const Val& init) {
  uint64_t word = TRY(element_word(*store.impl(), type.element, init));
  return Table(store.impl(), TRY(store.impl()->new_table(api::to_wasm(type), word)));
}
uint64_t Table::size() const {
  return table(object_).size();
}
TableType Table::type() const {
  return api::to_public(table(object_).type());
}

Result<Val> Table::get(uint64_t index) const {
  auto word = table(object_).get(index);
  if (!word) return fail(fmt::format("index {} is outside the table of {} elements", index, size()));
  RawVal raw{.v128 = {}};
  raw.ref = *word;
  return Val::from_raw(type().element, raw);
}

Result<void> Table::set(uint64_t index, const Val& value) const {
  uint64_t word = TRY(element_word(*store_, type().element, value));
  if (!table(object_).set(index, word)) {
    return fail(fmt::format("index {} is outside the table of {} elements", index, size()));
  }
  return {};
}

Result<uint64_t> Table::grow(uint64_t count, const Val& init) const {
  return table(object_).grow(count, TRY(element_word(*store_, type().element, init)));
}

Result<Global> Global::make(Store& store, const GlobalType& type, const Val& value) {
  if (value.kind() != type.kind) {
    return fail(fmt::format("the global is of {}, and its value of {}", name_of(type.kind), name_of(value.kind())));
  }
  TRY(api::admit(*store.impl(), value));
  return Global(store.impl(), store.impl()->new_global(api::to_wasm(type), api::to_abi(value.raw())));
}
GlobalType Global::type() const {
  return api::to_public(global(object_).type());
}
Val Global::get() const {
  return Val::from_raw(type().kind, api::to_public(global(object_).get()));
}

Result<void> Global::set(const Val& value) const {
  GlobalType t = type();
  if (!t.is_mutable) return fail("the global is immutable");
  if (value.kind() != t.kind) {
    return fail(fmt::format("the global is of {}, and the value of {}", name_of(t.kind), name_of(value.kind())));
  }
  TRY(api::admit(*store_, value));
  global(object_).set(api::to_abi(value.raw()));
  return {};
}

}  // namespace vitrine
