#include "wasi/host/stat.hpp"

#include "os/clock.hpp"

namespace vitrine::wasi::host {

FileType file_type(mode_t mode) {
  switch (mode & S_IFMT) {
    case S_IFBLK:
      return FileType::BlockDevice;
    case S_IFCHR:
      return FileType::CharacterDevice;
    case S_IFDIR:
      return FileType::Directory;
    case S_IFREG:
      return FileType::RegularFile;
    case S_IFIFO:
      return FileType::Fifo;
    case S_IFSOCK:
      return FileType::SocketStream;
    case S_IFLNK:
      return FileType::SymbolicLink;
    default:
      return FileType::Unknown;
  }
}

FileStat file_stat(const struct stat& st) {
  return {.device = st.st_dev,
          .inode = st.st_ino,
          .type = file_type(st.st_mode),
          .links = st.st_nlink,
          .size = st.st_size < 0 ? 0 : static_cast<uint64_t>(st.st_size),
          .accessed = os::to_nanoseconds(st.st_atim),
          .modified = os::to_nanoseconds(st.st_mtim),
          .changed = os::to_nanoseconds(st.st_ctim)};
}

timespec to_timespec(SetTime time) {
  switch (time.how) {
    case SetTime::How::Leave:
      return {.tv_sec = 0, .tv_nsec = UTIME_OMIT};
    case SetTime::How::Now:
      return {.tv_sec = 0, .tv_nsec = UTIME_NOW};
    case SetTime::How::To:
      break;
  }
  return os::to_timespec(time.ns);
}

}  // namespace vitrine::wasi::host
