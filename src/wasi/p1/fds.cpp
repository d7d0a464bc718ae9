// What can be done with an open descriptor, other than moving bytes (transfer.cpp) and naming files beneath it
// (paths.cpp).

#include <fcntl.h>

#include <algorithm>
#include <cstring>

#include "base/result.hpp"
#include "wasi/p1/lookup.hpp"

namespace vitrine::wasi::p1 {
namespace {

constexpr uint64_t kFileRights = rights::kFdDatasync | rights::kFdRead | rights::kFdSeek | rights::kFdFdstatSetFlags |
                                 rights::kFdSync | rights::kFdTell | rights::kFdWrite | rights::kFdAdvise |
                                 rights::kFdAllocate | rights::kFdFilestatGet | rights::kFdFilestatSetSize |
                                 rights::kFdFilestatSetTimes | rights::kPollFdReadwrite;
// Without kPathFilestatSetSize, which is not a right apart here: who has it is asked to be able to drop it.
constexpr uint64_t kDirectoryRights =
    rights::kFdDatasync | rights::kFdFdstatSetFlags | rights::kFdSync | rights::kFdAdvise |
    rights::kPathCreateDirectory | rights::kPathCreateFile | rights::kPathLinkSource | rights::kPathLinkTarget |
    rights::kPathOpen | rights::kFdReaddir | rights::kPathReadlink | rights::kPathRenameSource |
    rights::kPathRenameTarget | rights::kPathFilestatGet | rights::kPathFilestatSetTimes | rights::kFdFilestatGet |
    rights::kFdFilestatSetTimes | rights::kPathSymlink | rights::kPathRemoveDirectory | rights::kPathUnlinkFile |
    rights::kPollFdReadwrite;
constexpr uint64_t kSocketRights = rights::kFdRead | rights::kFdWrite | rights::kFdFdstatSetFlags |
                                   rights::kFdFilestatGet | rights::kPollFdReadwrite | rights::kSockShutdown;

struct Fdstat {
  uint8_t filetype = filetype::kUnknown;
  uint16_t flags = 0;
  uint64_t base = 0;
  uint64_t inheriting = 0;
};

Fdstat fdstat_of(std::monostate) {
  return {};
}

// A terminal is what says that it is a character device and cannot seek: that is how a C library tells.
Fdstat fdstat_of(const Stdio& stdio) {
  return {.filetype = stdio.stream->stream().is_terminal() ? filetype::kCharacterDevice : filetype::kUnknown,
          .flags = static_cast<uint16_t>(stdio.nonblock ? fdflags::kNonblock : 0),
          .base = (stdio.writes ? rights::kFdWrite : rights::kFdRead) | rights::kFdFdstatSetFlags |
                  rights::kFdFilestatGet | rights::kPollFdReadwrite};
}

Fdstat fdstat_of(const OpenFile& open) {
  const host::File& file = *open.file;
  uint64_t base = kFileRights;
  if (!file.mode().read) base &= ~rights::kFdRead;
  if (!file.mode().write) base &= ~(rights::kFdWrite | rights::kFdAllocate | rights::kFdFilestatSetSize);
  if (file.type() != host::FileType::RegularFile && file.type() != host::FileType::BlockDevice) {
    base &= ~(rights::kFdSeek | rights::kFdTell);
  }
  uint32_t flags = (file.mode().append ? fdflags::kAppend : 0) | (open.nonblock ? fdflags::kNonblock : 0);
  flags |= (file.mode().sync ? fdflags::kSync : 0) | (file.mode().data_sync ? fdflags::kDsync : 0);
  return {guest_filetype(file.type()), static_cast<uint16_t>(flags), base, 0};
}

Fdstat fdstat_of(const OpenDirectory&) {
  return {.filetype = filetype::kDirectory, .base = kDirectoryRights, .inheriting = kDirectoryRights | kFileRights};
}

Fdstat fdstat_of(const OpenSocket& open) {
  uint64_t accept = open.socket->is_listening() ? rights::kSockAccept : 0;
  return {guest_filetype(open.socket->type()), static_cast<uint16_t>(open.nonblock ? fdflags::kNonblock : 0),
          kSocketRights | accept, accept ? kSocketRights : 0};
}

Answer<> filestat_get(Call& c, Abi abi, uint32_t fd, uint32_t to) {
  Descriptor* descriptor = TRY(c.state.fds().get(fd));
  host::FileStat stat;
  if (auto* open = std::get_if<OpenFile>(descriptor)) {
    stat = TRY(open->file->stat());
  } else if (auto* directory = std::get_if<OpenDirectory>(descriptor)) {
    stat = TRY(directory->directory->stat());
  } else if (auto* open_socket = std::get_if<OpenSocket>(descriptor)) {
    stat = TRY(open_socket->socket->stat());
  } else {
    stat = TRY(std::get<Stdio>(*descriptor).stream->stat());
  }
  return put_filestat(c, abi, to, stat);
}

Answer<> seek(Call& c, uint32_t fd, int64_t offset, host::Whence whence, uint32_t to) {
  auto position = TRY(c.memory.slot<uint64_t>(to));
  Descriptor* descriptor = TRY(c.state.fds().get(fd));
  if (std::holds_alternative<OpenDirectory>(*descriptor)) return fail(Errno::BadF);
  auto* open = std::get_if<OpenFile>(descriptor);
  if (!open) return fail(Errno::SPipe);
  position.store(TRY(open->file->seek(offset, whence)));
  return {};
}

Answer<> sync(Call& c, I32 fd, os::SysResult<> (host::File::*file)() const,
              os::SysResult<> (host::Directory::*directory)() const) {
  Descriptor* descriptor = TRY(c.state.fds().get(fd));
  if (auto* open = std::get_if<OpenFile>(descriptor)) {
    TRY((open->file.get()->*file)());
  } else if (auto* open_directory = std::get_if<OpenDirectory>(descriptor)) {
    TRY((open_directory->directory.get()->*directory)());
  } else {
    return fail(Errno::Inval);
  }
  return {};
}

}  // namespace

Answer<> fd_close(Call& c, I32 fd) {
  return c.state.fds().close(fd);
}

Answer<> fd_renumber(Call& c, I32 fd, I32 to) {
  return c.state.fds().renumber(fd, to);
}

Answer<> fd_fdstat_get(Call& c, I32 fd, I32 stat) {
  auto to = TRY(c.memory.range(stat, Layout::kFdstatSize, 8));
  Descriptor* descriptor = TRY(c.state.fds().get(fd));
  Fdstat of = std::visit([](const auto& handle) { return fdstat_of(handle); }, *descriptor);
  std::ranges::fill(to, 0);
  put(to, 0, of.filetype);
  put(to, 2, of.flags);
  put(to, 8, of.base);
  put(to, 16, of.inheriting);
  return {};
}

Answer<> fd_fdstat_set_flags(Call& c, I32 fd, I32 flags) {
  Descriptor* descriptor = TRY(c.state.fds().get(fd));
  if (flags & ~fdflags::kAll) return fail(Errno::Inval);
  bool append = flags & fdflags::kAppend, nonblock = flags & fdflags::kNonblock;
  uint32_t sync = flags & (fdflags::kSync | fdflags::kDsync | fdflags::kRsync);
  if (auto* open = std::get_if<OpenFile>(descriptor)) {
    const host::FileMode& mode = open->file->mode();
    // Whether writes wait for the disk is settled when a file is opened; saying again what it is changes nothing.
    bool sync_more = (sync & ~fdflags::kDsync) && !mode.sync;
    bool data_sync_more = (sync & fdflags::kDsync) && !mode.data_sync && !mode.sync;
    if (sync_more || data_sync_more) return fail(Errno::Inval);
    TRY(open->file->set_append(append));
    open->nonblock = nonblock;  // ours alone: the descriptor itself never waits, see Channel
    return {};
  }
  if (std::holds_alternative<OpenDirectory>(*descriptor)) return fail(Errno::BadF);
  if (sync) return fail(Errno::Inval);
  if (auto* open = std::get_if<OpenSocket>(descriptor)) {
    TRY(open->socket->use_flags());
    open->nonblock = nonblock;
  } else {
    auto& stdio = std::get<Stdio>(*descriptor);
    TRY(stdio.stream->use_flags());
    stdio.nonblock = nonblock;  // the stream is at its end anyway: appending changes nothing
  }
  return {};
}

Answer<> fd_fdstat_set_rights(Call& c, I32 fd, I64 /*base*/, I64 /*inheriting*/) {
  TRY(c.state.fds().get(fd));
  return fail(Errno::NotSup);  // what a handle may do was fixed by its grant and by how it was opened
}

Answer<> fd_filestat_get(Call& c, I32 fd, I32 buf) {
  return filestat_get(c, Abi::Preview1, fd, buf);
}
Answer<> unstable_fd_filestat_get(Call& c, I32 fd, I32 buf) {
  return filestat_get(c, Abi::Unstable, fd, buf);
}

Answer<> fd_filestat_set_size(Call& c, I32 fd, I64 size) {
  TRY(TRY(file_at(c, fd, Errno::BadF))->set_size(size));
  return {};
}

Answer<> fd_filestat_set_times(Call& c, I32 fd, I64 accessed, I64 modified, I32 flags) {
  Descriptor* descriptor = TRY(c.state.fds().get(fd));
  auto times = TRY(times_of(accessed, modified, flags));
  if (auto* open = std::get_if<OpenFile>(descriptor)) {
    TRY(open->file->set_times(times.accessed, times.modified));
  } else if (auto* directory = std::get_if<OpenDirectory>(descriptor)) {
    TRY(directory->directory->set_times(times.accessed, times.modified));
  } else {
    return fail(Errno::BadF);
  }
  return {};
}

Answer<> fd_advise(Call& c, I32 fd, I64 offset, I64 length, I32 advice) {
  auto* file = TRY(file_at(c, fd, Errno::BadF));
  if (advice >= kAdviceCount) return fail(Errno::Inval);
  TRY(file->advise(offset, length, static_cast<host::Advice>(advice)));
  return {};
}

Answer<> fd_allocate(Call& c, I32 fd, I64 offset, I64 length) {
  TRY(TRY(file_at(c, fd, Errno::BadF))->allocate(offset, length));
  return {};
}

Answer<> fd_sync(Call& c, I32 fd) {
  return sync(c, fd, &host::File::sync, &host::Directory::sync);
}

Answer<> fd_datasync(Call& c, I32 fd) {
  return sync(c, fd, &host::File::sync_data, &host::Directory::sync_data);
}

Answer<> fd_seek(Call& c, I32 fd, I64 offset, I32 whence, I32 newoffset) {
  static constexpr host::Whence kWhence[] = {host::Whence::Set, host::Whence::Current, host::Whence::End};
  if (whence >= std::size(kWhence)) return fail(Errno::Inval);
  return seek(c, fd, static_cast<int64_t>(offset), kWhence[whence], newoffset);
}

Answer<> unstable_fd_seek(Call& c, I32 fd, I64 offset, I32 whence, I32 newoffset) {
  static constexpr host::Whence kWhence[] = {host::Whence::Current, host::Whence::End, host::Whence::Set};
  if (whence >= std::size(kWhence)) return fail(Errno::Inval);
  return seek(c, fd, static_cast<int64_t>(offset), kWhence[whence], newoffset);
}

Answer<> fd_tell(Call& c, I32 fd, I32 offset) {
  return seek(c, fd, 0, host::Whence::Current, offset);
}

void note_no_directories(Call& c) {
  c.state.context().denials().record({.reason = host::Denial::Reason::NotGranted,
                                      .verb = host::Verb::LookForDirectories,
                                      .subject = "directory",
                                      .certain = false});
}

Answer<> fd_prestat_get(Call& c, I32 fd, I32 buf) {
  auto to = TRY(c.memory.range(buf, Layout::kPrestatSize, 4));
  auto directory = directory_at(c, fd, Errno::BadF);
  if (!directory || !(*directory)->preopen_name) return fail(Errno::BadF);
  put(to, 0, uint32_t{0});  // the only kind of preopen: a directory
  put(to, 4, static_cast<uint32_t>((*directory)->preopen_name->size()));
  return {};
}

Answer<> fd_prestat_dir_name(Call& c, I32 fd, I32 path, I32 path_len) {
  auto* directory = TRY(directory_at(c, fd));
  if (!directory->preopen_name) return fail(Errno::NotDir);
  const std::string& name = *directory->preopen_name;
  if (path_len < name.size()) return fail(Errno::NameTooLong);
  auto to = TRY(c.memory.range(path, name.size()));
  std::ranges::copy(name, to.begin());
  return {};
}

Answer<> fd_readdir(Call& c, I32 fd, I32 buf, I32 buf_len, I64 cookie, I32 bufused) {
  auto to = TRY(c.memory.range(buf, buf_len));
  auto used = TRY(c.memory.slot<uint32_t>(bufused));
  auto* directory = TRY(directory_at(c, fd));
  if (cookie == kDircookieStart || !directory->listing) {
    directory->listing.reset();
    size_t kept = 0;
    for (const auto& other : c.state.fds().all()) {
      auto* open = std::get_if<OpenDirectory>(&other);
      if (open && open->listing) kept += open->listing->bytes();
    }
    directory->listing = TRY(directory->directory->list(kMaxListingBytes - std::min(kept, kMaxListingBytes)));
    to = TRY(c.memory.range(buf, buf_len));
  }
  const host::Listing& listing = *directory->listing;
  size_t done = 0;
  // The last entry is cut off where the buffer ends: a full buffer is how the guest knows that there is more.
  auto append = [&](const void* from, size_t size) {
    size_t n = std::min(size, to.size() - done);
    std::memcpy(to.data() + done, from, n);
    done += n;
  };
  for (uint64_t i = cookie; i < listing.size() && done < to.size(); ++i) {
    if (c.state.context().interrupt_token().raised()) return std::unexpected(CallError(os::kInterrupted));
    auto entry = listing[i];
    uint8_t header[Layout::kDirentSize] = {};
    put(std::span(header), 0, i + 1);
    put(std::span(header), 8, entry.inode);
    put(std::span(header), 16, static_cast<uint32_t>(entry.name.size()));
    put(std::span(header), 20, guest_filetype(entry.type));
    append(header, sizeof header);
    append(entry.name.data(), entry.name.size());
  }
  used.store(static_cast<uint32_t>(done));
  return {};
}

Answer<> put_filestat(Call& c, Abi abi, uint32_t address, const host::FileStat& stat) {
  const Layout& layout = layout_of(abi);
  auto to = TRY(c.memory.range(address, layout.filestat_size, 8));
  std::ranges::fill(to, 0);
  put(to, 0, stat.device);
  put(to, 8, stat.inode);
  put(to, 16, guest_filetype(stat.type));
  if (layout.filestat_nlink_bytes == 8) {
    put(to, layout.filestat_nlink, stat.links);
  } else {
    put(to, layout.filestat_nlink, static_cast<uint32_t>(std::min<uint64_t>(stat.links, UINT32_MAX)));
  }
  put(to, layout.filestat_size_at, stat.size);
  put(to, layout.filestat_times, stat.accessed);
  put(to, layout.filestat_times + 8, stat.modified);
  put(to, layout.filestat_times + 16, stat.changed);
  return {};
}

uint8_t guest_filetype(host::FileType type) {
  switch (type) {
    case host::FileType::BlockDevice:
      return filetype::kBlockDevice;
    case host::FileType::CharacterDevice:
      return filetype::kCharacterDevice;
    case host::FileType::Directory:
      return filetype::kDirectory;
    case host::FileType::RegularFile:
      return filetype::kRegularFile;
    case host::FileType::SocketDgram:
      return filetype::kSocketDgram;
    case host::FileType::SocketStream:
      return filetype::kSocketStream;
    case host::FileType::SymbolicLink:
      return filetype::kSymbolicLink;
    case host::FileType::Fifo:
    case host::FileType::Unknown:
      break;
  }
  return filetype::kUnknown;
}

Answer<Times> times_of(uint64_t accessed, uint64_t modified, uint32_t flags) {
  using enum host::SetTime::How;
  if (flags & ~fstflags::kAll) return fail(Errno::Inval);
  bool atim = flags & fstflags::kAtim, atim_now = flags & fstflags::kAtimNow;
  bool mtim = flags & fstflags::kMtim, mtim_now = flags & fstflags::kMtimNow;
  if ((atim && atim_now) || (mtim && mtim_now)) return fail(Errno::Inval);
  return Times{{atim ? To : atim_now ? Now : Leave, accessed}, {mtim ? To : mtim_now ? Now : Leave, modified}};
}

}  // namespace vitrine::wasi::p1
