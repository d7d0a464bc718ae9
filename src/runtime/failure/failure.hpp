// Why a call into a guest did not return: a trap, an error or C++ exception of a host function, or a refusal before any
// guest code ran; with the guest frames that were active.
#pragma once

#include <cstdint>
#include <exception>
#include <expected>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "abi/trap.hpp"
#include "base/result.hpp"

namespace vitrine::runtime {

class CompiledModule;

/// One guest function of a backtrace; inlined functions have frames of their own.
struct Frame {
  std::shared_ptr<const CompiledModule> module;
  uint32_t function = 0;       // index in the module
  uint32_t module_offset = 0;  // of the operator, from the start of the wasm binary; 0: unknown
  std::string module_name;     // empty: the module has none
  std::string function_name;   // empty: it has none
};

struct Failure {
  enum class Kind : uint8_t {
    Trap,           // `code`
    HostError,      // `error`: of a host function, or a refusal (link, limit, usage)
    HostException,  // `exception`: thrown by a host function, to be rethrown at the host's entry
  };
  Kind kind = Kind::Trap;
  abi::TrapCode code = abi::TrapCode::None;
  std::optional<Error> error;
  std::exception_ptr exception;
  std::vector<Frame> frames;  // innermost first

  /// For want of memory there are some that were set aside: without a reason a guest cannot be ended, nor may it go on.
  /// When they are in use, the process ends with a message.
  static void* operator new(size_t size);
  static void operator delete(void* failure);
  static constexpr size_t kSetAside = 16;

  static std::unique_ptr<Failure> trap(abi::TrapCode code);
  static std::unique_ptr<Failure> of(Error error);
  static std::unique_ptr<Failure> of(std::exception_ptr exception);

  /// The cause in one line: "wasm trap: integer divide by zero", or the error's message.
  std::string cause() const;
};

using FailurePtr = std::unique_ptr<Failure>;

/// A T, or why there is none. `TRY` works with it.
template <class T = void>
using Outcome = std::expected<T, FailurePtr>;

/// The outcome of something that runs no guest code.
template <class T>
Outcome<T> lift(Result<T> result) {
  if (!result) return std::unexpected(Failure::of(std::move(result).error()));
  if constexpr (std::is_void_v<T>) {
    return {};
  } else {
    return *std::move(result);
  }
}

}  // namespace vitrine::runtime
