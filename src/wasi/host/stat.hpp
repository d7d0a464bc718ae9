// What is known about a file, in the terms all faces share.
#pragma once

#include <sys/stat.h>

#include <cstdint>

namespace vitrine::wasi::host {

enum class FileType : uint8_t {
  Unknown,
  BlockDevice,
  CharacterDevice,
  Directory,
  RegularFile,
  Fifo,
  SocketDgram,
  SocketStream,
  SymbolicLink
};

struct FileStat {
  uint64_t device = 0;
  uint64_t inode = 0;
  FileType type = FileType::Unknown;
  uint64_t links = 0;
  uint64_t size = 0;
  uint64_t accessed = 0;  // nanoseconds since 1970, clamped
  uint64_t modified = 0;
  uint64_t changed = 0;
};

FileType file_type(mode_t mode);
FileStat file_stat(const struct stat& st);

/// A time to set on a file.
struct SetTime {
  enum class How : uint8_t { Leave, Now, To };
  How how = How::Leave;
  uint64_t ns = 0;
};
timespec to_timespec(SetTime time);

enum class Follow : uint8_t { No, Yes };

}  // namespace vitrine::wasi::host
