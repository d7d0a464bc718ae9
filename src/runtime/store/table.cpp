#include "runtime/store/table.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>

#include "runtime/store/store.hpp"
#include "wasm/limits.hpp"

namespace vitrine::runtime {

Result<uint64_t*> Table::allocate(uint64_t count) {
  if (count > wasm::kMaxTableSize) {
    return fail(fmt::format("a table of {} elements is over the limit of {}", count, wasm::kMaxTableSize),
                ErrorKind::Limit);
  }
  // calloc: a large table touches no page before it is used.
  auto* elements = static_cast<uint64_t*>(std::calloc(std::max<uint64_t>(count, 1), sizeof(uint64_t)));
  if (!elements) return fail(fmt::format("the system has no room for a table of {} elements", count), ErrorKind::Io);
  return elements;
}

Table::Table(Store& store, const wasm::TableType& type, uint64_t* elements, uint64_t init, abi::VMTable* definition)
    : store_(store),
      type_(type),
      elements_(elements),
      capacity_(type.limits.min),
      definition_(definition ? definition : &own_) {
  *definition_ = {.base = elements, .size = type.limits.min};
  if (init != 0) std::fill_n(elements, type.limits.min, init);
}

Table::~Table() {
  std::free(elements_);
}

std::optional<uint64_t> Table::get(uint64_t index) const {
  if (index >= definition_->size) return std::nullopt;
  return definition_->base[index];
}

bool Table::set(uint64_t index, uint64_t value) {
  if (index >= definition_->size) return false;
  definition_->base[index] = value;
  return true;
}

Grown<uint64_t> Table::grow(uint64_t count, uint64_t init) {
  Growth growth{.what = Growth::What::Table, .current = 0, .desired = 0, .maximum = type_.limits.max};
  auto grown = try_grow(count, init, growth);
  if (!grown) return store_.growth_failed(growth, std::move(grown).error());
  return grown;
}

/// Leaves in `growth` what was asked for last.
Grown<uint64_t> Table::try_grow(uint64_t count, uint64_t init, Growth& growth) {
  if (count == 0) return size();
  const uint64_t maximum = std::min<uint64_t>(type_.limits.max.value_or(UINT64_MAX), wasm::kMaxTableSize);
  uint64_t old_size = 0, new_size = 0;
  // The limiter may grow this very table: as in Memory::grow.
  do {
    old_size = size();
    growth.current = old_size;
    if (__builtin_add_overflow(old_size, count, &growth.desired)) growth.desired = UINT64_MAX;
    if (count > maximum || old_size > maximum - count) {
      return fail(fmt::format("a table of {} elements cannot grow by {}: its maximum is {}", old_size, count, maximum),
                  ErrorKind::Limit);
    }
    new_size = growth.desired;
    if (auto allowed = store_.may_grow(growth); !allowed) return std::unexpected(std::move(allowed).error());
  } while (size() != old_size);
  if (new_size > capacity_) {
    uint64_t capacity = std::max(new_size, std::min(maximum, capacity_ * 2));
    auto* elements = static_cast<uint64_t*>(std::realloc(elements_, capacity * sizeof(uint64_t)));
    if (!elements) {
      return fail(fmt::format("the system has no room for a table of {} elements", new_size), ErrorKind::Limit);
    }
    elements_ = definition_->base = elements;
    capacity_ = capacity;
  }
  std::fill_n(definition_->base + old_size, count, init);
  definition_->size = new_size;
  return old_size;
}

}  // namespace vitrine::runtime
