// Making a file shorter, which takes as long as there is to be freed.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <memory>

#include "os/sys_result.hpp"
#include "wasi/host/interrupt.hpp"

namespace vitrine::wasi::host {

/// To free more than this takes long enough for a helper: that costs a thread, and a process of one thread does
/// everything else faster.
inline constexpr off_t kLargeFile = 16 << 20;

/// ftruncate, on a helper if that frees much. `owner` keeps `fd` open, `device` is where the file lies. A guest that is
/// to end (kInterrupted) has changed nothing, or its helper goes on.
os::SysResult<> truncate(const Interrupt& interrupt, uint64_t device, std::shared_ptr<const void> owner, int fd,
                         uint64_t size);

}  // namespace vitrine::wasi::host
