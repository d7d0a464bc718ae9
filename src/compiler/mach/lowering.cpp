#include "compiler/mach/lowering.hpp"

#include <algorithm>

namespace vitrine::mach {

using ir::Block;
using ir::BlockCall;
using ir::Inst;
using ir::InstData;
using ir::Op;
using ir::Type;
using ir::Value;

void Lowering::run(ir::Func& func, VCode& out, Mode mode) {
  f_ = &func;
  out_ = &out;
  mode_ = mode;
  out.clear();
  out.name = func.name;
  out.srcloc = func.srcloc;
  insts_.clear();
  infos_.clear();
  operands_.clear();
  args_.clear();
  analyse();
  layout_slots();
  begin_function();
  for (auto b = cfg_.rpo().rbegin(); b != cfg_.rpo().rend(); ++b) lower_block(*b);
  connect_blocks();
  assemble();
}

// -- analysis

void Lowering::analyse() {
  cfg_.compute(*f_);
  if (!mode_.fast) {
    dom_.compute(*f_, cfg_);
    loops_.compute(cfg_, dom_);
  }
  vregs_.assign(f_->num_values(), VReg());
  uses_.assign(f_->num_values(), 0);
  color_.resize(f_->num_insts());
  crosses_.clear();
  if (!mode_.fast) find_crossing();
  auto use = [&](Value v) {
    VITRINE_DCHECK((*f_)[v].kind != ir::ValueKind::Alias);
    ++uses_[v.raw()];
  };
  // A colour ends behind whatever has effects, and before a load that traps otherwise than those in it do.
  uint32_t color = 0;
  uint8_t trap = 0;
  for (Block b : cfg_.rpo()) {
    for (const BlockCall& c : f_->succs(f_->terminator(b)))
      for (Value v : f_->args(c)) use(v);
    for (Inst i = (*f_)[b].first; i.valid(); i = f_->next(i)) {
      for (Value v : f_->args(i)) use(v);
      const InstData& d = (*f_)[i];
      if (!ir::only_reads(d.op)) {
        color_[i.raw()] = color++;
        trap = 0;
        continue;
      }
      if (d.trap != 0) {
        color += trap != 0 && trap != d.trap;
        trap = d.trap;
      }
      color_[i.raw()] = color;
    }
  }
  blocks_.assign(f_->num_blocks(), Lowered());
  if (mode_.fast) return;
  for (Block b : cfg_.rpo()) {
    blocks_[b.raw()].depth = loops_.depth(b);
    blocks_[b.raw()].header = loops_.is_header(b);
  }
}

// What a value's own block does not use alone: some other block does, or an edge to one passes it on.
void Lowering::find_crossing() {
  crosses_.assign(f_->num_values(), 0);
  auto use = [&](Value v, Block where) {
    if (def_block(v) != where) crosses_[v.raw()] = 1;
  };
  for (Block b : cfg_.rpo()) {
    for (Inst i = (*f_)[b].first; i.valid(); i = f_->next(i))
      for (Value v : f_->args(i)) use(v, b);
    for (const BlockCall& c : f_->succs(f_->terminator(b)))
      for (Value v : f_->args(c)) use(v, c.target);
  }
}

void Lowering::layout_slots() {
  slots_.clear();
  for (const ir::SlotData& s : f_->slots.all()) {
    uint32_t align = std::clamp(s.align, 1u, 16u);
    out_->slot_bytes = (out_->slot_bytes + align - 1) & ~(align - 1);
    slots_.push_back(out_->slot_bytes);
    out_->slot_bytes += s.size;
  }
}

// -- the walk

void Lowering::close_group(size_t group) {
  if (insts_.size() - group < 2) return;
  std::reverse(insts_.begin() + static_cast<ptrdiff_t>(group), insts_.end());
  std::reverse(infos_.begin() + static_cast<ptrdiff_t>(group), infos_.end());
}

void Lowering::lower_block(Block b) {
  block_ = b;
  const Inst term = f_->terminator(b);
  blocks_[b.raw()].first = static_cast<uint32_t>(insts_.size());
  for (Inst i = term; i.valid(); i = f_->prev(i)) {
    const InstData& d = (*f_)[i];
    if (i != term && ((ir::is_removable(d) && !is_wanted(d)) || is_sunk(i))) continue;
    inst_ = i;
    srcloc_ = d.srcloc;
    const size_t group = insts_.size();
    if (i == term)
      lower_exit(i);
    else
      lower_inst(i, d);
    close_group(group);
  }
  if (b == f_->layout.front()) {
    inst_ = Inst();
    srcloc_ = 0;
    const size_t group = insts_.size();
    lower_entry();
    close_group(group);
  } else {
    for (Value v : (*f_)[b].params) vreg_of(v);
    if (const Inst invoke = invoke_before(b); invoke.valid()) {
      inst_ = Inst();
      srcloc_ = (*f_)[invoke].srcloc;
      const size_t group = insts_.size();
      lower_return_from(invoke);
      close_group(group);
    }
  }
  blocks_[b.raw()].end = static_cast<uint32_t>(insts_.size());
}

/// The invoke that comes back to `b`.
Inst Lowering::invoke_before(Block b) const {
  const std::span<const ir::Edge> preds = cfg_.preds(b);
  if (preds.size() != 1) return {};
  const Inst term = f_->terminator(preds[0].from);
  const bool comes_back = ir::info((*f_)[term].op).group == ir::Group::Invoke && preds[0].call == f_->first_succ(term);
  return comes_back ? term : Inst();
}

// Targets are IR blocks here; `connect_blocks` turns them into final numbers.
void Lowering::lower_exit(Inst inst) {
  const InstData& d = (*f_)[inst];
  const std::span<const BlockCall> succs = f_->succs(inst);
  Lowered& block = blocks_[block_.raw()];
  if (succs.size() == 1) {
    sink_step(succs[0]);
    pass_args(succs[0]);
    emit_jump();
    last().imm = succs[0].target.raw();
    block.exit = Exit::Jump;
    return;
  }
  if (ir::info(d.op).group == ir::Group::Invoke) {
    lower_invoke(inst, d);
    CallInfo& call = out_->calls[static_cast<size_t>(last().imm)];
    call.normal = succs[0].target.raw();
    call.landing = succs[1].target.raw();
    block.exit = Exit::Invoke;
    return;
  }
  lower_terminator(inst, d);
  if (d.op == Op::BrIf) {
    last().imm = static_cast<int64_t>(succs[0].target.raw() | uint64_t{succs[1].target.raw()} << 32);
    block.exit = Exit::Branch;
  } else if (d.op == Op::BrTable) {
    if (out_->tables.size() == out_->table_count) out_->tables.emplace_back();
    for (const BlockCall& c : succs) out_->tables[out_->table_count].push_back(c.target.raw());
    last().imm = out_->table_count++;
    block.exit = Exit::Table;
  } else if (d.op == Op::Enter) {
    for (const BlockCall& c : succs) out_->entries.push_back(c.target.raw());
    block.exit = Exit::Enter;
  }
}

// A loop of one block that goes on with p + c, where p itself is needed behind the loop: both would be alive at the
// branch, in two registers, with a move on the way back. The sum is computed on the way back instead: in this block, if
// it is on the edge.
void Lowering::sink_step(const BlockCall& call) {
  const Block loop = call.target;
  if (mode_.fast) return;
  if (loop != block_) {
    std::span<const ir::Edge> preds = cfg_.preds(block_);
    if ((*f_)[block_].first != inst_ || preds.size() != 1 || preds[0].from != loop) return;
  }
  for (Value v : f_->args(call)) {
    Inst inst;
    const InstData* d = def_of(v, &inst);
    if (!d || d->block != loop || uses(v) != 1 || (d->op != Op::IAdd && d->op != Op::ISub) ||
        !is_immediate(arg(*d, 1)) || is_sunk(inst))
      continue;
    const Value p = arg(*d, 0);
    if ((*f_)[p].kind != ir::ValueKind::Param || Block((*f_)[p].def) != loop || !crosses_[p.raw()]) continue;
    vreg_of(v);
    const Inst root = inst_;
    inst_ = inst;
    srcloc_ = d->srcloc;
    lower_inst(inst, *d);
    inst_ = root;
    srcloc_ = (*f_)[root].srcloc;
    sink(inst);
  }
}

void Lowering::pass_args(const BlockCall& call) {
  blocks_[block_.raw()].first_arg = static_cast<uint32_t>(args_.size());
  blocks_[block_.raw()].arg_count = call.arg_count;
  // Asking for a constant may emit, never touches args_.
  for (Value v : f_->args(call)) args_.push_back(use_reg(v));
}

// -- the final code

void Lowering::connect_blocks() {
  VCode& out = *out_;
  order_.clear();
  for (Block b : f_->layout) {
    if (!cfg_.reachable(b)) continue;
    blocks_[b.raw()].number = static_cast<uint32_t>(order_.size());
    order_.push_back(b);
  }
  const auto count = static_cast<uint32_t>(order_.size());
  // Successors, and how many predecessors each block has.
  succs_.assign(count, {});
  preds_.assign(count, {});
  for (uint32_t t = 0; t < out.table_count; ++t)
    for (uint32_t& target : out.tables[t]) target = number_of(target);
  for (uint32_t& target : out.entries) target = number_of(target);
  for (uint32_t n = 0; n < count; ++n) {
    const Lowered& block = blocks_[order_[n].raw()];
    MInst& term = insts_[block.first];
    const auto imm = static_cast<uint64_t>(term.imm);
    succs_[n].first = static_cast<uint32_t>(out.edges.size());
    switch (block.exit) {
      case Exit::None:
        break;
      case Exit::Jump:
        term.imm = number_of(imm);
        out.edges.push_back(static_cast<uint32_t>(term.imm));
        break;
      case Exit::Branch: {
        const uint32_t taken = number_of(imm & UINT32_MAX), other = number_of(imm >> 32);
        term.imm = static_cast<int64_t>(taken | uint64_t{other} << 32);
        out.edges.push_back(taken);
        out.edges.push_back(other);
        break;
      }
      case Exit::Invoke: {
        CallInfo& call = out.calls[imm];
        call.normal = number_of(call.normal);
        call.landing = number_of(call.landing);
        out.edges.push_back(call.normal);
        out.edges.push_back(call.landing);
        break;
      }
      case Exit::Enter:
        out.edges.insert(out.edges.end(), out.entries.begin(), out.entries.end());
        break;
      case Exit::Table:
        // Each successor once: `preds_[].first` marks those seen.
        for (uint32_t target : out.tables[imm]) {
          if (preds_[target].first == n + 1) continue;
          preds_[target].first = n + 1;
          out.edges.push_back(target);
        }
        break;
    }
    succs_[n].count = static_cast<uint32_t>(out.edges.size()) - succs_[n].first;
    for (uint32_t e = 0; e < succs_[n].count; ++e) ++preds_[out.edges[succs_[n].first + e]].count;
  }
  auto at = static_cast<uint32_t>(out.edges.size());
  out.edges.resize(size_t{at} * 2);
  for (Range& r : preds_) {
    r.first = at;
    at += r.count;
    r.count = 0;
  }
  for (uint32_t n = 0; n < count; ++n) {
    for (uint32_t e = 0; e < succs_[n].count; ++e) {
      Range& r = preds_[out.edges[succs_[n].first + e]];
      out.edges[r.first + r.count++] = n;
    }
  }
}

// Instructions the right way round; parameters and arguments.
void Lowering::assemble() {
  VCode& out = *out_;
  const auto count = static_cast<uint32_t>(order_.size());
  out.blocks.resize(count);
  out.loop_header.resize(count);
  out.landing.assign(count, 0);
  size_t vreg_count = args_.size();
  for (uint32_t n = 1; n < count; ++n) vreg_count += (*f_)[order_[n]].params.size();
  out.block_vregs.reserve(vreg_count);  // the spans below point into it
  out.insts.resize(insts_.size());
  out.infos.resize(insts_.size());
  out.operands.resize(operands_.size());
  uint32_t at_inst = 0, at_operand = 0;
  MInst* insts = out.insts.data();
  regalloc::InstInfo* infos = out.infos.data();
  regalloc::Operand* operands = out.operands.data();
  for (uint32_t n = 0; n < count; ++n) {
    const Lowered& block = blocks_[order_[n].raw()];
    regalloc::BlockInfo& info = out.blocks[n];
    info.first_inst = at_inst;
    for (uint32_t i = block.end; i-- > block.first; ++at_inst) {
      insts[at_inst] = insts_[i];
      const regalloc::InstInfo from = infos_[i];
      infos[at_inst] = from;
      infos[at_inst].first_operand = at_operand;
      std::copy_n(operands_.data() + from.first_operand, from.operand_count, operands + at_operand);
      at_operand += from.operand_count;
    }
    info.end_inst = at_inst;
    info.succs = {out.edges.data() + succs_[n].first, succs_[n].count};
    info.preds = {out.edges.data() + preds_[n].first, preds_[n].count};
    info.loop_depth = block.depth;
    info.cold = (*f_)[order_[n]].cold;
    out.loop_header[n] = block.header;
    info.edge_defs = info.landing_defs = 0;
    if (block.exit == Exit::Invoke) {
      const CallInfo& call = out.calls[static_cast<size_t>(insts[at_inst - 1].imm)];
      info.edge_defs = call.results + call.payload;
      info.landing_defs = call.payload;
      out.landing[call.landing] = 1;
    }
    VReg* params = out.block_vregs.data() + out.block_vregs.size();
    if (n > 0)
      for (Value v : (*f_)[order_[n]].params) out.block_vregs.push_back(vregs_[v.raw()]);
    VReg* args = out.block_vregs.data() + out.block_vregs.size();
    info.params = {params, args};
    out.block_vregs.insert(out.block_vregs.end(), args_.begin() + block.first_arg,
                           args_.begin() + block.first_arg + block.arg_count);
    info.branch_args = {args, block.arg_count};
  }
  out.insts.resize(at_inst);
  out.infos.resize(at_inst);
  out.operands.resize(at_operand);
}

// -- values

VReg Lowering::fresh(Type type) {
  // An integer is spilled and moved whole whatever its type: the zero upper half of an i32 is part of its value
  // (`uextend` is the same register), and it has to survive a spill slot and a block parameter's.
  const auto bytes = class_of(type) == RegClass::Int ? 8u : ir::bytes_of(type);
  return out_->make_vreg(class_of(type), static_cast<uint8_t>(bytes));
}

bool Lowering::lives_on(Value v) const {
  if (uses(v) > 1) return true;
  return !mode_.fast && depth(def_block(v)) < depth(block_);
}

VReg Lowering::use_reg(Value v) {
  for (;;) {
    const InstData* d = def_of(v);
    if (!d) break;
    switch (d->op) {
      case Op::UExtend: {
        // The same register: its upper half is zero.
        Value x = arg(*d, 0);
        uint64_t bits;
        if (is_const(x, &bits)) return int_const(Type::I64, bits);
        v = x;
        continue;
      }
      case Op::IConst: {
        uint64_t value = d->imm64();
        // Small ones are cheaper made where they are used; wide ones are shared, and made again when registers are
        // short.
        if (mode_.fast || value == static_cast<uint32_t>(value) ||
            static_cast<int64_t>(value) == static_cast<int32_t>(value))
          return int_const(d->type, value);
        return vreg_of(v);
      }
      case Op::FConst:
        if (mode_.fast || d->imm64() == 0) return float_const(d->type, d->imm64());
        return vreg_of(v);
      case Op::VConst:
        if (mode_.fast || d->imm128() == ir::Bits128()) return vector_const(d->imm128());
        return vreg_of(v);
      case Op::VMContext:
        return context_reg();
      default:
        return vreg_of(v);
    }
  }
  return vreg_of(v);
}

VReg Lowering::use_low(Value v) {
  if (f_->type_of(v) == Type::I32)
    if (const InstData* d = foldable(v, Op::Wrap)) {
      Value x = arg(*d, 0);
      uint64_t bits;
      if (!is_const(x, &bits)) return use_reg(x);
    }
  return use_reg(v);
}

bool Lowering::may_fold_any_load(Value v) const {
  Inst i;
  const InstData* d = def_of(v, &i);
  return d && d->op == Op::Load && d->block == block_ && uses(v) == 1 && inst_.valid() && may_sink(i) &&
         !vregs_[v.raw()].valid();
}

bool Lowering::may_fold_load(Value v, unsigned bytes) const {
  const InstData* d = def_of(v);
  return d && d->op == Op::Load && d->mem() == ir::MemKind::Full && ir::bytes_of(d->type) == bytes &&
         may_fold_any_load(v);
}

}  // namespace vitrine::mach
