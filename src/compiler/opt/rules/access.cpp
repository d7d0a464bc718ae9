// Rules for loads and stores: constants into the displacement, and no work on bits that are not stored.
#include "compiler/opt/rules/rules.hpp"

namespace vitrine::opt::rules {
namespace {

using namespace ir;

/// (load (iadd p c) disp) => (load p disp+c) while the displacement stays a signed 32-bit number. An address is 64 bits
/// wide and wraps there, as iadd does.
bool fold_displacement(Rewriter& r, Inst i) {
  Value p = r.arg(i, 0);
  Inst add = r.is(p, Op::IAdd);
  uint64_t c;
  if (!add.valid() || !r.constant(r.arg(add, 1), &c)) return false;
  int64_t sum;
  InstData& d = r.f()[i];
  if (__builtin_add_overflow(static_cast<int64_t>(c), int64_t{d.disp()}, &sum) || sum != static_cast<int32_t>(sum))
    return false;
  d.imm = static_cast<uint32_t>(static_cast<int32_t>(sum));
  d.a[0] = r.arg(add, 0).raw();
  return true;
}

/// What may be stored in place of `v` if only the low `bits` matter; `v` if nothing better.
Value stored(Rewriter& r, Value v, unsigned bits) {
  for (int fuel = 8; fuel > 0; --fuel) {
    Inst d = r.def(v);
    if (!d.valid()) return v;
    uint64_t c, low = (1ull << bits) - 1;
    switch (r.f()[d].op) {
      case Op::And:
        if (!r.constant(r.arg(d, 1), &c) || (c & low) != low) return v;
        break;
      case Op::SExt8:
        if (bits > 8) return v;
        break;
      case Op::SExt16:
        if (bits > 16) return v;
        break;
      case Op::SExt32:
        break;
      default:
        return v;
    }
    v = r.arg(d, 0);
  }
  return v;
}

bool narrow_store(Rewriter& r, Inst i) {
  MemKind kind = r.f()[i].mem();
  Value v = r.arg(i, 1);
  if (kind == MemKind::Full) {
    // (store (bitcast x)) => (store x)
    Inst d = r.is(v, Op::Bitcast);
    if (!d.valid()) return false;
    Value x = r.arg(d, 0);
    r.f()[i].type = r.type_of(x);
    r.f()[i].a[1] = x.raw();
    return true;
  }
  unsigned bits = kind == MemKind::U8 || kind == MemKind::S8     ? 8
                  : kind == MemKind::U16 || kind == MemKind::S16 ? 16
                                                                 : 32;
  Value x = stored(r, v, bits);
  if (x != v) {
    r.f()[i].a[1] = x.raw();
    return true;
  }
  // (store.i64 u32 (uextend x)) => (store.i32 x); so for u16 and u8
  Inst d = r.is(v, Op::UExtend);
  if (!d.valid()) d = r.is(v, Op::SExtend);
  if (!d.valid() || r.type_of(r.arg(d, 0)) != Type::I32) return false;
  Value low = r.arg(d, 0);
  InstData& data = r.f()[i];
  data.type = Type::I32;
  data.a[1] = low.raw();
  if (bits == 32) data.aux = static_cast<uint8_t>(MemKind::Full);
  return true;
}

}  // namespace

/// A store has no result: its answer does not matter, so it is rewritten to the end at once.
Value access(Rewriter& r, Inst i) {
  int fuel = Rewriter::kFuel;
  while (fuel-- > 0 && fold_displacement(r, i)) {
  }
  if (r.f()[i].op == Op::Store)
    while (fuel-- > 0 && narrow_store(r, i)) {
    }
  return kNo;
}

}  // namespace vitrine::opt::rules
