// Appends instructions to a block: one method per kind of instruction.
//
// As it builds, it folds constants and trivial identities (x + 0, uextend of a constant, an address plus a constant
// into the displacement), puts constants on the right, and answers the earlier value where an equal one exists in the
// same block (since the last `switch_to`). So a method may answer a value that is not new.
//
// What always holds: an I64 address arithmetic is folded exactly modulo 2^64; nothing is looked through that changes
// width. Costs: O(1) an instruction; the table of values is bounded.
#pragma once

#include <array>
#include <initializer_list>
#include <span>
#include <vector>

#include "compiler/ir/func.hpp"

namespace vitrine::ir {

using Args = std::span<const Value>;

class Builder {
 public:
  explicit Builder(Func& func) : f_(&func), table_(kTableSize) {}

  Func& func() { return *f_; }
  /// Starts over on another function (or the same one after `reset`), keeping the memory.
  void reset(Func& func);
  /// From now on instructions go to the end of `block`, which is put at the end of the layout unless it is in it.
  void switch_to(Block block);
  Block block() const { return block_; }
  /// The current block has its terminator; nothing may be added.
  bool terminated() const;
  /// What new instructions carry as their source location.
  void set_srcloc(uint32_t offset) { srcloc_ = offset; }
  uint32_t srcloc() const { return srcloc_; }
  /// Loads, stores and calls of before are not what a value may be taken from any more. (They never are: only pure
  /// instructions are numbered. Here for a producer that patches instructions by hand.)
  void forget_values() { ++generation_; }

  // -- constants
  Value iconst(Type type, uint64_t value);  // I32, I64, Ref; cut to the type
  Value i32(uint32_t value) { return iconst(Type::I32, value); }
  Value i64(uint64_t value) { return iconst(Type::I64, value); }
  Value fconst(Type type, uint64_t bits);
  Value f32(float value);
  Value f64(double value);
  Value vconst(Bits128 bits);
  /// A constant of any type, by its low 64 bits.
  Value constant(Type type, uint64_t bits);

  // -- integers: both operands and the result have one type; band, bor and bxor are for vectors too
  Value iadd(Value x, Value y) { return binary(Op::IAdd, x, y); }
  Value iadd_imm(Value x, uint64_t imm) { return iadd(x, iconst(f_->type_of(x), imm)); }
  Value isub(Value x, Value y) { return binary(Op::ISub, x, y); }
  Value imul(Value x, Value y) { return binary(Op::IMul, x, y); }
  Value umulhi(Value x, Value y) { return binary(Op::UMulHi, x, y); }
  Value smulhi(Value x, Value y) { return binary(Op::SMulHi, x, y); }
  struct Wide {
    Value lo, hi;
  };
  Wide umul_wide(Value x, Value y) { return wide(Op::UMulWide, {x, y}); }
  Wide smul_wide(Value x, Value y) { return wide(Op::SMulWide, {x, y}); }
  Wide iadd128(Wide x, Wide y) { return wide(Op::IAdd128, {x.lo, x.hi, y.lo, y.hi}); }
  Wide isub128(Wide x, Wide y) { return wide(Op::ISub128, {x.lo, x.hi, y.lo, y.hi}); }
  Wide wide(Op op, std::initializer_list<Value> args);
  Value sdiv(Value x, Value y, uint8_t trap = 0) { return binary(Op::SDiv, x, y, trap); }
  Value udiv(Value x, Value y, uint8_t trap = 0) { return binary(Op::UDiv, x, y, trap); }
  Value srem(Value x, Value y, uint8_t trap = 0) { return binary(Op::SRem, x, y, trap); }
  Value urem(Value x, Value y, uint8_t trap = 0) { return binary(Op::URem, x, y, trap); }
  Value band(Value x, Value y) { return binary(Op::And, x, y); }
  Value bor(Value x, Value y) { return binary(Op::Or, x, y); }
  Value bxor(Value x, Value y) { return binary(Op::Xor, x, y); }
  Value ishl(Value x, Value y) { return binary(Op::Shl, x, y); }
  Value ushr(Value x, Value y) { return binary(Op::UShr, x, y); }
  Value sshr(Value x, Value y) { return binary(Op::SShr, x, y); }
  Value rotl(Value x, Value y) { return binary(Op::Rotl, x, y); }
  Value rotr(Value x, Value y) { return binary(Op::Rotr, x, y); }
  Value clz(Value x) { return unary(Op::Clz, f_->type_of(x), x); }
  Value ctz(Value x) { return unary(Op::Ctz, f_->type_of(x), x); }
  Value popcnt(Value x) { return unary(Op::Popcnt, f_->type_of(x), x); }
  Value sext8(Value x) { return unary(Op::SExt8, f_->type_of(x), x); }
  Value sext16(Value x) { return unary(Op::SExt16, f_->type_of(x), x); }
  Value sext32(Value x) { return unary(Op::SExt32, f_->type_of(x), x); }
  Value uextend(Value x) { return unary(Op::UExtend, Type::I64, x); }
  Value sextend(Value x) { return unary(Op::SExtend, Type::I64, x); }
  Value wrap(Value x) { return unary(Op::Wrap, Type::I32, x); }
  Value icmp(IntCC cc, Value x, Value y);
  Value eqz(Value x) { return icmp(IntCC::Eq, x, iconst(f_->type_of(x), 0)); }

  // -- floats
  Value fadd(Value x, Value y) { return binary(Op::FAdd, x, y); }
  Value fsub(Value x, Value y) { return binary(Op::FSub, x, y); }
  Value fmul(Value x, Value y) { return binary(Op::FMul, x, y); }
  Value fdiv(Value x, Value y) { return binary(Op::FDiv, x, y); }
  Value fmin(Value x, Value y) { return binary(Op::FMin, x, y); }
  Value fmax(Value x, Value y) { return binary(Op::FMax, x, y); }
  Value fcopysign(Value x, Value y) { return binary(Op::FCopysign, x, y); }
  Value fneg(Value x) { return unary(Op::FNeg, f_->type_of(x), x); }
  Value fabs(Value x) { return unary(Op::FAbs, f_->type_of(x), x); }
  Value fsqrt(Value x) { return unary(Op::FSqrt, f_->type_of(x), x); }
  Value fceil(Value x) { return unary(Op::FCeil, f_->type_of(x), x); }
  Value ffloor(Value x) { return unary(Op::FFloor, f_->type_of(x), x); }
  Value ftrunc(Value x) { return unary(Op::FTrunc, f_->type_of(x), x); }
  Value fnearest(Value x) { return unary(Op::FNearest, f_->type_of(x), x); }
  Value fcmp(FloatCC cc, Value x, Value y);
  Value fpromote(Value x) { return unary(Op::FPromote, Type::F64, x); }
  Value fdemote(Value x) { return unary(Op::FDemote, Type::F32, x); }
  Value f_from_sint(Type type, Value x) { return unary(Op::FFromSInt, type, x); }
  Value f_from_uint(Type type, Value x) { return unary(Op::FFromUInt, type, x); }
  Value f_to_sint(Type type, Value x, uint8_t trap = 0) { return unary(Op::FToSInt, type, x, trap); }
  Value f_to_uint(Type type, Value x, uint8_t trap = 0) { return unary(Op::FToUInt, type, x, trap); }
  Value f_to_sint_sat(Type type, Value x) { return unary(Op::FToSIntSat, type, x); }
  Value f_to_uint_sat(Type type, Value x) { return unary(Op::FToUIntSat, type, x); }
  Value bitcast(Type type, Value x);

  // -- vectors
  /// `lane`: of what names one.
  Value vector(Op op, VecAux aux, Args args, uint32_t lane = 0);
  Value vector(Op op, Lanes lanes, std::initializer_list<Value> args) {
    return vector(op, VecAux(lanes), Args(args.begin(), args.size()));
  }
  /// Of an operation on all bits.
  Value vector(Op op, std::initializer_list<Value> args) {
    return vector(op, VecAux(uint8_t{0}), Args(args.begin(), args.size()));
  }

  Value select(Value cond, Value if_nonzero, Value if_zero, uint8_t flags = 0);

  /// Any unary or binary operation by its opcode; `type` is the type of the result.
  Value unary(Op op, Type type, Value x, uint8_t trap = 0);
  Value binary(Op op, Value x, Value y, uint8_t trap = 0);

  // -- memory
  Value load(Type type, MemKind kind, Value ptr, int32_t disp, AliasRegion region, uint8_t trap = 0, uint8_t flags = 0);
  void store(MemKind kind, Value ptr, Value value, int32_t disp, AliasRegion region, uint8_t trap = 0,
             uint8_t flags = 0);
  Value stack_load(Type type, Slot slot, uint32_t offset = 0);
  void stack_store(Slot slot, Value value, uint32_t offset = 0);
  Value stack_addr(Slot slot, uint32_t offset = 0);
  Value vmctx();
  Value func_addr(FuncRef fn);

  // -- traps that depend on a condition. A constant false one is not built; a constant true one is, and what follows it
  // is built too (the optimiser ends the block there).
  void trapif(Value cond, uint8_t code);
  void trapifnot(Value cond, uint8_t code);

  // -- calls; the answer lives until the next call is built
  std::span<const Value> call(FuncRef fn, Args args);
  std::span<const Value> call_indirect(SigRef sig, Value callee, Args args);

  // -- calls that end the block, with a landing block for exceptions; see opcodes.def. First the call, whose results
  // and payload the arguments of the edges may mention; then, with nothing built between, `go_on` says where it leads.
  struct Invocation {
    Inst inst;
    Args results, payload;  // live until the next call is built
  };
  Invocation invoke(FuncRef fn, Args args, uint32_t payload);
  Invocation invoke_indirect(SigRef sig, Value callee, Args args, uint32_t payload);
  void go_on(const Invocation& call, Block normal, Args normal_args, Block landing, Args landing_args);

  // -- terminators
  void jump(Block target, Args args = {});
  /// A constant condition builds a jump, after which the other target may have no predecessor. `hint`: kCold or kHot.
  void brif(Value cond, Block if_nonzero, Args nonzero_args, Block if_zero, Args zero_args, uint8_t hint = 0);
  struct Target {
    Block block;
    Args args;
  };
  /// `targets`: the cases, then the default. A constant index builds a jump.
  void br_table(Value index, std::span<const Target> targets);
  void ret(Args values);
  void return_call(FuncRef fn, Args args);
  void return_call_indirect(SigRef sig, Value callee, Args args);
  void trap(uint8_t code);

  // -- a function in pieces; see opcodes.def
  /// `targets`: where control goes, then the blocks of labels. There is one target at least.
  void enter(std::span<const Block> targets);
  void label(uint32_t number);
  void leave(uint32_t number);

 private:
  // One slot a hash, the last one wins: a miss only costs a duplicate, which gvn finds.
  static constexpr uint32_t kTableSize = 512;
  struct Entry {
    uint32_t generation = 0;
    Inst inst;
  };

  InstData data(Op op, Type type) const;
  InstData& draft(Op op, Type type) { return f_->draft(op, type, srcloc_); }
  Value emit(Type result);                         // appends the draft as it is
  Value numbered(const InstData& d, Type result);  // the draft, or an equal one of before
  uint32_t slot_of(const InstData& d) const;
  void emit_term(const InstData& d);
  BlockCall block_call(Block target, Args args);
  std::span<const Value> emit_call(InstData d, const Signature& sig, Args head, Args args);
  Invocation emit_invoke(InstData d, const Signature& sig, Args head, Args args, uint32_t payload);
  Value iadd_simplified(Type type, Value x, Value y);

  Func* f_;
  Block block_;
  uint32_t srcloc_ = 0;
  uint32_t generation_ = 1;
  std::vector<Entry> table_;
  std::vector<Value> results_;
  std::vector<Type> types_;
};

}  // namespace vitrine::ir
