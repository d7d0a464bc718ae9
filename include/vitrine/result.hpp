// Failure as a value. Every fallible call answers a `Result<T>`: a T, or an `Error` that says what was found, what was
// expected, where, and what to do.
#pragma once

#include <cstdint>
#include <expected>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "vitrine/export.hpp"

namespace vitrine {

class Trap;

/// What kind of failure it was.
enum class ErrorKind : uint8_t {
  Malformed,     ///< the bytes or the text are no module at all
  Invalid,       ///< well formed, but against the validation rules
  Unsupported,   ///< needs a feature that is off or not there
  Limit,         ///< over a limit; the message names the option that raises it
  Link,          ///< an import is missing or of another type
  Io,            ///< the system refused
  Usage,         ///< the caller asked for something that cannot be (unknown export, wrong argument type)
  Incompatible,  ///< a precompiled image of another version, CPU or configuration
  Trap,          ///< guest code trapped; `Error::trap` has code and backtrace
  Exit,          ///< the guest asked to end with `Error::exit_status`
  Host           ///< a host function failed with a message of its own
};
/// "Malformed", ...: as it is written here.
VITRINE_API const char* name_of(ErrorKind kind);

/// An error: one pointer wide, movable. The message starts in lower case and has no final period.
class [[nodiscard]] VITRINE_API Error {
 public:
  explicit Error(std::string message, ErrorKind kind = ErrorKind::Usage)
      : rep_(std::make_unique<Rep>(Rep{std::move(message), kind, 0, nullptr})) {}

  /// A guest's wish to end the whole program, as `proc_exit` makes it.
  static Error exit(int32_t status) {
    Error e("exit with status " + std::to_string(status), ErrorKind::Exit);
    e.rep_->exit_status = status;
    return e;
  }
  /// A trap with its backtrace.
  static Error from_trap(std::string message, std::shared_ptr<const Trap> trap) {
    Error e(std::move(message), ErrorKind::Trap);
    e.rep_->trap = std::move(trap);
    return e;
  }

  const std::string& message() const { return rep_->message; }
  ErrorKind kind() const { return rep_->kind; }
  /// The status of an Exit.
  int32_t exit_status() const { return rep_->exit_status; }
  /// The trap behind an error of kind Trap (and of a Host error raised inside guest calls: its backtrace), or null.
  const Trap* trap() const { return rep_->trap.get(); }
  std::shared_ptr<const Trap> shared_trap() const { return rep_->trap; }

  /// The same error with what the caller knows appended: "<message>, <context>".
  Error in(std::string_view context) && {
    rep_->message.append(", ").append(context);
    return std::move(*this);
  }
  /// The same error with a backtrace attached.
  Error with_trap(std::shared_ptr<const Trap> trap) && {
    rep_->trap = std::move(trap);
    return std::move(*this);
  }

 private:
  struct Rep {
    std::string message;
    ErrorKind kind;
    int32_t exit_status;
    std::shared_ptr<const Trap> trap;
  };
  std::unique_ptr<Rep> rep_;
};

/// A T or an Error.
template <class T = void>
using Result = std::expected<T, Error>;

/// `return fail("...")` reads better than spelling std::unexpected at every site.
inline std::unexpected<Error> fail(std::string message, ErrorKind kind = ErrorKind::Usage) {
  return std::unexpected<Error>(Error(std::move(message), kind));
}

}  // namespace vitrine
