// Loop-invariant code motion.
//
// Blocks are visited in reverse postorder, so an instruction's arguments have been moved before it is looked at: it
// goes straight to the outermost loop none of whose blocks defines an argument, to the end of that loop's preheader
// (made when first needed).
//
// What moves
//   - Pure instructions and readonly loads that cannot trap: anywhere, they have no effect.
//   - Loads that cannot trap, if nothing in the loop writes their region.
//   - Loads and divisions that may trap, if besides the header runs them before anything that can be observed: they
//     happen whenever the loop is entered.
//   - With an instruction that moves, what is free and only it needs there: constants, extensions of what does not
//     change.
// What does not: what is free or better folded where it is used (constants, extensions, the addition of an index to an
// address, comparisons feeding a branch), and more than kMaxHoisted values of a bank out of one loop: each holds a
// register for all of the loop. Of equal instructions on different paths, one moves and the others become it.
// Cost: O(instructions), with at most kMaxLevels steps up the loop tree and kMaxHoisted comparisons each.
#include "compiler/ir/value_number.hpp"
#include "compiler/opt/effects.hpp"
#include "compiler/opt/passes.hpp"

namespace vitrine::opt {
namespace {

using namespace ir;

class Licm {
 public:
  void run(Func& f, PassCtx& ctx);

 private:
  static constexpr uint32_t kMaxLevels = 8;
  static constexpr uint16_t kMaxHoisted = 10;
  static constexpr uint8_t kMaxMoved = 16;
  static constexpr int kMaxDepth = 3;  // of free instructions below one that moves

  struct LoopInfo {
    RegionSet writes = 0;
    Block preheader;
    uint16_t hoisted[2] = {};  // in general registers, in those of floats and vectors
    Inst moved[kMaxMoved];     // what moved into the preheader, to find equal ones
    uint8_t moved_count = 0;
  };

  void collect_writes();
  void visit(Block b);
  bool is_movable(const InstData& d, bool first) const;
  bool is_mapped(const InstData& d) const;
  bool is_cheap(Inst i) const;
  bool is_invariant(Value v, Loop loop, int depth);
  Loop target(Inst i, Loop loop, bool once);
  Value move(Inst i, Loop to, Block preheader, int depth);
  Block preheader(Loop l);

  Func* f_ = nullptr;
  const Cfg* cfg_ = nullptr;
  const LoopForest* loops_ = nullptr;
  RegionMap regions_;
  std::vector<LoopInfo> info_;
  std::vector<Loop> home_;  // of blocks made here: by number minus the first
  uint32_t first_new_ = 0;
  bool changed_ = false;

  Loop loop_of(Block b) const { return b.raw() < first_new_ ? loops_->loop_of(b) : home_[b.raw() - first_new_]; }
};

void Licm::run(Func& f, PassCtx& ctx) {
  f_ = &f;
  loops_ = &ctx.loops(f);
  cfg_ = &ctx.cfg(f);
  if (loops_->num_loops() == 0) return;
  info_.assign(loops_->num_loops(), {});
  home_.clear();
  first_new_ = f.num_blocks();
  regions_.reset();
  changed_ = false;
  collect_writes();
  for (Block b : cfg_->rpo())
    if (loops_->loop_of(b).valid()) visit(b);
  if (changed_) ctx.graph_changed();
}

void Licm::collect_writes() {
  for (Block b : cfg_->rpo()) {
    Loop l = loops_->loop_of(b);
    if (!l.valid()) continue;
    for (Inst i = (*f_)[b].first; i.valid(); i = f_->next(i)) info_[l.raw()].writes |= regions_.written_by((*f_)[i]);
  }
  // Inner loops have smaller numbers.
  for (uint32_t l = 0; l < info_.size(); ++l)
    if (Loop p = (*loops_)[Loop(l)].parent; p.valid()) info_[p.raw()].writes |= info_[l].writes;
}

void Licm::visit(Block b) {
  Func& f = *f_;
  Loop loop = loops_->loop_of(b);
  if (f[b].cold) return;
  // In the header, until something can be observed, what runs runs whenever the loop is entered.
  bool first = loops_->is_header(b);
  for (Inst i = f[b].first; i.valid();) {
    Inst next = f.next(i);
    const InstData& d = f[i];
    // What moves only because it runs first may leave only the loop that this block heads.
    bool once = first && (may_trap(d) || (has_effects(d.op, kReads) && !is_mapped(d)));
    if (is_movable(d, first) && !is_cheap(i)) {
      if (Loop to = target(i, loop, once); to.valid()) {
        move(i, to, preheader(to), kMaxDepth);
        i = next;
        continue;
      }
    }
    if (may_trap(d) || regions_.written_by(d) != 0) first = false;
    i = next;
  }
}

bool Licm::is_movable(const InstData& d, bool first) const {
  if (is_pure(d.op)) return true;
  if (is_computation(d.op)) return first;
  return d.op == Op::Load && (first || (d.trap == 0 && is_mapped(d)));
}

/// Whether the load may be executed although the checks before it are not.
bool Licm::is_mapped(const InstData& d) const {
  if (d.flags & kMapped) return true;
  const Func& f = *f_;
  Inst p = f.def_inst(f.resolved(Value(d.a[0])));
  if (!p.valid()) return false;
  if (f[p].op == Op::VMContext) return true;
  // What never changes behind a pointer of the context that never changes: the producer reads it without a check.
  if (!(d.flags & kReadonly) || f[p].op != Op::Load || !(f[p].flags & kReadonly) || f[p].trap != 0) return false;
  Inst q = f.def_inst(f.resolved(Value(f[p].a[0])));
  return q.valid() && f[q].op == Op::VMContext;
}

/// Whether it costs nothing where it is, or less than a register held for the loop.
bool Licm::is_cheap(Inst i) const {
  const Func& f = *f_;
  const InstData& d = f[i];
  switch (d.op) {
    case Op::IConst:
    case Op::VMContext:
    case Op::StackAddr:
    case Op::FuncAddr:
    case Op::UExtend:
    case Op::Wrap:
    case Op::ICmp:  // fused with the branch or select it feeds
    case Op::FCmp:
      return true;
    case Op::IAdd: {
      // base + uextend(index) is an addressing mode.
      if (d.type != Type::I64) return false;
      Inst y = f.def_inst(f.resolved(Value(d.a[1]))), x = f.def_inst(f.resolved(Value(d.a[0])));
      return (y.valid() && f[y].op == Op::UExtend) || (x.valid() && f[x].op == Op::UExtend);
    }
    default:
      return false;
  }
}

/// Whether `v` is computed outside `loop`, or could be at no cost.
bool Licm::is_invariant(Value v, Loop loop, int depth) {
  Func& f = *f_;
  const LoopForest& loops = *loops_;
  const ValueData& def = f[v];
  Block b = def.kind == ValueKind::Param ? Block(def.def) : f[Inst(def.def)].block;
  // An argument's loop that is not around this one was left before: it is outside. One deeper than `loop` by more than
  // a few levels is not looked into.
  Loop from = loop_of(b);
  uint32_t steps = 0;
  while (from.valid() && from != loop && loops[from].depth > loops[loop].depth && steps < kMaxLevels)
    from = loops[from].parent, ++steps;
  if (from != loop && steps < kMaxLevels) return true;
  if (def.kind == ValueKind::Param || depth == 0) return false;
  switch (f[Inst(def.def)].op) {
    case Op::IConst:
    case Op::VMContext:
    case Op::StackAddr:
    case Op::FuncAddr:
      return true;
    case Op::UExtend:
    case Op::Wrap:
      return is_invariant(f.resolve(Value(f[Inst(def.def)].a[0])), loop, depth - 1);
    default:
      return false;
  }
}

/// Puts `i` and what it needs at the end of `preheader`, or makes it an alias of an equal instruction there.
Value Licm::move(Inst i, Loop to, Block preheader, int depth) {
  Func& f = *f_;
  LoopInfo& loop = info_[to.raw()];
  for (Value& v : f.args(i)) {
    v = f.resolve(v);
    Inst def = f.def_inst(v);
    if (depth == 0 || !def.valid() || is_invariant(v, to, 0)) continue;
    v = move(def, to, preheader, depth - 1);
  }
  const InstData& d = f[i];
  for (uint8_t k = 0; k < loop.moved_count; ++k) {
    const InstData& m = f[loop.moved[k]];
    if (!same_value(f, m, d)) continue;
    for (uint32_t n = 0; n < d.result_count; ++n) f.make_alias(f.result(i, n), f.result(loop.moved[k], n));
    f.remove(i);
    return m.result;
  }
  f.remove(i);
  f.insert_before(i, f[preheader].last);
  if (loop.moved_count < kMaxMoved) loop.moved[loop.moved_count++] = i;
  return d.result;
}

/// The outermost loop that `i` of `loop` can leave, or none.
Loop Licm::target(Inst i, Loop loop, bool once) {
  Func& f = *f_;
  const LoopForest& loops = *loops_;
  const InstData& d = f[i];
  bool reads = has_effects(d.op, kReads) && !(d.flags & kReadonly);
  unsigned bank = in_float_register(f.type_of(d.result)) ? 1 : 0;
  Loop best;
  Loop at = loop;
  for (uint32_t level = 0; level < kMaxLevels && at.valid(); ++level) {
    if (reads && info_[at.raw()].writes >> regions_.of(d) & 1) break;
    if (info_[at.raw()].hoisted[bank] >= kMaxHoisted) break;
    bool invariant = true;
    for (Value v : f.args(i)) invariant &= is_invariant(f.resolve(v), at, kMaxDepth);
    if (!invariant) break;
    best = at;
    if (once) break;
    at = loops[at].parent;
  }
  if (!best.valid()) return best;
  for (Loop l = loop;; l = loops[l].parent) {
    info_[l.raw()].hoisted[bank] += d.result_count;
    if (l == best) break;
  }
  return best;
}

/// The block outside `l` from which alone its header is entered.
Block Licm::preheader(Loop l) {
  Func& f = *f_;
  LoopInfo& loop = info_[l.raw()];
  if (loop.preheader.valid()) return loop.preheader;
  Block header = (*loops_)[l].header;
  uint32_t entries = 0;
  Edge only{};
  for (const Edge& e : cfg_->preds(header)) {
    if (cfg_->number(e.from) >= cfg_->number(header)) continue;
    only = e;
    ++entries;
  }
  // The block call's number stays right when an edge is redirected, so an inner loop's preheader is found here too.
  if (entries == 1 && f[f[only.from].last].op == Op::Jump && f.block_calls[only.call].target == header)
    return loop.preheader = only.from;

  Block p = f.make_block();
  changed_ = true;
  home_.push_back((*loops_)[l].parent);
  for (Value v : std::vector<Value>(f[header].params)) f.add_param(p, f.type_of(v));
  for (const Edge& e : cfg_->preds(header))
    if (cfg_->number(e.from) < cfg_->number(header)) f.block_calls[e.call].target = p;
  BlockCall c{header, f.pool_list(f[p].params), static_cast<uint32_t>(f[p].params.size())};
  InstData d{};
  d.op = Op::Jump;
  d.srcloc = f[f[header].first].srcloc;
  d.a[1] = f.pool_calls({&c, 1});
  d.a[2] = 1;
  f.append(p, f.make_inst(d, {}));
  f[p].cold = f[header].cold;
  f.place(p);
  return loop.preheader = p;
}

}  // namespace

void licm(Func& f, PassCtx& ctx) {
  ctx.scratch<Licm>().run(f, ctx);
}

}  // namespace vitrine::opt
