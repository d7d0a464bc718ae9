#include "compiler/x64/callconv.hpp"

#include "base/assert.hpp"

namespace vitrine::x64 {

namespace {

constexpr PReg kIntParams[] = {kRdi, kRsi, kRdx, kRcx, kR8, kR9};
constexpr uint32_t kFloatParams = 8;
constexpr PReg kIntResults[] = {kRax, kRdx, kRcx, kR8};
constexpr uint32_t kFloatResults = 4;
constexpr uint32_t kHostIntResults = 2, kHostFloatResults = 2;

ArgLoc on_stack(uint32_t& stack, ir::Type type) {
  uint32_t bytes = type == ir::Type::V128 ? 16 : 8;
  stack = (stack + bytes - 1) & ~(bytes - 1);
  ArgLoc loc{PReg{}, stack};
  stack += bytes;
  return loc;
}

}  // namespace

ArgLoc ParamAssigner::next(ir::Type type) {
  if (next_is_context_) {
    next_is_context_ = false;
    return {kContext};
  }
  if (ir::is_int(type)) {
    if (ints_ < std::size(kIntParams)) return {kIntParams[ints_++]};
  } else if (floats_ < kFloatParams) {
    return {float_reg(floats_++)};
  }
  return on_stack(stack_, type);
}

ArgLoc ResultAssigner::next(ir::Type type) {
  if (ir::is_int(type)) {
    if (ints_ < (host_ ? kHostIntResults : std::size(kIntResults))) return {kIntResults[ints_++]};
  } else if (floats_ < (host_ ? kHostFloatResults : kFloatResults)) {
    return {float_reg(floats_++)};
  }
  VITRINE_ASSERT(!host_);  // no builtin returns that much
  return on_stack(stack_, type);
}

PReg payload_register(uint32_t n) {
  static constexpr PReg kPayload[] = {kRdi, kRsi};
  static_assert(std::size(kPayload) == ir::kMaxPayload);
  VITRINE_ASSERT(n < std::size(kPayload));
  return kPayload[n];
}

uint32_t stack_arg_bytes(const ir::Signature& sig) {
  ParamAssigner assigner(sig.conv);
  for (ir::Type t : sig.params) assigner.next(t);
  return assigner.stack_bytes();
}

uint32_t stack_result_bytes(const ir::Signature& sig) {
  ResultAssigner assigner(sig.conv);
  for (ir::Type t : sig.results) assigner.next(t);
  return assigner.stack_bytes();
}

}  // namespace vitrine::x64
