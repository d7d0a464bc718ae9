// What the system cannot be interrupted in (fsync, fallocate, a large truncation) runs on a helper thread, so that a guest
// that is to end does not have to wait for it.
//
// The work owns all it touches: the guest, its memory and its handles may be gone before it is done. Helpers are shared
// by the process, started when they are needed, gone soon after, and few: work that finds none free waits, and is not begun at all if
// its guest is ended first. What hangs is a file system (a server that does not answer), and work for it would hold all
// helpers in the end, for it outlives its guests; so the work of one device holds no more than it leaves free.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <utility>

#include "os/sys_result.hpp"
#include "wasi/host/interrupt.hpp"

namespace vitrine::wasi::host {

inline constexpr size_t kMaxHelpers = 16;

/// Where an open file lies: mounts may lie beneath a granted directory. A number of struct stat's, 0 if it has none.
uint64_t device_of(int fd);

/// Runs `work`, which may hang as long as `device` (as `device_of` numbers them) does, on a helper and waits for it, or
/// for the interrupt (kInterrupted; the work goes on, or is dropped). Runs it here if the system has no thread or
/// descriptor for it.
os::SysResult<> run_on_helper(const Interrupt& interrupt, uint64_t device, std::function<void()> work);

/// Likewise, with what `work` answers.
template <class Work>
auto on_helper(const Interrupt& interrupt, uint64_t device, Work work) -> decltype(work()) {
  auto answer = std::make_shared<std::optional<decltype(work())>>();
  auto run = std::make_shared<Work>(std::move(work));
  auto done = run_on_helper(interrupt, device, [answer, run] { answer->emplace((*run)()); });
  if (!done) return std::unexpected(done.error());
  return std::move(**answer);
}

}  // namespace vitrine::wasi::host
