#include "compiler/regalloc/random_program.hpp"

#include <algorithm>

namespace vitrine::regalloc {

namespace {

struct PendingInst {
  std::vector<Operand> ops;
  PRegSet clobbers;
  bool is_move = false;
};

struct PendingBlock {
  std::vector<PendingInst> insts;
  std::vector<uint32_t> succs;
  std::vector<VReg> params, args;
  uint32_t depth = 0;
  bool cold = false;
  uint8_t edge_defs = 0, landing_defs = 0;
};

class Generator {
 public:
  Generator(uint64_t seed, const RandomShape& shape) : state_(seed * 0x9e37'79b9'7f4a'7c15ull + 1), shape_(shape) {}

  Program run() {
    if (shape_.small_machine) {
      p_.order[0].assign({int_reg(0), int_reg(1), int_reg(2), int_reg(3), int_reg(6), int_reg(7)});
      p_.order[1].assign({float_reg(0), float_reg(1), float_reg(2), float_reg(3)});
    }
    if (shape_.int_scratch) p_.int_scratch = int_reg(15);
    for (PReg r : p_.order[0]) {
      if (!p_.callee_saved.has(r)) caller_saved_.add(r);
    }
    for (PReg r : p_.order[1]) caller_saved_.add(r);
    uint32_t entry = new_block(0, false);
    PendingInst params;
    for (unsigned i = 0; i < 3; ++i) params.ops.push_back(fixed_def(new_vreg(RegClass::Int), int_reg(i)));
    params.ops.push_back(fixed_def(new_vreg(RegClass::Float), float_reg(0)));
    blocks_[entry].insts.push_back(params);
    for (const Operand& op : params.ops) scope_.push_back(op.vreg);
    left_ = shape_.insts;
    cur_ = entry;
    while (left_ > 0) region(0);
    PendingInst ret;
    ret.ops.push_back(fixed_use(pick(RegClass::Int), int_reg(0)));
    blocks_[cur_].insts.push_back(ret);
    return emit();
  }

 private:
  uint64_t next() {
    state_ ^= state_ << 13;
    state_ ^= state_ >> 7;
    state_ ^= state_ << 17;
    return state_ >> 11;
  }
  uint32_t below(uint32_t n) { return static_cast<uint32_t>(next() % n); }
  bool chance(uint32_t percent) { return below(100) < percent; }

  VReg new_vreg(RegClass cls, bool remat = false) {
    uint8_t bytes = cls == RegClass::Int ? (chance(50) ? 4 : 8) : (chance(20) ? 16 : chance(30) ? 4 : 8);
    return p_.add_vreg(cls, bytes, remat);
  }
  RegClass some_class() { return chance(65) ? RegClass::Int : RegClass::Float; }
  uint32_t new_block(uint32_t depth, bool cold) {
    blocks_.push_back({.depth = depth, .cold = cold});
    return static_cast<uint32_t>(blocks_.size() - 1);
  }
  static Operand fixed_def(VReg v, PReg r) { return {v, Role::Def, Point::Late, Constraint::Fixed, r.index}; }
  static Operand fixed_use(VReg v, PReg r) { return {v, Role::Use, Point::Early, Constraint::Fixed, r.index}; }

  /// A value in scope of the class, recent ones more often; makes a new one if there is none.
  VReg pick(RegClass cls, uint8_t bytes = 0) {
    for (unsigned tries = 0; tries < 20; ++tries) {
      auto n = static_cast<uint32_t>(scope_.size());
      uint32_t back = chance(shape_.old_percent) ? below(n) : below(std::min(n, shape_.live));
      VReg v = scope_[n - 1 - back];
      const VRegInfo& info = p_.vregs[v.raw()];
      if (info.cls == cls && (bytes == 0 || info.bytes == bytes)) return v;
    }
    VReg v = bytes ? p_.add_vreg(cls, bytes, chance(50)) : new_vreg(cls, chance(50));
    blocks_[cur_].insts.push_back({.ops = {{v, Role::Def, Point::Late}}});
    scope_.push_back(v);
    return v;
  }
  /// Another value of the type of `v`.
  VReg pick_like(VReg v) { return pick(p_.vregs[v.raw()].cls, p_.vregs[v.raw()].bytes); }

  void add(PendingInst inst) {
    for (const Operand& op : inst.ops) {
      if (op.role == Role::Def) scope_.push_back(op.vreg);
    }
    // Operands come in any order; ties name positions, so they are not shuffled here.
    blocks_[cur_].insts.push_back(std::move(inst));
    if (left_ > 0) --left_;
  }
  Operand use(VReg v) { return {v, Role::Use, Point::Early, chance(30) ? Constraint::Any : Constraint::Reg}; }

  void inst() {
    RegClass cls = some_class();
    if (chance(shape_.call_percent)) return call();
    if (chance(shape_.odd_percent)) return odd(cls);
    PendingInst i;
    uint32_t kind = below(10);
    if (kind == 0) {  // constant
      i.ops = {{new_vreg(cls, true), Role::Def, Point::Late}};
    } else if (kind == 1) {
      VReg from = pick(cls);
      VReg to = p_.add_vreg(cls, p_.vregs[from.raw()].bytes);
      i.ops = {{to, Role::Def, Point::Late, chance(20) ? Constraint::Any : Constraint::Reg}, {from}};
      i.is_move = true;
    } else if (kind < 6) {  // two-address
      Operand a{pick(cls)};
      Operand b = use(pick(cls));
      i.ops = {{new_vreg(cls), Role::Def, Point::Late, Constraint::Reuse, 1}, a, b};
    } else if (kind == 6) {  // store: no result
      i.ops = {{pick(RegClass::Int)}, {pick(RegClass::Int)}, use(pick(cls))};
    } else {
      i.ops = {{new_vreg(cls), Role::Def, Point::Late, chance(10) ? Constraint::Any : Constraint::Reg},
               {pick(cls)},
               use(pick(cls))};
    }
    add(std::move(i));
  }

  void odd(RegClass cls) {
    PendingInst i;
    switch (below(9)) {
      case 0:  // shift: count in a fixed register, tied
        i.ops = {{new_vreg(RegClass::Int), Role::Def, Point::Late, Constraint::Reuse, 1},
                 {pick(RegClass::Int)},
                 fixed_use(pick(RegClass::Int), int_reg(1))};
        break;
      case 1:  // division: fixed in and out, divisor anywhere else
        i.ops = {fixed_use(pick(RegClass::Int), int_reg(0)),
                 {pick(RegClass::Int), Role::Use, Point::Late, chance(50) ? Constraint::Any : Constraint::Reg},
                 fixed_def(new_vreg(RegClass::Int), int_reg(0))};
        if (chance(50)) {
          i.ops.push_back(fixed_def(new_vreg(RegClass::Int), int_reg(2)));
        } else {
          i.clobbers.add(int_reg(2));
        }
        break;
      case 2:  // a temporary
        i.ops = {{pick(cls)},
                 {new_vreg(cls), Role::Def, Point::Early, Constraint::Reg},
                 {new_vreg(cls), Role::Def, Point::Late, Constraint::Reuse, 0}};
        break;
      case 3:
        i.ops = {{pick(cls), Role::Use, Point::Late, Constraint::Reg}, {new_vreg(cls), Role::Def, Point::Late}};
        if (chance(30)) i.clobbers.add(int_reg(0));
        break;
      case 4: {  // the same value twice fixed
        VReg v = pick(RegClass::Int);
        i.ops = {fixed_use(v, int_reg(0)), fixed_use(v, int_reg(1)), {v}};
        break;
      }
      case 5:
        i.ops = {{pick(cls), Role::Use, Point::Early, Constraint::Stack}};
        break;
      case 6:
        i.ops = {{new_vreg(cls), Role::Def, Point::Late, Constraint::Stack}};
        break;
      case 7: {  // the tied value also read elsewhere
        VReg v = pick(cls);
        i.ops = {{v}, use(v), {new_vreg(cls), Role::Def, Point::Late, Constraint::Reuse, 0}, {v}};
        break;
      }
      default:  // compare and exchange: fixed through, tied to a fixed use
        i.ops = {fixed_use(pick(RegClass::Int), int_reg(0)),
                 {pick(RegClass::Int), Role::Use, Point::Late, Constraint::Reg},
                 {new_vreg(RegClass::Int), Role::Def, Point::Late, Constraint::Reuse, 0}};
        break;
    }
    add(std::move(i));
  }

  void call() {
    PendingInst i;
    uint32_t ints = below(4), floats = below(3);
    for (uint32_t a = 0; a < ints; ++a) i.ops.push_back(fixed_use(pick(RegClass::Int), int_reg(a)));
    for (uint32_t a = 0; a < floats; ++a) i.ops.push_back(fixed_use(pick(RegClass::Float), float_reg(a)));
    if (chance(20)) i.ops.push_back({pick(RegClass::Int), Role::Use, Point::Early, Constraint::Any});
    if (chance(20)) i.ops.push_back({pick(RegClass::Int), Role::Use, Point::Late, Constraint::Any});
    if (chance(70)) i.ops.push_back(fixed_def(new_vreg(RegClass::Int), int_reg(0)));
    if (chance(20)) i.ops.push_back(fixed_def(new_vreg(RegClass::Int), int_reg(2)));
    if (chance(30)) i.ops.push_back(fixed_def(new_vreg(RegClass::Float), float_reg(0)));
    i.clobbers = caller_saved_;
    add(std::move(i));
  }

  // -- control flow

  void jump(uint32_t from, uint32_t to, std::vector<VReg> args) {
    blocks_[from].insts.push_back({});
    blocks_[from].succs = {to};
    blocks_[from].args = std::move(args);
  }
  void branch(std::vector<uint32_t> to) {
    PendingInst i;
    i.ops.push_back(use(pick(RegClass::Int)));
    if (chance(30)) i.ops.push_back(use(pick(RegClass::Int)));
    blocks_[cur_].insts.push_back(std::move(i));
    blocks_[cur_].succs = std::move(to);
  }

  /// A call that ends the block: `results` are for the first edge, `payload` for the second.
  void invoke(std::vector<uint32_t> to, std::vector<VReg>& results, std::vector<VReg>& payload) {
    PendingInst i;
    for (uint32_t a = 0, ints = below(4); a < ints; ++a) i.ops.push_back(fixed_use(pick(RegClass::Int), int_reg(a)));
    if (chance(50)) i.ops.push_back(fixed_use(pick(RegClass::Float), float_reg(0)));
    auto define = [&](std::vector<VReg>& list, RegClass cls, PReg reg) {
      list.push_back(new_vreg(cls));
      i.ops.push_back(fixed_def(list.back(), reg));
    };
    if (chance(70)) define(results, RegClass::Int, int_reg(0));
    if (chance(30)) define(results, RegClass::Int, int_reg(2));
    if (chance(40)) define(results, RegClass::Float, float_reg(1));
    if (chance(80)) define(payload, RegClass::Int, int_reg(1));
    if (chance(30)) define(payload, RegClass::Int, int_reg(3));
    i.clobbers = caller_saved_;
    blocks_[cur_].edge_defs = static_cast<uint8_t>(results.size() + payload.size());
    blocks_[cur_].landing_defs = static_cast<uint8_t>(payload.size());
    blocks_[cur_].insts.push_back(std::move(i));
    blocks_[cur_].succs = std::move(to);
  }

  void region(uint32_t nesting) {
    uint32_t n = 1 + below(6);
    for (uint32_t i = 0; i < n && left_ > 0; ++i) inst();
    if (left_ == 0 || nesting >= shape_.max_nesting) return;
    uint32_t kind = below(10);
    if (kind < 4) return conditional(nesting);
    if (kind < 8) return loop(nesting);
  }

  void body(uint32_t nesting) {
    uint32_t n = 1 + below(3);
    for (uint32_t i = 0; i < n; ++i) region(nesting + 1);
  }

  void conditional(uint32_t nesting) {
    uint32_t depth = blocks_[cur_].depth;
    bool cold = blocks_[cur_].cold;
    uint32_t arms = chance(80) ? 2 : 3 + below(3);
    std::vector<uint32_t> first, last;
    for (uint32_t a = 0; a < arms; ++a) first.push_back(new_block(depth, cold || chance(25)));
    std::vector<VReg> given[2];  // to the first two arms
    if (arms == 2 && chance(shape_.invoke_percent))
      invoke(first, given[0], given[1]);
    else
      branch(first);
    size_t mark = scope_.size();
    std::vector<VReg> params;
    for (uint32_t i = below(4); i > 0; --i) params.push_back(new_vreg(some_class()));
    uint32_t join = new_block(depth, cold);

    for (uint32_t a = 0; a < arms; ++a) {
      cur_ = first[a];
      if (a < 2) scope_.insert(scope_.end(), given[a].begin(), given[a].end());
      if (!chance(30)) body(nesting);
      if (a > 0 && chance(15)) {  // leaves the function
        PendingInst ret;
        ret.ops.push_back(fixed_use(pick(RegClass::Int), int_reg(0)));
        blocks_[cur_].insts.push_back(ret);
      } else {
        pass(join, params);
      }
      scope_.resize(mark);
    }
    cur_ = join;
    blocks_[join].params = params;
    scope_.insert(scope_.end(), params.begin(), params.end());
  }

  void pass(uint32_t to, const std::vector<VReg>& params) {
    std::vector<VReg> args;
    for (VReg p : params) args.push_back(pick_like(p));
    jump(cur_, to, std::move(args));
  }

  void loop(uint32_t nesting) {
    uint32_t depth = blocks_[cur_].depth;
    bool cold = blocks_[cur_].cold;
    std::vector<VReg> params;
    for (uint32_t i = below(5); i > 0; --i) params.push_back(new_vreg(some_class()));
    uint32_t header = new_block(depth + 1, cold);
    pass(header, params);
    size_t outer = scope_.size();
    blocks_[header].params = params;
    cur_ = header;
    scope_.insert(scope_.end(), params.begin(), params.end());
    body(nesting);
    // Out of the loop, perhaps in the middle too; the exits meet in a block with parameters.
    std::vector<VReg> results;
    for (uint32_t i = below(3); i > 0; --i) results.push_back(new_vreg(some_class()));
    uint32_t after = new_block(depth, cold);
    if (chance(40)) {
      uint32_t leave = new_block(depth, cold || chance(30)), stay = new_block(depth + 1, cold);
      branch({leave, stay});
      size_t mark = scope_.size();
      cur_ = leave;
      if (chance(50)) inst();
      pass(after, results);
      scope_.resize(mark);
      cur_ = stay;
      body(nesting);
    }
    uint32_t back = new_block(depth + 1, cold), leave = new_block(depth, cold);
    branch({back, leave});
    size_t before_leaving = scope_.size();
    cur_ = leave;
    pass(after, results);
    scope_.resize(before_leaving);
    cur_ = back;
    if (chance(20)) inst();
    // Back-edge arguments: often the parameters themselves, sometimes permuted.
    std::vector<VReg> args;
    for (size_t i = 0; i < params.size(); ++i) {
      VReg p = params[(i + (chance(20) ? 1 : 0)) % params.size()];
      const VRegInfo &a = p_.vregs[p.raw()], &b = p_.vregs[params[i].raw()];
      bool same_type = a.cls == b.cls && a.bytes == b.bytes;
      args.push_back(chance(40) && same_type ? p : pick_like(params[i]));
    }
    jump(back, header, std::move(args));
    scope_.resize(outer);
    cur_ = after;
    blocks_[after].params = results;
    scope_.insert(scope_.end(), results.begin(), results.end());
  }

  // Puts the blocks into the order of the layout.
  Program emit() {
    std::vector<uint32_t> order;
    for (uint32_t b = 0; b < blocks_.size(); ++b) order.push_back(b);
    if (shape_.shuffle_cold)
      std::ranges::stable_partition(order, [&](uint32_t b) { return b == 0 || !blocks_[b].cold; });
    std::vector<uint32_t> place(blocks_.size());
    for (uint32_t i = 0; i < order.size(); ++i) place[order[i]] = i;
    for (uint32_t i = 0; i < order.size(); ++i) {
      PendingBlock& from = blocks_[order[i]];
      p_.begin_block(i);
      for (const PendingInst& inst : from.insts) p_.add_inst(inst.ops, inst.clobbers, inst.is_move);
      Program::Block& to = p_.blocks[i];
      for (uint32_t s : from.succs) to.succs.push_back(place[s]);
      to.params = std::move(from.params);
      to.branch_args = std::move(from.args);
      to.loop_depth = from.depth;
      to.cold = from.cold;
      to.edge_defs = from.edge_defs;
      to.landing_defs = from.landing_defs;
    }
    return std::move(p_);
  }

  uint64_t state_;
  RandomShape shape_;
  Program p_;
  PRegSet caller_saved_;
  std::vector<PendingBlock> blocks_;
  std::vector<VReg> scope_;
  uint32_t cur_ = 0, left_ = 0;
};

}  // namespace

Program random_program(uint64_t seed, const RandomShape& shape) {
  return Generator(seed, shape).run();
}

}  // namespace vitrine::regalloc
