#include "runtime/store/memory.hpp"

#include <fmt/format.h>

#include "runtime/store/store.hpp"
#include "wasm/limits.hpp"

namespace vitrine::runtime {

Memory::Memory(Store& store, const wasm::MemoryType& type, LinearMemory linear, abi::VMMemory* definition)
    : store_(store), type_(type), linear_(std::move(linear)), definition_(definition ? definition : &own_) {
  *definition_ = {.base = linear_.base(), .size = linear_.size()};
}

Grown<uint64_t> Memory::grow(uint64_t pages) {
  Growth growth{.what = Growth::What::Memory, .current = 0, .desired = 0, .maximum = {}};
  auto grown = try_grow(pages, growth);
  if (!grown) return store_.growth_failed(growth, std::move(grown).error());
  return grown;
}

/// Leaves in `growth` what was asked for last.
Grown<uint64_t> Memory::try_grow(uint64_t pages, Growth& growth) {
  if (pages == 0) return this->pages();
  // A 32-bit memory of pages of another size still has no more than 4 GiB.
  const uint64_t ceiling =
      type_.limits.is_64 ? UINT64_MAX >> type_.page_size_log2 : (uint64_t{1} << 32) >> type_.page_size_log2;
  const uint64_t maximum = std::min(type_.limits.max.value_or(ceiling), ceiling);
  uint64_t old_pages = 0, bytes = 0;
  // The limiter may grow this very memory; then what it said was of another growth, and it is asked again. This ends:
  // the size only increases.
  do {
    old_pages = this->pages();
    growth.current = definition_->size;
    const unsigned __int128 desired = (static_cast<unsigned __int128>(old_pages) + pages) << type_.page_size_log2;
    growth.desired = desired > UINT64_MAX ? UINT64_MAX : static_cast<uint64_t>(desired);
    if (type_.limits.max) growth.maximum = maximum << type_.page_size_log2;
    if (pages > maximum || old_pages > maximum - pages) {
      return fail(fmt::format("a memory of {} pages cannot grow by {}: its maximum is {}", old_pages, pages, maximum),
                  ErrorKind::Limit);
    }
    bytes = growth.desired;
    if (auto allowed = store_.may_grow(growth); !allowed) return std::unexpected(std::move(allowed).error());
  } while (this->pages() != old_pages);
  if (!linear_.grow_to(bytes)) {
    const MemoryPlan& plan = linear_.plan();
    if (bytes > plan.reservation && !plan.may_move) {
      return fail(fmt::format("a memory of {} bytes is over its reservation of {}, and it may not move; "
                              "-O memory-reservation and -O memory-may-move allow more",
                              bytes, plan.reservation),
                  ErrorKind::Limit);
    }
    return fail(fmt::format("the system does not have a memory of {} bytes", bytes), ErrorKind::Limit);
  }
  *definition_ = {.base = linear_.base(), .size = bytes};
  return old_pages;
}

}  // namespace vitrine::runtime
