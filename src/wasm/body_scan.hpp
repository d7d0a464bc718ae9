// A look ahead over a function body: which locals each loop assigns, which functions it calls.
//
// SSA is built in one forward walk, and the one thing such a walk cannot know is which locals a loop's body will
// change: exactly those need a parameter of the loop's header. Making parameters on first touch instead would have to
// mend branches out of the loop that were built before the touch, and makes one for every local that is only read. This
// scan skips over immediates without looking at them; it is not a validation. It sees the same operators as the reader
// up to the first invalid byte, where it stops, and that is all anyone relies on.
//
// Cost: about a nanosecond a byte; memory: one word per local.set and 12 bytes per loop.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

namespace vitrine::wasm {

struct BodyScan {
  struct Loop {
    uint32_t offset;               // of its operator, from the start of the body
    uint32_t first_set, last_set;  // its assignments are sets[first_set, last_set)
  };
  std::vector<Loop> loops;     // in the order of their operators
  std::vector<uint32_t> sets;  // local indices of local.set and local.tee, in order

  // Blocks that are open, innermost last: the index of a loop, or kNoLoop. Scratch.
  std::vector<uint32_t> open;
};

/// Scans a body (with its local declarations) into `out`, whose memory is reused.
void scan_body(std::span<const uint8_t> body, BodyScan& out);

/// What a body calls: for who wants to know before it is translated.
struct CallScan {
  std::vector<uint32_t> callees;  // function indices of call and return_call, in order, if asked for
  bool has_tail_calls = false;    // return_call, return_call_indirect, return_call_ref
};
void scan_calls(std::span<const uint8_t> body, bool callees, CallScan& out);

}  // namespace vitrine::wasm
