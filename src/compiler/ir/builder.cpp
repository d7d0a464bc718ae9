#include "compiler/ir/builder.hpp"

#include <algorithm>
#include <bit>

#include "compiler/ir/fold.hpp"
#include "compiler/ir/value_number.hpp"

namespace vitrine::ir {
void Builder::reset(Func& func) {
  f_ = &func;
  block_ = Block();
  srcloc_ = 0;
  ++generation_;
}

void Builder::switch_to(Block block) {
  f_->place(block);
  block_ = block;
  ++generation_;
}

bool Builder::terminated() const {
  Inst last = (*f_)[block_].last;
  return last.valid() && is_terminator((*f_)[last].op);
}

InstData Builder::data(Op op, Type type) const {
  InstData d{};
  d.op = op;
  d.type = type;
  d.srcloc = srcloc_;
  return d;
}

Value Builder::emit(Type result) {
  VITRINE_DCHECK(!terminated());
  Inst i = f_->finish_draft(result);
  f_->append(block_, i);
  return f_->result(i);
}

Value Builder::numbered(const InstData& d, Type result) {
  Entry& slot = table_[slot_of(d)];
  if (slot.generation == generation_ && same_value(*f_, (*f_)[slot.inst], d)) {
    f_->drop_draft();
    return f_->result(slot.inst);
  }
  Value v = emit(result);
  slot = {generation_, f_->def_inst(v)};
  return v;
}

uint32_t Builder::slot_of(const InstData& d) const {
  return value_hash(*f_, d) >> 8 & (kTableSize - 1);
}

void Builder::emit_term(const InstData& d) {
  VITRINE_DCHECK(!terminated());
  f_->append(block_, f_->make_inst(d, {}));
}

// -- constants

Value Builder::iconst(Type type, uint64_t value) {
  VITRINE_DCHECK(is_int(type));
  InstData& d = draft(Op::IConst, type);
  d.set_imm64(canonical(type, value));
  return numbered(d, type);
}

Value Builder::fconst(Type type, uint64_t bits) {
  VITRINE_DCHECK(is_float(type));
  InstData& d = draft(Op::FConst, type);
  d.set_imm64(canonical(type, bits));
  return numbered(d, type);
}

Value Builder::vconst(Bits128 bits) {
  InstData& d = draft(Op::VConst, Type::V128);
  d.set_imm128(bits);
  return numbered(d, Type::V128);
}

Value Builder::constant(Type type, uint64_t bits) {
  if (type == Type::V128) return vconst({bits, 0});
  return is_float(type) ? fconst(type, bits) : iconst(type, bits);
}

Value Builder::f32(float value) {
  return fconst(Type::F32, std::bit_cast<uint32_t>(value));
}
Value Builder::f64(double value) {
  return fconst(Type::F64, std::bit_cast<uint64_t>(value));
}

// -- arithmetic

Value Builder::unary(Op op, Type type, Value x, uint8_t trap) {
  VITRINE_DCHECK(info(op).args == 1 && contains(type_row(op).types, type));
  x = f_->resolve(x);
  uint64_t c;
  if (f_->is_const(x, &c)) {
    if (auto bits = fold_unary(op, type, f_->type_of(x), c)) return constant(type, *bits);
  }
  InstData& d = draft(op, type);
  d.trap = trap;
  d.a[0] = x.raw();
  return numbered(d, result_type(op, type));
}

Value Builder::bitcast(Type type, Value x) {
  VITRINE_DCHECK(bytes_of(type) == bytes_of(f_->type_of(x)));
  return f_->type_of(x) == type ? x : unary(Op::Bitcast, type, x);
}

/// Trivial cases of iadd with a constant on the right; none if there is nothing to do.
Value Builder::iadd_simplified(Type type, Value x, Value y) {
  uint64_t c, inner;
  if (!f_->is_iconst(y, &c)) return Value();
  if (c == 0) return x;
  Inst def = f_->def_inst(x);
  if (!def.valid() || (*f_)[def].op != Op::IAdd) return Value();
  // (x + inner) + c: one addition from the start, exact modulo the width of the type.
  Value base = f_->resolve(f_->args(def)[0]);
  if (!f_->is_iconst(f_->args(def)[1], &inner)) return Value();
  return binary(Op::IAdd, base, iconst(type, inner + c));
}

Value Builder::binary(Op op, Value x, Value y, uint8_t trap) {
  VITRINE_DCHECK(info(op).args == 2);
  x = f_->resolve(x);
  y = f_->resolve(y);
  Type type = f_->type_of(x);
  VITRINE_DCHECK(type == f_->type_of(y) && contains(type_row(op).types, type));
  uint64_t cx = 0, cy = 0;
  bool kx = f_->is_const(x, &cx), ky = f_->is_const(y, &cy);
  if (kx && ky) {
    if (auto bits = fold_binary(op, type, 0, cx, cy)) return constant(type, *bits);
  }
  if (kx && !ky && is_commutative(op)) {
    std::swap(x, y);
    std::swap(cx, cy);
    std::swap(kx, ky);
  }
  if (ky) {
    uint64_t ones = canonical(type, ~0ull);
    switch (op) {
      case Op::IAdd:
        if (Value v = iadd_simplified(type, x, y); v.valid()) return v;
        break;
      case Op::ISub:  // as an addition, so that chains of constants meet
        return binary(Op::IAdd, x, iconst(type, 0 - cy));
      case Op::Or:
      case Op::Xor:
        if (cy == 0) return x;
        break;
      case Op::Shl:
      case Op::UShr:
      case Op::SShr:
      case Op::Rotl:
      case Op::Rotr:
        if ((cy & (bits_of(type) - 1)) == 0) return x;
        break;
      case Op::And:
        if (cy == ones) return x;
        if (cy == 0) return y;
        break;
      case Op::IMul:
        if (cy == 1) return x;
        if (cy == 0) return y;
        break;
      case Op::UDiv:
      case Op::SDiv:
        if (cy == 1) return x;
        break;
      default:
        break;
    }
  } else if (x == y && is_int(type)) {
    switch (op) {
      case Op::ISub:
      case Op::Xor:
        return iconst(type, 0);
      case Op::And:
      case Op::Or:
        return x;
      default:
        break;
    }
  }
  InstData& d = draft(op, type);
  d.trap = trap;
  d.a[0] = x.raw();
  d.a[1] = y.raw();
  return numbered(d, result_type(op, type));
}

Builder::Wide Builder::wide(Op op, std::initializer_list<Value> list) {
  VITRINE_DCHECK(info(op).group == Group::Wide && list.size() == info(op).args);
  Value args[4];
  uint64_t bits[4];
  size_t n = 0;
  bool all_known = true;
  for (Value v : list) {
    args[n] = f_->resolve(v);
    all_known &= f_->is_iconst(args[n], &bits[n]);
    ++n;
  }
  if (all_known) {
    Bits128 value = fold_wide(op, bits);
    return {i64(value.lo), i64(value.hi)};
  }
  InstData& d = draft(op, Type::I64);
  if (has_arg_list(op))
    f_->set_arg_list(d, {args, n});
  else
    for (size_t k = 0; k < n; ++k) d.a[k] = args[k].raw();
  Entry& slot = table_[slot_of(d)];
  Inst i;
  if (slot.generation == generation_ && same_value(*f_, (*f_)[slot.inst], d)) {
    f_->drop_draft();
    i = slot.inst;
  } else {
    static constexpr Type kHalves[] = {Type::I64, Type::I64};
    i = f_->finish_draft(kHalves);
    f_->append(block_, i);
    slot = {generation_, i};
  }
  return {f_->result(i, 0), f_->result(i, 1)};
}

Value Builder::icmp(IntCC cc, Value x, Value y) {
  x = f_->resolve(x);
  y = f_->resolve(y);
  Type type = f_->type_of(x);
  VITRINE_DCHECK(is_int(type) && type == f_->type_of(y));
  uint64_t cx = 0, cy = 0;
  bool kx = f_->is_iconst(x, &cx), ky = f_->is_iconst(y, &cy);
  if (kx && ky) return i32(eval_icmp(cc, type, cx, cy));
  if (x == y) return i32(eval_icmp(cc, type, 0, 0));
  if (kx) {
    std::swap(x, y);
    cc = swap(cc);
  }
  InstData& d = draft(Op::ICmp, type);
  d.aux = static_cast<uint8_t>(cc);
  d.a[0] = x.raw();
  d.a[1] = y.raw();
  return numbered(d, Type::I32);
}

Value Builder::fcmp(FloatCC cc, Value x, Value y) {
  x = f_->resolve(x);
  y = f_->resolve(y);
  Type type = f_->type_of(x);
  VITRINE_DCHECK(is_float(type) && type == f_->type_of(y));
  uint64_t cx = 0, cy = 0;
  if (f_->is_const(x, &cx) && f_->is_const(y, &cy)) return i32(eval_fcmp(cc, type, cx, cy));
  InstData& d = draft(Op::FCmp, type);
  d.aux = static_cast<uint8_t>(cc);
  d.a[0] = x.raw();
  d.a[1] = y.raw();
  return numbered(d, Type::I32);
}

Value Builder::vector(Op op, VecAux aux, Args args, uint32_t lane) {
  VITRINE_DCHECK(info(op).group == Group::Vector && args.size() == info(op).args);
  const Type type = op == Op::VExtract ? lane_type(aux.lanes()) : only_type(type_row(op).types);
  InstData& d = draft(op, type);
  d.aux = aux.bits;
  d.imm = lane;
  uint32_t n = 0;
  for (Value v : args) d.a[n++] = f_->resolve(v).raw();
  return numbered(d, type);
}

Value Builder::select(Value cond, Value if_nonzero, Value if_zero, uint8_t flags) {
  cond = f_->resolve(cond);
  if_nonzero = f_->resolve(if_nonzero);
  if_zero = f_->resolve(if_zero);
  Type type = f_->type_of(if_nonzero);
  VITRINE_DCHECK(f_->type_of(cond) == Type::I32 && type == f_->type_of(if_zero));
  uint64_t c;
  if (f_->is_iconst(cond, &c)) return c ? if_nonzero : if_zero;
  if (if_nonzero == if_zero) return if_nonzero;
  InstData& d = draft(Op::Select, type);
  d.flags = flags;
  d.a[0] = cond.raw();
  d.a[1] = if_nonzero.raw();
  d.a[2] = if_zero.raw();
  return numbered(d, type);
}

// -- memory

namespace {

/// Moves constant additions of a 64-bit address into the displacement, as long as that stays a signed 32-bit number.
void fold_address(Func& f, Value& ptr, int32_t& disp) {
  for (;;) {
    ptr = f.resolve(ptr);
    Inst def = f.def_inst(ptr);
    if (!def.valid() || f[def].op != Op::IAdd || f.type_of(ptr) != Type::I64) return;
    uint64_t c;
    if (!f.is_iconst(f.args(def)[1], &c)) return;
    int64_t sum;
    if (__builtin_add_overflow(static_cast<int64_t>(c), int64_t{disp}, &sum) || sum != static_cast<int32_t>(sum))
      return;
    disp = static_cast<int32_t>(sum);
    ptr = f.args(def)[0];
  }
}

MemKind plain(Type type, MemKind kind) {
  return type == Type::I32 && (kind == MemKind::U32 || kind == MemKind::S32) ? MemKind::Full : kind;
}

}  // namespace

Value Builder::load(Type type, MemKind kind, Value ptr, int32_t disp, AliasRegion region, uint8_t trap, uint8_t flags) {
  VITRINE_DCHECK(f_->type_of(ptr) == Type::I64);
  VITRINE_DCHECK(kind == MemKind::Full || is_int(type) || type == Type::V128);
  fold_address(*f_, ptr, disp);
  InstData& d = draft(Op::Load, type);
  d.aux = static_cast<uint8_t>(plain(type, kind));
  d.imm = static_cast<uint32_t>(disp);
  d.region = region;
  d.trap = trap;
  d.flags = flags;
  d.a[0] = ptr.raw();
  return flags & kReadonly ? numbered(d, type) : emit(type);
}

void Builder::store(MemKind kind, Value ptr, Value value, int32_t disp, AliasRegion region, uint8_t trap,
                    uint8_t flags) {
  VITRINE_DCHECK(f_->type_of(ptr) == Type::I64);
  value = f_->resolve(value);
  fold_address(*f_, ptr, disp);
  Type type = f_->type_of(value);
  VITRINE_DCHECK(kind == MemKind::Full || is_int(type));
  InstData& d = draft(Op::Store, type);
  d.aux = static_cast<uint8_t>(plain(type, kind));
  d.imm = static_cast<uint32_t>(disp);
  d.region = region;
  d.trap = trap;
  d.flags = flags;
  d.a[0] = ptr.raw();
  d.a[1] = value.raw();
  f_->append(block_, f_->finish_draft());
}

Value Builder::stack_load(Type type, Slot slot, uint32_t offset) {
  InstData& d = draft(Op::StackLoad, type);
  d.set_slot(slot, offset);
  return emit(type);
}

void Builder::stack_store(Slot slot, Value value, uint32_t offset) {
  value = f_->resolve(value);
  InstData& d = draft(Op::StackStore, f_->type_of(value));
  d.set_slot(slot, offset);
  d.a[0] = value.raw();
  f_->append(block_, f_->finish_draft());
}

Value Builder::stack_addr(Slot slot, uint32_t offset) {
  InstData& d = draft(Op::StackAddr, Type::I64);
  d.set_slot(slot, offset);
  return numbered(d, Type::I64);
}

Value Builder::vmctx() {
  return numbered(draft(Op::VMContext, Type::I64), Type::I64);
}

Value Builder::func_addr(FuncRef fn) {
  InstData& d = draft(Op::FuncAddr, Type::I64);
  d.imm = fn.raw();
  return numbered(d, Type::I64);
}

// -- traps and calls

void Builder::trapif(Value cond, uint8_t code) {
  cond = f_->resolve(cond);
  VITRINE_DCHECK(f_->type_of(cond) == Type::I32);
  uint64_t c;
  if (f_->is_iconst(cond, &c) && c == 0) return;
  InstData& d = draft(Op::TrapIf, Type::I32);
  d.trap = code;
  d.a[0] = cond.raw();
  f_->append(block_, f_->finish_draft());
}

void Builder::trapifnot(Value cond, uint8_t code) {
  cond = f_->resolve(cond);
  VITRINE_DCHECK(f_->type_of(cond) == Type::I32);
  uint64_t c;
  if (f_->is_iconst(cond, &c) && c != 0) return;
  InstData& d = draft(Op::TrapIfNot, Type::I32);
  d.trap = code;
  d.a[0] = cond.raw();
  f_->append(block_, f_->finish_draft());
}

std::span<const Value> Builder::emit_call(InstData d, const Signature& sig, Args head, Args args) {
  VITRINE_DCHECK(args.size() == sig.params.size());
  VITRINE_DCHECK(!terminated());
  d.a[0] = static_cast<uint32_t>(f_->pool.size());
  for (Args list : {head, args})
    for (Value v : list) f_->pool.push_back(f_->resolve(v));
  d.a[1] = static_cast<uint32_t>(head.size() + args.size());
  results_.clear();
  if (is_terminator(d.op)) {
    emit_term(d);
    return results_;
  }
  Inst i = f_->make_inst(d, sig.results);
  f_->append(block_, i);
  f_->for_each_result(i, [&](Value v) { results_.push_back(v); });
  return results_;
}

std::span<const Value> Builder::call(FuncRef fn, Args args) {
  InstData d = data(Op::Call, Type::None);
  d.imm = fn.raw();
  return emit_call(d, f_->sigs[f_->funcs[fn].sig], {}, args);
}

std::span<const Value> Builder::call_indirect(SigRef sig, Value callee, Args args) {
  InstData d = data(Op::CallIndirect, Type::None);
  d.imm = sig.raw();
  return emit_call(d, f_->sigs[sig], {&callee, 1}, args);
}

Builder::Invocation Builder::invoke(FuncRef fn, Args args, uint32_t payload) {
  InstData d = data(Op::Invoke, Type::None);
  d.imm = fn.raw();
  return emit_invoke(d, f_->sigs[f_->funcs[fn].sig], {}, args, payload);
}

Builder::Invocation Builder::invoke_indirect(SigRef sig, Value callee, Args args, uint32_t payload) {
  InstData d = data(Op::InvokeIndirect, Type::None);
  d.imm = sig.raw();
  return emit_invoke(d, f_->sigs[sig], {&callee, 1}, args, payload);
}

Builder::Invocation Builder::emit_invoke(InstData d, const Signature& sig, Args head, Args args, uint32_t payload) {
  VITRINE_DCHECK(args.size() == sig.params.size() && payload <= kMaxPayload);
  VITRINE_DCHECK(!terminated());
  d.aux = static_cast<uint8_t>(payload);
  d.a[0] = static_cast<uint32_t>(f_->pool.size());
  for (Args list : {head, args})
    for (Value v : list) f_->pool.push_back(f_->resolve(v));
  d.a[1] = static_cast<uint32_t>(head.size() + args.size());
  BlockCall nowhere[2];
  d.a[2] = f_->pool_calls(nowhere);
  types_.assign(sig.results.begin(), sig.results.end());
  types_.resize(types_.size() + payload, Type::I64);
  Inst i = f_->make_inst(d, types_);
  f_->append(block_, i);
  results_.clear();
  f_->for_each_result(i, [&](Value v) { results_.push_back(v); });
  std::span<const Value> all(results_);
  return {i, all.first(sig.results.size()), all.subspan(sig.results.size())};
}

void Builder::go_on(const Invocation& call, Block normal, Args normal_args, Block landing, Args landing_args) {
  BlockCall calls[2] = {block_call(normal, normal_args), block_call(landing, landing_args)};
  std::ranges::copy(calls, f_->succs(call.inst).begin());
}

void Builder::return_call(FuncRef fn, Args args) {
  InstData d = data(Op::ReturnCall, Type::None);
  d.imm = fn.raw();
  emit_call(d, f_->sigs[f_->funcs[fn].sig], {}, args);
}

void Builder::return_call_indirect(SigRef sig, Value callee, Args args) {
  InstData d = data(Op::ReturnCallIndirect, Type::None);
  d.imm = sig.raw();
  emit_call(d, f_->sigs[sig], {&callee, 1}, args);
}

// -- terminators

BlockCall Builder::block_call(Block target, Args args) {
  BlockCall c{target, static_cast<uint32_t>(f_->pool.size()), static_cast<uint32_t>(args.size())};
  for (Value v : args) f_->pool.push_back(f_->resolve(v));
  return c;
}

void Builder::jump(Block target, Args args) {
  InstData d = data(Op::Jump, Type::None);
  BlockCall c = block_call(target, args);
  d.a[1] = f_->pool_calls({&c, 1});
  d.a[2] = 1;
  emit_term(d);
}

void Builder::brif(Value cond, Block if_nonzero, Args nonzero_args, Block if_zero, Args zero_args, uint8_t hint) {
  cond = f_->resolve(cond);
  VITRINE_DCHECK(f_->type_of(cond) == Type::I32);
  uint64_t c;
  if (f_->is_iconst(cond, &c)) return c ? jump(if_nonzero, nonzero_args) : jump(if_zero, zero_args);
  InstData d = data(Op::BrIf, Type::I32);
  d.flags = hint;
  d.a[0] = cond.raw();
  BlockCall calls[2] = {block_call(if_nonzero, nonzero_args), block_call(if_zero, zero_args)};
  d.a[1] = f_->pool_calls(calls);
  d.a[2] = 2;
  emit_term(d);
}

void Builder::br_table(Value index, std::span<const Target> targets) {
  VITRINE_DCHECK(!targets.empty() && f_->type_of(index) == Type::I32);
  index = f_->resolve(index);
  uint64_t c;
  if (targets.size() == 1) return jump(targets[0].block, targets[0].args);
  if (f_->is_iconst(index, &c)) {
    const Target& t = targets[std::min<uint64_t>(c, targets.size() - 1)];
    return jump(t.block, t.args);
  }
  InstData d = data(Op::BrTable, Type::I32);
  d.a[0] = index.raw();
  d.a[1] = static_cast<uint32_t>(f_->block_calls.size());
  d.a[2] = static_cast<uint32_t>(targets.size());
  for (const Target& t : targets) f_->block_calls.push_back(block_call(t.block, t.args));
  emit_term(d);
}

void Builder::ret(Args values) {
  InstData d = data(Op::Return, Type::None);
  d.a[0] = static_cast<uint32_t>(f_->pool.size());
  d.a[1] = static_cast<uint32_t>(values.size());
  for (Value v : values) f_->pool.push_back(f_->resolve(v));
  emit_term(d);
}

void Builder::trap(uint8_t code) {
  InstData d = data(Op::Trap, Type::None);
  d.trap = code;
  emit_term(d);
}

// -- pieces

void Builder::enter(std::span<const Block> targets) {
  InstData d = data(Op::Enter, Type::None);
  d.a[1] = static_cast<uint32_t>(f_->block_calls.size());
  d.a[2] = static_cast<uint32_t>(targets.size());
  for (Block b : targets) f_->block_calls.push_back(block_call(b, {}));
  emit_term(d);
}

void Builder::label(uint32_t number) {
  draft(Op::Label, Type::None).imm = number;
  f_->append(block_, f_->finish_draft());
}

void Builder::leave(uint32_t number) {
  InstData d = data(Op::Leave, Type::None);
  d.imm = number;
  emit_term(d);
}

}  // namespace vitrine::ir
