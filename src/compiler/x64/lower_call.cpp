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

void Lower::lower_call(Inst i, const InstData& d) {
  const bool direct = d.op == Op::Call;
  const Signature& sig = f_->sigs[direct ? f_->funcs[ir::FuncRef(d.imm)].sig : ir::SigRef(d.imm)];
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
  out_->saves_context |= info.restore;

  Src code;
  if (!direct) {
    code = may_fold_load(target, 8) ? fold_load(target) : reg_src(use_reg(target));
  }
  // An I32 from the host has an undefined upper half.
  const bool narrow = sig.conv == CallConv::Host && !sig.results.empty() && sig.results[0] == Type::I32;
  VReg host_result = narrow ? fresh(Type::I32) : VReg();

  begin(direct ? MOp::Call : MOp::CallInd, 8);
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
  ResultAssigner results(sig.conv);
  for (uint32_t n = 0; n < sig.results.size(); ++n) {
    ArgLoc loc = results.next(sig.results[n]);
    if (!loc.in_reg()) continue;
    VReg r = vregs_[f_->result(i, n).raw()];
    if (narrow)
      r = host_result;
    else if (!r.valid())
      r = fresh(sig.results[n]);
    def_fixed(r, loc.reg);
  }
  infos_.back().clobbers = 1;
  last().imm = static_cast<int64_t>(out_->calls.size());
  out_->calls.push_back(info);
  end();

  if (narrow) {
    VReg r = vregs_[f_->result(i, 0).raw()];
    if (r.valid()) emit_rm(MOp::Mov, 4, r, reg_src(host_result));
    return;
  }
  ResultAssigner again(sig.conv);
  for (uint32_t n = 0; n < sig.results.size(); ++n) {
    ArgLoc loc = again.next(sig.results[n]);
    VReg r = vregs_[f_->result(i, n).raw()];
    if (loc.in_reg() || !r.valid()) continue;
    emit_load(sig.results[n], MemKind::Full, r,
              {.kind = mach::kMemOutgoing, .disp = static_cast<int32_t>(info.stack_args + loc.offset)});
  }
}

// The stack arguments are prepared where those of an ordinary call would be; the expansion moves them over the frame.
void Lower::lower_tail_call(Inst i, const InstData& d) {
  const bool direct = d.op == Op::ReturnCall;
  const Signature& sig = f_->sigs[direct ? f_->funcs[ir::FuncRef(d.imm)].sig : ir::SigRef(d.imm)];
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
