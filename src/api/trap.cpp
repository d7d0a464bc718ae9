#include <vitrine/trap.hpp>

#include <fmt/format.h>

namespace vitrine {

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
