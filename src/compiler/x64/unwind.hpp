// Unwind information (.eh_frame) for compiled code: every function keeps a frame pointer, so one rule serves all.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "abi/code_unit.hpp"

namespace vitrine::x64 {

/// No entry of .eh_frame takes more than this many bytes.
inline constexpr uint32_t kMaxUnwindBytes = 56;

/// See mach::Target.
std::vector<uint8_t> make_eh_frame(std::span<const abi::FrameEntry> frames, int64_t text_distance);

}  // namespace vitrine::x64
