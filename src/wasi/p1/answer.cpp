#include "wasi/p1/answer.hpp"

namespace vitrine::wasi::p1 {

CallError::CallError(os::SysError error) {
  if (error == os::kInterrupted) {
    kind_ = Kind::Interrupt;
  } else {
    code_ = static_cast<uint32_t>(to_errno(error));
  }
}

CallError CallError::trap(std::string message) {
  CallError failure(Errno::Success);
  failure.kind_ = Kind::Trap;
  failure.message_ = std::make_unique<std::string>(std::move(message));
  return failure;
}

CallError CallError::exit(uint32_t status) {
  CallError failure(Errno::Success);
  failure.kind_ = Kind::Exit;
  failure.code_ = status;
  return failure;
}

}  // namespace vitrine::wasi::p1
