// An open file: what it may be used for was fixed when it was opened.
//
// A shared handle: whoever has one keeps it open. The position is the kernel's: a handle has an open file of its own,
// so nobody moves it but who shares the handle. A handle for neither reading nor writing is legal and can be asked
// about. No call waits for anybody else (EAGAIN) but `wait`; what waits for a disk ends when the guest is to.
#pragma once

#include <memory>
#include <span>
#include <string>

#include "os/descriptors.hpp"
#include "wasi/host/channel.hpp"
#include "wasi/host/grants.hpp"
#include "wasi/host/stat.hpp"

namespace vitrine::wasi::host {

struct FileMode {
  bool read = false;
  bool write = false;
  bool append = false;
  bool sync = false;       // every write waits for the file and its metadata to be on disk
  bool data_sync = false;  // ... for the data
};

enum class Whence : uint8_t { Set, Current, End };
enum class Advice : uint8_t { Normal, Sequential, Random, WillNeed, DontNeed, NoReuse };

class File : public std::enable_shared_from_this<File> {
 public:
  File(os::LeasedDescriptor fd, FileType type, FileMode mode, std::shared_ptr<const DirectoryGrant> grant,
       std::string path);

  // EBADF from any of these: the handle was not opened for that.
  os::SysResult<size_t> read(std::span<const iovec> to) const;
  os::SysResult<size_t> write(std::span<const iovec> from) const;
  /// Leaves the position alone. On a handle that appends, writes go to the end whatever `offset` says.
  os::SysResult<size_t> read_at(std::span<const iovec> to, uint64_t offset) const;
  os::SysResult<size_t> write_at(std::span<const iovec> from, uint64_t offset) const;
  os::SysResult<uint64_t> seek(int64_t offset, Whence whence) const;
  os::SysResult<> wait(Direction direction) const;

  os::SysResult<FileStat> stat() const;
  os::SysResult<> set_size(uint64_t size) const;
  /// Makes room on the disk, and the file at least `offset + length` long.
  os::SysResult<> allocate(uint64_t offset, uint64_t length) const;
  os::SysResult<> set_times(SetTime accessed, SetTime modified) const;
  os::SysResult<> advise(uint64_t offset, uint64_t length, Advice advice) const;
  os::SysResult<> sync() const;
  os::SysResult<> sync_data() const;
  os::SysResult<> set_append(bool append);

  const FileMode& mode() const { return mode_; }
  FileType type() const { return type_; }
  /// The descriptor to poll; -1 if it is always ready.
  int poll_fd() const { return channel_.is_direct() ? -1 : channel_.fd(); }
  /// Counts a wait for it among others.
  os::SysResult<> use_poll() const;
  /// How many bytes can be read without waiting.
  uint64_t available() const;

 private:
  os::SysResult<> use(Verb verb, uint64_t bytes = 0) const;
  os::SysResult<> refused(Verb verb) const;
  /// Counts what of a transfer of `asked` bytes was done, and brings it to the disk if the mode says so.
  os::SysResult<size_t> moved(Verb verb, uint64_t asked, os::SysResult<size_t> done) const;
  os::SysResult<size_t> moved_less_or_through(Verb verb, uint64_t asked, os::SysResult<size_t> done) const;
  template <class Call>
  os::SysResult<> on_disk(Call call) const;

  os::LeasedDescriptor fd_;
  Channel channel_;
  FileType type_;
  FileMode mode_;
  bool writes_through_;  // by the mode, and there is a disk
  std::shared_ptr<const DirectoryGrant> grant_;
  std::string path_;  // as the guest knows it, for messages
};

}  // namespace vitrine::wasi::host
