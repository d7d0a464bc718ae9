#include "wasi/host/file.hpp"

#include <fcntl.h>
#include <limits.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/result.hpp"
#include "wasi/host/directory.hpp"

namespace vitrine::wasi::host {

File::File(os::FileDescriptor fd, FileType type, FileMode mode, std::shared_ptr<const DirectoryGrant> grant,
           std::string path)
    : fd_(std::move(fd)),
      channel_(fd_.get(), Channel::Owner::Ours),
      type_(type),
      mode_(mode),
      grant_(std::move(grant)),
      path_(std::move(path)) {}

os::SysResult<size_t> File::read(std::span<const iovec> to, const Interrupt& interrupt) const {
  if (!mode_.read) return os::sys_fail(EBADF);
  return channel_.read(to, blocking(), interrupt);
}

os::SysResult<size_t> File::write(std::span<const iovec> from, const Interrupt& interrupt) const {
  if (!mode_.write) return os::sys_fail(EBADF);
  return channel_.write(from, blocking(), interrupt);
}

os::SysResult<size_t> File::read_at(std::span<const iovec> to, uint64_t offset) const {
  if (!mode_.read) return os::sys_fail(EBADF);
  if (offset > INT64_MAX) return os::sys_fail(EINVAL);
  for (;;) {
    ssize_t n = ::preadv(fd_.get(), to.data(), static_cast<int>(to.size()), static_cast<off_t>(offset));
    if (n >= 0) return static_cast<size_t>(n);
    if (errno != EINTR) return os::last_error();
  }
}

os::SysResult<size_t> File::write_at(std::span<const iovec> from, uint64_t offset) const {
  if (!mode_.write) return os::sys_fail(EBADF);
  if (offset > INT64_MAX) return os::sys_fail(EINVAL);
  for (;;) {
    ssize_t n = ::pwritev(fd_.get(), from.data(), static_cast<int>(from.size()), static_cast<off_t>(offset));
    if (n >= 0) return static_cast<size_t>(n);
    if (errno != EINTR) return os::last_error();
  }
}

os::SysResult<uint64_t> File::seek(int64_t offset, Whence whence) const {
  int how = whence == Whence::Set ? SEEK_SET : whence == Whence::Current ? SEEK_CUR : SEEK_END;
  off_t position = ::lseek(fd_.get(), offset, how);
  if (position < 0) return os::last_error();
  return static_cast<uint64_t>(position);
}

os::SysResult<FileStat> File::stat() const {
  struct stat st;
  if (::fstat(fd_.get(), &st) != 0) return os::last_error();
  return file_stat(st);
}

os::SysResult<> File::set_size(uint64_t size) const {
  TRY(require_write(*grant_, "set the size of", path_));
  if (!mode_.write) return os::sys_fail(EBADF);
  if (size > INT64_MAX) return os::sys_fail(EFBIG);
  while (::ftruncate(fd_.get(), static_cast<off_t>(size)) != 0) {
    if (errno != EINTR) return os::last_error();
  }
  return {};
}

os::SysResult<> File::allocate(uint64_t offset, uint64_t length) const {
  TRY(require_write(*grant_, "allocate room for", path_));
  if (!mode_.write) return os::sys_fail(EBADF);
  if (offset > INT64_MAX || length > INT64_MAX) return os::sys_fail(EFBIG);
  while (::fallocate(fd_.get(), 0, static_cast<off_t>(offset), static_cast<off_t>(length)) != 0) {
    if (errno != EINTR) return os::last_error();
  }
  return {};
}

os::SysResult<> File::set_times(SetTime accessed, SetTime modified) const {
  TRY(require_write(*grant_, "set the times of", path_));
  timespec times[2] = {to_timespec(accessed), to_timespec(modified)};
  if (::futimens(fd_.get(), times) != 0) return os::last_error();
  return {};
}

os::SysResult<> File::advise(uint64_t offset, uint64_t length, Advice advice) const {
  if (offset > INT64_MAX || length > INT64_MAX) return os::sys_fail(EINVAL);
  static constexpr int kHost[] = {POSIX_FADV_NORMAL,   POSIX_FADV_SEQUENTIAL, POSIX_FADV_RANDOM,
                                  POSIX_FADV_WILLNEED, POSIX_FADV_DONTNEED,   POSIX_FADV_NOREUSE};
  int error = ::posix_fadvise(fd_.get(), static_cast<off_t>(offset), static_cast<off_t>(length),
                              kHost[static_cast<size_t>(advice)]);
  if (error != 0) return os::sys_fail(error);
  return {};
}

os::SysResult<> File::sync() const {
  if (::fsync(fd_.get()) != 0) return os::last_error();
  return {};
}

os::SysResult<> File::sync_data() const {
  if (::fdatasync(fd_.get()) != 0) return os::last_error();
  return {};
}

os::SysResult<> File::set_flags(bool append, bool nonblock) {
  if (append != mode_.append) {
    int flags = ::fcntl(fd_.get(), F_GETFL);
    if (flags < 0) return os::last_error();
    if (::fcntl(fd_.get(), F_SETFL, append ? flags | O_APPEND : flags & ~O_APPEND) != 0) return os::last_error();
    mode_.append = append;
  }
  mode_.nonblock = nonblock;  // ours alone: the descriptor itself never waits, see Channel
  return {};
}

uint64_t File::available() const {
  if (channel_.is_direct()) {
    struct stat st;
    off_t position = ::lseek(fd_.get(), 0, SEEK_CUR);
    if (position < 0 || ::fstat(fd_.get(), &st) != 0 || st.st_size <= position) return 0;
    return static_cast<uint64_t>(st.st_size - position);
  }
  int n = 0;
  return ::ioctl(fd_.get(), FIONREAD, &n) == 0 && n >= 0 ? static_cast<uint64_t>(n) : 1;
}

}  // namespace vitrine::wasi::host
