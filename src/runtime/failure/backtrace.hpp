// Walks of guest frames: by frame pointer, from one activation to the next.
//
// Invariant: a walk reads only the stack between the address it starts at and the entry of the activation it is in, so
// a wrong frame pointer ends the walk early and harms nothing. Safe in a signal handler.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "abi/vmcontext.hpp"
#include "runtime/failure/failure.hpp"

namespace vitrine::runtime {

/// A guest frame as the walk sees it. `pc` is inside the instruction that is being executed (of a call: one less than
/// the return address).
struct RawFrame {
  uintptr_t pc;
};

/// Fills `frames` from the innermost on and answers how many there are. `pc`, `fp`: of guest code that is executing in
/// `activation`; 0, 0: host code is, so the activation's exit says where guest code was left.
size_t walk_frames(const abi::VMActivation* activation, uintptr_t pc, uintptr_t fp, std::span<RawFrame> frames);

/// Names and offsets for raw frames; inlined functions are expanded, at most `limit` frames in all.
std::vector<Frame> symbolize(std::span<const RawFrame> frames, size_t limit);

}  // namespace vitrine::runtime
