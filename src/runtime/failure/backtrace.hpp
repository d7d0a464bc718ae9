// Walks of guest frames: by frame pointer, from one activation to the next.
//
// Invariant: a walk reads only the stack between where it starts and the entry of the activation it is in, so a wrong
// frame pointer ends the walk early and harms nothing. Safe in a signal handler.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "abi/vmcontext.hpp"
#include "runtime/failure/failure.hpp"

namespace vitrine::runtime {

class CompiledModule;

/// A guest's registers where it was interrupted.
struct GuestRegisters {
  uintptr_t pc;
  uintptr_t fp;
  uintptr_t sp;
};

/// A guest frame that stands. `pc` is inside the instruction that is being executed (of a call: one less than the
/// return address).
struct LiveFrame {
  uintptr_t pc;
  uintptr_t fp;  // the caller's where the function has not made its frame yet, or given it up
  const CompiledModule* module;
  uint32_t function;  // index in the module
};

/// The frames from the innermost on.
class LiveFrames {
 public:
  /// `at`: of guest code that is executing in `activation`; none: the host is, and the activation's exit says where
  /// guest code was left.
  LiveFrames(const abi::VMActivation* activation, const std::optional<GuestRegisters>& at);
  /// False: there are no more.
  bool next(LiveFrame& frame);

 private:
  void enter_activation();
  const abi::VMActivation* activation_;
  uintptr_t pc_ = 0, fp_ = 0;
  uintptr_t caller_ = 0;  // the return address of the first frame, if it is not where a frame has it
  bool is_return_address_ = false;
};

/// Fills `frames` and answers how many there are.
size_t walk_frames(const abi::VMActivation* activation, const std::optional<GuestRegisters>& at,
                   std::span<LiveFrame> frames);

/// Names and offsets for frames; inlined functions are expanded, at most `limit` frames in all. Who calls sees to it
/// that the modules live.
std::vector<Frame> symbolize(std::span<const LiveFrame> frames, size_t limit);

}  // namespace vitrine::runtime
