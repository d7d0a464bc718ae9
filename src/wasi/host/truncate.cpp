#include "wasi/host/truncate.hpp"

#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>

#include "wasi/host/helpers.hpp"

namespace vitrine::wasi::host {

os::SysResult<> truncate(const Interrupt& interrupt, uint64_t device, std::shared_ptr<const void> owner, int fd,
                         uint64_t size) {
  if (size > INT64_MAX) return os::sys_fail(EFBIG);
  auto work = [owner = std::move(owner), fd, size = static_cast<off_t>(size)]() -> os::SysResult<> {
    while (::ftruncate(fd, size) != 0) {
      if (errno != EINTR) return os::last_error();
    }
    return {};
  };
  struct stat st;
  if (::fstat(fd, &st) != 0) return os::last_error();
  if (st.st_size > kLargeFile && static_cast<uint64_t>(st.st_size) > size) return on_helper(interrupt, device, work);
  if (interrupt.raised()) return os::sys_fail(os::kInterrupted);
  return work();
}

}  // namespace vitrine::wasi::host
