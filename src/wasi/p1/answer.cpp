#include "wasi/p1/answer.hpp"

namespace vitrine::wasi::p1 {

Failure::Failure(os::SysError error) {
  if (error == os::kInterrupted) {
    *this = trap("interrupt");
  } else {
    code_ = static_cast<uint32_t>(to_errno(error));
  }
}

Failure Failure::trap(std::string message) {
  Failure failure(Errno::Success);
  failure.kind_ = Kind::Trap;
  failure.message_ = std::make_unique<std::string>(std::move(message));
  return failure;
}

Failure Failure::exit(uint32_t status) {
  Failure failure(Errno::Success);
  failure.kind_ = Kind::Exit;
  failure.code_ = status;
  return failure;
}

}  // namespace vitrine::wasi::p1
