// Which pages of a private mapping are its own, mostly because they were written: how the kernel sees it, without a fault of ours on any of them.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <mutex>
#include <optional>
#include <span>

#include "os/fd.hpp"
#include "os/fork.hpp"
#include "os/pages.hpp"

namespace vitrine::os {

/// Asks PAGEMAP_SCAN (Linux 6.7; elsewhere it never answers). Any thread.
class PageMap {
 public:
  PageMap() = default;
  PageMap(const PageMap&) = delete;
  PageMap& operator=(const PageMap&) = delete;

  /// Some pages, in a row.
  struct Run {
    std::span<uint8_t> bytes;
    bool is_zero;  // the system's page of zeros: it was read where there is no file, or has been found to be zero
  };
  /// The pages in `range`, which is whole pages of private mappings, that are there and are not the file's. As runs, in
  /// order, in `room`. None if that may be `room.size()` pages or more, if some are not in memory but elsewhere, or if
  /// the system does not say.
  std::optional<std::span<const Run>> present(std::span<uint8_t> range, std::span<Run> room);

 private:
  bool open();

  // The file speaks of the process that opened it: asked by a child, it would answer for the parent. So there is a mark
  // on a page that every child finds zero, however it was forked.
  std::atomic<std::atomic<bool>*> is_ours_{nullptr};  // null: never opened
  std::atomic<bool> is_unavailable_{false};
  ForkSafe<std::mutex> mutex_;  // of who opens
  Reservation wiped_;           // the page
  FileDescriptor file_;
};

}  // namespace vitrine::os
