// The error numbers of WASI 0.1, and which of them stands for which of the host's.
#pragma once

#include <cstdint>

#include "os/sys_result.hpp"

namespace vitrine::wasi::p1 {

enum class Errno : uint16_t {
#define ERRNO(name, number, host, text) name = number,
#include "wasi/p1/errnos.def"
};

/// A host error as the guest sees it; Io for one that has no counterpart.
Errno to_errno(os::SysError error);
/// "noent", as the specification spells it.
const char* name_of(Errno error);

}  // namespace vitrine::wasi::p1
