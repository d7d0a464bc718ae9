// Calls, tail calls and returns.
#include <algorithm>

#include "compiler/x64/lower.hpp"

namespace vitrine::x64 {

using ir::CallConv;
using ir::Inst;
using ir::InstData;
using ir::MemKind;
using ir::Op;
using ir::Signature;
using ir::Type;
using ir::Value;

bool Lower::is_own_context(Value v) {
  const ir::ValueData& data = (*f_)[v];
  if (data.kind == ir::ValueKind::Param)
    return data.num == 0 && ir::Block(data.def) == f_->layout.front() && f_->sig.conv == CallConv::Wasm;
  return (*f_)[ir::Inst(data.def)].op == Op::VMContext;
}

// Stores the stack arguments to the outgoing area, and asks for the others' registers.
void Lower::gather_args(const Signature& sig, std::span<const Value> args, bool& foreign, VReg& context) {
  reg_args_.clear();
  foreign = false;
  ParamAssigner assigner(sig.conv);
  for (size_t n = 0; n < args.size(); ++n) {
    Value v = args[n];
    const Type type = sig.params[n];
    ArgLoc loc = assigner.next(type);
    if (!loc.in_reg()) {
      emit_store(type, std::max(4u, ir::bytes_of(type)), v,
                 {.kind = mach::kMemOutgoing, .disp = static_cast<int32_t>(loc.offset)});
    } else if (loc.reg == kContext) {
      foreign = !is_own_context(v);
      if (foreign) context = use_reg(v);
    } else {
      reg_args_.push_back({use_reg(v), loc.reg});
    }
  }
}

// A narrow integer from the host has an undefined upper half. The call defines another register than the one that the
// result's uses, all of them lowered by now, have asked for; `widen_host_results` moves the lower half over.
void Lower::split_host_results(Inst i, const Signature& sig) {
  host_results_.clear();
  if (sig.conv != CallConv::Host) return;
  for (uint32_t n = 0; n < sig.results.size(); ++n) {
    VReg& r = vregs_[f_->result(i, n).raw()];
    if (!is_narrow_int(sig.results[n]) || !r.valid()) continue;
    host_results_.push_back({.wanted = r, .from_host = fresh(sig.results[n])});
    r = host_results_.back().from_host;
  }
}

void Lower::widen_host_results() {
  for (const HostResult& r : host_results_) emit_rm(MOp::Mov, 4, r.wanted, reg_src(r.from_host));
}

void Lower::emit_call(Inst i, const InstData& d) {
  const bool direct = ir::is_direct(d.op), ends_block = ir::is_terminator(d.op);
  const Signature& sig = f_->sigs[f_->callee_sig(d)];
  std::span<const Value> args = f_->args(i);
  Value target;
  if (!direct) {
    target = args[0];
    args = args.subspan(1);
  }
  bool foreign = false;
  VReg context;
  gather_args(sig, args, foreign, context);

  mach::CallInfo info;
  info.stack_args = stack_arg_bytes(sig);
  info.callee_pops = sig.conv == CallConv::Wasm;
  info.foreign = foreign;
  info.restore = foreign || (sig.conv == CallConv::Wasm && mode_.restore_context_after_calls);
  if (direct) info.symbol = f_->funcs[ir::FuncRef(d.imm)].symbol;
  const uint32_t outgoing = info.stack_args + stack_result_bytes(sig);
  out_->outgoing_bytes = std::max(out_->outgoing_bytes, outgoing);
  out_->has_calls = 1;
  out_->saves_context |= info.restore || ends_block;  // a landing restores it always

  Src code;
  if (!direct) {
    code = may_fold_load(target, 8) ? fold_load(target) : reg_src(use_reg(target));
  }
  begin(ends_block ? direct ? MOp::Invoke : MOp::InvokeInd : direct ? MOp::Call : MOp::CallInd, 8);
  if (!direct) {
    // A register, not a slot: the stack pointer is where the callee expects it.
    if (code.kind == Src::Kind::Reg)
      use(code.reg);
    else
      src(code);
  }
  if (foreign) {
    info.context_operand = operand_number();
    use(context);
    def_fixed(fresh(Type::I64), kR10, Point::Early);  // carries the caller's context
  }
  for (const RegArg& a : reg_args_) use_fixed(a.reg, a.in);
  const uint8_t first_result = operand_number();
  ResultAssigner results(sig.conv);
  for (uint32_t n = 0; n < sig.results.size(); ++n) {
    ArgLoc loc = results.next(sig.results[n]);
    if (!loc.in_reg()) continue;
    VReg r = vregs_[f_->result(i, n).raw()];
    if (!r.valid()) r = fresh(sig.results[n]);
    def_fixed(r, loc.reg);
  }
  if (ends_block) {
    info.results = static_cast<uint8_t>(operand_number() - first_result);
    info.payload = d.aux;
    for (uint32_t n = 0; n < d.aux; ++n) {
      VReg r = vregs_[f_->result(i, static_cast<uint32_t>(sig.results.size()) + n).raw()];
      def_fixed(r.valid() ? r : fresh(Type::I64), payload_register(n));
    }
  }
  infos_.back().clobbers = 1;
  last().imm = static_cast<int64_t>(out_->calls.size());
  out_->calls.push_back(info);
  end();
}

void Lower::load_stack_results(Inst i, const Signature& sig) {
  const uint32_t stack_args = stack_arg_bytes(sig);
  ResultAssigner assigner(sig.conv);
  for (uint32_t n = 0; n < sig.results.size(); ++n) {
    ArgLoc loc = assigner.next(sig.results[n]);
    VReg r = vregs_[f_->result(i, n).raw()];
    if (loc.in_reg() || !r.valid()) continue;
    emit_load(sig.results[n], MemKind::Full, r,
              {.kind = mach::kMemOutgoing, .disp = static_cast<int32_t>(stack_args + loc.offset)});
  }
}

void Lower::lower_call(Inst i, const InstData& d) {
  const Signature& sig = f_->sigs[f_->callee_sig(d)];
  split_host_results(i, sig);
  emit_call(i, d);
  widen_host_results();
  load_stack_results(i, sig);
}

void Lower::lower_invoke(Inst i, const InstData& d) {
  emit_call(i, d);
}

// Blocks are lowered last to first: this comes before `lower_invoke`, which finds the registers that are left here.
void Lower::lower_return_from(Inst invoke) {
  const Signature& sig = f_->sigs[f_->callee_sig((*f_)[invoke])];
  split_host_results(invoke, sig);
  widen_host_results();
  load_stack_results(invoke, sig);
}

// The stack arguments are prepared where those of an ordinary call would be; the expansion moves them over the frame.
void Lower::lower_tail_call(Inst i, const InstData& d) {
  const bool direct = ir::is_direct(d.op);
  const Signature& sig = f_->sigs[f_->callee_sig(d)];
  std::span<const Value> args = f_->args(i);
  Value target;
  if (!direct) {
    target = args[0];
    args = args.subspan(1);
  }
  VITRINE_ASSERT(sig.conv == CallConv::Wasm);
  bool foreign = false;
  VReg context;
  gather_args(sig, args, foreign, context);
  mach::CallInfo info;
  info.stack_args = stack_arg_bytes(sig);
  info.callee_pops = 1;
  info.foreign = foreign;
  if (direct) info.symbol = f_->funcs[ir::FuncRef(d.imm)].symbol;
  out_->outgoing_bytes = std::max(out_->outgoing_bytes, info.stack_args);
  out_->has_tail_calls = 1;
  VReg code;
  if (!direct) code = use_reg(target);
  begin(direct ? MOp::TailCall : MOp::TailCallInd, 8);
  if (!direct) use_fixed(code, kRax);
  // Registers that no argument travels in and that leaving the frame does not touch.
  if (foreign) use_fixed(context, kR11);
  for (const RegArg& a : reg_args_) use_fixed(a.reg, a.in);
  last().imm = static_cast<int64_t>(out_->calls.size());
  out_->calls.push_back(info);
  end();
}

void Lower::lower_return(Inst i) {
  reg_args_.clear();
  ResultAssigner assigner(f_->sig.conv);
  std::span<const Value> values = f_->args(i);
  for (size_t n = 0; n < values.size(); ++n) {
    const Type type = f_->sig.results[n];
    ArgLoc loc = assigner.next(type);
    Value v = values[n];
    if (loc.in_reg())
      reg_args_.push_back({use_reg(v), loc.reg});
    else
      emit_store(type, std::max(4u, ir::bytes_of(type)), v,
                 {.kind = mach::kMemIncoming, .disp = static_cast<int32_t>(out_->incoming_args + loc.offset)});
  }
  begin(MOp::Ret, 0);
  for (const RegArg& a : reg_args_) use_fixed(a.reg, a.in);
  end();
}

}  // namespace vitrine::x64
