#include "wasi/p1/answer.hpp"

namespace vitrine::wasi::p1 {

CallError::CallError(os::SysError error)
    : CallError(error == os::kInterrupted ? CallError(Kind::Interrupt, 0) : CallError(to_errno(error))) {}

}  // namespace vitrine::wasi::p1
