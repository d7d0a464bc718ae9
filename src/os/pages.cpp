#include "os/pages.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <mutex>

#include "base/assert.hpp"
#include "base/casts.hpp"
#include "os/fork.hpp"

namespace vitrine::os {

namespace {

std::unexpected<Error> system_refused(std::string_view what) {
  return fail(fmt::format("{}: {}", what, std::strerror(errno)), ErrorKind::Io);
}

constexpr uint64_t kMark = 0x9e37'79b9'7f4a'7c15;

/// Whether `at` can be read and holds `word`; anything may be mapped there, or nothing.
[[maybe_unused]] bool begins_with(const uint8_t* at, uint64_t word) {
  uint64_t found = 0;
  const iovec to{&found, sizeof found}, from{const_cast<uint8_t*>(at), sizeof found};
  return process_vm_readv(getpid(), &to, 1, &from, 1, 0) == sizeof found && found == word;
}

}  // namespace

size_t page_size() {
  static const size_t size = static_cast<size_t>(sysconf(_SC_PAGESIZE));
  return size;
}

Result<Reservation> Reservation::make(size_t size) {
  void* data = mmap(nullptr, size, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (data == MAP_FAILED) {
    return system_refused(fmt::format("the system does not have {} MiB of address space", size >> 20));
  }
  Reservation reservation;
  reservation.data_ = static_cast<uint8_t*>(data);
  reservation.size_ = size;
  return reservation;
}

Reservation& Reservation::operator=(Reservation&& other) noexcept {
  if (this != &other) {
    reset();
    data_ = std::exchange(other.data_, nullptr);
    size_ = std::exchange(other.size_, 0);
  }
  return *this;
}

void Reservation::reset() {
  if (data_) munmap(data_, size_);
  data_ = nullptr;
  size_ = 0;
}

// SAFETY: each of these changes pages of a range that this object alone owns, and asserts that the range is inside.

bool Reservation::make_accessible(size_t offset, size_t size) {
  VITRINE_ASSERT(offset <= size_ && size <= size_ - offset);
  return size == 0 || mprotect(data_ + offset, size, PROT_READ | PROT_WRITE) == 0;
}

bool Reservation::make_inaccessible(size_t offset, size_t size) {
  VITRINE_ASSERT(offset <= size_ && size <= size_ - offset);
  return size == 0 || mprotect(data_ + offset, size, PROT_NONE) == 0;
}

bool Reservation::map_file(size_t offset, size_t size, int fd, uint64_t file_offset) {
  VITRINE_ASSERT(offset <= size_ && size <= size_ - offset);
  return size == 0 || mmap(data_ + offset, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_FIXED | MAP_NORESERVE, fd,
                           static_cast<off_t>(file_offset)) != MAP_FAILED;
}

bool Reservation::unmap(size_t offset, size_t size) {
  VITRINE_ASSERT(offset <= size_ && size <= size_ - offset);
  return size == 0 || mmap(data_ + offset, size, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED | MAP_NORESERVE, -1,
                           0) != MAP_FAILED;
}

bool Reservation::take_pages(size_t offset, Reservation& from, size_t from_offset, size_t size) {
  VITRINE_ASSERT(offset <= size_ && size <= size_ - offset);
  VITRINE_ASSERT(from_offset <= from.size_ && size <= from.size_ - from_offset);
  if (size == 0) return true;
#ifdef MREMAP_DONTUNMAP  // so that the addresses left behind stay reserved until `from` gives them back
  uint8_t* to = data_ + offset;
  const uint64_t mark = address_of(this) ^ kMark;
  std::memcpy(to, &mark, sizeof mark);  // gone with the page if the system unmaps it
  if (mremap(from.data_ + from_offset, size, size, MREMAP_MAYMOVE | MREMAP_FIXED | MREMAP_DONTUNMAP, to) !=
      MAP_FAILED) {
    return true;
  }
  if (begins_with(to, mark)) {
    std::memset(to, 0, sizeof mark);
    return false;
  }
  // Before Linux 6.17 the target is unmapped before the rest is tried. What has been mapped there since is another
  // thread's: only a hole is taken back.
  void* again =
      mmap(to, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE | MAP_NORESERVE, -1, 0);
  if (again == to) return false;
  if (again != MAP_FAILED) munmap(again, size);  // where the flag is not known, the address is but a wish
  munmap(data_, offset);
  munmap(to + size, size_ - offset - size);
  data_ = nullptr;
  size_ = 0;
#endif
  return false;
}

bool Reservation::discard(size_t offset, size_t size) {
  VITRINE_ASSERT(offset <= size_ && size <= size_ - offset);
  return size == 0 || madvise(data_ + offset, size, MADV_DONTNEED) == 0;
}

Result<FileMapping> FileMapping::map(int fd, size_t size) {
  void* data = mmap(nullptr, size, PROT_READ, MAP_PRIVATE, fd, 0);
  if (data == MAP_FAILED) return system_refused("cannot map the file");
  FileMapping mapping;
  mapping.data_ = static_cast<uint8_t*>(data);
  mapping.size_ = size;
  return mapping;
}

FileMapping& FileMapping::operator=(FileMapping&& other) noexcept {
  if (this != &other) {
    reset();
    data_ = std::exchange(other.data_, nullptr);
    size_ = std::exchange(other.size_, 0);
  }
  return *this;
}

void FileMapping::reset() {
  if (data_) munmap(data_, size_);
  data_ = nullptr;
  size_ = 0;
}

bool FileMapping::make_executable(size_t offset, size_t size) {
  VITRINE_ASSERT(offset <= size_ && size <= size_ - offset);
  return size == 0 || mprotect(data_ + offset, size, PROT_READ | PROT_EXEC) == 0;
}

namespace {

ForkSafe<std::mutex> sealable_mutex;

Result<> seal_memfd(int fd) {
  if (fcntl(fd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE | F_SEAL_SEAL) != 0) {
    return system_refused("cannot seal a file in memory");
  }
  return {};
}

}  // namespace

Result<MemoryFile> MemoryFile::create(const char* name, size_t size) {
  MemoryFile file;
  file.fd_ = FileDescriptor(memfd_create(name, MFD_CLOEXEC | MFD_ALLOW_SEALING));
  if (!file.fd_) return system_refused("cannot make a file in memory");
  if (ftruncate(file.fd_.get(), static_cast<off_t>(size)) != 0) return system_refused("cannot extend a file in memory");
  void* data = nullptr;
  {
    // A child of fork with a copy of this mapping would keep the file from being sealed.
    std::lock_guard lock(sealable_mutex);
    data = mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_SHARED, file.fd_.get(), 0);
    if (data == MAP_FAILED) return system_refused("cannot map a file in memory");
    madvise(data, size, MADV_DONTFORK);
  }
  // All of it will be written. Not by MAP_POPULATE, for which everybody who forks or seals would wait.
  madvise(data, size, MADV_POPULATE_WRITE);
  file.data_ = static_cast<uint8_t*>(data);
  file.size_ = size;
  return file;
}

MemoryFile& MemoryFile::operator=(MemoryFile&& other) noexcept {
  if (this != &other) {
    unmap();
    fd_ = std::move(other.fd_);
    data_ = std::exchange(other.data_, nullptr);
    size_ = std::exchange(other.size_, 0);
  }
  return *this;
}

void MemoryFile::unmap() {
  if (data_) munmap(data_, size_);
  data_ = nullptr;
  size_ = 0;
}

Result<FileDescriptor> MemoryFile::seal() {
  unmap();  // a file that is mapped for writing cannot be sealed
  TRY(seal_memfd(fd_.get()));
  return std::move(fd_);
}

Result<FileDescriptor> sealed_memfd(const char* name, std::span<const uint8_t> bytes) {
  FileDescriptor fd(memfd_create(name, MFD_CLOEXEC | MFD_ALLOW_SEALING));
  if (!fd) return system_refused("cannot make a file in memory");
  for (size_t done = 0; done < bytes.size();) {
    ssize_t n = ::write(fd.get(), bytes.data() + done, bytes.size() - done);
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) return system_refused("cannot write to a file in memory");
    done += static_cast<size_t>(n);
  }
  TRY(seal_memfd(fd.get()));
  return fd;
}

Result<uint64_t> file_size(int fd) {
  struct stat st;
  if (fstat(fd, &st) != 0) return system_refused("cannot tell the size of the file");
  return static_cast<uint64_t>(st.st_size);
}

}  // namespace vitrine::os
