// Rules for branches and conditional traps.
#include <algorithm>

#include "compiler/opt/rules/rules.hpp"

namespace vitrine::opt {
namespace {

using namespace ir;

/// What is known of a condition: 1 nonzero, 0 zero, -1 nothing.
int decided(Rewriter& r, Value cond) {
  uint64_t c;
  if (r.constant(cond, &c)) return c != 0;
  return r.known(cond);
}

/// Looks through comparisons with zero: the condition whose zeroness decides, and whether the sense is inverted.
Value strip(Rewriter& r, Value cond, bool* inverted) {
  for (int fuel = Rewriter::kFuel; fuel > 0; --fuel) {
    Inst d = r.is(cond, Op::ICmp);
    if (!d.valid() || r.type_of(r.arg(d, 0)) != Type::I32 || !r.is_constant(r.arg(d, 1), 0)) return cond;
    IntCC cc = r.f()[d].int_cc();
    if (cc == IntCC::Eq)
      *inverted = !*inverted;
    else if (cc != IntCC::Ne)
      return cond;
    cond = r.arg(d, 0);
  }
  return cond;
}

/// The branch always goes to its successor number `n`.
void become_jump(Func& f, Inst i, uint32_t n) {
  InstData& d = f[i];
  d.op = Op::Jump;
  d.type = Type::None;
  d.flags = 0;
  d.a[0] = ~0u;
  d.a[1] += n;
  d.a[2] = 1;
}

Change simplify_brif(Rewriter& r, Inst i) {
  Func& f = r.f();
  bool inverted = false;
  Value cond = strip(r, r.arg(i, 0), &inverted);
  f[i].a[0] = cond.raw();
  if (inverted) {
    auto s = f.succs(i);
    std::swap(s[0], s[1]);
    uint8_t hints = f[i].flags & (kCold | kHot);
    if (hints == kCold || hints == kHot) f[i].flags ^= kCold | kHot;
  }
  if (int k = decided(r, cond); k >= 0) {
    become_jump(f, i, k ? 0 : 1);
    return Change::Graph;
  }
  auto s = f.succs(i);
  if (f.same_call(s[0], s[1])) {
    become_jump(f, i, 0);
    return Change::Graph;
  }
  return inverted ? Change::Edges : Change::None;
}

Change simplify_br_table(Rewriter& r, Inst i) {
  Func& f = r.f();
  Value index = r.arg(i, 0);
  auto s = f.succs(i);
  uint64_t c;
  if (r.constant(index, &c)) {
    become_jump(f, i, static_cast<uint32_t>(std::min<uint64_t>(c, s.size() - 1)));
    return Change::Graph;
  }
  if (std::ranges::all_of(s, [&](const BlockCall& call) { return f.same_call(call, s[0]); })) {
    become_jump(f, i, 0);
    return Change::Graph;
  }
  if (s.size() != 2) return Change::None;
  // (br_table x [a] b) => (brif x b a)
  std::swap(s[0], s[1]);
  f[i].op = Op::BrIf;
  f[i].flags = 0;
  simplify_brif(r, i);
  return Change::Graph;
}

/// The trap always happens: nothing after it does.
void become_trap(Func& f, Inst i) {
  Block b = f[i].block;
  while (f[b].last != i) f.remove(f[b].last);
  InstData& d = f[i];
  d.op = Op::Trap;
  d.type = Type::None;
  d.a[0] = d.a[1] = d.a[2] = ~0u;
}

Change simplify_trapif(Rewriter& r, Inst i) {
  Func& f = r.f();
  bool inverted = f[i].op == Op::TrapIfNot;
  Value cond = strip(r, r.arg(i, 0), &inverted);
  f[i].op = inverted ? Op::TrapIfNot : Op::TrapIf;
  f[i].a[0] = cond.raw();
  int k = decided(r, cond);
  if (k < 0) {
    r.learn(cond, inverted);
    return Change::None;
  }
  if ((k != 0) == inverted) {
    f.remove(i);
    return Change::None;
  }
  become_trap(f, i);
  return Change::Graph;
}

}  // namespace

Change simplify_control(Rewriter& r, Inst i) {
  Func& f = r.f();
  if (has_arg_list(f[i].op))
    for (Value& v : f.args(i)) v = f.resolve(v);
  for (const BlockCall& c : f.succs(i))
    for (Value& v : f.args(c)) v = f.resolve(v);
  switch (f[i].op) {
    case Op::BrIf:
      return simplify_brif(r, i);
    case Op::BrTable:
      return simplify_br_table(r, i);
    case Op::TrapIf:
    case Op::TrapIfNot:
      return simplify_trapif(r, i);
    default:
      return Change::None;
  }
}

}  // namespace vitrine::opt
