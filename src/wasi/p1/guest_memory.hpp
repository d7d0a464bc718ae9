// The guest's memory during one call, and the only way from a guest's address to a host pointer.
//
// Always: no host pointer survives anything during which the guest, or a function of the embedder's, may run: a wait,
// or a stream that calls out. Memory may have grown and moved then, so `refresh` comes after it and each range is asked
// for again; a Slot is an address, not a pointer, and needs nothing. Memory never shrinks. A range that is not all
// inside, or an address that is not aligned as its type demands, is a trap: a program that passes one is broken, not
// unlucky.
#pragma once

#include <cstdint>
#include <cstring>
#include <memory>
#include <span>
#include <string>
#include <type_traits>
#include <utility>

#include "base/assert.hpp"
#include "wasi/p1/answer.hpp"

namespace vitrine::wasi::p1 {

class GuestMemory;

/// A checked place in guest memory for one T.
template <class T>
class Slot {
  static_assert(std::is_trivially_copyable_v<T>);

 public:
  Slot(const GuestMemory& memory, uint32_t address) : memory_(&memory), address_(address) {}
  void store(T value) const;

 private:
  const GuestMemory* memory_;
  uint32_t address_;
};

class GuestMemory {
 public:
  /// Answers where the memory of `guest` is now.
  using Where = std::span<uint8_t> (*)(void* guest);

  GuestMemory(Where where, void* guest) : bytes_(where(guest)), where_(where), guest_(guest) {}
  /// Memory that stays where it is.
  explicit GuestMemory(std::span<uint8_t> bytes) : bytes_(bytes) {}
  GuestMemory(const GuestMemory&) = delete;
  GuestMemory& operator=(const GuestMemory&) = delete;

  void refresh() {
    if (where_) bytes_ = where_(guest_);
  }
  size_t size() const { return bytes_.size(); }

  /// `length` bytes at `address`, which is a multiple of `align` (a power of two).
  Answer<std::span<uint8_t>> range(uint32_t address, uint64_t length, uint32_t align = 1) const {
    // `address` has 32 bits, so the subtraction is only done where it cannot wrap.
    if (address > bytes_.size() || length > bytes_.size() - address) [[unlikely]] {
      return std::unexpected(out_of_bounds(address, length));
    }
    if (address & (align - 1)) [[unlikely]] {
      return std::unexpected(misaligned(address, align));
    }
    return bytes_.subspan(address, length);
  }

  template <class T>
  Answer<Slot<T>> slot(uint32_t address) const {
    auto place = range(address, sizeof(T), alignof(T));
    if (!place) [[unlikely]]
      return std::unexpected(std::move(place).error());
    return Slot<T>(*this, address);
  }

  /// A path of the guest's: EILSEQ unless it is UTF-8, EINVAL if it holds a NUL, ENAMETOOLONG if no system takes it.
  Answer<std::string> path(uint32_t address, uint32_t length) const;

  /// Of the last trap: what was wrong. Never null after one.
  std::unique_ptr<std::string> take_trap() { return std::move(trap_); }

 private:
  template <class T>
  friend class Slot;
  CallError out_of_bounds(uint32_t address, uint64_t length) const;
  CallError misaligned(uint32_t address, uint32_t align) const;
  CallError trap(std::string message) const;

  std::span<uint8_t> bytes_;
  Where where_ = nullptr;
  void* guest_ = nullptr;
  mutable std::unique_ptr<std::string> trap_;
};

// SAFETY: GuestMemory::slot checked the range, and memory does not shrink. memcpy, because the host's memory for
// address 0 need not be aligned.
template <class T>
void Slot<T>::store(T value) const {
  VITRINE_ASSERT(memory_->bytes_.size() >= sizeof value && address_ <= memory_->bytes_.size() - sizeof value);
  std::memcpy(memory_->bytes_.data() + address_, &value, sizeof value);
}

/// Writes a field of a structure whose range was checked as a whole.
template <class T>
void put(std::span<uint8_t> at, uint32_t offset, T value) {
  std::memcpy(at.data() + offset, &value, sizeof value);
}
template <class T>
T get(std::span<const uint8_t> at, uint32_t offset) {
  T value;
  std::memcpy(&value, at.data() + offset, sizeof value);
  return value;
}

}  // namespace vitrine::wasi::p1
