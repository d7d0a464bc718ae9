#include <vitrine/extern.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <cstring>

#include "api/convert.hpp"
#include "base/result.hpp"

namespace vitrine {

using api::Access;

namespace {

std::unexpected<Error> outside(uint64_t index, const runtime::Table& table) {
  return fail(fmt::format("index {} is outside the table of {} elements", index, table.size()));
}

}  // namespace

Result<Memory> Memory::make(const Context& context, const MemoryType& type) {
  StoreImpl& store = Access::impl(context);
  return Memory(store.handle(TRY(store.new_memory(TRY(api::to_wasm(type))))));
}

std::span<uint8_t> Memory::data() const {
  auto found = api::find<runtime::Memory>(handle_);
  return found ? found.object->data() : std::span<uint8_t>();
}

uint64_t Memory::size() const {
  auto found = api::find<runtime::Memory>(handle_);
  return found ? found.object->pages() : 0;
}

Result<MemoryType> Memory::type() const {
  auto found = api::find<runtime::Memory>(handle_);
  if (!found) return api::is_gone("memory");
  return api::to_public(found.object->type());
}

Result<uint64_t> Memory::grow(uint64_t pages) const {
  auto found = api::find<runtime::Memory>(handle_);
  if (!found) return api::is_gone("memory");
  return found.object->grow(pages);
}

Result<> Memory::read(uint64_t offset, std::span<uint8_t> out) const {
  if (!handle_.store()) return api::is_gone("memory");
  auto all = data();
  if (offset > all.size() || out.size() > all.size() - offset) {
    return fail(fmt::format("reading {} bytes at {:#x} leaves the memory of {} bytes", out.size(), offset, all.size()));
  }
  if (!out.empty()) std::memcpy(out.data(), all.data() + offset, out.size());
  return {};
}

Result<> Memory::write(uint64_t offset, std::span<const uint8_t> in) const {
  if (!handle_.store()) return api::is_gone("memory");
  auto all = data();
  if (offset > all.size() || in.size() > all.size() - offset) {
    return fail(fmt::format("writing {} bytes at {:#x} leaves the memory of {} bytes", in.size(), offset, all.size()));
  }
  if (!in.empty()) std::memcpy(all.data() + offset, in.data(), in.size());
  return {};
}

Result<Table> Table::make(const Context& context, const TableType& type, const Val& init) {
  StoreImpl& store = Access::impl(context);
  wasm::TableType wanted = TRY(api::to_wasm(store.engine(), type));
  uint64_t word = TRY_IN(api::to_word(store, init, wanted.element), "as an element of a table");
  return Table(store.handle(TRY(store.new_table(wanted, word))));
}

uint64_t Table::size() const {
  auto found = api::find<runtime::Table>(handle_);
  return found ? found.object->size() : 0;
}

Result<TableType> Table::type() const {
  auto [store, table] = api::find<runtime::Table>(handle_);
  if (!store) return api::is_gone("table");
  return api::to_public(store->shared_engine(), table->type());
}

Result<Val> Table::get(uint64_t index) const {
  auto [store, table] = api::find<runtime::Table>(handle_);
  if (!store) return api::is_gone("table");
  auto word = table->get(index);
  if (!word) return outside(index, *table);
  return api::to_ref_val(*store, api::ref_kind(store->engine(), table->type().element), *word);
}

Result<> Table::set(uint64_t index, const Val& value) const {
  auto [store, table] = api::find<runtime::Table>(handle_);
  if (!store) return api::is_gone("table");
  uint64_t word = TRY_IN(api::to_word(*store, value, table->type().element), "as an element of a table");
  if (!table->set(index, word)) return outside(index, *table);
  return {};
}

Result<uint64_t> Table::grow(uint64_t count, const Val& init) const {
  auto [store, table] = api::find<runtime::Table>(handle_);
  if (!store) return api::is_gone("table");
  uint64_t word = TRY_IN(api::to_word(*store, init, table->type().element), "as an element of a table");
  return table->grow(count, word);
}

Result<> Table::fill(uint64_t index, const Val& value, uint64_t count) const {
  auto [store, table] = api::find<runtime::Table>(handle_);
  if (!store) return api::is_gone("table");
  uint64_t word = TRY_IN(api::to_word(*store, value, table->type().element), "as an element of a table");
  auto elements = table->elements();
  if (index > elements.size() || count > elements.size() - index) {
    return fail(fmt::format("{} elements from {} on leave the table of {}", count, index, elements.size()));
  }
  std::ranges::fill(elements.subspan(index, count), word);
  return {};
}

Result<Global> Global::make(const Context& context, const GlobalType& type, const Val& value) {
  StoreImpl& store = Access::impl(context);
  wasm::GlobalType wanted = TRY(api::to_wasm(store.engine(), type));
  abi::ValRaw raw;
  TRY_IN(api::to_raw(store, value, wanted.type, raw), "as the value of a global");
  return Global(store.handle(store.new_global(wanted, raw)));
}

Result<GlobalType> Global::type() const {
  auto [store, global] = api::find<runtime::Global>(handle_);
  if (!store) return api::is_gone("global");
  return api::to_public(store->shared_engine(), global->type());
}

Result<Val> Global::get() const {
  auto [store, global] = api::find<runtime::Global>(handle_);
  if (!store) return api::is_gone("global");
  return api::to_val(*store, global->type().type, global->get());
}

Result<> Global::set(const Val& value) const {
  auto [store, global] = api::find<runtime::Global>(handle_);
  if (!store) return api::is_gone("global");
  if (!global->type().is_mutable) return fail("the global is immutable");
  abi::ValRaw raw;
  TRY_IN(api::to_raw(*store, value, global->type().type, raw), "as the value of a global");
  global->set(raw);
  return {};
}

}  // namespace vitrine
