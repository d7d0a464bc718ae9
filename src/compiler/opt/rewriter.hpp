// What a rewrite rule sees: the instruction under the cursor, its resolved arguments, and ways to make others.
//
// A rule answers none (it does not apply), the instruction's own result (it changed the instruction in place: the rules
// are tried again), or another value that takes its place. New instructions go before the cursor, simplified and
// numbered. Termination: rules point one way only, and each instruction has a bounded number of rewrites besides
// (`kFuel`).
#pragma once

#include <initializer_list>
#include <span>
#include <vector>

#include "compiler/ir/dominators.hpp"
#include "compiler/ir/fold.hpp"
#include "compiler/ir/func.hpp"

namespace vitrine::opt {

using ir::Block;
using ir::FloatCC;
using ir::Func;
using ir::Inst;
using ir::InstData;
using ir::IntCC;
using ir::MemKind;
using ir::Op;
using ir::Type;
using ir::Value;

class Rewriter {
 public:
  /// Room for a function; forgets the one before.
  void start(Func& func, const ir::DomTree& dom);
  void enter(Block block) { block_ = block; }

  Func& f() { return *f_; }
  Value arg(Inst i, uint32_t n) {
    // SAFETY: a Value is its raw index and nothing else (ir/func.hpp asserts it).
    Value& v = reinterpret_cast<Value*>((*f_)[i].a)[n];
    return v = f_->resolve(v);
  }
  Type type_of(Value v) const { return f_->type_of(v); }
  /// The definition of a resolved value if it is an `op`.
  Inst is(Value v, Op op) const {
    Inst i = f_->def_inst(v);
    return i.valid() && (*f_)[i].op == op ? i : Inst();
  }
  Inst def(Value v) const { return f_->def_inst(v); }
  bool constant(Value v, uint64_t* bits) const {
    *bits = 0;
    Inst i = f_->def_inst(v);
    if (!i.valid()) return false;
    const InstData& d = (*f_)[i];
    if (d.op != Op::IConst && d.op != Op::FConst) return false;
    *bits = d.imm64();
    return true;
  }
  bool vector_constant(Value v, ir::Bits128* bits) const { return f_->is_vconst(v, bits); }
  /// `v` as (op x c), if it is that.
  bool is_with_constant(Value v, Op op, Value* x, uint64_t* c) {
    Inst i = is(v, op);
    if (!i.valid() || !constant(arg(i, 1), c)) return false;
    *x = arg(i, 0);
    return true;
  }
  bool is_constant(Value v, uint64_t bits) const {
    uint64_t c;
    return constant(v, &c) && c == bits;
  }
  /// A mask outside which the integer `v` has no bits.
  uint64_t possible_bits(Value v, int depth = 2);

  // -- new instructions
  Value iconst(Type type, uint64_t bits);
  Value fconst(Type type, uint64_t bits);
  Value vconst(ir::Bits128 bits);
  Value unary(Op op, Type type, Value x);
  Value binary(Op op, Value x, Value y);
  Value vector(Op op, ir::VecAux aux, std::span<const Value> args, uint32_t lane = 0);
  Value vector(Op op, ir::VecAux aux, std::initializer_list<Value> args) {
    return vector(op, aux, std::span(args.begin(), args.size()));
  }
  Value binary(Op op, Value x, uint64_t c) { return binary(op, x, iconst(type_of(x), c)); }
  Value icmp(IntCC cc, Value x, Value y);
  Value fcmp(FloatCC cc, Value x, Value y);
  Value select(Value cond, Value x, Value y);

  // -- the instruction in place
  Value become(Inst i, Op op, Value x);
  Value become(Inst i, Op op, Value x, Value y);
  Value become(Inst i, Op op, Value x, uint64_t c) { return become(i, op, x, iconst(type_of(x), c)); }
  Value become_icmp(Inst i, IntCC cc, Value x, Value y);
  Value become_icmp(Inst i, IntCC cc, Value x, uint64_t c) { return become_icmp(i, cc, x, iconst(type_of(x), c)); }

  /// An equal instruction that dominates this one, or `i` itself, which is entered.
  Inst number(Inst i);
  /// Simplifies `i`, which may be in the layout or not yet. Answers what takes its place, or its own result.
  Value simplify(Inst i);
  void set_cursor(Inst i) { cursor_ = i; }

  // -- facts from conditions
  /// In what `block_` dominates from here on, `cond` is nonzero (or zero).
  void learn(Value cond, bool nonzero);
  /// 1: nonzero, 0: zero, -1: not known.
  int known(Value cond) const;

  static constexpr int kFuel = 24;

 private:
  Value finish(const InstData& d, Type result);

  Func* f_ = nullptr;
  const ir::DomTree* dom_ = nullptr;
  Block block_;
  Inst cursor_;
  int depth_ = 0;

  struct Entry {
    uint32_t hash;
    Inst inst;
  };
  std::vector<Entry> table_;
  uint32_t mask_ = 0, used_ = 0;
  void grow();
  static constexpr uint32_t kMaxProbes = 48;  // the table has at least 64 entries

  struct Fact {
    Block block;
    uint8_t nonzero = 0;
  };
  std::vector<Fact> facts_;  // by value
};

/// One answer of `Rewriter::simplify`'s kind for each root opcode; see rules/.
Value apply_rules(Rewriter& r, Inst i);

enum class Change : uint8_t {
  None,   // to the graph
  Edges,  // changed places
  Graph   // edges are gone
};
/// Simplifies the terminator or conditional trap `i`. May end the block at a trap that always happens.
Change simplify_control(Rewriter& r, Inst i);

}  // namespace vitrine::opt
