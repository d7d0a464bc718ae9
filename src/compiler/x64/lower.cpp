#include "compiler/x64/lower.hpp"

#include <algorithm>

namespace vitrine::x64 {

using ir::Block;
using ir::BlockCall;
using ir::Inst;
using ir::InstData;
using ir::Op;
using ir::Type;
using ir::Value;
using mach::MInst;

Lower::Lower(const abi::CodegenSettings& settings) : settings_(settings) {}

void Lower::run(ir::Func& func, VCode& out, Mode mode) {
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
  force_flags_ = Inst();
  analyse();

  out.callee_pops = func.sig.conv == ir::CallConv::Wasm;
  out.incoming_args = stack_arg_bytes(func.sig);
  slots_.clear();
  for (const ir::SlotData& s : func.slots.all()) {
    uint32_t align = std::clamp(s.align, 1u, 16u);
    out.slot_bytes = (out.slot_bytes + align - 1) & ~(align - 1);
    slots_.push_back(out.slot_bytes);
    out.slot_bytes += s.size;
  }

  for (auto b = cfg_.rpo().rbegin(); b != cfg_.rpo().rend(); ++b) lower_block(*b);
  order_blocks();
  assemble();
}

// -- analysis ---------------------------------------------------------------------------------------------------------

void Lower::analyse() {
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
  uint32_t color = 0;
  for (Block b : cfg_.rpo()) {
    for (Inst i = (*f_)[b].first; i.valid(); i = f_->next(i)) {
      for (Value v : f_->args(i)) use(v);
      for (const BlockCall& c : f_->succs(i))
        for (Value v : f_->args(c)) use(v);
      color_[i.raw()] = color;
      if (!ir::only_reads((*f_)[i].op)) ++color;
    }
  }
  protos_.assign(f_->num_blocks(), Proto());
  layout_index_.assign(f_->num_blocks(), ~0u);
  for (uint32_t n = 0; n < f_->layout.size(); ++n) layout_index_[f_->layout[n].raw()] = n;
  if (!mode_.fast) {
    for (Block b : cfg_.rpo()) {
      protos_[b.raw()].depth = loops_.depth(b);
      protos_[b.raw()].header = loops_.is_header(b);
    }
  }
}

// What a value's own block does not use alone: some other block does, or an edge to one passes it on.
void Lower::find_crossing() {
  crosses_.assign(f_->num_values(), 0);
  auto use = [&](Value v, Block where) {
    const ir::ValueData& data = (*f_)[v];
    const Block def = data.kind == ir::ValueKind::Param ? Block(data.def) : (*f_)[Inst(data.def)].block;
    if (def != where) crosses_[v.raw()] = 1;
  };
  for (Block b : cfg_.rpo()) {
    for (Inst i = (*f_)[b].first; i.valid(); i = f_->next(i)) {
      for (Value v : f_->args(i)) use(v, b);
      for (const BlockCall& c : f_->succs(i))
        for (Value v : f_->args(c)) use(v, c.target);
    }
  }
}

// -- the walk ---------------------------------------------------------------------------------------------------------

void Lower::begin_proto(uint32_t proto) {
  protos_[proto].first = static_cast<uint32_t>(insts_.size());
}

void Lower::end_proto(uint32_t proto) {
  protos_[proto].end = static_cast<uint32_t>(insts_.size());
}

void Lower::lower_block(Block b) {
  block_ = b;
  const uint32_t proto = b.raw();
  protos_[proto].deferred = deferrable(b);
  Inst term = f_->terminator(b);
  inst_ = term;
  srcloc_ = (*f_)[term].srcloc;

  // Blocks on the edges out of here come first: their instructions must not mix with the block's.
  edge_targets_.clear();
  case_edges_.clear();
  protos_[proto].first_edge = static_cast<uint32_t>(protos_.size());
  std::span<const BlockCall> succs = f_->succs(term);
  if (succs.size() > 1) {
    for (const BlockCall& c : succs) edge_targets_.push_back(make_edge(c));
  }
  protos_[proto].edge_count = static_cast<uint32_t>(protos_.size()) - protos_[proto].first_edge;

  begin_proto(proto);
  size_t group = insts_.size();
  lower_terminator(term);
  auto close_group = [&] {
    if (insts_.size() - group > 1) {
      std::reverse(insts_.begin() + static_cast<ptrdiff_t>(group), insts_.end());
      std::reverse(infos_.begin() + static_cast<ptrdiff_t>(group), infos_.end());
    }
    group = insts_.size();
  };
  close_group();
  for (Inst i = f_->prev(term); i.valid(); i = f_->prev(i)) {
    const InstData& d = (*f_)[i];
    if (ir::is_removable(d) && !vregs_[d.result.raw()].valid()) continue;
    if (color_[i.raw()] == kSunk) continue;
    inst_ = i;
    srcloc_ = d.srcloc;
    switch (d.op) {
      case Op::Load:
      case Op::StackLoad:
        lower_load(i, d);
        break;
      case Op::Store:
      case Op::StackStore:
        lower_store(i, d);
        break;
      case Op::Call:
      case Op::CallIndirect:
        lower_call(i, d);
        break;
      case Op::TrapIf:
      case Op::TrapIfNot:
        lower_trapif(d);
        break;
      case Op::Select:
        lower_select(d);
        break;
      case Op::ICmp:
      case Op::FCmp:
        lower_compare_value(d, i);
        break;
      case Op::FAdd:
      case Op::FSub:
      case Op::FMul:
      case Op::FDiv:
      case Op::FMin:
      case Op::FMax:
      case Op::FCopysign:
      case Op::FNeg:
      case Op::FAbs:
      case Op::FSqrt:
      case Op::FCeil:
      case Op::FFloor:
      case Op::FTrunc:
      case Op::FNearest:
      case Op::FPromote:
      case Op::FDemote:
      case Op::FFromSInt:
      case Op::FFromUInt:
      case Op::FToSInt:
      case Op::FToUInt:
      case Op::FToSIntSat:
      case Op::FToUIntSat:
      case Op::Bitcast:
        lower_float(i, d);
        break;
      default:
        lower_int(i, d);
        break;
    }
    close_group();
  }
  if (b == f_->layout.front()) {
    inst_ = Inst();
    lower_entry();
    close_group();
  } else {
    for (Value v : (*f_)[b].params) vreg_of(v);
  }
  end_proto(proto);
}

// The parameters: one instruction that defines those in registers, then loads of those on the stack.
void Lower::lower_entry() {
  srcloc_ = 0;
  const auto& params = (*f_)[f_->layout.front()].params;
  auto wanted = [&](Value v) { return vregs_[v.raw()]; };
  begin(MOp::Args, 0);
  ParamAssigner in_regs(f_->sig.conv);
  for (Value v : params) {
    ArgLoc loc = in_regs.next(f_->type_of(v));
    if (loc.in_reg() && loc.reg != kContext && wanted(v).valid()) def_fixed(wanted(v), loc.reg);
  }
  end();
  ParamAssigner on_stack(f_->sig.conv);
  for (Value v : params) {
    Type type = f_->type_of(v);
    ArgLoc loc = on_stack.next(type);
    VReg r = wanted(v);
    if (!r.valid()) continue;
    if (loc.in_reg()) {
      if (loc.reg != kContext) continue;
      begin(MOp::MovCtx, 8);
      def(r);
      end();
    } else {
      emit_load(type, ir::MemKind::Full, r, {.kind = mach::kMemIncoming, .disp = static_cast<int32_t>(loc.offset)});
    }
    out_->set_remat(r, last());
  }
}

// A loop of one block that goes on with p + c, where p itself is needed behind the loop: both would be alive at the
// branch, in two registers, with a move on the way back. The sum is computed on the way back instead: here, where the
// edge is, or in the block that the optimiser has put on it.
void Lower::sink_step(const BlockCall& call) {
  const Block loop = call.target;
  if (mode_.fast) return;
  if (loop != block_) {
    std::span<const ir::Edge> preds = cfg_.preds(block_);
    if ((*f_)[block_].first != inst_ || preds.size() != 1 || preds[0].from != loop) return;
  }
  for (Value v : f_->args(call)) {
    Inst inst;
    const InstData* d = def_of(v, &inst);
    int64_t step;
    if (!d || d->block != loop || uses(v) != 1 || (d->op != Op::IAdd && d->op != Op::ISub) ||
        !imm32(arg(*d, 1), &step) || color_[inst.raw()] == kSunk)
      continue;
    const Value p = arg(*d, 0);
    if ((*f_)[p].kind != ir::ValueKind::Param || Block((*f_)[p].def) != loop || !crosses_[p.raw()]) continue;
    vreg_of(v);
    const Inst root = inst_;
    inst_ = inst;
    srcloc_ = d->srcloc;
    lower_int(inst, *d);
    inst_ = root;
    srcloc_ = (*f_)[root].srcloc;
    color_[inst.raw()] = kSunk;
  }
}

void Lower::pass_args(uint32_t proto, const BlockCall& call) {
  protos_[proto].first_arg = static_cast<uint32_t>(args_.size());
  protos_[proto].arg_count = call.arg_count;
  // Asking for a constant may emit, never touches args_.
  for (Value v : f_->args(call)) args_.push_back(use_reg(v));
}

// Where the edge goes: the target itself, or a block on the edge when it passes arguments or would be critical.
uint32_t Lower::make_edge(const BlockCall& call) {
  if (call.arg_count == 0 && cfg_.preds(call.target).size() == 1) return call.target.raw();
  // A jump table has many cases that go to the same place with the same arguments.
  if (f_->succs(inst_).size() > 2) {
    uint32_t seen = protos_[call.target.raw()].number;
    if (seen < case_edges_.size() && case_edges_[seen].first == call.target) {
      const BlockCall& other = f_->block_calls[case_edges_[seen].second];
      if (std::ranges::equal(f_->args(other), f_->args(call))) return edge_targets_[&other - f_->succs(inst_).data()];
    }
    protos_[call.target.raw()].number = static_cast<uint32_t>(case_edges_.size());
    case_edges_.push_back({call.target, static_cast<uint32_t>(&call - f_->block_calls.data())});
  }
  const auto proto = static_cast<uint32_t>(protos_.size());
  protos_.emplace_back();
  if (!mode_.fast) protos_[proto].depth = std::min(protos_[block_.raw()].depth, protos_[call.target.raw()].depth);
  protos_[proto].deferred = protos_[call.target.raw()].deferred && cfg_.number(call.target) > cfg_.number(block_);
  begin_proto(proto);
  size_t group = insts_.size();
  sink_step(call);
  pass_args(proto, call);
  begin(MOp::Jmp, 0);
  last().imm = call.target.raw();
  end();
  std::reverse(insts_.begin() + static_cast<ptrdiff_t>(group), insts_.end());
  std::reverse(infos_.begin() + static_cast<ptrdiff_t>(group), infos_.end());
  end_proto(proto);
  return proto;
}

void Lower::lower_terminator(Inst inst) {
  const InstData& d = (*f_)[inst];
  std::span<const BlockCall> succs = f_->succs(inst);
  switch (d.op) {
    case Op::Jump:
      sink_step(succs[0]);
      pass_args(block_.raw(), succs[0]);
      begin(MOp::Jmp, 0);
      last().imm = succs[0].target.raw();
      end();
      return;
    case Op::BrIf: {
      CC cc = lower_cond(arg(d, 0), false);
      begin(MOp::Jcc, 0, cc);
      last().imm = static_cast<int64_t>(edge_targets_[0] | uint64_t{edge_targets_[1]} << 32);
      end();
      return;
    }
    case Op::BrTable: {
      if (succs.size() == 1) {
        pass_args(block_.raw(), succs[0]);
        begin(MOp::Jmp, 0);
        last().imm = succs[0].target.raw();
        end();
        return;
      }
      VReg index = use_reg(arg(d, 0));
      if (out_->tables.size() == out_->table_count) out_->tables.emplace_back();
      out_->tables[out_->table_count] = edge_targets_;
      begin(MOp::JmpTable, 4);
      use(index, Point::Late);
      def(fresh(Type::I64), Point::Early);
      def(fresh(Type::I64), Point::Early);
      last().imm = out_->table_count++;
      end();
      return;
    }
    case Op::Return:
      lower_return(inst);
      return;
    case Op::ReturnCall:
    case Op::ReturnCallIndirect:
      lower_tail_call(inst, d);
      return;
    case Op::Trap:
      begin(MOp::Trap, 0);
      last().trap = d.trap;
      end();
      return;
    default:
      VITRINE_ASSERT(false && "a block ends in a terminator");
  }
}

// -- the final order --------------------------------------------------------------------------------------------------

// A cold block goes to the end, unless something that it leads to would then stand before it: definitions stay in front
// of their uses.
bool Lower::deferrable(Block b) const {
  const Inst term = f_->terminator(b);
  if (b == f_->layout.front() || !((*f_)[b].cold || (*f_)[term].op == Op::Trap)) return false;
  for (const BlockCall& c : f_->succs(term))
    if (!protos_[c.target.raw()].deferred && layout_index_[c.target.raw()] > layout_index_[b.raw()]) return false;
  return true;
}

void Lower::order_blocks() {
  order_.clear();
  late_.clear();
  for (Block b : f_->layout) {
    if (!cfg_.reachable(b)) continue;
    const Proto& p = protos_[b.raw()];
    (p.deferred ? late_ : order_).push_back(b.raw());
    for (uint32_t e = p.first_edge; e < p.first_edge + p.edge_count; ++e)
      (p.deferred || protos_[e].deferred ? late_ : order_).push_back(e);
  }
  order_.insert(order_.end(), late_.begin(), late_.end());
  for (uint32_t n = 0; n < order_.size(); ++n) protos_[order_[n]].number = n;
}

void Lower::assemble() {
  VCode& out = *out_;
  const auto count = static_cast<uint32_t>(order_.size());
  out.blocks.resize(count);
  out.loop_header.resize(count);

  // Successors, and how many predecessors each block has.
  succs_.assign(count, {});
  preds_.assign(count, {});
  for (uint32_t t = 0; t < out.table_count; ++t)
    for (uint32_t& target : out.tables[t]) target = final_number(target);
  for (uint32_t n = 0; n < count; ++n) {
    const Proto& p = protos_[order_[n]];
    MInst& term = insts_[p.first];
    succs_[n].first = static_cast<uint32_t>(out.edges.size());
    switch (static_cast<MOp>(term.op)) {
      case MOp::Jmp:
        term.imm = final_number(static_cast<uint32_t>(term.imm));
        out.edges.push_back(static_cast<uint32_t>(term.imm));
        break;
      case MOp::Jcc: {
        uint32_t taken = final_number(static_cast<uint32_t>(term.imm));
        uint32_t other = final_number(static_cast<uint32_t>(term.imm >> 32));
        term.imm = static_cast<int64_t>(taken | uint64_t{other} << 32);
        out.edges.push_back(taken);
        out.edges.push_back(other);
        break;
      }
      case MOp::JmpTable: {
        // Each successor once: `preds_[].first` marks those seen.
        for (uint32_t target : out.tables[static_cast<size_t>(term.imm)]) {
          if (preds_[target].first == n + 1) continue;
          preds_[target].first = n + 1;
          out.edges.push_back(target);
        }
        break;
      }
      default:
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

  // Instructions the right way round; parameters and arguments.
  const Block entry = f_->layout.front();
  size_t vreg_count = args_.size();
  for (Block b : cfg_.rpo())
    if (b != entry) vreg_count += (*f_)[b].params.size();
  out.block_vregs.reserve(vreg_count);  // the spans below point into it
  out.insts.resize(insts_.size());
  out.infos.resize(insts_.size());
  out.operands.resize(operands_.size());
  uint32_t at_inst = 0, at_operand = 0;
  MInst* insts = out.insts.data();
  regalloc::InstInfo* infos = out.infos.data();
  regalloc::Operand* operands = out.operands.data();
  for (uint32_t n = 0; n < count; ++n) {
    const Proto& p = protos_[order_[n]];
    regalloc::BlockInfo& info = out.blocks[n];
    info.first_inst = at_inst;
    for (uint32_t i = p.end; i-- > p.first; ++at_inst) {
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
    info.loop_depth = p.depth;
    info.cold = p.deferred;
    out.loop_header[n] = p.header;
    VReg* params = out.block_vregs.data() + out.block_vregs.size();
    if (order_[n] < f_->num_blocks() && Block(order_[n]) != entry)
      for (Value v : (*f_)[Block(order_[n])].params) out.block_vregs.push_back(vregs_[v.raw()]);
    VReg* args = out.block_vregs.data() + out.block_vregs.size();
    info.params = {params, args};
    out.block_vregs.insert(out.block_vregs.end(), args_.begin() + p.first_arg,
                           args_.begin() + p.first_arg + p.arg_count);
    info.branch_args = {args, p.arg_count};
  }
  out.insts.resize(at_inst);
  out.infos.resize(at_inst);
  out.operands.resize(at_operand);
}

// -- values -----------------------------------------------------------------------------------------------------------

VReg Lower::fresh(Type type) {
  // An integer is spilled and moved whole whatever its type: the zero upper half of an i32 is part of its value
  // (`uextend` is the same register), and it has to survive a spill slot and a block parameter's.
  const auto bytes = class_of(type) == RegClass::Int ? 8u : ir::bytes_of(type);
  return out_->make_vreg(class_of(type), static_cast<uint8_t>(bytes));
}

VReg Lower::result_of(const InstData& d) {
  return vreg_of(d.result);
}

bool Lower::lives_on(Value v) const {
  if (uses(v) > 1) return true;
  const ir::ValueData& data = (*f_)[v];
  const Block def = data.kind == ir::ValueKind::Param ? Block(data.def) : (*f_)[Inst(data.def)].block;
  return !mode_.fast && protos_[def.raw()].depth < protos_[block_.raw()].depth;
}

VReg Lower::int_const(Type type, uint64_t value) {
  VReg r = fresh(type);
  begin(MOp::MovImm, ir::bytes_of(type));
  def(r);
  imm(static_cast<int64_t>(value));
  end();
  return r;
}

VReg Lower::float_const(Type type, uint64_t bits) {
  VReg r = fresh(type);
  if (bits == 0) {
    begin(MOp::ZeroF, ir::bytes_of(type));
    def(r);
  } else {
    begin(MOp::LoadF, ir::bytes_of(type));
    def(r);
    mem({.kind = mach::kMemConst,
         .disp = static_cast<int32_t>(out_->add_const(bits, 0, static_cast<uint8_t>(ir::bytes_of(type))))});
  }
  end();
  return r;
}

VReg Lower::use_reg(Value v) {
  for (;;) {
    const InstData* d = def_of(v);
    if (!d) break;
    switch (d->op) {
      case Op::UExtend: {
        // The same register: its upper half is zero.
        Value x = arg(*d, 0);
        uint64_t bits;
        if (is_const(x, &bits)) return int_const(Type::I64, bits);
        return use_reg(x);
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
      case Op::VMContext: {
        VReg r = fresh(Type::I64);
        begin(MOp::MovCtx, 8);
        def(r);
        end();
        return r;
      }
      default:
        return vreg_of(v);
    }
  }
  return vreg_of(v);
}

VReg Lower::use_low(Value v) {
  if (f_->type_of(v) == Type::I32)
    if (const InstData* d = foldable(v, Op::Wrap)) {
      Value x = arg(*d, 0);
      uint64_t bits;
      if (!is_const(x, &bits)) return use_reg(x);
    }
  return use_reg(v);
}

bool Lower::imm32(Value v, int64_t* out) const {
  uint64_t bits;
  if (!f_->is_iconst(v, &bits)) return false;
  if (f_->type_of(v) != Type::I64) {
    *out = static_cast<int32_t>(bits);
    return true;
  }
  *out = static_cast<int64_t>(bits);
  return *out == static_cast<int32_t>(*out);
}

bool Lower::may_fold_load(Value v, unsigned bytes) {
  Inst i;
  const InstData* d = def_of(v, &i);
  return d && d->op == Op::Load && d->block == block_ && uses(v) == 1 && d->mem() == ir::MemKind::Full &&
         ir::bytes_of(d->type) == bytes && inst_.valid() && color_[i.raw()] == color_[inst_.raw()] &&
         !vregs_[v.raw()].valid();
}

Src Lower::fold_load(Value v) {
  Inst i;
  const InstData* d = def_of(v, &i);
  color_[i.raw()] = kSunk;
  return Src{.kind = Src::Kind::Mem, .trap = d->trap, .srcloc = d->srcloc, .mem = amode(arg(*d, 0), d->disp())};
}

Src Lower::rm(Value v, unsigned bytes) {
  if (may_fold_load(v, bytes)) return fold_load(v);
  uint64_t bits;
  if (ir::is_float(f_->type_of(v)) && is_const(v, &bits) && bits != 0)
    return Src{.kind = Src::Kind::Mem,
               .mem = {.kind = mach::kMemConst,
                       .disp = static_cast<int32_t>(out_->add_const(bits, 0, static_cast<uint8_t>(bytes)))}};
  return reg_src(bytes == 4 ? use_low(v) : use_reg(v));
}

Src Lower::rmi(Value v, unsigned bytes) {
  int64_t value;
  if (imm32(v, &value)) return Src{.kind = Src::Kind::Imm, .imm = value};
  return rm(v, bytes);
}

// -- building ---------------------------------------------------------------------------------------------------------

void Lower::begin(MOp op, unsigned size, CC cc) {
  // Filled in where it stays: a copy of what was just written in small pieces would wait for them.
  MInst& m = insts_.emplace_back();
  m.op = static_cast<uint16_t>(op);
  m.size = static_cast<uint8_t>(size);
  m.cc = static_cast<uint8_t>(cc);
  m.srcloc = srcloc_;
  infos_.emplace_back().first_operand = static_cast<uint32_t>(operands_.size());
}

void Lower::mem(const Amode& a) {
  MInst& m = insts_.back();
  const uint32_t first = infos_.back().first_operand;
  m.disp = a.disp;
  m.flags |= a.shift;
  if (a.kind == Amode::kReg) {
    m.base = static_cast<uint8_t>(operands_.size() - first);
    use(a.base);
  } else {
    m.base = a.kind;
  }
  if (a.index.valid()) {
    m.index = static_cast<uint8_t>(operands_.size() - first);
    use(a.index);
  }
}

void Lower::imm(int64_t value) {
  insts_.back().flags |= mach::kImm;
  insts_.back().imm = value;
}

void Lower::src(const Src& s) {
  switch (s.kind) {
    case Src::Kind::Reg:
      use_any(s.reg);
      return;
    case Src::Kind::Imm:
      imm(s.imm);
      return;
    case Src::Kind::Mem:
      mem(s.mem);
      if (s.trap) {
        last().trap = s.trap;
        last().srcloc = s.srcloc;
      }
      return;
  }
}

void Lower::end() {
  regalloc::InstInfo& info = infos_.back();
  info.operand_count = static_cast<uint16_t>(operands_.size() - info.first_operand);
}

void Lower::emit_rm(MOp op, unsigned size, VReg d, const Src& s) {
  begin(op, size);
  def(d);
  src(s);
  end();
}

void Lower::emit_alu(MOp op, unsigned size, VReg d, VReg a, const Src& b) {
  begin(op, size);
  def_tied(d, 1);
  use(a);
  src(b);
  end();
}

void Lower::emit_vex3(MOp op, unsigned size, VReg d, VReg a, const Src& b) {
  begin(op, size);
  def(d);
  use(a);
  src(b);
  end();
}

void Lower::emit_alu_imm(MOp op, unsigned size, VReg d, VReg a, int64_t value) {
  emit_alu(op, size, d, a, Src{.kind = Src::Kind::Imm, .imm = value});
}

void Lower::emit_move(VReg d, VReg s) {
  const bool is_int = out_->vregs[d.raw()].cls == RegClass::Int;
  begin(is_int ? MOp::Mov : MOp::MovF, out_->vregs[d.raw()].bytes);
  def(d);
  use(s);
  infos_.back().is_move = 1;
  end();
}

void Lower::emit_lea(unsigned size, VReg d, const Amode& a) {
  begin(MOp::Lea, size);
  def(d);
  mem(a);
  end();
}

}  // namespace vitrine::x64
