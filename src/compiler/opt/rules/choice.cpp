// Rules for select.
#include "compiler/opt/rules/rules.hpp"

namespace vitrine::opt::rules {

using namespace ir;

Value choice(Rewriter& r, Inst i) {
  Value cond = r.arg(i, 0), x = r.arg(i, 1), y = r.arg(i, 2);
  Type type = r.type_of(x);
  uint64_t c;
  // (select c x y) => x or y
  if (r.constant(cond, &c)) return c ? x : y;
  // What a check before it says of a guard is what the CPU may have guessed.
  if (int k = r.known(cond); k >= 0 && !(r.f()[i].flags & kGuard)) return k ? x : y;
  // (select c x x) => x
  if (x == y) return x;
  if (Inst d = r.is(cond, Op::ICmp);
      d.valid() && r.type_of(r.arg(d, 0)) == Type::I32 && r.is_constant(r.arg(d, 1), 0)) {
    // (select (icmp ne c 0) x y) => (select c x y); (select (icmp eq c 0) x y) => (select c y x)
    IntCC cc = r.f()[d].int_cc();
    if (cc == IntCC::Eq || cc == IntCC::Ne) {
      Value inner = r.arg(d, 0);
      InstData& data = r.f()[i];
      data.a[0] = inner.raw();
      if (cc == IntCC::Eq) std::swap(data.a[1], data.a[2]);
      return data.result;
    }
  }
  if (is_int(type) && type != Type::Ref) {
    // (select c 1 0) => c != 0, (select c 0 1) => c == 0
    bool one_zero = r.is_constant(x, 1) && r.is_constant(y, 0), zero_one = r.is_constant(x, 0) && r.is_constant(y, 1);
    if (one_zero || zero_one) {
      Value zero = r.iconst(Type::I32, 0);
      Value b = one_zero && is_bool(r, cond) ? cond : r.icmp(one_zero ? IntCC::Ne : IntCC::Eq, cond, zero);
      return type == Type::I32 ? b : r.unary(Op::UExtend, Type::I64, b);
    }
    // (select c -1 0) => (isub 0 c) for a c that is 0 or 1
    if (type == Type::I32 && r.is_constant(x, 0xffff'ffff) && r.is_constant(y, 0) && is_bool(r, cond)) {
      Value zero = r.iconst(Type::I32, 0);
      return r.become(i, Op::ISub, zero, cond);
    }
  }
  return kNo;
}

}  // namespace vitrine::opt::rules
