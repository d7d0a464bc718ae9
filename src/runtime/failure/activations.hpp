// Activations that a jump has skipped: a host function that leaves by longjmp over guest frames, or by a switch of
// stacks out of turn, leaves its activation on the store's list though its frames are gone.
#pragma once

#include <cstdint>

#include "abi/vmcontext.hpp"

namespace vitrine::runtime {

/// Whether its words look as its trampoline left them: false if something else was written there since.
// SAFETY: where a jump has skipped it, its words are some later frame's, of the same stack: mapped, if not an object's.
__attribute__((no_sanitize("address"))) inline bool is_standing(const abi::VMActivation& activation) {
  // The trampoline's frame: see x64/emit_trampolines.cpp. It lies right below the caller's, which holds the activation.
  constexpr uintptr_t kLandingBelowFrame = 56, kMostBetween = 64 * 1024;
  return activation.entry_fp - activation.entry_sp == kLandingBelowFrame &&
         reinterpret_cast<uintptr_t>(&activation) - activation.entry_fp < kMostBetween;
}

/// Whether a guest can be called at `sp`, on the same stack, by a host function that the activation's guest has called:
/// its frames are below that guest's.
__attribute__((no_sanitize("address"))) inline bool may_call_at(const abi::VMActivation& activation, uintptr_t sp) {
  return is_standing(activation) && sp < activation.exit_fp && activation.exit_fp <= activation.entry_fp;
}

/// Says what the host has done and ends the process: the guest could only go on with another's frames.
/// Async-signal-safe.
[[noreturn]] void broken_activations();

}  // namespace vitrine::runtime
