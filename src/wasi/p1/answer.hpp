// What a p1 function comes to: an errno for the guest, or the end of the guest (a trap, or exit with a status).
#pragma once

#include <cstdint>
#include <expected>
#include <type_traits>

#include "wasi/p1/errno.hpp"

namespace vitrine::wasi::p1 {

class GuestMemory;

/// Why a p1 function did not succeed. One word, so that an Answer without a large value comes back in registers; what
/// there is to say about a trap, the guest's memory remembers (GuestMemory::take_trap).
class CallError {
 public:
  enum class Kind : uint8_t { Errno, Trap, Interrupt, Exit };

  CallError(Errno error) : CallError(Kind::Errno, static_cast<uint32_t>(error)) {}
  /// A host error as an errno; the interruption of a blocked call as one.
  CallError(os::SysError error);
  static CallError exit(uint32_t status) { return {Kind::Exit, status}; }

  Kind kind() const { return static_cast<Kind>(bits_ >> 32); }
  Errno error() const { return static_cast<Errno>(bits_); }
  uint32_t exit_status() const { return static_cast<uint32_t>(bits_); }

 private:
  friend class GuestMemory;
  static CallError trap() { return {Kind::Trap, 0}; }
  CallError(Kind kind, uint32_t code) : bits_(static_cast<uint64_t>(kind) << 32 | code) {}
  uint64_t bits_;
};
static_assert(std::is_trivially_copyable_v<CallError>);

template <class T = void>
using Answer = std::expected<T, CallError>;

inline std::unexpected<CallError> fail(Errno error) {
  return std::unexpected(CallError(error));
}

}  // namespace vitrine::wasi::p1
