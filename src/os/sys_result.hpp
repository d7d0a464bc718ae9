// What a call into the system answers: a value, or the errno it failed with. Messages are made by whoever knows what
// the call was for; here the number is enough, because most of these go to a guest as a number.
#pragma once

#include <cerrno>
#include <expected>

namespace vitrine::os {

/// A host errno, or one of our own reasons, which are negative so that no errno can be taken for them.
struct SysError {
  int code;
  friend constexpr bool operator==(SysError, SysError) = default;
};

/// The path leads out of the directory it had to stay beneath: absolute, a `..` too many, or a symlink that does
/// either.
inline constexpr SysError kEscape{-1};
/// A blocking call was woken to end the guest; see wasi/host/interrupt.hpp.
inline constexpr SysError kInterrupted{-2};

template <class T = void>
using SysResult = std::expected<T, SysError>;

inline std::unexpected<SysError> sys_fail(int code) {
  return std::unexpected(SysError{code});
}
inline std::unexpected<SysError> sys_fail(SysError error) {
  return std::unexpected(error);
}
/// The errno of the call that just failed.
inline std::unexpected<SysError> last_error() {
  return std::unexpected(SysError{errno});
}

}  // namespace vitrine::os
