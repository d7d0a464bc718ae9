// Addresses, loads and stores.
#include "compiler/x64/lower.hpp"

namespace vitrine::x64 {

using ir::Inst;
using ir::InstData;
using ir::MemKind;
using ir::Op;
using ir::Type;
using ir::Value;

namespace {

bool add_disp(int32_t& disp, int64_t more) {
  int64_t sum;
  if (__builtin_add_overflow(int64_t{disp}, more, &sum) || sum != static_cast<int32_t>(sum)) return false;
  disp = static_cast<int32_t>(sum);
  return true;
}

}  // namespace

Amode Lower::slot(const InstData& d) {
  return {.kind = mach::kMemSlot, .disp = static_cast<int32_t>(slots_[d.slot().raw()] + d.slot_offset())};
}

// (shl x 1..3), of which `shift` is the definition, as the index of `a`
bool Lower::split_scaled(const InstData* shift, Amode& a) {
  uint64_t count;
  if (!shift || shift->op != Op::Shl || !is_const(arg(*shift, 1), &count) || count < 1 || count > 3) return false;
  a.shift = static_cast<uint8_t>(count);
  a.index = shift->type == Type::I32 ? use_low(arg(*shift, 0)) : use_reg(arg(*shift, 0));
  return true;
}

// Only 64-bit arithmetic is looked through: it is what the address unit does. A 32-bit sum wraps, and stays a register.
Amode Lower::amode(Value address, int32_t disp) {
  Amode a{.kind = Amode::kReg, .disp = disp};
  // A value and its definition, if that may be looked through.
  struct Term {
    Value value;
    const InstData* def;
  };
  auto term = [&](Value v) {
    Term t{v, foldable(v)};
    for (int depth = 0; depth < 8 && t.def && t.def->op == Op::IAdd; ++depth) {
      uint64_t bits;
      if (!is_const(arg(*t.def, 1), &bits) || !add_disp(a.disp, static_cast<int64_t>(bits))) break;
      t.value = arg(*t.def, 0);
      t.def = foldable(t.value);
    }
    return t;
  };
  auto set_base = [&](Value v) {
    if (is_own_context(v)) {
      a.kind = mach::kMemContext;
      return;
    }
    if (const InstData* d = def_of(v); d && d->op == Op::StackAddr) {
      int32_t with_slot = a.disp;
      if (add_disp(with_slot, int64_t{slots_[d->slot().raw()]} + d->slot_offset())) {
        a.kind = mach::kMemSlot;
        a.disp = with_slot;
        return;
      }
    }
    a.base = use_reg(v);
  };
  const Term whole = term(address);
  if (!whole.def || whole.def->op != Op::IAdd) {
    set_base(whole.value);
    return a;
  }
  Term x = term(arg(*whole.def, 0)), y = term(arg(*whole.def, 1));
  if (!split_scaled(y.def, a)) {
    if (split_scaled(x.def, a)) {
      std::swap(x, y);
    } else if (is_own_context(y.value)) {
      a.index = use_reg(x.value);
      std::swap(x, y);
    } else {
      a.index = use_reg(y.value);
    }
  }
  set_base(x.value);
  return a;
}

void Lower::emit_load(Type type, MemKind kind, VReg d, const Amode& a) {
  MOp op = MOp::Mov;
  unsigned size = ir::bytes_of(type);
  switch (kind) {
    case MemKind::Full:
      if (!ir::is_int(type)) op = type == Type::V128 ? MOp::LoadV : MOp::LoadF;
      break;
    case MemKind::U8:
      op = MOp::MovzxB;
      size = 4;
      break;
    case MemKind::U16:
      op = MOp::MovzxW;
      size = 4;
      break;
    case MemKind::U32:
      if (type == Type::V128) op = MOp::LoadF;  // which clears the rest of the register
      size = 4;
      break;
    case MemKind::U64:
      op = MOp::LoadF;
      size = 8;
      break;
    case MemKind::S8:
      op = MOp::MovsxB;
      break;
    case MemKind::S16:
      op = MOp::MovsxW;
      break;
    case MemKind::S32:
      op = size == 8 ? MOp::Movsxd : MOp::Mov;
      break;
  }
  begin(op, size);
  def(d);
  mem(a);
  end();
}

void Lower::lower_load(Inst, const InstData& d) {
  VReg r = result_of(d);
  if (d.op == Op::StackLoad) return emit_load(d.type, d.mem(), r, slot(d));
  emit_load(d.type, d.mem(), r, amode(arg(d, 0), d.disp()));
  last().trap = d.trap;
  // What is in the context and never changes can be had again at any time.
  if ((d.flags & ir::kReadonly) && !d.trap && d.mem() == MemKind::Full && last().base == mach::kMemContext &&
      last().index == mach::kMemNone)
    out_->set_remat(r, last());
}

void Lower::emit_store(Type type, unsigned bytes, Value value, const Amode& a) {
  uint64_t bits;
  if (is_const(value, &bits)) {
    // Constants go to memory as integers, floats among them.
    const auto wide = static_cast<int64_t>(bits);
    if (bytes < 8 || wide == static_cast<int32_t>(wide)) {
      begin(MOp::Store, bytes);
      mem(a);
      imm(bytes == 1   ? static_cast<int8_t>(bits)
          : bytes == 2 ? static_cast<int16_t>(bits)
                       : static_cast<int32_t>(bits));
      return end();
    }
  }
  if (!ir::is_int(type)) {
    VReg v = use_reg(value);
    begin(type == Type::V128 ? MOp::StoreV : MOp::StoreF, bytes);
    use(v);
    mem(a);
    return end();
  }
  // Of an I64, too, only the low bits are looked at when the store is narrow.
  if (bytes < 8) {
    if (const InstData* extend = foldable(value, Op::UExtend)) value = arg(*extend, 0);
    uint64_t mask;
    if (const InstData* m = foldable(value, Op::And);
        m && bytes < 4 && is_const(arg(*m, 1), &mask) && (mask & ((1u << bytes * 8) - 1)) == (1u << bytes * 8) - 1)
      value = arg(*m, 0);
  }
  VReg v = bytes < 8 ? use_low(value) : use_reg(value);
  begin(MOp::Store, bytes);
  use(v);
  mem(a);
  end();
}

void Lower::lower_store(Inst, const InstData& d) {
  const unsigned bytes = ir::access_bytes(d);
  if (d.op == Op::StackStore) return emit_store(d.type, bytes, arg(d, 0), slot(d));
  if (lower_read_modify_write(d, bytes) || lower_store_lane(d, bytes)) return;
  Amode a = amode(arg(d, 0), d.disp());
  emit_store(d.type, bytes, arg(d, 1), a);
  last().trap = d.trap;
}

// store p, (op (load p), x)
bool Lower::lower_read_modify_write(const InstData& store, unsigned bytes) {
  Value value = arg(store, 1);
  const InstData* d = def_of(value);
  if (mode_.fast || !d || d->block != block_ || uses(value) != 1 || store.mem() != MemKind::Full || bytes < 4 ||
      bytes > 8)
    return false;
  MOp op;
  switch (d->op) {
    case Op::IAdd:
      op = MOp::AddM;
      break;
    case Op::ISub:
      op = MOp::SubM;
      break;
    case Op::And:
      op = MOp::AndM;
      break;
    case Op::Or:
      op = MOp::OrM;
      break;
    case Op::Xor:
      op = MOp::XorM;
      break;
    default:
      return false;
  }
  for (unsigned side = 0; side < (d->op == Op::ISub ? 1u : 2u); ++side) {
    Value old = arg(*d, side), operand = arg(*d, 1 - side);
    const InstData* load = def_of(old);
    if (!may_fold_load(old, bytes) || arg(*load, 0) != arg(store, 0) || load->imm != store.imm) continue;
    Inst load_inst;
    def_of(old, &load_inst);
    sink(load_inst);
    int64_t value32;
    const bool immediate = imm32(operand, &value32);
    VReg b;
    if (!immediate) b = bytes == 4 ? use_low(operand) : use_reg(operand);
    Amode a = amode(arg(store, 0), store.disp());
    begin(op, bytes);
    if (!immediate) use(b);
    mem(a);
    if (immediate) imm(value32);
    last().trap = load->trap;
    last().srcloc = load->srcloc;
    end();
    return true;
  }
  return false;
}

}  // namespace vitrine::x64
