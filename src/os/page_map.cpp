#include "os/page_map.hpp"

#include <fcntl.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cerrno>
#include <new>

#include "base/assert.hpp"
#include "base/casts.hpp"

namespace vitrine::os {

namespace {

// Of <linux/fs.h> since 6.7, under names of our own: the headers at hand may be older.
struct ScanArgument {
  uint64_t size, flags, start, end;
  uint64_t walk_end;  // out: where the walk stopped
  uint64_t runs, run_count, most_pages;
  uint64_t inverted, all_of, any_of, answered;
};
struct ScanRun {
  uint64_t start, end, categories;
};
constexpr unsigned long kScan = _IOWR('f', 16, ScanArgument);
constexpr uint64_t kIsFile = 1 << 2, kIsPresent = 1 << 3, kIsSwapped = 1 << 4, kIsZeroPage = 1 << 5;

constexpr size_t kMostRuns = 64;

}  // namespace

std::optional<std::span<const PageMap::Run>> PageMap::present(std::span<uint8_t> range, std::span<Run> room) {
  VITRINE_ASSERT(room.size() <= kMostRuns);
  if (is_unavailable_.load(std::memory_order_relaxed)) return std::nullopt;
  const std::atomic<bool>* is_ours = is_ours_.load(std::memory_order_acquire);
  if ((!is_ours || !is_ours->load(std::memory_order_acquire)) && !open()) return std::nullopt;
  ScanRun runs[kMostRuns];
  ScanArgument argument{.size = sizeof(ScanArgument),
                        .flags = 0,
                        .start = address_of(range.data()),
                        .end = address_of(range.data()) + range.size(),
                        .walk_end = 0,
                        .runs = address_of(runs),
                        .run_count = room.size(),
                        .most_pages = room.size(),
                        .inverted = kIsFile,
                        .all_of = kIsFile,
                        .any_of = kIsPresent | kIsSwapped,
                        .answered = kIsSwapped | kIsZeroPage};
  const int found = ioctl(file_.get(), kScan, &argument);
  if (found < 0) {
    if (errno != EINTR && errno != ENOMEM) is_unavailable_.store(true, std::memory_order_relaxed);
    return std::nullopt;
  }
  // A walk that found as many as it may has perhaps not seen all.
  size_t pages = 0;
  for (int i = 0; i < found; ++i) {
    // That includes pages that are lost (a fault of the hardware's): they are not to be touched.
    if (runs[i].categories & kIsSwapped) return std::nullopt;
    const uint64_t size = runs[i].end - runs[i].start;
    // SAFETY: the kernel's answer lies in the range that was asked for.
    room[static_cast<size_t>(i)] = {.bytes = {range.data() + (runs[i].start - argument.start), size},
                                    .is_zero = (runs[i].categories & kIsZeroPage) != 0};
    pages += size / page_size();
  }
  if (argument.walk_end != argument.end || pages >= room.size()) return std::nullopt;
  return room.first(static_cast<size_t>(found));
}

bool PageMap::open() {
  std::lock_guard lock(mutex_);
  std::atomic<bool>* is_ours = is_ours_.load(std::memory_order_relaxed);
  if (is_ours && is_ours->load(std::memory_order_relaxed)) return true;
  // Not that of the first thread, which may have ended: kernels up to 6.15 fall over that.
  FileDescriptor file(::open("/proc/thread-self/pagemap", O_RDONLY | O_CLOEXEC));
  if (!file) {
    if (errno != EMFILE && errno != ENFILE && errno != ENOMEM) is_unavailable_.store(true, std::memory_order_relaxed);
    return false;
  }
  if (!is_ours) {
    auto page = Reservation::make(page_size());
    if (!page || !page->make_accessible(0, page_size())) return false;
    if (madvise(page->data(), page_size(), MADV_WIPEONFORK) != 0) {
      is_unavailable_.store(true, std::memory_order_relaxed);
      return false;
    }
    wiped_ = *std::move(page);
    file_ = std::move(file);
    is_ours = new (wiped_.data()) std::atomic<bool>(false);
    is_ours_.store(is_ours, std::memory_order_release);
  } else if (dup3(file.get(), file_.get(), O_CLOEXEC) < 0) {  // the number stays, as others may be about to use it
    return false;
  }
  is_ours->store(true, std::memory_order_release);
  return true;
}

}  // namespace vitrine::os
