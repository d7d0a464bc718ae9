// From intervals with their places to operands and moves.
//
// Moves are gathered with a key (instruction, point, phase), sorted, and each group is one parallel move:
//   before an instruction  0  what arrives on the edges into the block (when the predecessor has several successors):
//                             what was live at its end, and what its terminator defined for this edge
//                          1  from part to part of a vreg split here; parameters that are stored where they begin
//                          2  into fixed and tied registers, from where values are at the gap; stores of what is in its
//                             slot from this instruction's early or late point on
//                          3  what leaves on the edge out of the block (its only one), block parameters included
//   after an instruction   0  from fixed registers to where the values live; stores of what was defined
//
// A vreg never changes, so its slot needs one store. It is either right after the definition, or at each place where
// the vreg goes from a register to its slot, whichever runs less often. A rematerialised vreg is computed where it
// comes from its (missing) slot. Cost: O(m log m) in moves, plus the blocks that split vregs live through.
#include <algorithm>

#include "compiler/regalloc/linear_scan.hpp"

namespace vitrine::regalloc {

namespace {

uint64_t key_of(uint32_t inst, Point point, unsigned phase) {
  return uint64_t(inst) << 8 | uint64_t(point) << 4 | phase;
}

}  // namespace

void LinearScan::resolve() {
  moves_.clear();
  stores_.clear();
  remats_.clear();
  store_cost_.assign(t_.vregs.size(), 0.0f);
  stored_vregs_.clear();
  collect_pieces();
  rewrite_operands();
  rewrite_tied();
  connect_pieces();
  pass_arguments();
  place_stores();
  emit_moves();
}

Allocation LinearScan::location_of(const Interval& it) const {
  if (it.reg != kInSlot) return Allocation::reg(PReg{it.reg});
  const VRegData& bundle = t_.vregs[it.bundle];
  return bundle.remat ? Allocation() : Allocation::spill(bundle.slot);
}

void LinearScan::rewrite_operands() {
  for (const Interval& it : intervals_) {
    Allocation where = location_of(it);
    const VRegData& bundle = t_.vregs[it.bundle];
    for (uint32_t u = it.uses; u != kNone; u = t_.uses[u].next) {
      const Use& use = t_.uses[u];
      if (use.kind == UseKind::Edge) continue;
      Allocation& alloc = out_->allocs[use.operand];
      uint32_t inst = inst_of(use.pos), vreg = in_->operands[use.operand].vreg.raw();
      switch (use.kind) {
        case UseKind::GapFixed:
          add_move(inst, Point::Early, 2, where, alloc, vreg);
          break;
        case UseKind::Stack:
          alloc = Allocation::spill(bundle.slot);
          if (where.is_reg()) add_store(inst, 2, where, alloc, vreg);
          break;
        case UseKind::DefFixed:
          if (!where.valid()) break;
          if (uint32_t edge = edge_of(use.operand, use.pos); edge != kNone) {
            // No move can stand between it and where the edge leads.
            add_move_from_def(use.operand, use.pos, location(vreg, gap_before(in_->blocks[edge].first_inst)));
            if (where.is_spill()) add_move_from_def(use.operand, use.pos, where);
            break;
          }
          add_move_from_def(use.operand, use.pos, where);
          break;
        case UseKind::DefStack:
          alloc = Allocation::spill(bundle.slot);
          add_move(inst, Point::Late, 0, alloc, where, vreg);
          break;
        default:
          alloc = where;
          break;
      }
    }
  }
}

void LinearScan::rewrite_tied() {
  for (const Tied& tied : t_.tied) {
    Allocation& use = out_->allocs[tied.use_operand];
    Allocation def = out_->allocs[tied.def_operand];
    add_move(tied.inst, Point::Early, 2, use, def, in_->operands[tied.use_operand].vreg.raw());
    use = def;
  }
  for (auto [operand, def] : t_.aliases) out_->allocs[operand] = out_->allocs[def];
}

// -- the parts of split bundles

void LinearScan::collect_pieces() {
  pieces_.clear();
  split_bundles_.clear();
  first_piece_.resize(t_.vregs.size());
  end_piece_.resize(t_.vregs.size());
  for (uint32_t v = 0; v < t_.vregs.size(); ++v) {
    const VRegData& bundle = t_.vregs[v];
    if (bundle.parent != kNone || !is_split(v)) continue;
    split_bundles_.push_back(v);
    first_piece_[v] = static_cast<uint32_t>(pieces_.size());
    for (uint32_t c = bundle.first_child; c != kNone; c = intervals_[c].next_child) {
      Allocation where = location_of(intervals_[c]);
      for (uint32_t n = intervals_[c].ranges; n != kNone; n = t_.ranges[n].next) {
        pieces_.push_back({t_.ranges[n].from, t_.ranges[n].to, where, t_.ranges[n].vreg});
      }
    }
    end_piece_[v] = static_cast<uint32_t>(pieces_.size());
    std::sort(pieces_.begin() + first_piece_[v], pieces_.end(),
              [](const Piece& a, const Piece& b) { return a.from < b.from; });
  }
}

Allocation LinearScan::location(uint32_t vreg, uint32_t pos) {
  uint32_t bundle = t_.bundle_of(vreg);
  if (!is_split(bundle)) return location_of(intervals_[t_.vregs[bundle].first_child]);
  auto first = pieces_.begin() + first_piece_[bundle], end = pieces_.begin() + end_piece_[bundle];
  auto it = std::upper_bound(first, end, pos, [](uint32_t p, const Piece& piece) { return p < piece.from; });
  VITRINE_ASSERT(it != first);
  --it;
  VITRINE_ASSERT(it->to > pos && it->vreg == vreg);
  return it->where;
}

void LinearScan::connect_pieces() {
  auto blocks = static_cast<uint32_t>(in_->blocks.size());
  for (uint32_t bundle : split_bundles_) {
    for (uint32_t k = first_piece_[bundle]; k < end_piece_[bundle]; ++k) {
      const Piece& piece = pieces_[k];
      uint32_t b = t_.block_of(piece.from);
      uint32_t start = gap_before(in_->blocks[b].first_inst);
      if (start < piece.from) {
        if (k > first_piece_[bundle] && pieces_[k - 1].to == piece.from && pieces_[k - 1].vreg == piece.vreg) {
          unsigned phase = (piece.from & 3) == 0 ? 1 : 2;
          Allocation from = pieces_[k - 1].where;
          if (piece.where.is_spill() && from.is_reg()) {
            add_store(inst_of(piece.from), phase, from, piece.where, piece.vreg);
          } else {
            add_move(inst_of(piece.from), Point::Early, phase, from, piece.where, piece.vreg);
          }
        }
        ++b;
      }
      const VRegData& v = t_.vregs[piece.vreg];
      for (; b < blocks && (start = gap_before(in_->blocks[b].first_inst)) < piece.to; ++b) {
        if (v.is_param && v.def_pos == start) continue;
        for (uint32_t p : in_->blocks[b].preds) {
          uint32_t end = gap_before(in_->blocks[p].end_inst) - 1;
          if (end >= piece.from && end < piece.to) continue;
          if (v.def_pos == end) continue;  // the predecessor's terminator defined it: see rewrite_operands
          connect_edge(p, b, piece.vreg, location(piece.vreg, end), piece.where);
        }
      }
    }
  }
}

void LinearScan::connect_edge(uint32_t pred, uint32_t succ, uint32_t vreg, Allocation from, Allocation to) {
  if (from == to || !to.valid()) return;
  const BlockInfo& p = in_->blocks[pred];
  bool at_end = p.succs.size() == 1;
  uint32_t inst = at_end ? p.end_inst - 1 : in_->blocks[succ].first_inst;
  unsigned phase = at_end ? 3 : 0;
  if (from.is_reg() && to.is_spill() && to.slot() == t_.vregs[t_.bundle_of(vreg)].slot) {
    add_store(inst, phase, from, to, vreg);
  } else {
    add_move(inst, Point::Early, phase, from, to, vreg);
  }
}

void LinearScan::pass_arguments() {
  for (uint32_t b = 0; b < in_->blocks.size(); ++b) {
    const BlockInfo& block = in_->blocks[b];
    if (block.branch_args.empty()) continue;
    uint32_t succ = block.succs[0];
    uint32_t end = gap_before(block.end_inst) - 1, start = gap_before(in_->blocks[succ].first_inst);
    for (size_t i = 0; i < block.branch_args.size(); ++i) {
      uint32_t arg = block.branch_args[i].raw(), param = in_->blocks[succ].params[i].raw();
      if (t_.vregs[param].end == 0) continue;  // never used
      connect_edge(b, succ, arg, location(arg, end), location(param, start));
    }
  }
}

// -- moves

void LinearScan::add_move(uint32_t inst, Point point, unsigned phase, Allocation from, Allocation to, uint32_t vreg) {
  if (from == to || !to.valid()) return;
  moves_.push_back({key_of(inst, point, phase), from, to, vreg});
}

/// The block on the edge that an operand, defined at `pos`, belongs to; kNone if it is no terminator's.
uint32_t LinearScan::edge_of(uint32_t operand, uint32_t pos) const {
  uint32_t inst = inst_of(pos);
  const BlockInfo& block = in_->blocks[t_.inst_block[inst]];
  if (inst + 1 != block.end_inst || block.edge_defs == 0) return kNone;
  return edge_of_def(*in_, block, operand - in_->insts[inst].first_operand);
}

// From where the instruction leaves what it defines: right after it, or on the edge where a terminator's value begins.
void LinearScan::add_move_from_def(uint32_t operand, uint32_t pos, Allocation to) {
  uint32_t vreg = in_->operands[operand].vreg.raw(), edge = edge_of(operand, pos);
  if (edge != kNone)
    add_move(in_->blocks[edge].first_inst, Point::Early, 0, out_->allocs[operand], to, vreg);
  else
    add_move(inst_of(pos), Point::Late, 0, out_->allocs[operand], to, vreg);
}

// A vreg goes from its register to its slot: needed only if it was not stored at its definition.
void LinearScan::add_store(uint32_t inst, unsigned phase, Allocation from, Allocation to, uint32_t vreg) {
  stores_.push_back({key_of(inst, Point::Early, phase), from, to, vreg});
  if (store_cost_[vreg] == 0) stored_vregs_.push_back(vreg);
  store_cost_[vreg] += t_.loops.frequency(t_.inst_block[inst]);
}

void LinearScan::place_stores() {
  for (uint32_t vreg : stored_vregs_) {
    const VRegData& v = t_.vregs[vreg];
    Allocation defined = location(vreg, v.def_pos);
    float at_def = t_.loops.frequency(t_.block_of(v.def_pos));
    if (v.def_in_slot || defined.is_spill()) {
      store_cost_[vreg] = -1;  // it is there from the start
    } else if (at_def <= store_cost_[vreg]) {
      store_cost_[vreg] = -1;
      Allocation slot = Allocation::spill(t_.vregs[t_.bundle_of(vreg)].slot);
      if (v.is_param) {
        add_move(inst_of(v.def_pos), Point::Early, 1, defined, slot, vreg);
      } else {
        add_move_from_def(v.def_operand, v.def_pos, slot);
      }
    }
  }
  for (const PendingMove& store : stores_) {
    if (store_cost_[store.vreg] >= 0) moves_.push_back(store);
  }
}

void LinearScan::emit_moves() {
  std::sort(moves_.begin(), moves_.end(), [](const PendingMove& a, const PendingMove& b) {
    return a.key != b.key ? a.key < b.key : a.to.bits < b.to.bits;
  });
  parallel_.begin_function(*in_, &out_->spill_slots);
  for (size_t i = 0; i < moves_.size();) {
    uint64_t key = moves_[i].key;
    auto inst = static_cast<uint32_t>(key >> 8);
    Point point = key >> 4 & 1 ? Point::Late : Point::Early;
    remats_.clear();
    for (; i < moves_.size() && moves_[i].key == key; ++i) {
      const PendingMove& m = moves_[i];
      if (i > 0 && moves_[i - 1].key == key && moves_[i - 1].to == m.to) {
        VITRINE_DCHECK(moves_[i - 1].from == m.from);
        continue;  // the same vreg twice in one fixed register
      }
      if (!m.from.valid()) {
        remats_.push_back(m);
      } else {
        parallel_.add(m.from, m.to, in_->vregs[m.vreg].bytes, VReg(m.vreg));
      }
    }
    parallel_.resolve(inst, point, out_->edits);
    if (!remats_.empty()) emit_remats();
  }
}

// After the moves of the group, which may still read what is overwritten here.
void LinearScan::emit_remats() {
  auto inst = static_cast<uint32_t>(remats_[0].key >> 8);
  Point point = remats_[0].key >> 4 & 1 ? Point::Late : Point::Early;
  auto add = [&](Edit::Kind kind, Allocation from, Allocation to, uint8_t bytes, uint32_t vreg) {
    out_->edits.push_back({inst, point, kind, bytes, from, to, VReg(vreg)});
  };
  for (const PendingMove& m : remats_) {
    uint8_t bytes = in_->vregs[m.vreg].bytes;
    if (m.to.is_reg()) {
      add(Edit::Kind::Remat, {}, m.to, bytes, m.vreg);
    } else if (in_->vregs[m.vreg].cls == RegClass::Float) {
      add(Edit::Kind::Remat, {}, Allocation::reg(in_->scratch), bytes, m.vreg);
      add(Edit::Kind::Move, Allocation::reg(in_->scratch), m.to, bytes, m.vreg);
    } else if (in_->int_scratch.valid()) {
      add(Edit::Kind::Remat, {}, Allocation::reg(in_->int_scratch), bytes, m.vreg);
      add(Edit::Kind::Move, Allocation::reg(in_->int_scratch), m.to, bytes, m.vreg);
    } else {
      // Into a slot, and any register may hold something: one is saved.
      Allocation r = Allocation::reg(PReg{order_[0][0]}), saved = parallel_.temp(8);
      used_ |= bit(order_[0][0]);
      add(Edit::Kind::Move, r, saved, 8, m.vreg);
      add(Edit::Kind::Remat, {}, r, bytes, m.vreg);
      add(Edit::Kind::Move, r, m.to, bytes, m.vreg);
      add(Edit::Kind::Move, saved, r, 8, m.vreg);
    }
  }
}

}  // namespace vitrine::regalloc
