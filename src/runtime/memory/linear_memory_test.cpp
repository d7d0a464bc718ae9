#include "runtime/memory/linear_memory.hpp"

#include <gtest/gtest.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstdarg>
#include <cstring>

namespace {

/// What `mremap` does, in place of moving pages.
enum class Remap : uint8_t {
  Works,
  Fails,           // and changes nothing
  FailsWithAHole,  // after unmapping the target, as before Linux 6.17
  FailsAndIsLate,  // and another thread has mapped something into the hole before we look
};
Remap remap_mode = Remap::Works;
uint8_t* foreign = nullptr;

}  // namespace

// Found before the C library's.
extern "C" void* mremap(void* from, size_t old_size, size_t new_size, int flags, ...) noexcept {
  va_list list;
  va_start(list, flags);
  void* to = va_arg(list, void*);
  va_end(list);
  if (remap_mode == Remap::FailsWithAHole || remap_mode == Remap::FailsAndIsLate) munmap(to, new_size);
  if (remap_mode == Remap::FailsAndIsLate) {
    foreign = static_cast<uint8_t*>(to) + new_size / 2;
    mmap(foreign, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
    *foreign = 0x5a;
  }
  errno = ENOMEM;
  if (remap_mode != Remap::Works) return MAP_FAILED;
  // SAFETY: the call of the C library, word for word.
  return reinterpret_cast<void*>(syscall(SYS_mremap, from, old_size, new_size, flags, to));
}

namespace vitrine::runtime {
namespace {

constexpr uint64_t kPage = 65536;

wasm::MemoryType memory_type(uint64_t min, std::optional<uint64_t> max = std::nullopt, bool is_64 = false) {
  return {.limits = {.min = min, .max = max, .is_64 = is_64}};
}

struct Source {
  std::vector<uint8_t> bytes;
  os::FileDescriptor fd;
  MemorySource source;
};
Source make_source(ReservationCache& cache, uint64_t guest_offset, uint64_t size, uint8_t fill) {
  Source s{.bytes = std::vector<uint8_t>(size, fill), .fd = {}, .source = {}};
  s.fd = *os::sealed_memfd("test", s.bytes);
  s.source = {.identity = cache.new_identities(1),
              .fd = s.fd.get(),
              .file_offset = 0,
              .guest_offset = guest_offset,
              .size = size,
              .contents = s.bytes.data()};
  return s;
}

TEST(PlanMemory, ReservesForTheWorstCase) {
  abi::CodegenSettings settings;
  auto plan = plan_memory(memory_type(1, 2), settings);
  EXPECT_EQ(plan->reservation, 4ull << 30);
  EXPECT_EQ(plan->guard, settings.memory_guard_size);
  settings.memory_reservation = 0;
  EXPECT_EQ(plan_memory(memory_type(1, 2), settings)->reservation, kPage);
  EXPECT_EQ(plan_memory(memory_type(3, std::nullopt, true), settings)->reservation, 3 * kPage);
  settings.memory_reservation = 2 * kPage;
  EXPECT_EQ(plan_memory(memory_type(1), settings)->reservation, 2 * kPage);
  EXPECT_EQ(plan_memory(memory_type(1, 1), settings)->reservation, kPage);
  auto huge = plan_memory(memory_type(uint64_t{1} << 48, std::nullopt, true), settings);
  ASSERT_FALSE(huge);
  EXPECT_EQ(huge.error().kind(), ErrorKind::Limit);
}

TEST(LinearMemory, StartsZeroAndGrowsInPlace) {
  ReservationCache cache(0);
  auto plan = *plan_memory(memory_type(1, 4), {});
  auto memory = LinearMemory::make(cache, plan, kPage, {});
  ASSERT_TRUE(memory) << memory.error().message();
  uint8_t* base = memory->base();
  EXPECT_EQ(base[0], 0);
  base[kPage - 1] = 7;
  EXPECT_TRUE(memory->grow_to(4 * kPage));
  EXPECT_EQ(memory->base(), base);
  EXPECT_EQ(base[kPage - 1], 7);
  EXPECT_EQ(base[4 * kPage - 1], 0);
  EXPECT_FALSE(memory->grow_to(plan.reservation + kPage));
  EXPECT_FALSE(memory->grow_to(3 * kPage)) << "it never shrinks";
  EXPECT_EQ(memory->size(), 4 * kPage);
}

TEST(LinearMemory, MovesWhenItGrowsPastItsReservation) {
  ReservationCache cache(4);
  abi::CodegenSettings settings;
  settings.memory_reservation = 0;
  for (uint64_t slack : {uint64_t{0}, 64 * kPage}) {
    // Pages that are mapped from the image and written to, pages that are neither, and enough of them to be remapped.
    Source source = make_source(cache, 4096, 8192, 0xaa);
    auto plan = *plan_memory(memory_type(40), settings, {.may_move = true, .slack = slack});
    auto memory = *LinearMemory::make(cache, plan, 40 * kPage, source.source);
    memory.base()[0] = 1;
    memory.base()[4097] = 2;
    memory.base()[30 * kPage] = 3;
    const uint8_t* before = memory.base();
    ASSERT_TRUE(memory.grow_to(41 * kPage));
    EXPECT_NE(memory.base(), before);
    EXPECT_EQ(memory.reservation(), 41 * kPage + slack);
    for (uint64_t pages : {41, 50, 51, 200}) {
      ASSERT_TRUE(memory.grow_to(pages * kPage));
      EXPECT_EQ(memory.size(), pages * kPage);
      const uint8_t* p = memory.base();
      EXPECT_EQ(p[0], 1);
      EXPECT_EQ(p[4096], 0xaa);
      EXPECT_EQ(p[4097], 2);
      EXPECT_EQ(p[4096 + 8191], 0xaa);
      EXPECT_EQ(p[4096 + 8192], 0);
      EXPECT_EQ(p[30 * kPage], 3);
      EXPECT_EQ(p[pages * kPage - 1], 0);
    }
  }
}

TEST(LinearMemory, MovesWhenTheSystemCannotMovePages) {
  ReservationCache cache(4);
  abi::CodegenSettings settings;
  settings.memory_reservation = 0;
  for (Remap mode : {Remap::Fails, Remap::FailsWithAHole, Remap::FailsAndIsLate}) {
    Source source = make_source(cache, 40 * kPage, 8192, 0xaa);
    auto plan = *plan_memory(memory_type(80), settings, {.may_move = true, .slack = 10 * kPage});
    auto memory = *LinearMemory::make(cache, plan, 80 * kPage, source.source);
    memory.base()[1] = 1;
    memory.base()[40 * kPage] = 2;
    memory.base()[79 * kPage] = 3;
    remap_mode = mode;
    const bool grown = memory.grow_to(81 * kPage);
    remap_mode = Remap::Works;
    ASSERT_TRUE(grown);
    const uint8_t* p = memory.base();
    for (uint64_t i = 0; i < 81 * kPage; ++i) {
      const uint8_t expected = i == 1                                    ? 1
                               : i == 40 * kPage                         ? 2
                               : i == 79 * kPage                         ? 3
                               : i > 40 * kPage && i < 40 * kPage + 8192 ? 0xaa
                                                                         : 0;
      ASSERT_EQ(p[i], expected) << i;
    }
    ASSERT_TRUE(memory.grow_to(91 * kPage)) << "all that it reserved is its own";
    memory.base()[91 * kPage - 1] = 1;
    if (mode != Remap::FailsAndIsLate) continue;
    EXPECT_TRUE(foreign + 4096 <= p || foreign >= p + 91 * kPage);
    memory = LinearMemory();
    EXPECT_EQ(*foreign, 0x5a) << "what is another's stays";
    munmap(foreign, 4096);
  }
}

TEST(LinearMemory, DoesNotMoveWhereItMayNotOrHasNoRoom) {
  ReservationCache cache(4);
  abi::CodegenSettings settings;
  settings.memory_reservation = 2 * kPage;
  auto plan = *plan_memory(memory_type(1), settings, {.may_move = false});
  auto fixed = *LinearMemory::make(cache, plan, kPage, {});
  EXPECT_TRUE(fixed.grow_to(2 * kPage));
  EXPECT_FALSE(fixed.grow_to(3 * kPage));
  plan = *plan_memory(memory_type(1, std::nullopt, true), settings);
  auto huge = *LinearMemory::make(cache, plan, kPage, {});
  const uint8_t* before = huge.base();
  for (uint64_t size : {UINT64_MAX, uint64_t{1} << 47, UINT64_MAX / kPage * kPage}) EXPECT_FALSE(huge.grow_to(size));
  EXPECT_EQ(huge.base(), before);
  EXPECT_EQ(huge.size(), kPage);
}

TEST(LinearMemoryDeathTest, BeyondAMovedMemoryIsAGuard) {
  ReservationCache cache(4);
  abi::CodegenSettings settings;
  settings.memory_reservation = 0;
  auto memory = *LinearMemory::make(cache, *plan_memory(memory_type(1), settings), kPage, {});
  ASSERT_TRUE(memory.grow_to(3 * kPage));
  EXPECT_DEATH(*const_cast<volatile uint8_t*>(memory.base() + 3 * kPage) = 1, "");
  EXPECT_DEATH(*const_cast<volatile uint8_t*>(memory.base() - 1) = 1, "");
}

TEST(LinearMemoryDeathTest, TheFirstByteBeyondFaults) {
  ReservationCache cache(4);
  auto plan = *plan_memory(memory_type(1), {});
  auto memory = *LinearMemory::make(cache, plan, kPage, {});
  EXPECT_DEATH(*const_cast<volatile uint8_t*>(memory.base() + kPage) = 1, "");
  EXPECT_DEATH(*const_cast<volatile uint8_t*>(memory.base() - 1) = 1, "");
  // Reused after growing: what had been accessible no longer is.
  {
    EXPECT_TRUE(memory.grow_to(2 * kPage));
  }
  memory = LinearMemory();
  auto again = *LinearMemory::make(cache, plan, kPage, {});
  EXPECT_DEATH(*const_cast<volatile uint8_t*>(again.base() + kPage) = 1, "");
}

TEST(LinearMemory, BeginsWithItsImageEveryTime) {
  ReservationCache cache(4);
  auto plan = *plan_memory(memory_type(3), {});
  Source a = make_source(cache, 4096, 8192, 0xaa);
  Source b = make_source(cache, 0, 4096, 0xbb);
  uint8_t* first_base = nullptr;
  for (int round = 0; round < 3; ++round) {
    auto memory = *LinearMemory::make(cache, plan, 3 * kPage, a.source);
    uint8_t* p = memory.base();
    if (!first_base) first_base = p;
    EXPECT_EQ(p, first_base) << "the warm slot is used again";
    EXPECT_EQ(p[0], 0);
    EXPECT_EQ(p[4095], 0);
    EXPECT_EQ(p[4096], 0xaa);
    EXPECT_EQ(p[4096 + 8191], 0xaa);
    EXPECT_EQ(p[4096 + 8192], 0);
    EXPECT_EQ(p[3 * kPage - 1], 0);
    std::memset(p, 0xff, 3 * kPage);
    EXPECT_TRUE(memory.grow_to(4 * kPage));
    p[4 * kPage - 1] = 1;
  }
  // The same slot for another image, and for none.
  {
    auto memory = *LinearMemory::make(cache, plan, 3 * kPage, b.source);
    EXPECT_EQ(memory.base(), first_base);
    EXPECT_EQ(memory.base()[0], 0xbb);
    EXPECT_EQ(memory.base()[4096], 0);
    std::memset(memory.base(), 0xff, 3 * kPage);
  }
  {
    auto memory = *LinearMemory::make(cache, plan, kPage, {});
    EXPECT_EQ(memory.base(), first_base);
    for (uint64_t i = 0; i < kPage; ++i) ASSERT_EQ(memory.base()[i], 0) << i;
  }
}

// Whether the pages that were written are put right or dropped: the next user finds the image.
TEST(LinearMemory, BeginsWithItsImageHoweverManyPagesWereWritten) {
  auto plan = *plan_memory(memory_type(3), {});
  const uint64_t page = os::page_size(), pages = 3 * kPage / page;
  os::PageMap map;
  os::PageMap::Run room[64];
  std::vector<uint8_t> expected(3 * kPage, 0);
  std::fill_n(expected.begin() + static_cast<ptrdiff_t>(2 * page), 3 * page, 0xaa);
  for (const uint64_t count : {0, 1, 2, 5, 16, 17, 30}) {
    for (const uint64_t first : {uint64_t{0}, uint64_t{1}, uint64_t{3}, uint64_t{5}, pages - count}) {
      ReservationCache cache(1);
      Source a = make_source(cache, 2 * page, 3 * page, 0xaa);
      uint8_t* base = nullptr;
      for (int round = 0; round < 4; ++round) {
        auto memory = *LinearMemory::make(cache, plan, 3 * kPage, a.source);
        if (!base) base = memory.base();
        ASSERT_EQ(memory.base(), base);
        ASSERT_EQ(std::memcmp(base, expected.data(), expected.size()), 0) << count << " pages from " << first;
        // The comparison has read all pages: those stay which are written next.
        (void)madvise(base, 3 * kPage, MADV_DONTNEED);
        for (uint64_t i = 0; i < count; ++i) base[(first + i) * page + i] = 1;
      }
      const auto left = map.present({base, 3 * kPage}, room);
      if (!left) continue;  // the system does not say: all pages are dropped
      EXPECT_EQ(left->empty(), count == 0 || count > 16) << count << " pages: few stay where they are";
    }
  }
}

TEST(LinearMemory, KeepsNothingBeyondItsEnd) {
  ReservationCache cache(1);
  auto plan = *plan_memory(memory_type(1), {});
  os::PageMap map;
  os::PageMap::Run room[64];
  if (os::Reservation probe = *os::Reservation::make(os::page_size());
      !map.present({probe.data(), probe.size()}, room)) {
    GTEST_SKIP() << "the system does not say";
  }
  uint8_t* base = nullptr;
  // Each ends before the one that was before it, and has written its last pages.
  for (uint64_t pages = 4; pages > 0; --pages) {
    auto memory = *LinearMemory::make(cache, plan, kPage, {});
    base = memory.base();
    ASSERT_TRUE(memory.grow_to(pages * kPage));
    for (uint64_t i = 1; i <= 16; ++i) memory.base()[pages * kPage - i * os::page_size()] = 1;
  }
  {
    auto memory = *LinearMemory::make(cache, plan, kPage, {});
  }
  const auto left = map.present({base, 4 * kPage}, room);
  ASSERT_TRUE(left) << "more than there is room for";
  uint64_t bytes = 0;
  for (const auto& run : *left) bytes += run.bytes.size();
  EXPECT_LE(bytes, kPage);
}

TEST(LinearMemory, WhatAChildOfForkWroteIsGone) {
  ReservationCache cache(1);
  auto plan = *plan_memory(memory_type(1), {});
  for (int i = 0; i < 2; ++i) (void)*LinearMemory::make(cache, plan, kPage, {});
  const pid_t child = fork();
  if (child == 0) {
    alarm(30);
    bool is_zero = true;
    for (int i = 0; i < 3; ++i) {
      auto memory = *LinearMemory::make(cache, plan, kPage, {});
      is_zero = is_zero && memory.base()[5] == 0;
      memory.base()[5] = 1;
    }
    _exit(is_zero ? 0 : 1);
  }
  int status = 0;
  waitpid(child, &status, 0);
  EXPECT_EQ(status, 0);
}

TEST(LinearMemory, ForgottenSourcesAreNotReused) {
  ReservationCache cache(4);
  auto plan = *plan_memory(memory_type(1), {});
  Source a = make_source(cache, 0, 4096, 0xaa);
  {
    auto memory = *LinearMemory::make(cache, plan, kPage, a.source);
  }
  cache.forget(a.source.identity, a.source.identity);
  auto memory = *LinearMemory::make(cache, plan, kPage, {});
  EXPECT_EQ(memory.base()[0], 0);
}

}  // namespace
}  // namespace vitrine::runtime
