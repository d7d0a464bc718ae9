// Instruction selection: from IR to machine instructions over virtual registers. The walk, blocks and edges are
// mach::Lowering's; here is what each instruction becomes.
//
// What always holds
//   - Nothing that writes the flags stands between a comparison and what reads it: operands, constants among them, are
//     brought into registers before the comparison.
// Cost: O(instructions); look-through is bounded.
#pragma once

#include <span>
#include <vector>

#include "abi/settings.hpp"
#include "compiler/mach/lowering.hpp"
#include "compiler/x64/callconv.hpp"
#include "compiler/x64/insts.hpp"

namespace vitrine::x64 {

using mach::VCode;
using regalloc::Constraint;
using regalloc::Point;
using regalloc::RegClass;
using regalloc::VReg;

/// An address: a base (register `base`, or one of mach::MemBase), an index and a displacement.
struct Amode {
  static constexpr uint8_t kReg = 0;
  uint8_t kind = mach::kMemAbsolute;  // kReg or a MemBase
  uint8_t shift = 0;
  int32_t disp = 0;
  VReg base, index;
};

/// A source operand that may be a register, in memory or an immediate.
struct Src {
  enum class Kind : uint8_t { Reg, Mem, Imm } kind = Kind::Reg;
  uint8_t trap = 0;  // Mem: what an access that fails means
  uint32_t srcloc = 0;
  VReg reg;
  Amode mem;
  int64_t imm = 0;
};

class Lower final : public mach::Lowering {
 public:
  explicit Lower(const abi::CodegenSettings& settings) : settings_(settings) {}

 private:
  // -- lower.cpp: what mach::Lowering asks for
  void begin_function() override;
  void lower_inst(ir::Inst i, const ir::InstData& d) override;
  void lower_entry() override;
  void lower_invoke(ir::Inst i, const ir::InstData& d) override;
  void lower_return_from(ir::Inst invoke) override;
  void lower_terminator(ir::Inst i, const ir::InstData& d) override;
  void emit_jump() override;
  VReg int_const(ir::Type type, uint64_t value) override;
  VReg float_const(ir::Type type, uint64_t bits) override;
  VReg vector_const(ir::Bits128 bits) override;
  VReg context_reg() override;
  bool is_immediate(ir::Value v) const override {
    int64_t value;
    return imm32(v, &value);
  }

  // -- lower.cpp: operands
  bool imm32(ir::Value v, int64_t* out) const;
  Src fold_load(ir::Value v);
  Src rm(ir::Value v, unsigned bytes);
  Src rmi(ir::Value v, unsigned bytes);
  Src reg_src(VReg r) { return Src{.reg = r}; }

  // -- lower.cpp: building one machine instruction
  void begin(MOp op, unsigned size, CC cc = CC::O) {
    begin_inst(static_cast<uint16_t>(op), size).cc = static_cast<uint8_t>(cc);
  }
  void mem(const Amode& a);
  void src(const Src& s);
  void imm(int64_t value);

  void emit_rm(MOp op, unsigned size, VReg d, const Src& s);
  void emit_alu(MOp op, unsigned size, VReg d, VReg a, const Src& b);
  void emit_vex3(MOp op, unsigned size, VReg d, VReg a, const Src& b);
  void emit_alu_imm(MOp op, unsigned size, VReg d, VReg a, int64_t value);
  void emit_move(VReg d, VReg s);
  void emit_lea(unsigned size, VReg d, const Amode& a);

  // -- lower_int.cpp
  void lower_int(ir::Inst i, const ir::InstData& d);
  void lower_add(ir::Inst i, const ir::InstData& d);
  void lower_and(ir::Inst i, const ir::InstData& d);
  void lower_mul(const ir::InstData& d);
  void lower_mul_hi(const ir::InstData& d);
  void lower_mul_wide(ir::Inst i, const ir::InstData& d);
  void lower_add128(ir::Inst i);
  /// The register of a result, a fresh one if nobody wants it.
  VReg result_or_none(ir::Inst i, uint32_t n, ir::Type type) {
    const VReg r = vregs_[f_->result(i, n).raw()];
    return r.valid() ? r : fresh(type);
  }
  void lower_div(const ir::InstData& d);
  void lower_shift(const ir::InstData& d);
  void lower_bits(const ir::InstData& d);
  void lower_commutative(const ir::InstData& d, MOp op);
  void lower_extend(const ir::InstData& d);
  bool flags_wanted(ir::Inst i) const { return force_flags_ == i; }

  // -- lower_float.cpp
  void lower_float(ir::Inst i, const ir::InstData& d);
  void lower_float_binary(const ir::InstData& d, MOp op);
  void lower_float_bits(const ir::InstData& d);
  void lower_conversion(const ir::InstData& d);
  Src mask(uint64_t lo, uint64_t hi);
  void emit_float(MOp op, unsigned size, VReg d, VReg a, const Src& b);

  // -- lower_vector.cpp: operands
  /// `bits` of `bytes` in each lane.
  static ir::Bits128 repeated(uint64_t bits, unsigned bytes);
  void load_vector_const(VReg r, ir::Bits128 bits);
  /// A register, a constant or a load.
  Src vector_src(ir::Value v);
  /// Of an instruction that looks at the lower half alone.
  Src low_half(ir::Value v);
  bool may_fold_vector(ir::Value v) const;
  /// Whether `v` is a load of just so many bytes that can be done by the current instruction.
  bool may_fold_lane(ir::Value v, unsigned bytes) const;
  /// Whether lanes of `v`, of so many bytes, are ones or zeros throughout.
  bool is_lane_mask(ir::Value v, unsigned* bytes, int depth = 4) const;

  // -- lower_vector.cpp: building; `d` is a fresh register if it is none, and is answered
  VReg vec(MOp op, VReg a, const Src& b, VReg d = {});
  VReg vec_imm(MOp op, VReg a, const Src& b, int64_t value, VReg d = {});
  VReg vec_shift(MOp op, VReg a, int64_t count, VReg d = {});
  VReg vec_unary(MOp op, const Src& a, VReg d = {}, unsigned bytes = 16);
  VReg vec_unary_imm(MOp op, const Src& a, int64_t value, VReg d = {});
  VReg vec_not(VReg a, VReg d);
  void vec_to_int(MOp op, VReg a, VReg d);
  VReg from_int(VReg scalar, unsigned bytes);

  // -- lower_vector.cpp: the operations
  void lower_vector(const ir::InstData& d);
  void lower_vector_bits(const ir::InstData& d);
  void lower_vector_binary(const ir::InstData& d, MOp op, bool commutative);
  void lower_splat(const ir::InstData& d);
  void splat_low_float(VReg low, VReg d);
  void lower_extract(const ir::InstData& d);
  void lower_replace(const ir::InstData& d);
  bool lower_store_lane(const ir::InstData& store, unsigned bytes);
  void lower_multiply_64(const ir::InstData& d);
  void lower_vector_popcnt(const ir::InstData& d);
  /// `count` modulo `width`, and `more`, as the machine's shifts take it.
  VReg count_register(ir::Value count, unsigned width, unsigned more);
  void lower_vector_shift(const ir::InstData& d);
  void lower_shift_bytes(const ir::InstData& d);
  void lower_vector_icmp(const ir::InstData& d);
  VReg extend_high(ir::Lanes lanes, bool is_signed, VReg x, VReg d = {});
  void lower_multiply_extended(const ir::InstData& d);
  void lower_add_pairs(const ir::InstData& d);
  void lower_vector_select(const ir::InstData& d);
  /// `once` as of lower_icmp.
  CC lower_vector_test(const ir::InstData& d, bool once);

  // -- lower_vector_float.cpp
  void lower_vector_float(const ir::InstData& d);
  void lower_vector_min_max(const ir::InstData& d);
  void lower_multiply_add(const ir::InstData& d);
  void lower_vector_conversion(const ir::InstData& d);

  // -- lower_shuffle.cpp: `numbers` of 16 bytes
  void lower_shuffle(const ir::InstData& d);
  void shuffle_one(ir::Value x, const uint8_t* numbers, VReg r);
  void shuffle_with_zero(ir::Value x, const uint8_t* numbers, VReg r);
  void shuffle_two(ir::Value x, ir::Value y, const uint8_t* numbers, VReg r);
  void blend_two(ir::Value x, ir::Value y, const uint8_t* numbers, VReg r);

  // -- lower_mem.cpp
  Amode amode(ir::Value address, int32_t disp);
  bool split_scaled(const ir::InstData* shift, Amode& a);
  void lower_load(ir::Inst i, const ir::InstData& d);
  void lower_store(ir::Inst i, const ir::InstData& d);
  bool lower_read_modify_write(const ir::InstData& store, unsigned bytes);
  void emit_load(ir::Type type, ir::MemKind kind, VReg d, const Amode& a);
  void emit_store(ir::Type type, unsigned bytes, ir::Value value, const Amode& a);
  Amode slot(const ir::InstData& d);  // what it names of the stack

  // -- lower_cond.cpp
  CC lower_cond(ir::Value cond, bool negated);
  /// `once`: nowhere else is the comparison computed as well; a load may move into it.
  CC lower_icmp(const ir::InstData& d, ir::Inst inst, bool once);
  CC lower_fcmp(const ir::InstData& d, bool once);
  bool reuse_flags(ir::Value v, ir::IntCC cc, ir::Inst compare);
  void lower_compare_value(const ir::InstData& d, ir::Inst inst);
  void lower_select(const ir::InstData& d);
  void lower_trapif(const ir::InstData& d);

  // -- lower_call.cpp
  void lower_call(ir::Inst i, const ir::InstData& d);
  void emit_call(ir::Inst i, const ir::InstData& d);
  void split_host_results(ir::Inst i, const ir::Signature& sig);
  void widen_host_results();
  void load_stack_results(ir::Inst i, const ir::Signature& sig);
  void lower_tail_call(ir::Inst i, const ir::InstData& d);
  void lower_return(ir::Inst i);
  bool is_own_context(ir::Value v);
  void gather_args(const ir::Signature& sig, std::span<const ir::Value> args, bool& foreign, VReg& context);

  bool has(uint32_t feature) const { return (settings_.cpu_features & feature) == feature; }

  const abi::CodegenSettings settings_;
  ir::Inst force_flags_;  // this instruction must leave the flags of its result, and be the last of its group
  struct RegArg {
    VReg reg;
    PReg in;
  };
  std::vector<RegArg> reg_args_;
  struct HostResult {
    VReg wanted, from_host;
  };
  std::vector<HostResult> host_results_;  // of the call that split_host_results was called for
};

}  // namespace vitrine::x64
