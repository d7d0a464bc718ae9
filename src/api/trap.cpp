#include <vitrine/result.hpp>
#include <vitrine/trap.hpp>

#include <fmt/format.h>

namespace vitrine {

const char* name_of(TrapCode code) {
  switch (code) {
#define TRAP(name, code, message) \
  case TrapCode::name:            \
    return #name;
#include <vitrine/traps.def>
#undef TRAP
  }
  return "?";
}

const char* name_of(ErrorKind kind) {
  switch (kind) {
    case ErrorKind::Malformed:
      return "Malformed";
    case ErrorKind::Invalid:
      return "Invalid";
    case ErrorKind::Unsupported:
      return "Unsupported";
    case ErrorKind::Limit:
      return "Limit";
    case ErrorKind::Link:
      return "Link";
    case ErrorKind::Io:
      return "Io";
    case ErrorKind::Usage:
      return "Usage";
    case ErrorKind::Incompatible:
      return "Incompatible";
    case ErrorKind::Trap:
      return "Trap";
    case ErrorKind::Exit:
      return "Exit";
    case ErrorKind::Host:
      return "Host";
  }
  return "?";
}

std::string Trap::backtrace() const {
  if (frames_.empty()) return {};
  std::string text = "error while executing at wasm backtrace:";
  for (size_t i = 0; i < frames_.size(); ++i) {
    const Frame& f = frames_[i];
    // Index to width 5, offset to width 8: Wasmtime's layout, which tools parse.
    text += fmt::format("\n{:>5}: {:>8} - {}!{}", i, fmt::format("{:#x}", f.module_offset),
                        f.module_name.empty() ? "<unknown>" : f.module_name,
                        f.function_name ? *f.function_name : fmt::format("<wasm function {}>", f.function_index));
  }
  return text;
}

}  // namespace vitrine
