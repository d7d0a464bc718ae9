// From a descriptor's number to the handle of the kind a function works on.
#pragma once

#include "wasi/p1/abi.hpp"
#include "wasi/p1/calls.hpp"
#include "wasi/p1/state.hpp"

namespace vitrine::wasi::p1 {

/// BadF if `fd` is not open, `otherwise` if it is something else than a file.
inline Answer<host::File*> file_at(Call& c, uint32_t fd, Errno otherwise) {
  auto descriptor = c.state.fds().get(fd);
  if (!descriptor) return std::unexpected(std::move(descriptor).error());
  if (auto* open = std::get_if<OpenFile>(*descriptor)) return open->file.get();
  return fail(otherwise);
}

/// Remembers, for who runs the guest, that it looked for a directory and was granted none.
void note_no_directories(Call& c);

inline Answer<OpenDirectory*> directory_at(Call& c, uint32_t fd, Errno otherwise = Errno::NotDir) {
  auto descriptor = c.state.fds().get(fd);
  if (!descriptor) {
    if (fd == kFirstPreopen && c.state.context().directories().empty()) note_no_directories(c);
    return std::unexpected(std::move(descriptor).error());
  }
  if (auto* directory = std::get_if<OpenDirectory>(*descriptor)) return directory;
  return fail(otherwise);
}

inline Answer<OpenSocket*> socket_at(Call& c, uint32_t fd) {
  auto descriptor = c.state.fds().get(fd);
  if (!descriptor) return std::unexpected(std::move(descriptor).error());
  if (auto* socket = std::get_if<OpenSocket>(*descriptor)) return socket;
  return fail(Errno::NotSock);
}

/// Writes a filestat in the layout of `abi` at `address`.
Answer<> put_filestat(Call& c, Abi abi, uint32_t address, const host::FileStat& stat);
uint8_t guest_filetype(host::FileType type);

struct Times {
  host::SetTime accessed, modified;
};
/// The times that fd_filestat_set_times and path_filestat_set_times are given; Inval for flags that contradict each
/// other.
Answer<Times> times_of(uint64_t accessed, uint64_t modified, uint32_t flags);

}  // namespace vitrine::wasi::p1
