// Where arguments and results travel, in both conventions.
//
// Wasm: parameter 0 (the callee's context) in r15; other ints rdi rsi rdx rcx r8 r9, floats xmm0..7, the rest on the
// stack, 8 bytes each (16 for v128), the first at the lowest address; the callee removes them. Results: ints rax rdx
// rcx r8, floats xmm0..3, the rest in an area of the caller directly above the stack arguments. Both areas are
// multiples of 16 bytes. rbx r12 r13 r14 rbp are callee-saved. What a landing is given about an exception arrives in
// rdi and rsi, which no result uses. Host: System V AMD64; the caller removes the stack arguments.
//
// An i32 (and a ref) in a register has zero upper bits, everywhere in compiled code: as a parameter, as a result, and
// between. `uextend` is no instruction because of it, and a 32-bit index stands in an address as it is, so that the
// sandbox rests on it. Who brings an i32 in sees to it: the array-call trampoline and a host call's results are loaded
// as 32 bits; a result in the host's convention is made so right after the call. On the stack only the lower half
// counts. Debug builds check those in registers where compiled code is left, in the trampolines.
//
// Because the callee pops, a tail call may pass more or fewer stack arguments than its caller got: the arguments end
// where the result area begins, which does not move. Seen from a function, high addresses first:
//
//     | results beyond the registers           |  [rbp + 16 + args ...]   the caller's; stays in place in tail calls
//     | stack arguments                        |  [rbp + 16 ...]          mine: `ret args` removes them
//     | return address                         |  [rbp + 8]
//     | caller's rbp                           |  [rbp]
//     | r15, when a call may change it         |  [rbp - 8]
//     | rbx r12 r13 r14, those used            |
//     | (8 bytes to keep 16-byte alignment)    |
//     | spill slots, slot 0 highest            |
//     | IR stack slots                         |
//     | outgoing: results of calls             |  [rsp + args of the call ...]
//     | outgoing: arguments of calls           |  [rsp ...]
//
// After a call with stack arguments rsp stands above them; the call's expansion lowers it again at once, so that rsp is
// the same at every other instruction.
#pragma once

#include "compiler/ir/func.hpp"
#include "compiler/x64/regs.hpp"

namespace vitrine::x64 {

struct ArgLoc {
  PReg reg;             // invalid: on the stack
  uint32_t offset = 0;  // from the start of its area
  bool in_reg() const { return reg.valid(); }
};

/// Hands out locations to parameters in order.
class ParamAssigner {
 public:
  explicit ParamAssigner(ir::CallConv conv) : next_is_context_(conv == ir::CallConv::Wasm) {}
  ArgLoc next(ir::Type type);
  /// Bytes of the stack arguments so far, a multiple of 16.
  uint32_t stack_bytes() const { return (stack_ + 15) & ~15u; }

 private:
  bool next_is_context_;
  uint32_t ints_ = 0, floats_ = 0, stack_ = 0;
};

/// Hands out locations to results in order; offsets are from the start of the result area.
class ResultAssigner {
 public:
  explicit ResultAssigner(ir::CallConv conv) : host_(conv == ir::CallConv::Host) {}
  ArgLoc next(ir::Type type);
  uint32_t stack_bytes() const { return (stack_ + 15) & ~15u; }

 private:
  bool host_;
  uint32_t ints_ = 0, floats_ = 0, stack_ = 0;
};

/// Whether a register holds a value of this type in its lower half, the upper one being zero.
constexpr bool is_narrow_int(ir::Type type) {
  return ir::is_int(type) && ir::bytes_of(type) == 4;
}

/// Where word `n` of the payload arrives at a landing.
PReg payload_register(uint32_t n);

uint32_t stack_arg_bytes(const ir::Signature& sig);
uint32_t stack_result_bytes(const ir::Signature& sig);

}  // namespace vitrine::x64
