#include "wasi/p1/guest_memory.hpp"

#include <fmt/core.h>
#include <limits.h>

#include <algorithm>
#include <bit>

#include "base/result.hpp"
#include "base/utf8.hpp"

namespace vitrine::wasi::p1 {

static_assert(std::endian::native == std::endian::little, "guest memory is little-endian, and is copied as it lies");

Answer<std::string> GuestMemory::path(uint32_t address, uint32_t length) const {
  auto bytes = TRY(range(address, length));
  if (length >= PATH_MAX) return fail(Errno::NameTooLong);
  std::string path(bytes.begin(), bytes.end());
  if (!is_utf8(path)) return fail(Errno::IlSeq);
  if (path.find('\0') != std::string::npos) return fail(Errno::Inval);
  return path;
}

CallError GuestMemory::out_of_bounds(uint32_t address, uint64_t length) const {
  return trap(fmt::format("out of bounds memory access: {} bytes at 0x{:x} of a memory of 0x{:x} bytes", length,
                          address, bytes_.size()));
}

CallError GuestMemory::misaligned(uint32_t address, uint32_t align) const {
  return trap(fmt::format("misaligned pointer: 0x{:x} is not a multiple of {}", address, align));
}

CallError GuestMemory::trap(std::string message) const {
  trap_ = std::make_unique<std::string>(std::move(message));
  return CallError::trap();
}

}  // namespace vitrine::wasi::p1
