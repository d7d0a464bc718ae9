#include "compiler/translate/function_translator.hpp"

#include <algorithm>
#include <bit>

namespace vitrine::translate {

using ir::Type;
using wasm::Op;

namespace {

// What to do with an operator that the table knows.
enum class Kind : uint8_t {
  Other,
  Unary,
  FUnary,
  Binary,
  FBinary,
  Div,
  Trunc,
  ICmp,
  FCmp,
  Eqz,
  Bitcast,
  Load,
  Store,
  Const,
  Vector,
  FVector,
  Relaxed,
  FRelaxed,
  VectorOther
};

struct Row {
  Kind kind = Kind::Other;
  ir::Op op = ir::Op::IConst;
  Type type = Type::None;
  uint8_t aux = 0;
};

constexpr auto kRows = [] {
  std::array<Row, wasm::kOpCount + 1> rows{};
  auto row = [&](Op op) -> Row& { return rows[static_cast<size_t>(op)]; };
#define UNARY(name, ir_op, type) row(Op::name) = {Kind::Unary, ir::Op::ir_op, Type::type, 0};
#define FUNARY(name, ir_op, type) row(Op::name) = {Kind::FUnary, ir::Op::ir_op, Type::type, 0};
#define BINARY(name, ir_op) row(Op::name) = {Kind::Binary, ir::Op::ir_op, Type::None, 0};
#define FBINARY(name, ir_op) row(Op::name) = {Kind::FBinary, ir::Op::ir_op, Type::None, 0};
#define DIV(name, ir_op) row(Op::name) = {Kind::Div, ir::Op::ir_op, Type::None, 0};
#define TRUNC(name, ir_op, type) row(Op::name) = {Kind::Trunc, ir::Op::ir_op, Type::type, 0};
#define ICMP(name, cc) row(Op::name) = {Kind::ICmp, ir::Op::ICmp, Type::I32, static_cast<uint8_t>(ir::IntCC::cc)};
#define FCMP(name, cc) row(Op::name) = {Kind::FCmp, ir::Op::FCmp, Type::I32, static_cast<uint8_t>(ir::FloatCC::cc)};
#define EQZ(name) row(Op::name) = {Kind::Eqz, ir::Op::ICmp, Type::I32, 0};
#define BITCAST(name, type) row(Op::name) = {Kind::Bitcast, ir::Op::Bitcast, Type::type, 0};
#define LOAD(name, type, kind) \
  row(Op::name) = {Kind::Load, ir::Op::Load, Type::type, static_cast<uint8_t>(ir::MemKind::kind)};
#define STORE(name, type, kind) \
  row(Op::name) = {Kind::Store, ir::Op::Store, Type::type, static_cast<uint8_t>(ir::MemKind::kind)};
#define CONST(name, type) row(Op::name) = {Kind::Const, ir::Op::IConst, Type::type, 0};
#include "compiler/translate/numeric.def"
#define VEC_ROW(name, kind, ir_op, aux) row(Op::name) = {Kind::kind, ir::Op::ir_op, Type::V128, (aux).bits};
#define LANES(name, ir_op, lanes) VEC_ROW(name, Vector, ir_op, ir::VecAux(ir::Lanes::lanes))
#define FLANES(name, ir_op, lanes) VEC_ROW(name, FVector, ir_op, ir::VecAux(ir::Lanes::lanes))
#define RELAXED(name, ir_op, lanes) VEC_ROW(name, Relaxed, ir_op, ir::VecAux(ir::Lanes::lanes))
#define FRELAXED(name, ir_op, lanes) VEC_ROW(name, FRelaxed, ir_op, ir::VecAux(ir::Lanes::lanes))
#define VECTOR(name, ir_op) VEC_ROW(name, Vector, ir_op, ir::VecAux(uint8_t{0}))
#define VICMP(name, lanes, cc) VEC_ROW(name, Vector, VICmp, ir::VecAux(ir::Lanes::lanes, ir::IntCC::cc))
#define VFCMP(name, lanes, cc) VEC_ROW(name, Vector, VFCmp, ir::VecAux(ir::Lanes::lanes, ir::FloatCC::cc))
#define VECTOR_OTHER(name) row(Op::name).kind = Kind::VectorOther;
#include "compiler/translate/vector.def"
#undef VEC_ROW
#undef LANES
#undef FLANES
#undef RELAXED
#undef FRELAXED
#undef VECTOR
#undef VICMP
#undef VFCMP
#undef VECTOR_OTHER
#undef UNARY
#undef FUNARY
#undef BINARY
#undef FBINARY
#undef DIV
#undef TRUNC
#undef ICMP
#undef FCMP
#undef EQZ
#undef BITCAST
#undef LOAD
#undef STORE
#undef CONST
  return rows;
}();

/// The table has a row for every operator of fixed types that is not in the switch of `live_op`: numeric ones are the
/// one-byte opcodes from i32.const to i64.extend32_s and the saturating conversions; vectors have a prefix of their own.
static_assert([] {
  for (size_t i = static_cast<size_t>(Op::I32Const); i <= static_cast<size_t>(Op::I64Extend32S); ++i) {
    if (kRows[i].kind == Kind::Other) return false;
  }
  for (size_t i = static_cast<size_t>(Op::I32TruncSatF32S); i <= static_cast<size_t>(Op::I64TruncSatF64U); ++i) {
    if (kRows[i].kind == Kind::Other) return false;
  }
  for (size_t i = static_cast<size_t>(Op::V128Load); i <= static_cast<size_t>(Op::I32x4RelaxedDotI8x16I7x16AddS); ++i) {
    if (kRows[i].kind == Kind::Other) return false;
  }
  return true;
}());

/// `value`, or the canonical NaN in place of any NaN.
ir::Value canonical_nan(ir::Builder& b, ir::Value value) {
  Type type = b.func().type_of(value);
  ir::Value nan = type == Type::F32 ? b.fconst(type, 0x7fc0'0000) : b.fconst(type, 0x7ff8'0000'0000'0000);
  return b.select(b.fcmp(ir::FloatCC::Ne, value, value), nan, value);
}

// What compiling a function needs at once, bytes, as measured in fast mode. A value that is carried becomes an
// instruction of the machine, with operands, a register or slot, and code.
constexpr uint64_t kInst = 215, kBlock = 310, kBlockCall = 60, kCarried = 200;

/// The lanes of a floating-point result.
ir::Lanes result_lanes(ir::Op op, ir::Lanes lanes) {
  if (op == ir::Op::VFDemote) return ir::Lanes::F32x4;
  return op == ir::Op::VFPromote ? ir::Lanes::F64x2 : lanes;
}

/// What a vector operation costs beyond one instruction, as so many values: as measured of the longest ones.
constexpr uint64_t vector_cost(ir::Op op, ir::VecAux aux) {
  switch (op) {
    case ir::Op::VFMin:
    case ir::Op::VFMax:
    case ir::Op::VFToSIntSat:
    case ir::Op::VFToUIntSat:
    case ir::Op::VFToUIntAny:
    case ir::Op::VFFromUInt:
    case ir::Op::VPopcnt:
      return 9;
    case ir::Op::VMul:
      return aux.lanes() == ir::Lanes::I64x2 ? 9 : 1;
    case ir::Op::VShl:
    case ir::Op::VShrS:
    case ir::Op::VShrU:
      return 7;
    default:
      return 3;
  }
}
/// The same of making a NaN canonical.
constexpr uint64_t kCanonicalNan = 6;

/// What an operator's slow path out of line costs, as so many values.
constexpr uint64_t kSlowPath = 3;

/// So many operators, or values that they carry.
constexpr uint32_t kBetweenChecks = 1024;

}  // namespace

FunctionTranslator::FunctionTranslator(const ModuleEnv& env)
    : env_(env),
      b_(unused_),
      signature_of_type_(env.module.types.size()),
      funcref_of_function_(env.module.functions.size()) {}

void FunctionTranslator::prepare_pieces(uint32_t piece_insts, ir::Func& out, PieceSink& sink) {
  prepare(Mode::Pieces, kMaxWorkingMemory, out);
  sink_ = &sink;
  piece_insts_ = piece_insts;
}

void FunctionTranslator::prepare(Mode mode, uint64_t memory, ir::Func& out) {
  mode_ = mode;
  memory_ = std::min(memory, max_memory(mode));
  func_ = &out;
  out.reset();
  b_.reset(out);
  dead_ = over_budget_ = false;
  fuel_ = 0;
  stack_.clear();
  frames_.clear();
  loop_locals_.clear();
  saved_params_.clear();
  edges_.clear();
  edge_args_.clear();
  changes_.clear();
  next_loop_ = 0;
  until_check_ = mode == Mode::Pieces ? 1 : kBetweenChecks;
  base_.memory = kNone;
  piece_frames_.clear();
  stored_.clear();
  touched_.clear();
  piece_ = 1;
  next_label_ = 0;
  forget_declarations();
}

/// What the IR knows of signatures and functions.
void FunctionTranslator::forget_declarations() {
  for (uint32_t i : seen_types_) signature_of_type_[i] = {};
  for (uint32_t i : seen_functions_) funcref_of_function_[i] = {};
  seen_types_.clear();
  seen_functions_.clear();
  builtin_signatures_.fill({});
}

void FunctionTranslator::begin(uint32_t function, const wasm::FuncType& type, std::span<const wasm::LocalRun> locals) {
  const wasm::CodeBody& body = env_.module.body_of_function(function);
  body_offset_ = body.offset;
  carried_ = first_carried_ = 0;
  carry_limit_ = max_carried(mode_, body.bytes.size());
  max_carried_ = mode_ == Mode::Pieces ? carry_limit_ : std::min(carry_limit_, memory_ / kCarried);
  carried_unchecked_ = std::min<uint64_t>(kBetweenChecks, max_carried_);

  function_ = function;
  start_function();
  func_->sig = signature_of(type);
  local_types_.reset(std::span(func_->sig.params).subspan(1), locals);
  b_.set_srcloc(body.offset);
  make_entry();
  params_.assign((*func_)[b_.block()].params.begin() + 1, (*func_)[b_.block()].params.end());
  if (mode_ == Mode::Ssa) {
    wasm::scan_body(body.bytes, scan_);
    ssa_.reset(b_, local_types_, params_);
    if (seen_locals_.size() < local_types_.count()) seen_locals_.resize(local_types_.count());
  } else {
    slots_.reset(local_types_, params_);
  }
  if (mode_ == Mode::Pieces) {
    begin_pieces();
    push_piece_frame(FrameKind::Function, {{}, type.results});
  } else {
    Frame& frame = frames_.emplace_back();
    frame.kind = FrameKind::Function;
    frame.result_count = static_cast<uint32_t>(type.results.size());
  }
  check_interrupts();
}

void FunctionTranslator::start_function() {
  func_->symbol = function_;
  func_->srcloc = body_offset_;
  func_->restore_context_after_calls = env_.has_tail_calls;
}

/// The entry with the parameters of the signature.
void FunctionTranslator::make_entry() {
  Block entry = func_->make_block();
  for (Type t : func_->sig.params) func_->add_param(entry, t);
  b_.switch_to(entry);
}

void FunctionTranslator::check_size(const wasm::Operator& op, const wasm::OperandInfo& info) {
  if (mode_ == Mode::Pieces) return before_op_in_pieces(op, info);
  until_check_ = kBetweenChecks;
  check_memory();
}

/// Few operators may carry many values.
bool FunctionTranslator::spend_more() {
  if (carried_ > max_carried_) {
    over_budget_ = dead_ = true;
    return false;
  }
  until_check_ = 1;
  carried_unchecked_ = max_carried_;
  return true;
}

void FunctionTranslator::check_memory() {
  carried_unchecked_ = std::min(carried_ + kBetweenChecks, max_carried_);
  if (working_memory() > memory_) over_budget_ = dead_ = true;
}

uint64_t FunctionTranslator::working_memory() const {
  return func_->num_insts() * kInst + func_->num_blocks() * kBlock + func_->block_calls.size() * kBlockCall +
         (carried_ - first_carried_) * kCarried;
}

size_t FunctionTranslator::memory() const {
  constexpr size_t kReaders = 32;  // for each block
  return piece_frames_.size() * (sizeof(PieceFrame) + kReaders) + stack_.size() * (sizeof(Value) + 2 * sizeof(Type)) +
         table_labels_.size() * sizeof(TableLabel) + touched_.size() * sizeof(uint32_t);
}

void FunctionTranslator::release_memory() {
  // Not `list = {}`, which keeps a vector's memory.
  auto release = [](auto&... lists) { ((lists = std::decay_t<decltype(lists)>()), ...); };
  release(stack_, frames_, loop_locals_, saved_params_, edges_, edge_args_, changes_, merges_, args_, join_edges_,
          targets_, scratch_, scan_, piece_frames_, stored_, touched_, entries_, table_labels_);
}

void FunctionTranslator::finish() {
  if (over_budget_) return;
  if (mode_ == Mode::Pieces) return end_piece();
  check_memory();
  if (over_budget_) return;
  if (mode_ == Mode::Fast) slots_.finish(*func_);
  func_->resolve_all();
}

void FunctionTranslator::op(const wasm::Operator& op, const wasm::OperandInfo& info) {
  if (over_budget_) return;
  if (--until_check_ == 0) [[unlikely]]
    check_size(op, info);
  b_.set_srcloc(op.offset);
  switch (op.op) {
    case Op::Block:
    case Op::Loop:
    case Op::If:
    case Op::Else:
    case Op::End:
      return structure(op, info);
    default:
      break;
  }
  if (dead_) return;
  if (env_.settings.consume_fuel) fuel_ += wasm::info(op.op).fuel;
  const Row& row = kRows[static_cast<size_t>(op.op)];
  switch (row.kind) {
    case Kind::Other:
      return live_op(op, info);
    case Kind::Unary:
      return push(b_.unary(row.op, row.type, pop()));
    case Kind::FUnary: {
      Value result = b_.unary(row.op, row.type, pop());
      return push(env_.settings.nan_canonicalization ? canonical_nan(b_, result) : result);
    }
    case Kind::Binary: {
      Value y = pop(), x = pop();
      return push(b_.binary(row.op, x, y));
    }
    case Kind::FBinary: {
      Value y = pop(), x = pop();
      Value result = b_.binary(row.op, x, y);
      return push(env_.settings.nan_canonicalization ? canonical_nan(b_, result) : result);
    }
    case Kind::Div: {
      spend(kSlowPath);
      Value y = pop(), x = pop();
      return push(b_.binary(row.op, x, y, trap(abi::TrapCode::IntegerDivisionByZero)));
    }
    case Kind::Trunc:
      spend(kSlowPath);
      return push(b_.unary(row.op, row.type, pop(), trap(abi::TrapCode::BadConversionToInteger)));
    case Kind::ICmp: {
      Value y = pop(), x = pop();
      return push(b_.icmp(static_cast<ir::IntCC>(row.aux), x, y));
    }
    case Kind::FCmp: {
      Value y = pop(), x = pop();
      return push(b_.fcmp(static_cast<ir::FloatCC>(row.aux), x, y));
    }
    case Kind::Eqz:
      return push(b_.eqz(pop()));
    case Kind::Bitcast:
      return push(b_.bitcast(row.type, pop()));
    case Kind::Vector:
      spend(vector_cost(row.op, ir::VecAux(row.aux)));
      return push(vector_row(row.op, ir::VecAux(row.aux), op));
    case Kind::FVector:
    case Kind::FRelaxed: {
      const ir::VecAux aux(row.aux);
      spend(vector_cost(row.op, aux) + (env_.settings.nan_canonicalization ? kCanonicalNan : 0));
      const Value result = row.kind == Kind::FVector ? vector_row(row.op, aux, op) : relaxed(row.op, aux, op);
      if (!env_.settings.nan_canonicalization) return push(result);
      return push(canonical_nans(result, result_lanes(row.op, aux.lanes())));
    }
    case Kind::Relaxed:
      spend(vector_cost(row.op, ir::VecAux(row.aux)));
      return push(relaxed(row.op, ir::VecAux(row.aux), op));
    case Kind::VectorOther:
      return on_vector(op);
    case Kind::Const:
      return push(ir::is_float(row.type) ? b_.fconst(row.type, op.bits) : b_.iconst(row.type, op.bits));
    case Kind::Load: {
      Address a = address(op.mem, pop(), 1u << wasm::info(op.op).aux);
      return push(b_.load(row.type, static_cast<ir::MemKind>(row.aux), a.ptr, a.disp, a.region, a.trap, a.flags));
    }
    case Kind::Store: {
      Value value = pop();
      Address a = address(op.mem, pop(), 1u << wasm::info(op.op).aux);
      return b_.store(static_cast<ir::MemKind>(row.aux), a.ptr, value, a.disp, a.region, a.trap);
    }
  }
}

void FunctionTranslator::live_op(const wasm::Operator& op, const wasm::OperandInfo& info) {
  switch (op.op) {
    case Op::Unreachable:
      return on_unreachable();
    case Op::Nop:
      return;
    case Op::Br:
    case Op::BrIf:
    case Op::BrTable:
      return branch(op);
    case Op::Return:
      return on_return();
    case Op::Drop:
      return drop(1);
    case Op::Select:
    case Op::SelectT:
      return on_select();
    case Op::Call:
      return on_call(op.index, false);
    case Op::CallIndirect:
      return on_call_indirect(op.index, op.index2, false);
    case Op::ReturnCall:
      return on_call(op.index, true);
    case Op::ReturnCallIndirect:
      return on_call_indirect(op.index, op.index2, true);
    case Op::LocalGet:
      return on_local_get(op.index);
    case Op::LocalSet:
      return on_local_set(op.index, pop());
    case Op::LocalTee:
      return on_local_set(op.index, stack_.back());
    case Op::GlobalGet:
      return on_global_get(op.index);
    case Op::GlobalSet:
      return on_global_set(op.index);
    case Op::MemorySize:
      return on_memory_size(op.index);
    case Op::MemoryGrow:
      return on_memory_grow(op.index);
    case Op::MemoryFill:
      return on_memory_fill(op.index);
    case Op::MemoryCopy:
      return on_memory_copy(op.index, op.index2);
    case Op::MemoryInit:
      return on_memory_init(op.index, op.index2);
    case Op::DataDrop: {
      Value args[] = {b_.i32(op.index)};
      builtin(abi::Builtin::data_drop, args);
      return;
    }
    case Op::ElemDrop: {
      Value args[] = {b_.i32(op.index)};
      builtin(abi::Builtin::elem_drop, args);
      return;
    }
    case Op::TableGet:
      return on_table_get(op.index);
    case Op::TableSet:
      return on_table_set(op.index);
    case Op::TableSize:
      return on_table_size(op.index);
    case Op::TableGrow:
      return on_table_grow(op.index);
    case Op::TableFill:
      return on_table_fill(op.index);
    case Op::TableCopy:
      return on_table_copy(op.index, op.index2);
    case Op::TableInit:
      return on_table_init(op.index, op.index2);
    case Op::RefNull:
      return push(b_.i64(0));
    case Op::RefIsNull:
      return push(b_.eqz(pop()));
    case Op::RefFunc:
      return on_ref_func(op.index);
    default:
      // Features that are not implemented are refused by the reader, which asks `Features::has`.
      VITRINE_ASSERT(!"an operator that the reader accepts and translate does not know");
  }
  (void)info;
}

}  // namespace vitrine::translate
