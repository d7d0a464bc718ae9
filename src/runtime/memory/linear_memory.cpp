#include "runtime/memory/linear_memory.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>

#include "base/assert.hpp"
#include "base/casts.hpp"

namespace vitrine::runtime {

namespace {

constexpr uint64_t kFourGiB = 4ull << 30;
// Address space for a 64-bit memory without a smaller maximum, unless the settings ask for less than 4 GiB a memory.
constexpr uint64_t kReservation64 = 64ull << 30;
// More than any system has for one process; sums of sizes below it cannot overflow.
constexpr uint64_t kAddressSpace = 1ull << 47;
// Moving fewer pages by the page tables costs more than copying them.
constexpr uint64_t kWorthRemapping = 1ull << 20;

uint64_t saturating_bytes(uint64_t pages, unsigned page_size_log2) {
  unsigned __int128 bytes = static_cast<unsigned __int128>(pages) << page_size_log2;
  return bytes > UINT64_MAX ? UINT64_MAX : static_cast<uint64_t>(bytes);
}

std::unexpected<Error> no_room(uint64_t size) {
  return fail(fmt::format("the system does not have {} KiB for a linear memory", size >> 10), ErrorKind::Io);
}

}  // namespace

Result<MemoryPlan> plan_memory(const wasm::MemoryType& type, const abi::CodegenSettings& settings,
                               const MemoryGrowth& growth) {
  const uint64_t page = os::page_size();
  const uint64_t min = saturating_bytes(type.limits.min, type.page_size_log2);
  const uint64_t max = type.limits.max ? saturating_bytes(*type.limits.max, type.page_size_log2) : UINT64_MAX;
  const uint64_t most = std::min(max, type.limits.is_64 ? kAddressSpace : kFourGiB);
  if (min > most) {
    return fail(
        fmt::format("a memory of {} bytes is over the {} bytes of address space that a memory can have", min, most),
        ErrorKind::Limit);
  }
  const bool whole = settings.memory_reservation >= kFourGiB;
  uint64_t reservation;
  if (type.limits.is_shared && (!whole || type.limits.is_64)) {
    reservation = most;  // a shared memory has a maximum, and all of it a fixed place
  } else if (!whole) {
    reservation = std::min(most, std::max(min, settings.memory_reservation));
  } else if (type.limits.is_64) {
    reservation = std::min(most, std::max({min, settings.memory_reservation, kReservation64}));
  } else {
    reservation = settings.memory_reservation;
  }
  MemoryPlan plan;
  plan.reservation = os::round_up(std::max<uint64_t>(reservation, 1), page);
  plan.least =
      type.limits.is_shared
          ? plan.reservation
          : std::min(plan.reservation, os::round_up(std::max({min, settings.memory_reservation, uint64_t{1}}), page));
  plan.guard = os::round_up(std::min(settings.memory_guard_size, uint64_t{1} << 40), page);
  plan.most = most;
  plan.slack = std::min(growth.slack, kAddressSpace);
  plan.is_shared = type.limits.is_shared;
  plan.may_move = growth.may_move && !plan.is_shared;  // not under the feet of other threads
  return plan;
}

Result<LinearMemory> LinearMemory::make(ReservationCache& cache, const MemoryPlan& plan, uint64_t size,
                                        const MemorySource& source) {
  VITRINE_ASSERT(size <= plan.reservation);
  VITRINE_ASSERT(source.guest_offset <= size && source.size <= size - source.guest_offset);
  auto slot_taken = cache.take(plan, source.identity);
  if (!slot_taken && plan.least < plan.reservation) {
    // Address space is short, and the settings ask for less than the memory may come to.
    MemoryPlan small = plan;
    small.reservation = plan.least;
    slot_taken = cache.take(small, source.identity);
  }
  MemorySlotPtr taken = TRY(std::move(slot_taken));  // unmapped if something fails below
  MemorySlot& slot = *taken;
  const uint64_t wanted = os::round_up(size, os::page_size());
  const uint64_t guard = plan.guard;
  if (slot.source.identity != source.identity) {
    if (slot.source.identity != 0) {
      if (!slot.space.unmap(guard, slot.accessible)) return no_room(size);
      slot.accessible = 0;
      slot.source = {};
    }
  }
  if (slot.accessible > wanted) {
    // What was kept there nobody would look at any more.
    if (!slot.space.unmap(guard + wanted, slot.accessible - wanted)) return no_room(size);
  } else if (slot.accessible < wanted) {
    if (!slot.space.make_accessible(guard + slot.accessible, wanted - slot.accessible)) return no_room(size);
  }
  slot.accessible = wanted;
  if (slot.source.identity != source.identity) {
    if (!slot.space.map_file(guard + source.guest_offset, source.size, source.fd, source.file_offset)) {
      return no_room(size);
    }
    slot.source = source;
  }
  LinearMemory memory;
  memory.cache_ = &cache;
  memory.slot_ = std::move(taken);
  memory.size_ = size;
  return memory;
}

void LinearMemory::release() {
  if (index_) index_->remove(address_of(slot_->space.data()));
  if (!moved_) cache_->give_back(std::move(slot_));
}

void LinearMemory::enter(ReservationIndex& index) {
  VITRINE_ASSERT(!index_ && !slot_->plan.may_move);
  index.add(address_of(slot_->space.data()), slot_->space.size());
  index_ = &index;
}

bool LinearMemory::grow_to(uint64_t new_size) {
  if (new_size < size_) return false;
  if (new_size > slot_->plan.reservation) return move_to_larger(new_size);
  const uint64_t wanted = os::round_up(new_size, os::page_size());
  if (wanted > slot_->accessible) {
    const uint64_t from = slot_->plan.guard + slot_->accessible, more = wanted - slot_->accessible;
    if (!slot_->space.make_accessible(from, more)) {
      (void)slot_->space.make_inaccessible(from, more);  // a part of it may be accessible
      return false;
    }
    slot_->accessible = wanted;
  }
  size_ = new_size;
  return true;
}

Result<MemorySlotPtr> LinearMemory::make_larger(uint64_t new_size) const {
  const uint64_t page = os::page_size();
  MemoryPlan plan = slot_->plan;
  // Half as much again makes the cost of many small growths linear even where the slack is not to be had.
  Result<MemorySlotPtr> next = fail("");
  for (uint64_t slack : {plan.slack, std::min(plan.slack, new_size / 2), uint64_t{0}}) {
    plan.reservation = os::round_up(std::min(plan.most, new_size + slack), page);
    next = cache_->make_fresh(plan);
    if (next) break;
  }
  const uint64_t wanted = os::round_up(new_size, page);
  if (!next || !(*next)->space.make_accessible(plan.guard, wanted)) return no_room(new_size);
  (*next)->accessible = wanted;
  return next;
}

bool LinearMemory::move_to_larger(uint64_t new_size) {
  if (!slot_->plan.may_move || new_size > slot_->plan.most) return false;
  auto next = make_larger(new_size);
  if (!next) return false;

  // What is mapped from a file is copied, as only anonymous pages can change their place and leave their old one
  // reserved. Of what lies before and after it the larger part moves by the page tables: one part only, so that a
  // failure finds everything still in its old place.
  struct Range {
    uint64_t from, to;
    uint64_t size() const { return to - from; }
  };
  const uint64_t page = os::page_size();
  const MemorySource& source = slot_->source;
  const Range mapped =
      source.identity ? Range{source.guest_offset / page * page, os::round_up(source.guest_offset + source.size, page)}
                      : Range{0, 0};
  const Range before{0, mapped.from}, after{mapped.to, slot_->accessible};
  const Range& large = before.size() > after.size() ? before : after;
  const uint64_t guard = slot_->plan.guard;
  bool is_moved = large.size() >= kWorthRemapping &&
                  (*next)->space.take_pages(guard + large.from, slot_->space, guard + large.from, large.size());
  if (!(*next)->space.valid()) {
    next = make_larger(new_size);
    if (!next) return false;
  }
  for (const Range& range : {before, mapped, after}) {
    if (is_moved && range.from == large.from && range.to == large.to) continue;
    // SAFETY: both ranges are accessible, owned by one object each, and do not overlap; nothing of the store runs
    // meanwhile.
    if (range.size() > 0) std::memcpy((*next)->base() + range.from, slot_->base() + range.from, range.size());
  }
  slot_ = std::move(*next);
  size_ = new_size;
  moved_ = true;
  return true;
}

}  // namespace vitrine::runtime
