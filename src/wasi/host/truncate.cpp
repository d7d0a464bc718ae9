#include "wasi/host/truncate.hpp"

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "wasi/host/helpers.hpp"

namespace vitrine::wasi::host {

os::SysResult<> truncate(const Interrupt& interrupt, std::shared_ptr<const void> owner, int fd, uint64_t size) {
  if (size > INT64_MAX) return os::sys_fail(EFBIG);
  const auto wanted = static_cast<off_t>(size);
  struct stat st;
  if (::fstat(fd, &st) != 0) return os::last_error();
  if (std::max(st.st_size, wanted) - std::min(st.st_size, wanted) > kLargeChange) {
    return on_helper(interrupt, st.st_dev, [owner = std::move(owner), fd, wanted]() -> os::SysResult<> {
      while (::ftruncate(fd, wanted) != 0) {
        if (errno != EINTR) return os::last_error();
      }
      return {};
    });
  }
  do {
    // Asked again after each signal: one of them may be what is to end the guest.
    if (interrupt.raised()) return os::sys_fail(os::kInterrupted);
    if (::ftruncate(fd, wanted) == 0) return {};
  } while (errno == EINTR);
  return os::last_error();
}

}  // namespace vitrine::wasi::host
