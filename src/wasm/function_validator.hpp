// Validation of one function body, operator by operator: the part of `FunctionReader` that does not depend on its
// consumer.
//
// It is the algorithm of the specification's appendix (a stack of operand types, a stack of control frames, `bottom`
// for what dead code pops), made fast for what bodies consist of: one-byte opcodes whose operands are what they should
// be.
//
// Invariants
//   - The operand stack has room for as many values as bytes are left in the body, because no operator pushes more than
//     one per byte; those that push a list (calls, blocks) make room first. So a plain push needs no check.
//   - Every check of an operator comes before its effect on the control stack, after all of its immediates are decoded.
//   - Nothing is allocated per operator, and per function only what the last ones did not need. No recursion: nesting
//     is bounded by the memory of one frame (32 bytes) per byte of body.
// Cost: linear in the body, times at most the parameters or results of a type (kMaxParams) for a call or branch.
#pragma once

#include <map>
#include <memory>
#include <span>
#include <vector>

#include "wasm/byte_reader.hpp"
#include "wasm/module.hpp"
#include "wasm/operator.hpp"
#include "wasm/operator_decoder.hpp"

namespace vitrine::wasm {

/// `count` consecutive locals of one type, as a body declares them.
struct LocalRun {
  uint32_t count = 0;
  ValType type;
};

class FunctionValidator {
 public:
  FunctionValidator(const FunctionValidator&) = delete;
  FunctionValidator& operator=(const FunctionValidator&) = delete;

 protected:
  FunctionValidator(const Module& module, Features features);

  /// Starts on the body of function `index`, which is a defined one: reads the declarations of locals. False on an
  /// error.
  bool start(uint32_t index);

  enum class Step : uint8_t { Emit, Skip, Stop };
  /// Decodes and checks the next operator into `op_` and `info_`. Emit: the consumer is to see it. Stop: an error, or
  /// the end.
  [[gnu::always_inline]] Step step();

  /// After `Stop`.
  Result<> result();

  /// Looks for malformed bytes only, in the body of function `index`; what is merely invalid passes.
  Result<> decode_only(uint32_t index);

  const Module& module_;
  Operator op_;
  OperandInfo info_;
  const FuncType* type_ = nullptr;  // of the function
  std::vector<LocalRun> runs_;      // its declared locals

 private:
  enum class Fast : uint8_t {
    Slow,
    Unary,
    Binary,
    I32Const,
    I64Const,
    F32Const,
    F64Const,
    LocalGet,
    LocalSet,
    LocalTee,
    Load,
    Store
  };
  /// What the fast path has to know about a one-byte opcode.
  struct FastOp {
    Fast kind = Fast::Slow;
    uint8_t align = 0;  // Load, Store
    Op op = Op::Illegal;
    ValType a, b;    // operands; Store: b is the value
    ValType result;  // Unary, Binary, Load
  };
  struct Frame {
    const FuncType* type;
    uint32_t height;       // of the operand stack at its start, without its parameters
    uint32_t init_height;  // of `init_stack_` at its start
    uint32_t seen;         // stamp of the last br_table that checked this label
    Op kind;               // Block (and the function itself), Loop, If, Else, TryTable
    bool unreachable;      // behind an unconditional branch; of the current frame, `unreachable_` is the truth
    bool dead;             // began where control cannot get
  };

  void make_fast_table();
  bool read_locals(ByteReader& r, const FuncType& type);
  bool decode_whole_body();
  void check();
  void check_by_signature();
  void check_lanes();
  void check_memarg();
  const FuncType* resolve_block_type();
  const FuncType* single_result(ValType type);
  void check_end();
  void check_else();
  void check_br_table();
  void check_select();
  void check_call(const FuncType& callee);
  void check_return_call(const FuncType& callee);
  bool check_callee_table(const FuncType** callee);
  bool check_memory_index(uint32_t index);
  bool check_table_index(uint32_t index);
  bool check_index(uint32_t index, size_t count, const char* space);
  void check_table_init();
  void check_table_copy();

  // Operand stack.
  void push(ValType type) { *top_++ = type; }
  void push_all(std::span<const ValType> types);
  void pop(ValType expected) {
    if (top_ > floor_ && top_[-1] == expected) [[likely]] {
      --top_;
    } else {
      pop_slow(expected);
    }
  }
  void pop_slow(ValType expected);
  ValType pop_any();
  void pop_all(std::span<const ValType> expected);
  bool peek_all(std::span<const ValType> expected);
  bool has_on_top(std::span<const ValType> expected) const;
  void make_room(size_t values);

  // Control stack.
  void push_frame(Op kind, const FuncType* type);
  void set_unreachable();
  void enter_top_frame();
  bool check_label(uint32_t depth);
  const Frame& frame(uint32_t depth) const { return frames_[frames_.size() - 1 - depth]; }
  static std::span<const ValType> label_types(const Frame& f) {
    return f.kind == Op::Loop ? f.type->params : f.type->results;
  }

  // Locals.
  ValType local_type(uint32_t index) { return index < fast_locals_ ? local_types_[index] : local_type_slow(index); }
  ValType local_type_slow(uint32_t index);
  void check_local_is_set(uint32_t index, ValType type);
  void set_local(uint32_t index, ValType type);

  void mismatch(ValType expected, ValType found);
  void mismatch(std::string_view detail);
  void invalid(std::string_view message) { r_.fail(message, op_.offset, ErrorKind::Invalid); }

  Features features_;
  OperatorDecoder decoder_;
  ByteReader r_;
  FastOp fast_[256];
  uint32_t function_ = 0;

  std::unique_ptr<ValType[]> stack_;
  size_t stack_capacity_ = 0;
  ValType* top_ = nullptr;    // behind the topmost operand
  ValType* floor_ = nullptr;  // where the current frame's operands begin
  bool unreachable_ = false;
  bool reachable_ = true;
  std::vector<Frame> frames_;
  uint32_t br_table_stamp_ = 0;
  ValType memory0_address_;  // bottom without a memory

  // The types of the first locals lie flat; those of the others are found among the runs. So a function that declares
  // 50,000 locals in six bytes costs no more than its bytes.
  static constexpr uint32_t kFlatLocals = 512;
  ValType local_types_[kFlatLocals];
  uint32_t fast_locals_ = 0;
  uint32_t local_count_ = 0;
  std::vector<uint32_t> run_ends_;  // index behind the last local of each run
  bool has_unset_locals_ = false;   // some local has a type without a default value
  uint32_t init_stamp_ = 0;
  std::vector<uint32_t> init_;        // by local: stamp of the function in which it was set
  std::vector<uint32_t> init_stack_;  // locals in the order they were set, undone at the end of a frame

  FuncType no_types_;
  std::map<uint32_t, std::unique_ptr<std::pair<ValType, FuncType>>> singles_;  // block types of one result, by ValType
};

inline FunctionValidator::Step FunctionValidator::step() {
  const uint8_t* at = r_.pos();
  if (at == r_.end()) return Step::Stop;
  const FastOp& fast = fast_[*at];
  r_.set_pos(at + 1);
  op_.op = fast.op;
  op_.offset = r_.offset_of(at);
  bool reachable = reachable_;
  info_.reachable = reachable;
  info_.height = static_cast<uint32_t>(top_ - stack_.get());
  switch (fast.kind) {
    case Fast::Unary:
      pop(fast.a);
      push(fast.result);
      break;
    case Fast::Binary:
      pop(fast.b);
      pop(fast.a);
      push(fast.result);
      break;
    case Fast::I32Const:
      op_.bits = static_cast<uint32_t>(r_.s32());
      push(ValType::I32);
      break;
    case Fast::I64Const:
      op_.bits = static_cast<uint64_t>(r_.s64());
      push(ValType::I64);
      break;
    case Fast::F32Const:
      op_.bits = r_.word32();
      push(ValType::F32);
      break;
    case Fast::F64Const:
      op_.bits = r_.word64();
      push(ValType::F64);
      break;
    case Fast::LocalGet: {
      op_.index = r_.u32();
      ValType type = info_.type = local_type(op_.index);
      if (has_unset_locals_) [[unlikely]]
        check_local_is_set(op_.index, type);
      push(type);
      break;
    }
    case Fast::LocalSet:
    case Fast::LocalTee: {
      op_.index = r_.u32();
      ValType type = info_.type = local_type(op_.index);
      pop(type);
      if (has_unset_locals_) [[unlikely]]
        set_local(op_.index, type);
      if (fast.kind == Fast::LocalTee) push(type);
      break;
    }
    case Fast::Load:
    case Fast::Store: {
      uint32_t flags = r_.peek();
      if (flags > fast.align || memory0_address_ != ValType(ValType::I32)) [[unlikely]] {
        r_.set_pos(at);
        goto slow;
      }
      r_.u8();
      op_.mem.memory = 0;
      op_.mem.align_log2 = static_cast<uint8_t>(flags);
      op_.mem.offset = r_.u64();
      info_.type = ValType::I32;
      if (op_.mem.offset > UINT32_MAX) [[unlikely]]
        check_memarg();
      if (fast.kind == Fast::Store) {
        pop(fast.b);
        pop(ValType::I32);
      } else {
        pop(ValType::I32);
        push(fast.result);
      }
      break;
    }
    case Fast::Slow:
      r_.set_pos(at);
    slow:
      decoder_.decode(r_, op_);
      if (!r_.ok()) return Step::Stop;
      check();
      if (!r_.ok()) return Step::Stop;
      switch (op_.op) {
        case Op::Block:
        case Op::Loop:
        case Op::If:
        case Op::TryTable:
        case Op::Else:
        case Op::End:
          return Step::Emit;
        default:
          return reachable ? Step::Emit : Step::Skip;
      }
  }
  if (!r_.ok()) [[unlikely]]
    return Step::Stop;
  return reachable ? Step::Emit : Step::Skip;
}

}  // namespace vitrine::wasm
