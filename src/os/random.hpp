// Random bytes from the system.
#pragma once

#include <cstdint>
#include <span>

#include "os/sys_result.hpp"

namespace vitrine::os {

/// Fills `to` with random bytes fit for keys. One call of the system per 256 bytes is not a concern of the caller's: it
/// may pass any length, and large ones are filled in pieces.
SysResult<> random_bytes(std::span<uint8_t> to);

}  // namespace vitrine::os
