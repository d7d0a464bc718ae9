// Unwind information (.eh_frame) for compiled code: every function keeps a frame pointer, and pushes what it saves
// right below it.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

namespace vitrine::x64 {

struct UnwindEntry {
  uint32_t offset;  // of a function (or trampoline) in the text
  uint32_t size;
  uint32_t frame_ready = 0;            // offset in it at which its registers are saved
  uint16_t saved_registers = 0;        // which, by hardware number, in the order of kSaveOrder
  bool saves_callers_context = false;  // else the context it saves is its own
};

/// No entry of .eh_frame takes more than this many bytes.
inline constexpr uint32_t kUnwindEntryBytes = 40;

/// The contents of .eh_frame. `text_distance` is the address of the text minus the address at which these bytes will
/// stand (references are relative to their own place). Ends with the terminator.
std::vector<uint8_t> make_eh_frame(std::span<const UnwindEntry> functions, int64_t text_distance);

}  // namespace vitrine::x64
