// Why guest code stopped, and where.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "vitrine/export.hpp"

namespace vitrine {

/// Numbers as in Wasmtime's C API.
enum class TrapCode : uint8_t {
#define TRAP(name, code, message) name = (code) - 1,
#include "vitrine/traps.def"
#undef TRAP
};
/// "StackOverflow", ...: as traps.def has it.
VITRINE_API const char* name_of(TrapCode code);

/// One guest function of a backtrace.
struct Frame {
  std::string module_name;                   ///< empty when the module has none
  std::optional<std::string> function_name;  ///< from the name section
  uint32_t function_index = 0;
  uint32_t module_offset = 0;  ///< of the operator, from the start of the wasm binary; 0 unknown
};

/// A trap: its code if guest code raised it (none when a host function failed), its message and the guest frames,
/// innermost first.
class VITRINE_API Trap {
 public:
  Trap(std::optional<TrapCode> code, std::string message, std::vector<Frame> frames)
      : code_(code), message_(std::move(message)), frames_(std::move(frames)) {}
  /// None: a host function failed.
  std::optional<TrapCode> code() const { return code_; }
  const std::string& message() const { return message_; }
  const std::vector<Frame>& frames() const { return frames_; }
  /// "error while executing at wasm backtrace:" and a line a frame; empty without frames.
  std::string backtrace() const;

 private:
  std::optional<TrapCode> code_;
  std::string message_;
  std::vector<Frame> frames_;
};

}  // namespace vitrine
