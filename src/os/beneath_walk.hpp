// Resolution beneath a directory without openat2; see beneath.hpp, which is what callers use.
#pragma once

#include <sys/types.h>

#include <string>

#include "os/beneath.hpp"
#include "os/fd.hpp"
#include "os/sys_result.hpp"

namespace vitrine::os {

/// `path` is relative, not empty and shorter than PATH_MAX; `flags` has O_CLOEXEC.
SysResult<FileDescriptor> walk_beneath(int dir, const std::string& path, int flags, mode_t mode,
                                       const Resolution& resolution);

}  // namespace vitrine::os
