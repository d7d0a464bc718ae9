#include "runtime/failure/backtrace.hpp"

#include "base/casts.hpp"
#include "runtime/code/compiled_module.hpp"
#include "runtime/code/registry.hpp"
#include "runtime/failure/activations.hpp"

// SAFETY: the words read at a frame pointer lie between the walk's start and the entry frame of the activation, which
// is a part of a stack that is in use: `fp` only ever moves up, and never beyond `entry_fp`.
#define READS_STACK __attribute__((no_sanitize("address")))

namespace vitrine::runtime {

namespace {

READS_STACK uintptr_t word_at(uintptr_t address, unsigned index = 0) {
  // SAFETY: see above: the address is inside of a stack in use.
  return reinterpret_cast<const uintptr_t*>(address)[index];
}

/// Where the caller's pc is for code interrupted before its prologue has made the frame, or after it has been given up,
/// for a return or a tail call; 0: in the frame. (A tail call with more stack arguments than the function has itself is
/// not told apart while it writes them over the frame's own two words: the frames above may be missing then.)
uintptr_t return_address_outside_frame(const GuestRegisters& at) {
  constexpr uintptr_t kPushSize = 1;
  constexpr uint8_t kReturn = 0xc3, kReturnPopping = 0xc2, kJump = 0xe9, kGroup5 = 0xff, kJumpToRax = 0xe0;
  CodeLookup lookup(at.pc);
  if (!lookup.module()) return 0;
  const auto function = lookup.module()->find_function(at.pc);
  if (!function) return 0;
  const auto start = address_of(lookup.module()->function_code(*function));
  // SAFETY: the pc is inside of the code of a module that is registered.
  const auto* instruction = reinterpret_cast<const uint8_t*>(at.pc);
  if (at.pc == start || *instruction == kReturn || *instruction == kReturnPopping) return word_at(at.sp);
  // A jump inside the function has the whole frame between sp and fp. In a tail call's fp is the caller's: the distance
  // is 8 more than a multiple of 16, which the frame of a function with tail calls never is.
  if (*instruction == kJump || (*instruction == kGroup5 && instruction[1] == kJumpToRax)) {
    const auto text = address_of(lookup.module()->image().text().data());
    const auto* frame = abi::find_frame(lookup.module()->image().tables().frames, static_cast<uint32_t>(at.pc - text));
    if (frame && at.fp - at.sp != frame->bytes) return word_at(at.sp);
  }
  return at.pc == start + kPushSize ? word_at(at.sp, 1) : 0;
}

}  // namespace

LiveFrames::LiveFrames(const abi::VMActivation* activation, const std::optional<GuestRegisters>& at)
    : activation_(activation) {
  if (!activation_) return;
  if (!at) {
    enter_activation();
    return;
  }
  pc_ = at->pc;
  fp_ = at->fp;
  caller_ = return_address_outside_frame(*at);
}

void LiveFrames::enter_activation() {
  // One that a jump has skipped ends the walk.
  if (!is_standing(*activation_)) activation_ = nullptr;
  if (!activation_) return;
  pc_ = activation_->exit_pc;
  fp_ = activation_->exit_fp;
  is_return_address_ = true;
}

bool LiveFrames::next(LiveFrame& frame) {
  while (activation_) {
    const uintptr_t end = activation_->entry_fp;
    const bool has_frame = fp_ != 0 && fp_ < end && fp_ % sizeof(uintptr_t) == 0;
    if (pc_ == 0 || (!has_frame && caller_ == 0)) {
      activation_ = activation_->previous;
      if (activation_) enter_activation();
      continue;
    }
    frame = {.pc = is_return_address_ ? pc_ - 1 : pc_, .fp = fp_, .module = nullptr, .function = 0};
    is_return_address_ = true;
    if (caller_ != 0) {
      pc_ = std::exchange(caller_, 0);
    } else {
      const uintptr_t above = word_at(fp_);
      pc_ = above > fp_ ? word_at(fp_, 1) : 0;
      fp_ = above;
    }
    CodeLookup lookup(frame.pc);
    if (!lookup.module()) continue;
    const auto function = lookup.module()->find_function(frame.pc);
    if (!function) continue;
    frame.module = lookup.module();
    frame.function = *function;
    return true;
  }
  return false;
}

size_t walk_frames(const abi::VMActivation* activation, const std::optional<GuestRegisters>& at,
                   std::span<LiveFrame> frames) {
  LiveFrames live(activation, at);
  size_t count = 0;
  while (count < frames.size() && live.next(frames[count])) ++count;
  return count;
}

std::vector<Frame> symbolize(std::span<const LiveFrame> raw, size_t limit) {
  std::vector<Frame> frames;
  for (const LiveFrame& r : raw) {
    if (frames.size() >= limit) break;
    std::shared_ptr<const CompiledModule> module = r.module->weak_from_this().lock();
    if (!module) continue;
    auto position = module->find_position(r.pc);
    if (!position) continue;
    auto add = [&](uint32_t function, uint32_t offset) {
      if (frames.size() >= limit) return;
      const wasm::Names& names = module->names();
      frames.push_back({.module = module,
                        .function = function,
                        .module_offset = offset,
                        .module_name = std::string(names.module()),
                        .function_name = std::string(names.function(function))});
    };
    uint32_t offset = position->srcloc;
    const auto sites = module->image().inline_sites();
    for (uint32_t site = position->inline_site; site != 0; site = sites[site - 1].parent) {
      add(sites[site - 1].function, offset);
      offset = sites[site - 1].call_srcloc;
    }
    add(position->function, offset);
  }
  return frames;
}

}  // namespace vitrine::runtime
