// Unwind information (.eh_frame) for compiled code: every function keeps a frame pointer, so one rule serves all.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

namespace vitrine::x64 {

struct UnwindEntry {
  uint32_t offset;  // of a function (or trampoline) in the text
  uint32_t size;
};

/// No entry of .eh_frame takes more than this many bytes.
inline constexpr uint32_t kUnwindEntryBytes = 40;

/// The contents of .eh_frame. `text_distance` is the address of the text minus the address at which these bytes will
/// stand (references are relative to their own place). Ends with the terminator.
std::vector<uint8_t> make_eh_frame(std::span<const UnwindEntry> functions, int64_t text_distance);

}  // namespace vitrine::x64
