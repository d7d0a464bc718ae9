// Address space: reservations, protections, anonymous and mapped files. Code pages are never writable and executable.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <utility>

#include "base/result.hpp"
#include "os/fd.hpp"

namespace vitrine::os {

/// Bytes of a page, and of everything that is mapped or protected.
size_t page_size();
constexpr uint64_t round_up(uint64_t value, uint64_t to) {
  return (value + to - 1) / to * to;
}

/// A range of addresses of which nothing is accessible until a part is made so. Unmapped with its owner.
class Reservation {
 public:
  Reservation() = default;
  Reservation(Reservation&& other) noexcept
      : data_(std::exchange(other.data_, nullptr)), size_(std::exchange(other.size_, 0)) {}
  Reservation& operator=(Reservation&& other) noexcept;
  ~Reservation() { reset(); }

  static Result<Reservation> make(size_t size);
  uint8_t* data() const { return data_; }
  size_t size() const { return size_; }
  bool valid() const { return data_ != nullptr; }

  // -- offsets and sizes are whole pages inside the reservation

  /// Readable and writable; zero unless it was written before.
  bool make_accessible(size_t offset, size_t size);
  bool make_inaccessible(size_t offset, size_t size);
  /// Maps part of a file copy-on-write, readable and writable.
  bool map_file(size_t offset, size_t size, int fd, uint64_t file_offset);
  /// Back to fresh, inaccessible address space.
  bool unmap(size_t offset, size_t size);
  /// Moves the contents of accessible, anonymous pages of another reservation to accessible, zero pages of this one,
  /// without copying; those of `from` are zero afterwards. False if the system cannot do that: `from` has not changed,
  /// nor has this one, unless it is no longer valid, because another thread has got a part of it.
  bool take_pages(size_t offset, Reservation& from, size_t from_offset, size_t size);
  /// Drops what was written: the next read sees the file that is mapped there, or zeros.
  bool discard(size_t offset, size_t size);

 private:
  void reset();
  uint8_t* data_ = nullptr;
  size_t size_ = 0;
};

/// A whole file mapped readable.
class FileMapping {
 public:
  FileMapping() = default;
  FileMapping(FileMapping&& other) noexcept
      : data_(std::exchange(other.data_, nullptr)), size_(std::exchange(other.size_, 0)) {}
  FileMapping& operator=(FileMapping&& other) noexcept;
  ~FileMapping() { reset(); }

  static Result<FileMapping> map(int fd, size_t size);
  std::span<const uint8_t> bytes() const { return {data_, size_}; }
  /// Readable and executable from now on; whole pages.
  bool make_executable(size_t offset, size_t size);

 private:
  void reset();
  uint8_t* data_ = nullptr;
  size_t size_ = 0;
};

/// A file without a name, in memory: written through `bytes`, then sealed.
class MemoryFile {
 public:
  MemoryFile() = default;
  /// `size` zeros.
  static Result<MemoryFile> create(const char* name, size_t size);
  MemoryFile(MemoryFile&& other) noexcept { *this = std::move(other); }
  MemoryFile& operator=(MemoryFile&& other) noexcept;
  ~MemoryFile() { unmap(); }

  std::span<uint8_t> bytes() { return {data_, size_}; }
  /// The file, which can no longer be changed; `bytes` is empty from now on.
  Result<FileDescriptor> seal();

 private:
  void unmap();
  FileDescriptor fd_;
  uint8_t* data_ = nullptr;
  size_t size_ = 0;
};

/// A file without a name that holds `bytes` and can no longer be changed.
Result<FileDescriptor> sealed_memfd(const char* name, std::span<const uint8_t> bytes);

/// The size of an open file.
Result<uint64_t> file_size(int fd);

}  // namespace vitrine::os
