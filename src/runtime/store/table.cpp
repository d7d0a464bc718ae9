#include "runtime/store/table.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "runtime/store/store.hpp"
#include "wasm/limits.hpp"

namespace vitrine::runtime {

namespace {

constexpr uint64_t kPiece = 2048;  // elements between two looks at whether the store is cancelled

}  // namespace

Result<Block> Table::allocate(Allocator& allocator, uint64_t count) {
  if (count > wasm::kMaxTableSize) {
    return fail(fmt::format("a table of {} elements is over the limit of {}", count, wasm::kMaxTableSize),
                ErrorKind::Limit);
  }
  return allocator.take_table(count);
}

Table::Table(Store& store, const wasm::TableType& type, Block&& elements, uint64_t init, abi::VMTable* definition)
    : store_(store), type_(type), elements_(std::move(elements)), definition_(definition ? definition : &own_) {
  *definition_ = {.base = static_cast<uint64_t*>(elements_.data()), .size = type.limits.min};
  if (init != 0) std::fill_n(definition_->base, type.limits.min, init);
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

Result<uint64_t> Table::grow(uint64_t count, uint64_t init) {
  auto grown = try_grow(count, init);
  if (!grown) return std::unexpected(std::move(grown).error().error);
  return *grown;
}

std::expected<uint64_t, GrowthFailure> Table::try_grow(uint64_t count, uint64_t init) {
  if (count == 0) return size();
  const uint64_t maximum = std::min<uint64_t>(type_.limits.max.value_or(UINT64_MAX), wasm::kMaxTableSize);
  Growth growth{.what = Growth::What::Table, .current = 0, .desired = 0, .maximum = type_.limits.max};
  auto failed = [&](std::string message) {
    return store_.grow_failed(growth, {Error(std::move(message), ErrorKind::Limit)});
  };
  // The limiter may grow this very table: as in Memory::try_grow.
  for (;;) {
    growth.current = size();
    if (__builtin_add_overflow(growth.current, count, &growth.desired)) growth.desired = UINT64_MAX;
    if (count > maximum || growth.current > maximum - count) {
      return failed(
          fmt::format("a table of {} elements cannot grow by {}: its maximum is {}", growth.current, count, maximum));
    }
    if (auto allowed = store_.may_grow(growth); !allowed) {
      return store_.grow_failed(growth, std::move(allowed).error());
    }
    if (size() == growth.current) break;
    store_.tell_failed(growth, Error("it has grown otherwise in the meantime", ErrorKind::Limit));
  }
  if (!store_.engine().allocator().grow_table(elements_, growth.desired, maximum)) {
    return failed(fmt::format("the system has no room for a table of {} elements", growth.desired));
  }
  definition_->base = static_cast<uint64_t*>(elements_.data());
  for (uint64_t done = 0; done < count; done += kPiece) {
    // Nothing of it is seen before it is done.
    if (store_.is_cancelled()) return failed("the store was cancelled while a table grew");
    std::fill_n(definition_->base + growth.current + done, std::min(kPiece, count - done), init);
  }
  definition_->size = growth.desired;
  return growth.current;
}

}  // namespace vitrine::runtime
