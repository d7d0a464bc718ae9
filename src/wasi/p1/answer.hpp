// What a p1 function comes to: an errno for the guest, or the end of the guest (a trap, or exit with a status).
#pragma once

#include <cstdint>
#include <expected>
#include <memory>
#include <string>

#include "wasi/p1/errno.hpp"

namespace vitrine::wasi::p1 {

/// Why a p1 function did not succeed.
class CallError {
 public:
  enum class Kind : uint8_t { Errno, Trap, Interrupt, Exit };

  CallError(Errno error) : code_(static_cast<uint32_t>(error)) {}
  /// A host error as an errno; the interruption of a blocked call as one.
  CallError(os::SysError error);
  static CallError trap(std::string message);
  static CallError exit(uint32_t status);

  Kind kind() const { return kind_; }
  Errno error() const { return static_cast<Errno>(code_); }
  uint32_t exit_status() const { return code_; }
  const std::string& message() const { return *message_; }

 private:
  Kind kind_ = Kind::Errno;
  uint32_t code_ = 0;
  std::unique_ptr<std::string> message_;  // of a trap
};

template <class T = void>
using Answer = std::expected<T, CallError>;

inline std::unexpected<CallError> fail(Errno error) {
  return std::unexpected(CallError(error));
}
inline std::unexpected<CallError> trap(std::string message) {
  return std::unexpected(CallError::trap(std::move(message)));
}

/// How a call ended, for the runtime: go on (the errno is the function's result), trap, with an interruption or a message,
/// or end the guest.
struct Ending {
  enum class Kind : uint8_t { Ok, Trap, Interrupt, Exit };
  Kind kind = Kind::Ok;
  uint32_t exit_status = 0;
  std::unique_ptr<std::string> message;  // of a trap
};

}  // namespace vitrine::wasi::p1
