// Changing the size of a file, which takes as long as there is to be freed, or to be written by file systems that have
// no holes.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <memory>

#include "os/sys_result.hpp"
#include "wasi/host/interrupt.hpp"

namespace vitrine::wasi::host {

/// What changes by more than this is left to a helper. What changes by less is not: a helper costs a thread, and a
/// process of one thread does everything else faster.
inline constexpr off_t kLargeChange = 16 << 20;

/// ftruncate, on a helper if the change is large. `owner` keeps `fd` open. A guest that is to end (kInterrupted) has
/// changed nothing, or its helper goes on.
os::SysResult<> truncate(const Interrupt& interrupt, std::shared_ptr<const void> owner, int fd, uint64_t size);

}  // namespace vitrine::wasi::host
