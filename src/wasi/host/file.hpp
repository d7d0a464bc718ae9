// An open file: what it may be used for was fixed when it was opened.
//
// The position is the kernel's: a handle has an open file of its own, so nobody else moves it. A handle for neither
// reading nor writing is legal and can be asked about.
#pragma once

#include <memory>
#include <span>
#include <string>

#include "os/fd.hpp"
#include "wasi/host/channel.hpp"
#include "wasi/host/grants.hpp"
#include "wasi/host/stat.hpp"

namespace vitrine::wasi::host {

struct FileMode {
  bool read = false;
  bool write = false;
  bool append = false;
  bool nonblock = false;
  bool sync = false;       // every write waits for the file and its metadata to be on disk
  bool data_sync = false;  // ... for the data
};

enum class Whence : uint8_t { Set, Current, End };
enum class Advice : uint8_t { Normal, Sequential, Random, WillNeed, DontNeed, NoReuse };

class File {
 public:
  File(os::FileDescriptor fd, FileType type, FileMode mode, std::shared_ptr<const DirectoryGrant> grant,
       std::string path);

  // EBADF from any of these: the handle was not opened for that.
  os::SysResult<size_t> read(std::span<const iovec> to, const Interrupt& interrupt) const;
  os::SysResult<size_t> write(std::span<const iovec> from, const Interrupt& interrupt) const;
  /// Leaves the position alone. On a handle that appends, writes go to the end whatever `offset` says.
  os::SysResult<size_t> read_at(std::span<const iovec> to, uint64_t offset) const;
  os::SysResult<size_t> write_at(std::span<const iovec> from, uint64_t offset) const;
  os::SysResult<uint64_t> seek(int64_t offset, Whence whence) const;

  os::SysResult<FileStat> stat() const;
  os::SysResult<> set_size(uint64_t size) const;
  /// Makes room on the disk, and the file at least `offset + length` long.
  os::SysResult<> allocate(uint64_t offset, uint64_t length) const;
  os::SysResult<> set_times(SetTime accessed, SetTime modified) const;
  os::SysResult<> advise(uint64_t offset, uint64_t length, Advice advice) const;
  os::SysResult<> sync() const;
  os::SysResult<> sync_data() const;
  os::SysResult<> set_flags(bool append, bool nonblock);

  const FileMode& mode() const { return mode_; }
  FileType type() const { return type_; }
  int fd() const { return fd_.get(); }
  /// The descriptor to poll; -1 if it is always ready.
  int poll_fd() const { return channel_.is_direct() ? -1 : channel_.fd(); }
  /// How many bytes can be read without waiting.
  uint64_t available() const;

 private:
  Blocking blocking() const { return mode_.nonblock ? Blocking::No : Blocking::Yes; }

  os::FileDescriptor fd_;
  Channel channel_;
  FileType type_;
  FileMode mode_;
  std::shared_ptr<const DirectoryGrant> grant_;
  std::string path_;  // as the guest knows it, for messages
};

}  // namespace vitrine::wasi::host
