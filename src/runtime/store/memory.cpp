#include "runtime/store/memory.hpp"

#include <fmt/format.h>

#include "runtime/store/store.hpp"
#include "runtime/store/telling.hpp"
#include "wasm/limits.hpp"

namespace vitrine::runtime {

namespace {

uint64_t saturating_bytes(uint64_t pages, uint64_t more, unsigned page_size_log2) {
  uint64_t sum = 0;
  if (__builtin_add_overflow(pages, more, &sum) || sum > UINT64_MAX >> page_size_log2) return UINT64_MAX;
  return sum << page_size_log2;
}

}  // namespace

Memory::Memory(Store& store, const wasm::MemoryType& type, LinearMemory&& linear, abi::VMMemory* definition)
    : store_(store), type_(type), linear_(std::move(linear)), definition_(definition ? definition : &own_) {
  *definition_ = {.base = linear_.base(), .size = linear_.size()};
}

Result<uint64_t> Memory::grow(uint64_t pages) {
  auto grown = try_grow(pages);
  if (!grown) return std::unexpected(std::move(grown).error().error);
  return *grown;
}

std::expected<uint64_t, GrowthFailure> Memory::try_grow(uint64_t pages) {
  if (pages == 0) return this->pages();
  // A 32-bit memory of pages of another size still has no more than 4 GiB.
  const uint64_t ceiling =
      type_.limits.is_64 ? UINT64_MAX >> type_.page_size_log2 : (uint64_t{1} << 32) >> type_.page_size_log2;
  const uint64_t maximum = std::min(type_.limits.max.value_or(ceiling), ceiling);
  Growth growth{.what = Growth::What::Memory, .current = 0, .desired = 0, .maximum = {}};
  if (type_.limits.max) growth.maximum = maximum << type_.page_size_log2;
  auto failed = [&](std::string message) {
    return store_.grow_failed(growth, {Error(std::move(message), ErrorKind::Limit)});
  };
  uint64_t old_pages = 0;
  // The limiter may grow this very memory; then what it said was of another growth, which it is told of, and it is asked
  // again. This ends: the size only increases.
  for (;;) {
    old_pages = this->pages();
    growth.current = definition_->size;
    growth.desired = saturating_bytes(old_pages, pages, type_.page_size_log2);
    if (pages > maximum || old_pages > maximum - pages) {
      return failed(
          fmt::format("a memory of {} pages cannot grow by {}: its maximum is {}", old_pages, pages, maximum));
    }
    if (auto allowed = store_.may_grow(growth); !allowed) {
      return store_.grow_failed(growth, std::move(allowed).error());
    }
    if (this->pages() == old_pages) break;
    store_.tell_failed(growth, Error("it has grown otherwise in the meantime", ErrorKind::Limit));
  }
  const bool is_grown = telling_of_exceptions([&](const Error& why) { store_.tell_failed(growth, why); },
                                              [&] { return linear_.grow_to(growth.desired); });
  if (!is_grown) {
    const MemoryPlan& plan = linear_.plan();
    if (growth.desired > plan.reservation && !plan.may_move) {
      return failed(
          fmt::format("a memory of {} bytes is over its reservation of {}, and it may not move; "
                      "Config::memory_reservation and Config::memory_may_move allow more",
                      growth.desired, plan.reservation));
    }
    return failed(fmt::format("the system does not have a memory of {} bytes", growth.desired));
  }
  *definition_ = {.base = linear_.base(), .size = growth.desired};
  return old_pages;
}

}  // namespace vitrine::runtime
