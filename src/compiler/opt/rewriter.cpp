#include "compiler/opt/rewriter.hpp"

#include <bit>

#include "compiler/ir/value_number.hpp"

namespace vitrine::opt {

using namespace ir;

void Rewriter::start(Func& func, const DomTree& dom) {
  f_ = &func;
  dom_ = &dom;
  depth_ = 0;
  used_ = 0;
  uint32_t size = std::bit_ceil(std::max(64u, func.num_insts() * 2));
  table_.assign(size, {0, Inst()});
  mask_ = size - 1;
  facts_.assign(func.num_values(), {});
}

void Rewriter::grow() {
  std::vector<Entry> old(table_.size() * 2, {0, Inst()});
  old.swap(table_);
  mask_ = static_cast<uint32_t>(table_.size()) - 1;
  for (const Entry& e : old) {
    if (!e.inst.valid()) continue;
    uint32_t h = e.hash & mask_;
    while (table_[h].inst.valid()) h = (h + 1) & mask_;
    table_[h] = e;
  }
}

Inst Rewriter::number(Inst i) {
  InstData& d = (*f_)[i];
  if (is_commutative(d.op) || d.op == Op::ICmp) {
    // The smaller number first, unless that puts a constant on the left.
    uint64_t c;
    if (d.a[0] > d.a[1] && !constant(Value(d.a[1]), &c)) {
      std::swap(d.a[0], d.a[1]);
      if (d.op == Op::ICmp) d.aux = static_cast<uint8_t>(swap(d.int_cc()));
    }
  }
  uint32_t hash = value_hash(*f_, d);
  // A module may be made so that all of its values have one hash: what is not found soon goes without a number.
  for (uint32_t h = hash & mask_, last = (h + kMaxProbes) & mask_; h != last; h = (h + 1) & mask_) {
    Entry& e = table_[h];
    if (!e.inst.valid()) {
      e = {hash, i};
      if (++used_ * 4 > table_.size() * 3) grow();
      return i;
    }
    if (e.hash != hash || !same_value(*f_, (*f_)[e.inst], d)) continue;
    Block at = (*f_)[e.inst].block;
    if (at.valid() && dom_->dominates(at, block_)) return e.inst;
    // The walk is a preorder: what does not dominate this block dominates none that follows.
    e.inst = i;
    return i;
  }
  return i;
}

Value Rewriter::simplify(Inst i) {
  for (int fuel = kFuel; fuel > 0; --fuel) {
    Value own = (*f_)[i].result;
    Value v = apply_rules(*this, i);
    if (!v.valid()) return own;
    if (v != own) return v;
  }
  return (*f_)[i].result;
}

/// A new instruction before the cursor, or an equal one, or what the rules make of it.
Value Rewriter::finish(const InstData& data, Type result) {
  InstData d = data;
  d.srcloc = (*f_)[cursor_].srcloc;
  Inst i = f_->make_inst1(d, result);
  if (depth_ < 4) {
    ++depth_;
    Value v = simplify(i);
    --depth_;
    if (v != (*f_)[i].result) return v;
  }
  // It must be in the layout before it is found by others.
  Inst at = number(i);
  if (at == i) f_->insert_before(i, cursor_);
  return f_->result(at);
}

Value Rewriter::iconst(Type type, uint64_t bits) {
  InstData d{};
  d.op = Op::IConst;
  d.type = type;
  d.set_imm64(canonical(type, bits));
  return finish(d, type);
}

Value Rewriter::fconst(Type type, uint64_t bits) {
  InstData d{};
  d.op = Op::FConst;
  d.type = type;
  d.set_imm64(canonical(type, bits));
  return finish(d, type);
}

Value Rewriter::vconst(Bits128 bits) {
  InstData d{};
  d.op = Op::VConst;
  d.type = Type::V128;
  d.set_imm128(bits);
  return finish(d, d.type);
}

Value Rewriter::unary(Op op, Type type, Value x) {
  InstData d{};
  d.op = op;
  d.type = type;
  d.a[0] = x.raw();
  return finish(d, type);
}

Value Rewriter::binary(Op op, Value x, Value y) {
  InstData d{};
  d.op = op;
  d.type = type_of(x);
  d.a[0] = x.raw();
  d.a[1] = y.raw();
  return finish(d, d.type);
}

Value Rewriter::vector(Op op, VecAux aux, std::span<const Value> args, uint32_t lane) {
  InstData d{};
  d.op = op;
  d.type = op == Op::VExtract ? lane_type(aux.lanes()) : only_type(type_row(op).types);
  d.aux = aux.bits;
  d.imm = lane;
  for (size_t n = 0; n < args.size(); ++n) d.a[n] = args[n].raw();
  return finish(d, d.type);
}

Value Rewriter::icmp(IntCC cc, Value x, Value y) {
  InstData d{};
  d.op = Op::ICmp;
  d.type = type_of(x);
  d.aux = static_cast<uint8_t>(cc);
  d.a[0] = x.raw();
  d.a[1] = y.raw();
  return finish(d, Type::I32);
}

Value Rewriter::fcmp(FloatCC cc, Value x, Value y) {
  InstData d{};
  d.op = Op::FCmp;
  d.type = type_of(x);
  d.aux = static_cast<uint8_t>(cc);
  d.a[0] = x.raw();
  d.a[1] = y.raw();
  return finish(d, Type::I32);
}

Value Rewriter::select(Value cond, Value x, Value y) {
  InstData d{};
  d.op = Op::Select;
  d.type = type_of(x);
  d.a[0] = cond.raw();
  d.a[1] = x.raw();
  d.a[2] = y.raw();
  return finish(d, d.type);
}

Value Rewriter::become(Inst i, Op op, Value x) {
  InstData& d = (*f_)[i];
  d.op = op;
  d.type = type_of(d.result);
  d.aux = d.flags = d.trap = 0;
  d.a[0] = x.raw();
  d.a[1] = d.a[2] = ~0u;
  return d.result;
}

Value Rewriter::become(Inst i, Op op, Value x, Value y) {
  Value v = become(i, op, x);
  (*f_)[i].a[1] = y.raw();
  return v;
}

Value Rewriter::become_icmp(Inst i, IntCC cc, Value x, Value y) {
  Value v = become(i, Op::ICmp, x, y);
  InstData& d = (*f_)[i];
  d.type = type_of(x);
  d.aux = static_cast<uint8_t>(cc);
  return v;
}

uint64_t Rewriter::possible_bits(Value v, int depth) {
  Type type = type_of(v);
  uint64_t all = canonical(type, ~0ull);
  Inst i = f_->def_inst(v);
  if (!i.valid()) return all;
  const InstData& d = (*f_)[i];
  uint64_t c;
  switch (d.op) {
    case Op::IConst:
      return d.imm64();
    case Op::ICmp:
    case Op::FCmp:
      return 1;
    case Op::Clz:
    case Op::Ctz:
    case Op::Popcnt:
      return 0x7f;
    case Op::UExtend:
      return depth ? possible_bits(arg(i, 0), depth - 1) : 0xffff'ffff;
    case Op::Load:
      switch (d.mem()) {
        case MemKind::U8:
          return 0xff;
        case MemKind::U16:
          return 0xffff;
        case MemKind::U32:
          return 0xffff'ffff;
        default:
          return all;
      }
    case Op::And:
      if (depth == 0) return all;
      return possible_bits(arg(i, 0), depth - 1) & possible_bits(arg(i, 1), depth - 1);
    case Op::Or:
    case Op::Xor:
      if (depth == 0) return all;
      return possible_bits(arg(i, 0), depth - 1) | possible_bits(arg(i, 1), depth - 1);
    case Op::Select:
      if (depth == 0) return all;
      return possible_bits(arg(i, 1), depth - 1) | possible_bits(arg(i, 2), depth - 1);
    case Op::Wrap:
      return depth ? canonical(type, possible_bits(arg(i, 0), depth - 1)) : all;
    case Op::UShr:
      if (!constant(arg(i, 1), &c)) return all;
      return (depth ? possible_bits(arg(i, 0), depth - 1) : all) >> (c & (bits_of(type) - 1));
    case Op::Shl:
      if (!constant(arg(i, 1), &c)) return all;
      return canonical(type, (depth ? possible_bits(arg(i, 0), depth - 1) : all) << (c & (bits_of(type) - 1)));
    default:
      return all;
  }
}

void Rewriter::learn(Value cond, bool nonzero) {
  if (cond.raw() < facts_.size()) facts_[cond.raw()] = {block_, nonzero};
}

int Rewriter::known(Value cond) const {
  if (cond.raw() >= facts_.size()) return -1;
  const Fact& fact = facts_[cond.raw()];
  if (!fact.block.valid() || !dom_->dominates(fact.block, block_)) return -1;
  return fact.nonzero;
}

}  // namespace vitrine::opt
