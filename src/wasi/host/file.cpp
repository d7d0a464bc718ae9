#include "wasi/host/file.hpp"

#include <fcntl.h>
#include <limits.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/result.hpp"
#include "wasi/host/helpers.hpp"
#include "wasi/host/pieces.hpp"
#include "wasi/host/truncate.hpp"

namespace vitrine::wasi::host {

File::File(os::LeasedDescriptor fd, FileType type, FileMode mode, std::shared_ptr<const DirectoryGrant> grant,
           std::string path)
    : fd_(std::move(fd)),
      channel_(fd_.fd.get(), Channel::Owner::Ours),
      type_(type),
      mode_(mode),
      writes_through_((mode.sync || mode.data_sync) && channel_.is_direct()),
      grant_(std::move(grant)),
      path_(std::move(path)) {}

[[gnu::noinline, gnu::cold]] os::SysResult<> File::refused(Verb verb) const {
  return grant_->refuse(verb, path_);
}

[[gnu::always_inline]] inline os::SysResult<> File::use(Verb verb, uint64_t bytes) const {
  if (grant_->try_use(verb, bytes)) [[likely]]
    return {};
  return refused(verb);
}

[[gnu::always_inline]] inline os::SysResult<size_t> File::moved(Verb verb, uint64_t asked,
                                                                os::SysResult<size_t> done) const {
  if (done && *done == asked && !writes_through_) [[likely]]
    return done;
  return moved_less_or_through(verb, asked, done);
}

[[gnu::noinline]] os::SysResult<size_t> File::moved_less_or_through(Verb verb, uint64_t asked,
                                                                    os::SysResult<size_t> done) const {
  grant_->give_back(verb, asked - (done ? *done : 0));
  // Not by O_SYNC: a write that waits for the disk could not be interrupted.
  if (verb == Verb::Write && writes_through_ && done && *done > 0)
    TRY(mode_.sync ? on_disk(::fsync) : on_disk(::fdatasync));
  return done;
}

os::SysResult<> File::use_poll() const {
  return use(Verb::Poll);
}

/// Calls the system with the descriptor where it cannot hold the guest up.
template <class Call>
os::SysResult<> File::on_disk(Call call) const {
  return on_helper(grant_->interrupt(), device_of(fd_.fd.get()),
                   [self = shared_from_this(), call]() -> os::SysResult<> {
                     while (call(self->fd_.fd.get()) != 0) {
                       if (errno != EINTR) return os::last_error();
                     }
                     return {};
                   });
}

os::SysResult<size_t> File::read(std::span<const iovec> to) const {
  if (!mode_.read) return os::sys_fail(EBADF);
  uint64_t asked = total_size(to);
  TRY(use(Verb::Read, asked));
  return moved(Verb::Read, asked, channel_.read(to, grant_->interrupt()));
}

os::SysResult<size_t> File::write(std::span<const iovec> from) const {
  if (!mode_.write) return os::sys_fail(EBADF);
  uint64_t asked = total_size(from);
  TRY(use(Verb::Write, asked));
  return moved(Verb::Write, asked, channel_.write(from, grant_->interrupt()));
}

os::SysResult<size_t> File::read_at(std::span<const iovec> to, uint64_t offset) const {
  if (!mode_.read) return os::sys_fail(EBADF);
  if (offset > INT64_MAX) return os::sys_fail(EINVAL);
  uint64_t asked = total_size(to);
  TRY(use(Verb::Read, asked));
  return moved(Verb::Read, asked, in_pieces(to, grant_->interrupt(), [&](std::span<const iovec> parts, size_t done) {
                 return ::preadv(fd_.fd.get(), parts.data(), static_cast<int>(parts.size()),
                                 static_cast<off_t>(offset + done));
               }));
}

os::SysResult<size_t> File::write_at(std::span<const iovec> from, uint64_t offset) const {
  if (!mode_.write) return os::sys_fail(EBADF);
  if (offset > INT64_MAX) return os::sys_fail(EINVAL);
  uint64_t asked = total_size(from);
  TRY(use(Verb::Write, asked));
  return moved(Verb::Write, asked, in_pieces(from, grant_->interrupt(), [&](std::span<const iovec> parts, size_t done) {
                 return ::pwritev(fd_.fd.get(), parts.data(), static_cast<int>(parts.size()),
                                  static_cast<off_t>(offset + done));
               }));
}

os::SysResult<uint64_t> File::seek(int64_t offset, Whence whence) const {
  TRY(use(Verb::Seek));
  int how = whence == Whence::Set ? SEEK_SET : whence == Whence::Current ? SEEK_CUR : SEEK_END;
  off_t position = ::lseek(fd_.fd.get(), offset, how);
  if (position < 0) return os::last_error();
  return static_cast<uint64_t>(position);
}

os::SysResult<> File::wait(Direction direction) const {
  return channel_.wait(direction, grant_->interrupt());
}

os::SysResult<FileStat> File::stat() const {
  TRY(use(Verb::Stat));
  struct stat st;
  if (::fstat(fd_.fd.get(), &st) != 0) return os::last_error();
  return file_stat(st);
}

os::SysResult<> File::set_size(uint64_t size) const {
  TRY(use(Verb::SetSize));
  if (!mode_.write) return os::sys_fail(EBADF);
  return truncate(grant_->interrupt(), shared_from_this(), fd_.fd.get(), size);
}

os::SysResult<> File::allocate(uint64_t offset, uint64_t length) const {
  TRY(use(Verb::Allocate, length));
  if (!mode_.write) return os::sys_fail(EBADF);
  if (offset > INT64_MAX || length > INT64_MAX) return os::sys_fail(EFBIG);
  return on_disk(
      [offset, length](int fd) { return ::fallocate(fd, 0, static_cast<off_t>(offset), static_cast<off_t>(length)); });
}

os::SysResult<> File::set_times(SetTime accessed, SetTime modified) const {
  TRY(use(Verb::SetTimes));
  timespec times[2] = {to_timespec(accessed), to_timespec(modified)};
  if (::futimens(fd_.fd.get(), times) != 0) return os::last_error();
  return {};
}

os::SysResult<> File::advise(uint64_t offset, uint64_t length, Advice advice) const {
  TRY(use(Verb::Advise));
  if (offset > INT64_MAX || length > INT64_MAX) return os::sys_fail(EINVAL);
  static constexpr int kHost[] = {POSIX_FADV_NORMAL,   POSIX_FADV_SEQUENTIAL, POSIX_FADV_RANDOM,
                                  POSIX_FADV_WILLNEED, POSIX_FADV_DONTNEED,   POSIX_FADV_NOREUSE};
  auto call = [offset, length, how = kHost[static_cast<size_t>(advice)]](int fd) {
    errno = ::posix_fadvise(fd, static_cast<off_t>(offset), static_cast<off_t>(length), how);
    return errno;
  };
  // Those two do something there and then; the others note down what was said.
  if (advice == Advice::WillNeed || advice == Advice::DontNeed) return on_disk(call);
  if (call(fd_.fd.get()) != 0) return os::last_error();
  return {};
}

os::SysResult<> File::sync() const {
  TRY(use(Verb::Sync));
  return on_disk(::fsync);
}

os::SysResult<> File::sync_data() const {
  TRY(use(Verb::Sync));
  return on_disk(::fdatasync);
}

os::SysResult<> File::set_append(bool append) {
  TRY(use(Verb::SetFlags));
  if (append == mode_.append) return {};
  int flags = ::fcntl(fd_.fd.get(), F_GETFL);
  if (flags < 0) return os::last_error();
  if (::fcntl(fd_.fd.get(), F_SETFL, append ? flags | O_APPEND : flags & ~O_APPEND) != 0) return os::last_error();
  mode_.append = append;
  return {};
}

uint64_t File::available() const {
  if (channel_.is_direct()) {
    struct stat st;
    off_t position = ::lseek(fd_.fd.get(), 0, SEEK_CUR);
    if (position < 0 || ::fstat(fd_.fd.get(), &st) != 0 || st.st_size <= position) return 0;
    return static_cast<uint64_t>(st.st_size - position);
  }
  int n = 0;
  return ::ioctl(fd_.fd.get(), FIONREAD, &n) == 0 && n >= 0 ? static_cast<uint64_t>(n) : 1;
}

}  // namespace vitrine::wasi::host
