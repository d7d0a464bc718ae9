// The dispatch from root opcode to its group of rules; constants are folded here, for all.
#include "compiler/opt/rules/rules.hpp"

namespace vitrine::opt {
namespace {

using namespace ir;

Value constant(Rewriter& r, Inst i, uint64_t bits) {
  Type type = r.type_of(r.f()[i].result);
  return is_float(type) ? r.fconst(type, bits) : r.iconst(type, bits);
}

}  // namespace

Value apply_rules(Rewriter& r, Inst i) {
  Func& f = r.f();
  const InstData& d = f[i];
  uint64_t x, y;
  switch (info(d.op).args) {
    case 1:
      if (r.constant(r.arg(i, 0), &x))
        if (auto bits = fold_unary(d.op, d.type, r.type_of(r.arg(i, 0)), x)) return constant(r, i, *bits);
      break;
    case 2: {
      bool kx = r.constant(r.arg(i, 0), &x), ky = r.constant(r.arg(i, 1), &y);
      if (kx && ky)
        if (auto bits = fold_binary(d.op, d.type, d.aux, x, y)) return constant(r, i, *bits);
      if (kx && !ky && (is_commutative(d.op) || d.op == Op::ICmp)) {
        InstData& m = f[i];
        std::swap(m.a[0], m.a[1]);
        if (m.op == Op::ICmp) m.aux = static_cast<uint8_t>(swap(m.int_cc()));
      }
      break;
    }
    case 3:
      for (uint32_t n = 0; n < 3; ++n) r.arg(i, n);
      break;
    default:
      break;
  }
  switch (info(d.op).group) {
    case Group::Arithmetic:
      return rules::arithmetic(r, i);
    case Group::Division:
      return rules::division(r, i);
    case Group::Bitwise:
      return rules::bitwise(r, i);
    case Group::Shift:
      return rules::shift(r, i);
    case Group::Extension:
      return rules::extension(r, i);
    case Group::IntCompare:
      return rules::compare(r, i);
    case Group::Select:
      return rules::choice(r, i);
    case Group::Float:
      return rules::floating(r, i);
    case Group::Vector:
      return rules::vector(r, i);
    case Group::Memory:
      return rules::access(r, i);
    default:
      return rules::kNo;
  }
}

}  // namespace vitrine::opt
