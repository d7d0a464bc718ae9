// Errors as values: `Result<T>` is either a T or an `Error`; `TRY` unwraps or returns the error to the caller.
//
// Three kinds of failure are never mixed: bad input or a refused request is a `Result`; a limit is a `Result` that names the
// limit and the option that raises it; a bug of our own is an assertion (`VITRINE_ASSERT`, base/assert.hpp).
#pragma once

#include <expected>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

namespace vitrine {

/// What kind of failure it was, so that a caller may choose an exit status or a script runner an expectation.
enum class ErrorKind : uint8_t {
  Malformed,    // the bytes or the text are not a module at all
  Invalid,      // well formed, but against the validation rules
  Unsupported,  // needs a feature that is off or not there
  Limit,        // over a limit; the message names the option that raises it
  Link,         // an import is missing or of another type
  Io,           // the system refused
  Usage,        // the caller asked for something that cannot be (unknown export, wrong argument type)
  Incompatible  // a precompiled image of another version, CPU or config
};

/// An error message with its kind, one pointer wide, so that `Result<uint32_t>` stays small.
class [[nodiscard]] Error {
 public:
  explicit Error(std::string message, ErrorKind kind = ErrorKind::Usage)
      : rep_(std::make_unique<Rep>(Rep{std::move(message), kind})) {}
  const std::string& message() const { return rep_->message; }
  ErrorKind kind() const { return rep_->kind; }

  /// The same error with what the caller knows appended: "<message>, <context>".
  Error in(std::string_view context) && {
    rep_->message.append(", ").append(context);
    return std::move(*this);
  }

 private:
  struct Rep {
    std::string message;
    ErrorKind kind;
  };
  std::unique_ptr<Rep> rep_;
};

template <class T = void>
using Result = std::expected<T, Error>;

/// `return fail("...")` reads better than spelling std::unexpected at every site.
inline std::unexpected<Error> fail(std::string message, ErrorKind kind = ErrorKind::Usage) {
  return std::unexpected<Error>(Error(std::move(message), kind));
}

}  // namespace vitrine

#define TRY(expr)                                                               \
  ({                                                                            \
    auto&& try_result_ = (expr);                                                \
    if (!try_result_) return std::unexpected(std::move(try_result_).error());   \
    *std::move(try_result_);                                                    \
  })

#define TRY_IN(expr, context)                                                                   \
  ({                                                                                            \
    auto&& try_result_ = (expr);                                                                \
    if (!try_result_) return std::unexpected(std::move(try_result_).error().in(context));       \
    *std::move(try_result_);                                                                    \
  })
