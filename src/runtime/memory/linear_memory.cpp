#include "runtime/memory/linear_memory.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "base/assert.hpp"

namespace vitrine::runtime {

namespace {

constexpr uint64_t kFourGiB = 4ull << 30;
// Address space for a 64-bit memory without a smaller maximum; it cannot grow further.
constexpr uint64_t kReservation64 = 64ull << 30;

uint64_t saturating_bytes(uint64_t pages, unsigned page_size_log2) {
  unsigned __int128 bytes = static_cast<unsigned __int128>(pages) << page_size_log2;
  return bytes > UINT64_MAX ? UINT64_MAX : static_cast<uint64_t>(bytes);
}

std::unexpected<Error> no_room(uint64_t size) {
  return fail(fmt::format("the system does not have {} KiB for a linear memory", size >> 10), ErrorKind::Io);
}

}  // namespace

Result<MemoryPlan> plan_memory(const wasm::MemoryType& type, const abi::CodegenSettings& settings) {
  const uint64_t page = os::page_size();
  const uint64_t min = saturating_bytes(type.limits.min, type.page_size_log2);
  const uint64_t max = type.limits.max ? saturating_bytes(*type.limits.max, type.page_size_log2) : UINT64_MAX;
  uint64_t reservation;
  if (!type.limits.is_64 && settings.memory_reservation >= kFourGiB) {
    reservation = settings.memory_reservation;
  } else if (!type.limits.is_64) {
    reservation = std::min(max, kFourGiB);
  } else {
    reservation = std::min(max, std::max(settings.memory_reservation, kReservation64));
  }
  if (min > reservation) {
    return fail(fmt::format("a memory of {} bytes is over the {} bytes of address space that a memory can have; "
                            "-O memory-reservation raises it",
                            min, reservation),
                ErrorKind::Limit);
  }
  MemoryPlan plan;
  plan.reservation = os::round_up(std::max<uint64_t>(reservation, 1), page);
  plan.least =
      std::min(plan.reservation, os::round_up(std::max({min, settings.memory_reservation, uint64_t{1}}), page));
  plan.guard = os::round_up(std::min(settings.memory_guard_size, uint64_t{1} << 40), page);
  return plan;
}

Result<LinearMemory> LinearMemory::make(MemoryPool& pool, const MemoryPlan& plan, uint64_t size,
                                        const MemorySource& source) {
  VITRINE_ASSERT(size <= plan.reservation);
  VITRINE_ASSERT(source.guest_offset <= size && source.size <= size - source.guest_offset);
  LinearMemory memory;
  auto slot_taken = pool.take(plan, source.identity);
  if (!slot_taken && plan.least < plan.reservation) {
    // Address space is short, and the settings ask for less than the memory may come to: growing past it will fail.
    MemoryPlan small = plan;
    small.reservation = plan.least;
    slot_taken = pool.take(small, source.identity);
  }
  memory.slot_ = TRY(std::move(slot_taken));
  MemorySlot& slot = memory.slot_;
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
    if (!slot.space.make_inaccessible(guard + wanted, slot.accessible - wanted)) return no_room(size);
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
  memory.pool_ = &pool;
  memory.size_ = size;
  return memory;
}

LinearMemory::LinearMemory(LinearMemory&& other) noexcept {
  *this = std::move(other);
}

LinearMemory& LinearMemory::operator=(LinearMemory&& other) noexcept {
  if (this != &other) {
    if (pool_) pool_->give_back(std::move(slot_));
    pool_ = std::exchange(other.pool_, nullptr);
    slot_ = std::move(other.slot_);
    size_ = std::exchange(other.size_, 0);
  }
  return *this;
}

LinearMemory::~LinearMemory() {
  if (pool_) pool_->give_back(std::move(slot_));
}

bool LinearMemory::grow_to(uint64_t new_size) {
  if (new_size < size_ || new_size > slot_.plan.reservation) return false;
  const uint64_t wanted = os::round_up(new_size, os::page_size());
  if (wanted > slot_.accessible) {
    if (!slot_.space.make_accessible(slot_.plan.guard + slot_.accessible, wanted - slot_.accessible)) return false;
    slot_.accessible = wanted;
  }
  size_ = new_size;
  return true;
}

}  // namespace vitrine::runtime
