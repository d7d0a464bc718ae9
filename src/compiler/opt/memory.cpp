// Redundant load elimination, store-to-load forwarding and dead store elimination, by alias region.
//
// One walk over the dominator tree with a table of what memory is known to hold: (address value, displacement) ->
// value. A store forgets what it may overwrite: in its region everything at another address value, and at the same
// address value what overlaps. On the way back up the tree the table is undone, so that each block starts from the end
// of its dominator; regions that may have been written on the way from there are forgotten first (found by numbering
// the versions of each region in reverse postorder).
//
// A load that may trap is dropped as well: the access it repeats did not trap. A store is dead if the next store to the
// same bytes follows in the same block with nothing between that reads the region or may trap: a trap shows memory to
// the world. Cost: O(instructions + blocks * regions), of which at most RegionMap::kRegions are told apart; the table
// has a fixed size and forgets on collision.
#include <algorithm>
#include <array>

#include "compiler/opt/effects.hpp"
#include "compiler/opt/passes.hpp"

namespace vitrine::opt {
namespace {

using namespace ir;

class MemoryPass {
 public:
  void run(Func& f, PassCtx& ctx);

 private:
  static constexpr uint32_t kTableSize = 256;

  struct Entry {
    Value ptr;
    int32_t disp = 0;
    uint32_t bytes = 0;  // 0: empty
    uint32_t region = 0;
    Value value;
    Type type = Type::None;        // of a load: of its result. None: by a store
    MemKind kind = MemKind::Full;  // of a load
    Inst store;                    // by this store, if it may be found dead
    uint32_t time = 0;
  };
  /// When stores last happened in a region: the last, at `base`, and the last at any other address value.
  struct Stores {
    Value base;
    uint32_t at_base = 0, elsewhere = 0;
    uint32_t last_not_at(Value p) const { return p == base ? elsewhere : at_base; }
  };
  static constexpr uint32_t kRegions = RegionMap::kRegions;

  void number_versions(const Cfg& cfg, const DomTree& dom, const LoopForest& loops);
  void enter(Block b, const Cfg& cfg, const DomTree& dom);
  void visit(Inst i);
  void load(Inst i);
  void store(Inst i);
  void wrote(uint32_t region, Value base);
  void forget(uint32_t region);
  bool is_dead(const Entry& e) const;
  Value convert(const Entry& e, Inst load);
  Value make(Op op, Type type, Value x, Inst before);
  Value make(Op op, Value x, uint64_t c, Inst before);

  static uint32_t slot_of(Value ptr, int32_t granule) {
    uint32_t h = ptr.raw() * 0x9e37'79b9u + static_cast<uint32_t>(granule) * 0x85eb'ca6bu;
    return (h ^ h >> 15) % kTableSize;
  }
  void set(uint32_t slot, const Entry& e) {
    undo_.push_back({slot, table_[slot]});
    table_[slot] = e;
  }
  uint32_t* versions(std::vector<uint32_t>& of, Block b) { return of.data() + size_t{b.raw()} * regions_.used(); }
  bool is_valid(const Entry& e) const { return e.time > stores_[e.region].last_not_at(e.ptr); }

  Func* f_ = nullptr;
  std::vector<Entry> table_;
  std::array<Stores, kRegions> stores_;   // [0]: to any region
  std::array<uint32_t, kRegions> reads_;  // when a region was last read, this block
  uint32_t time_ = 0, observed_ = 0;      // observed: when memory was last visible from outside

  struct Undo {
    uint32_t slot;
    Entry old;
  };
  struct UndoStores {
    uint32_t region;
    Stores old;
  };
  std::vector<Undo> undo_;
  std::vector<UndoStores> undo_stores_;
  struct Mark {
    uint32_t entries = 0, stores = 0;
  };
  std::vector<Mark> marks_;  // by block: where the logs stood at its end
  std::vector<RegionSet> written_, loop_written_;
  RegionMap regions_;
  std::vector<uint32_t> in_, out_;  // versions at the start and end of blocks: regions_.used() for each block
};

void MemoryPass::run(Func& f, PassCtx& ctx) {
  f_ = &f;
  const Cfg& cfg = ctx.cfg(f);
  const DomTree& dom = ctx.dom(f);
  const LoopForest& loops = ctx.loops(f);
  table_.assign(kTableSize, {});
  stores_.fill({});
  reads_.fill(0);
  time_ = observed_ = 0;
  undo_.clear();
  undo_stores_.clear();
  marks_.assign(f.num_blocks(), {});
  number_versions(cfg, dom, loops);
  for (Block b : dom.preorder()) {
    enter(b, cfg, dom);
    for (Inst i = f[b].first; i.valid();) {
      Inst next = f.next(i);
      visit(i);
      i = next;
    }
    marks_[b.raw()] = {static_cast<uint32_t>(undo_.size()), static_cast<uint32_t>(undo_stores_.size())};
  }
}

/// Gives each region at the start and end of each block a number: equal numbers, equal contents.
void MemoryPass::number_versions(const Cfg& cfg, const DomTree& dom, const LoopForest& loops) {
  Func& f = *f_;
  written_.assign(f.num_blocks(), 0);
  loop_written_.assign(loops.num_loops(), 0);
  regions_.reset();
  for (Block b : cfg.rpo()) {
    RegionSet w = 0;
    for (Inst i = f[b].first; i.valid(); i = f.next(i)) {
      const InstData& d = f[i];
      if (d.op == Op::Load) regions_.of(d);
      w |= regions_.written_by(d);
    }
    written_[b.raw()] = w;
    if (Loop l = loops.loop_of(b); l.valid()) loop_written_[l.raw()] |= w;
  }
  for (uint32_t l = 0; l < loops.num_loops(); ++l)
    if (Loop p = loops[Loop(l)].parent; p.valid()) loop_written_[p.raw()] |= loop_written_[l];

  const uint32_t regions = regions_.used();
  in_.resize(size_t{f.num_blocks()} * regions);
  out_.resize(in_.size());
  uint32_t fresh = 1;
  for (Block b : cfg.rpo()) {
    uint32_t* in = versions(in_, b);
    uint32_t* out = versions(out_, b);
    bool first = true;
    RegionSet differ = 0;
    std::fill_n(in, regions, 0);
    for (const Edge& e : cfg.preds(b)) {
      if (cfg.number(e.from) >= cfg.number(b)) {
        // Back: what the loop writes may have changed; if it closes no loop, anything.
        differ |= dom.dominates(b, e.from) ? loop_written_[loops.loop_of(b).raw()] : RegionMap::kAll;
        continue;
      }
      const uint32_t* from = versions(out_, e.from);
      if (first) {
        std::copy_n(from, regions, in);
        first = false;
        continue;
      }
      for (uint32_t r = 0; r < regions; ++r)
        if (in[r] != from[r]) differ |= 1u << r;
    }
    for (uint32_t r = 0; r < regions; ++r) {
      if (differ >> r & 1) in[r] = fresh++;
      out[r] = written_[b.raw()] >> r & 1 ? fresh++ : in[r];
    }
  }
}

/// Takes the table back to the end of the block's dominator, and forgets what may have changed since.
void MemoryPass::enter(Block b, const Cfg& cfg, const DomTree& dom) {
  observed_ = ++time_;
  Block d = dom.idom(b);
  if (!d.valid()) return;
  Mark mark = marks_[d.raw()];
  for (; undo_.size() > mark.entries; undo_.pop_back()) table_[undo_.back().slot] = undo_.back().old;
  for (; undo_stores_.size() > mark.stores; undo_stores_.pop_back())
    stores_[undo_stores_.back().region] = undo_stores_.back().old;
  if (cfg.preds(b).size() == 1) return;
  const uint32_t* in = versions(in_, b);
  const uint32_t* out = versions(out_, d);
  for (uint32_t r = 0; r < regions_.used(); ++r)
    if (in[r] != out[r]) forget(r);
}

void MemoryPass::forget(uint32_t region) {
  undo_stores_.push_back({region, stores_[region]});
  ++time_;
  stores_[region] = {Value(), time_, time_};
}

void MemoryPass::visit(Inst i) {
  const InstData& d = (*f_)[i];
  if (is_pure(d.op)) return;
  if (d.op == Op::Load && !(d.flags & kReadonly)) return load(i);
  if (d.op == Op::Store) return store(i);
  if (has_effects(d.op, kBarrier))
    for (uint32_t r = 0; r < regions_.used(); ++r) forget(r);
  if (may_trap(d) || has_effects(d.op, kBarrier)) observed_ = ++time_;
}

void MemoryPass::load(Inst i) {
  Func& f = *f_;
  f.args(i)[0] = f.resolve(f.args(i)[0]);
  const InstData& d = f[i];
  Value ptr(d.a[0]);
  uint32_t slot = slot_of(ptr, d.disp() >> 2), bytes = access_bytes(d), region = regions_.of(d);
  const Entry& e = table_[slot];
  if (e.ptr == ptr && e.disp == d.disp() && e.bytes == bytes && e.region == region && is_valid(e)) {
    if (Value v = convert(e, i); v.valid()) {
      f.make_alias(f[i].result, v);
      f.remove(i);
      return;
    }
  }
  reads_[region] = ++time_;
  if (d.trap) observed_ = time_;
  set(slot, {ptr, d.disp(), bytes, region, d.result, d.type, d.mem(), Inst(), time_});
}

void MemoryPass::store(Inst i) {
  Func& f = *f_;
  for (Value& v : f.args(i)) v = f.resolve(v);
  const InstData& d = f[i];
  Value ptr(d.a[0]), value(d.a[1]);
  int32_t disp = d.disp();
  uint32_t slot = slot_of(ptr, disp >> 2), bytes = access_bytes(d), region = regions_.of(d);
  const Entry known = table_[slot];
  if (known.ptr == ptr && known.disp == disp && known.bytes == bytes && known.region == region) {
    if (is_valid(known) && f.resolve(known.value) == value) {
      f.remove(i);  // it holds that already
      return;
    }
    if (is_dead(known)) f.remove(known.store);
  }
  // What overlaps starts at most 15 bytes before.
  int64_t first = int64_t{disp} - 15, last = int64_t{disp} + bytes - 1;
  for (int64_t g = first >> 2; g <= last >> 2; ++g) {
    uint32_t s = slot_of(ptr, static_cast<int32_t>(g));
    const Entry& e = table_[s];
    if (e.bytes && e.ptr == ptr && e.disp <= last && int64_t{e.disp} + e.bytes > disp) set(s, {});
  }
  wrote(region, ptr);
  if (d.trap) observed_ = time_;
  ++time_;
  set(slot, {ptr, disp, bytes, region, value, Type::None, MemKind::Full, i, time_});
}

/// Whether the store that made `e` is dead, now that the same bytes are stored again.
bool MemoryPass::is_dead(const Entry& e) const {
  if (!e.store.valid() || e.time <= observed_) return false;
  uint32_t read =
      e.region == 0 ? *std::max_element(reads_.begin(), reads_.end()) : std::max(reads_[0], reads_[e.region]);
  if (e.time <= read) return false;
  // If it traps, so will the second one, but later: what is stored between would be seen.
  return (*f_)[e.store].trap == 0 || e.time > stores_[0].at_base;
}

/// A store at `base` in `region` happened now.
void MemoryPass::wrote(uint32_t region, Value base) {
  ++time_;
  auto update = [&](uint32_t r) {
    Stores& s = stores_[r];
    undo_stores_.push_back({r, s});
    if (s.base != base) s = {base, time_, s.at_base};
    s.at_base = time_;
  };
  update(0);
  if (region != 0) return update(region);
  for (uint32_t r = 1; r < regions_.used(); ++r) update(r);
}

/// What the load would answer, from what is known; none if that takes too much.
Value MemoryPass::convert(const Entry& e, Inst load) {
  Func& f = *f_;
  const Type type = f[load].type;
  const MemKind kind = f[load].mem();
  Value v = f.resolve(e.value);
  if (e.type == type && e.kind == kind) return v;  // the same load
  Type from = f.type_of(v);
  if (from == Type::V128 || type == Type::V128 || from == Type::Ref || type == Type::Ref)
    return from == type && kind == MemKind::Full && e.type == Type::None ? v : Value();
  if (kind == MemKind::Full) {
    if (from == type) return e.kind == MemKind::Full ? v : Value();
    if (bytes_of(from) == bytes_of(type)) return make(Op::Bitcast, type, v, load);
    return from == Type::I64 && type == Type::I32 ? make(Op::Wrap, type, v, load) : Value();
  }
  if (is_float(from)) v = make(Op::Bitcast, from == Type::F32 ? Type::I32 : Type::I64, v, load);
  from = f.type_of(v);
  bool sign = is_signed(kind);
  if (e.bytes == 4) {
    // Only an i64 is wider than 4 bytes.
    if (from == Type::I64) v = make(Op::Wrap, Type::I32, v, load);
    return make(sign ? Op::SExtend : Op::UExtend, Type::I64, v, load);
  }
  if (from != type) v = make(type == Type::I64 ? Op::UExtend : Op::Wrap, type, v, load);
  if (sign) return make(e.bytes == 1 ? Op::SExt8 : Op::SExt16, type, v, load);
  return make(Op::And, v, e.bytes == 1 ? 0xff : 0xffff, load);
}

Value MemoryPass::make(Op op, Type type, Value x, Inst before) {
  InstData d{};
  d.op = op;
  d.type = type;
  d.srcloc = (*f_)[before].srcloc;
  d.a[0] = x.raw();
  Inst i = f_->make_inst1(d, type);
  f_->insert_before(i, before);
  return f_->result(i);
}

Value MemoryPass::make(Op op, Value x, uint64_t c, Inst before) {
  Type type = f_->type_of(x);
  InstData k{};
  k.op = Op::IConst;
  k.type = type;
  k.srcloc = (*f_)[before].srcloc;
  k.set_imm64(c);
  Inst constant = f_->make_inst1(k, type);
  f_->insert_before(constant, before);
  Value v = make(op, type, x, before);
  (*f_)[f_->def_inst(v)].a[1] = f_->result(constant).raw();
  return v;
}

}  // namespace

void memory(Func& f, PassCtx& ctx) {
  ctx.scratch<MemoryPass>().run(f, ctx);
}

}  // namespace vitrine::opt
