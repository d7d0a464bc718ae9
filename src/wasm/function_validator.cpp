#include "wasm/function_validator.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>

#include "base/assert.hpp"
#include "wasm/limits.hpp"

namespace vitrine::wasm {

namespace {

ValType sig_type(char c, ValType address) {
  switch (c) {
    case 'i':
      return ValType::I32;
    case 'l':
      return ValType::I64;
    case 'f':
      return ValType::F32;
    case 'd':
      return ValType::F64;
    case 'v':
      return ValType::V128;
    default:
      return address;
  }
}

/// The length operand of a copy between two address types is of the smaller one.
ValType smaller(ValType a, ValType b) {
  return a == ValType(ValType::I64) ? b : a;
}

}  // namespace

FunctionValidator::FunctionValidator(const Module& module, Features features)
    : module_(module), features_(features), decoder_(module, features) {
  make_fast_table();
  if (!module.memories.empty()) memory0_address_ = module.memories[0].limits.address_type();
}

void FunctionValidator::make_fast_table() {
  for (unsigned byte = 0; byte < 256; ++byte) {
    FastOp& fast = fast_[byte];
    fast.op = is_prefix(static_cast<uint8_t>(byte)) ? Op::Illegal : kOneByteOps[byte];
    if (fast.op == Op::Illegal || !features_.has(info(fast.op).feature)) continue;
    const OpInfo& row = info(fast.op);
    fast.align = row.aux;
    switch (fast.op) {
      case Op::I32Const:
        fast.kind = Fast::I32Const;
        continue;
      case Op::I64Const:
        fast.kind = Fast::I64Const;
        continue;
      case Op::F32Const:
        fast.kind = Fast::F32Const;
        continue;
      case Op::F64Const:
        fast.kind = Fast::F64Const;
        continue;
      case Op::LocalGet:
        fast.kind = Fast::LocalGet;
        continue;
      case Op::LocalSet:
        fast.kind = Fast::LocalSet;
        continue;
      case Op::LocalTee:
        fast.kind = Fast::LocalTee;
        continue;
      default:
        break;
    }
    const Sig& sig = row.sig;
    if (sig.custom) continue;
    if (row.imm == Imm::MemArg) {
      fast.kind = sig.result_count == 0 ? Fast::Store : Fast::Load;
      if (sig.result_count) fast.result = sig_type(sig.results[0], {});
      if (sig.operand_count == 2) fast.b = sig_type(sig.operands[1], {});
    } else if (row.imm == Imm::None && sig.result_count == 1 && (sig.operand_count == 1 || sig.operand_count == 2)) {
      fast.kind = sig.operand_count == 1 ? Fast::Unary : Fast::Binary;
      fast.a = sig_type(sig.operands[0], {});
      if (sig.operand_count == 2) fast.b = sig_type(sig.operands[1], {});
      fast.result = sig_type(sig.results[0], {});
    }
  }
}

// -- one function

bool FunctionValidator::start(uint32_t index) {
  VITRINE_ASSERT(index >= module_.imported_functions && index < module_.functions.size());
  function_ = index;
  type_ = &module_.type_of_function(index);
  const CodeBody& body = module_.body_of_function(index);
  r_ = ByteReader(body.bytes, body.offset);
  op_.op = Op::Nop;
  op_.offset = body.offset;
  frames_.clear();
  init_stack_.clear();
  top_ = floor_ = stack_.get();
  make_room(body.bytes.size());
  if (!read_locals(r_, *type_)) return false;
  push_frame(Op::Block, type_);
  return true;
}

/// spec: binary/modules, code section, `locals`.
bool FunctionValidator::read_locals(ByteReader& r, const FuncType& type) {
  runs_.clear();
  run_ends_.clear();
  has_unset_locals_ = false;
  uint32_t params = static_cast<uint32_t>(type.params.size());
  uint32_t flat = std::min(params, kFlatLocals);
  std::copy_n(type.params.begin(), flat, local_types_);
  uint64_t total = params;
  uint32_t begin = r.offset();
  uint32_t n = r.count(UINT32_MAX, "local declarations");
  for (uint32_t i = 0; i < n; ++i) {
    uint32_t at = r.offset();
    LocalRun run;
    run.count = r.u32();
    run.type = decode_val_type(r, features_);
    if (!r.ok()) return false;
    if (run.type.is_ref() && run.type.heap().is_concrete() && run.type.heap().type_index() >= module_.types.size()) {
      r.fail(fmt::format("unknown type {}", run.type.heap().type_index()), at, ErrorKind::Invalid);
      return false;
    }
    total += run.count;
    if (total > UINT32_MAX) {
      r.fail("too many locals", at);
      return false;
    }
    if (run.count == 0) continue;
    if (!run.type.is_defaultable()) has_unset_locals_ = true;
    runs_.push_back(run);
    run_ends_.push_back(static_cast<uint32_t>(total));
    uint32_t more = std::min<uint32_t>(run.count, kFlatLocals - flat);
    std::fill_n(local_types_ + flat, more, run.type);
    flat += more;
  }
  if (total > kMaxLocals) {
    r.fail(fmt::format("too many locals: {}, the limit is {}", total, kMaxLocals), begin, ErrorKind::Limit);
    return false;
  }
  fast_locals_ = flat;
  local_count_ = static_cast<uint32_t>(total);
  if (has_unset_locals_) {
    if (init_.size() < local_count_) init_.resize(local_count_);
    ++init_stamp_;
  }
  return r.ok();
}

Result<> FunctionValidator::result() {
  if (r_.ok() && !frames_.empty()) r_.fail("unexpected end of section or function: END opcode expected");
  if (r_.ok()) return {};
  // Malformed bytes count for more than a violated rule that stands before them.
  if (r_.error_kind() == ErrorKind::Invalid) {
    ByteReader first = std::move(r_);
    if (decode_whole_body()) r_ = std::move(first);
  }
  return std::unexpected(r_.take_error().in(fmt::format("in function {}", function_)));
}

Result<> FunctionValidator::decode_only(uint32_t index) {
  VITRINE_ASSERT(index >= module_.imported_functions && index < module_.functions.size());
  function_ = index;
  type_ = &module_.type_of_function(index);
  if (decode_whole_body()) return {};
  return std::unexpected(r_.take_error().in(fmt::format("in function {}", function_)));
}

/// Only decodes; false, with the error in `r_`, if the body is malformed (or over a limit, or needs a feature).
bool FunctionValidator::decode_whole_body() {
  const CodeBody& body = module_.body_of_function(function_);
  r_ = ByteReader(body.bytes, body.offset);
  if (!read_locals(r_, *type_)) return r_.error_kind() == ErrorKind::Invalid;
  std::vector<Op> open = {Op::Block};
  while (!open.empty()) {
    decoder_.decode(r_, op_);
    if (!r_.ok()) return r_.error_kind() == ErrorKind::Invalid;
    switch (op_.op) {
      case Op::Block:
      case Op::Loop:
      case Op::If:
      case Op::TryTable:
        open.push_back(op_.op);
        break;
      case Op::Else:
        if (open.back() != Op::If) {
          r_.fail("misplaced ELSE opcode", op_.offset);
          return false;
        }
        open.back() = Op::Else;
        break;
      case Op::End:
        open.pop_back();
        break;
      default:
        break;
    }
  }
  if (r_.at_end()) return true;
  r_.fail("section size mismatch: bytes behind the end of the function");
  return false;
}

// -- errors

void FunctionValidator::mismatch(std::string_view detail) {
  invalid(fmt::format("type mismatch: {} {}", info(op_.op).mnemonic, detail));
}

void FunctionValidator::mismatch(ValType expected, ValType found) {
  mismatch(fmt::format("expects {}, found {}", to_string(expected), to_string(found)));
}

bool FunctionValidator::check_index(uint32_t index, size_t count, const char* space) {
  if (index < count) return true;
  invalid(fmt::format("unknown {} {}: {} names it, there are {}", space, index, info(op_.op).mnemonic, count));
  return false;
}

bool FunctionValidator::check_memory_index(uint32_t index) {
  return check_index(index, module_.memories.size(), "memory");
}
bool FunctionValidator::check_table_index(uint32_t index) {
  return check_index(index, module_.tables.size(), "table");
}

// -- operand stack

void FunctionValidator::make_room(size_t values) {
  size_t used = static_cast<size_t>(top_ - stack_.get());
  size_t needed = used + values + 8;
  if (needed <= stack_capacity_) return;
  size_t floor = static_cast<size_t>(floor_ - stack_.get());
  size_t capacity = std::max(needed, stack_capacity_ * 2);
  auto bigger = std::make_unique_for_overwrite<ValType[]>(capacity);
  std::copy_n(stack_.get(), used, bigger.get());
  stack_ = std::move(bigger);
  stack_capacity_ = capacity;
  top_ = stack_.get() + used;
  floor_ = stack_.get() + floor;
}

void FunctionValidator::push_all(std::span<const ValType> types) {
  if (static_cast<size_t>(top_ - stack_.get()) + types.size() > kMaxOperandStack) {
    return r_.fail(fmt::format("operand stack is too high, the limit is {} values", kMaxOperandStack), op_.offset,
                   ErrorKind::Limit);
  }
  make_room(types.size() + r_.remaining());
  top_ = std::copy(types.begin(), types.end(), top_);
}

void FunctionValidator::pop_slow(ValType expected) {
  if (!r_.ok()) return;  // what is popped would be the consequence of an error that is noted
  if (top_ == floor_) {
    if (!unreachable_) mismatch(fmt::format("expects {}, found nothing on the stack", to_string(expected)));
    return;
  }
  ValType found = *--top_;
  if (!matches(module_, found, expected)) mismatch(expected, found);
}

ValType FunctionValidator::pop_any() {
  if (top_ != floor_) return *--top_;
  if (!unreachable_) mismatch("expects a value, found nothing on the stack");
  return {};
}

/// Whether the operands on top are `expected`, type by type; behind an unconditional branch those that are there.
bool FunctionValidator::has_on_top(std::span<const ValType> expected) const {
  size_t n = std::min(expected.size(), static_cast<size_t>(top_ - floor_));
  if (n != expected.size() && !unreachable_) return false;
  return n == 0 || std::memcmp(top_ - n, expected.data() + (expected.size() - n), n * sizeof(ValType)) == 0;
}

void FunctionValidator::pop_all(std::span<const ValType> expected) {
  if (has_on_top(expected)) [[likely]] {
    top_ -= std::min(expected.size(), static_cast<size_t>(top_ - floor_));
    return;
  }
  for (size_t i = expected.size(); i-- > 0;) pop(expected[i]);
}

/// As `pop_all` but leaves the stack as it is; false on a mismatch.
bool FunctionValidator::peek_all(std::span<const ValType> expected) {
  if (has_on_top(expected)) return true;
  size_t there = static_cast<size_t>(top_ - floor_);
  for (size_t i = 0; i < expected.size(); ++i) {
    ValType wanted = expected[expected.size() - 1 - i];
    if (i >= there) {
      if (unreachable_) return true;
      mismatch(fmt::format("expects {}, found nothing on the stack", to_string(wanted)));
      return false;
    }
    ValType found = *(top_ - 1 - i);
    if (!matches(module_, found, wanted)) {
      mismatch(wanted, found);
      return false;
    }
  }
  return true;
}

// -- control stack

void FunctionValidator::enter_top_frame() {
  const Frame& f = frames_.back();
  floor_ = stack_.get() + f.height;
  unreachable_ = f.unreachable;
  reachable_ = !f.unreachable && !f.dead;
}

/// Expects the parameters popped; pushes them for a block, not for the function.
void FunctionValidator::push_frame(Op kind, const FuncType* type) {
  bool dead = false;
  if (!frames_.empty()) {
    frames_.back().unreachable = unreachable_;
    dead = !reachable_;
  }
  frames_.push_back({type, static_cast<uint32_t>(top_ - stack_.get()), static_cast<uint32_t>(init_stack_.size()), 0,
                     kind, false, dead});
  enter_top_frame();
}

void FunctionValidator::set_unreachable() {
  top_ = floor_;
  unreachable_ = true;
  reachable_ = false;
}

bool FunctionValidator::check_label(uint32_t depth) {
  return check_index(depth, frames_.size(), "label");
}

const FuncType* FunctionValidator::single_result(ValType type) {
  auto& entry = singles_[type.raw()];
  if (!entry) {
    entry = std::make_unique<std::pair<ValType, FuncType>>(type, FuncType());
    entry->second.results = {&entry->first, 1};
  }
  return &entry->second;
}

/// The type of a block; null if there is no such type.
const FuncType* FunctionValidator::resolve_block_type() {
  const FuncType* type = &no_types_;
  if (op_.block_type_index != kNoIndex) {
    if (!check_index(op_.block_type_index, module_.types.size(), "type")) return nullptr;
    if (module_.types[op_.block_type_index].kind != CompositeKind::Func) {
      invalid(fmt::format("non-function type {}", op_.block_type_index));
      return nullptr;
    }
    type = &module_.func_type(op_.block_type_index);
  } else if (!op_.type.is_bottom()) {
    if (op_.type.is_ref() && op_.type.heap().is_concrete() &&
        !check_index(op_.type.heap().type_index(), module_.types.size(), "type")) {
      return nullptr;
    }
    type = single_result(op_.type);
  }
  op_.block = {type->params, type->results};
  return type;
}

// -- locals

ValType FunctionValidator::local_type_slow(uint32_t index) {
  if (index >= local_count_) {
    if (r_.ok()) invalid(fmt::format("unknown local {}: there are {}", index, local_count_));
    return {};
  }
  if (index < type_->params.size()) return type_->params[index];
  auto it = std::ranges::upper_bound(run_ends_, index);
  return runs_[static_cast<size_t>(it - run_ends_.begin())].type;
}

void FunctionValidator::check_local_is_set(uint32_t index, ValType type) {
  if (!r_.ok() || type.is_defaultable() || index < type_->params.size() || init_[index] == init_stamp_) return;
  invalid(fmt::format("uninitialized local {}", index));
}

void FunctionValidator::set_local(uint32_t index, ValType type) {
  if (!r_.ok() || type.is_defaultable() || index < type_->params.size() || init_[index] == init_stamp_) return;
  init_[index] = init_stamp_;
  init_stack_.push_back(index);
}

// -- operators

/// All that is not on the fast path. `op_` is decoded; on an error the reader has failed.
void FunctionValidator::check() {
  switch (op_.op) {
    case Op::Unreachable:
      return set_unreachable();
    case Op::Nop:
      return;
    case Op::Block:
    case Op::Loop:
    case Op::If:
      if (const FuncType* type = resolve_block_type()) {
        if (op_.op == Op::If) pop(ValType::I32);
        pop_all(type->params);
        push_frame(op_.op, type);
        push_all(type->params);
      }
      return;
    case Op::Else:
      return check_else();
    case Op::End:
      return check_end();
    case Op::Br:
      if (!check_label(op_.index)) return;
      info_.label = label_types(frame(op_.index));
      pop_all(info_.label);
      return set_unreachable();
    case Op::BrIf:
      if (!check_label(op_.index)) return;
      info_.label = label_types(frame(op_.index));
      pop(ValType::I32);
      pop_all(info_.label);
      return push_all(info_.label);
    case Op::BrTable:
      return check_br_table();
    case Op::Return:
      info_.label = type_->results;
      pop_all(info_.label);
      return set_unreachable();
    case Op::Call:
    case Op::ReturnCall: {
      if (!check_index(op_.index, module_.functions.size(), "function")) return;
      const FuncType& callee = module_.type_of_function(op_.index);
      return op_.op == Op::Call ? check_call(callee) : check_return_call(callee);
    }
    case Op::CallIndirect:
    case Op::ReturnCallIndirect: {
      const FuncType* callee = nullptr;
      if (!check_callee_table(&callee)) return;
      pop(module_.tables[op_.index2].type.limits.address_type());
      return op_.op == Op::CallIndirect ? check_call(*callee) : check_return_call(*callee);
    }
    case Op::Drop:
      info_.type = pop_any();
      return;
    case Op::Select:
    case Op::SelectT:
      return check_select();
    case Op::GlobalGet:
      if (!check_index(op_.index, module_.globals.size(), "global")) return;
      info_.type = module_.globals[op_.index].type.type;
      return push(info_.type);
    case Op::GlobalSet:
      if (!check_index(op_.index, module_.globals.size(), "global")) return;
      if (!module_.globals[op_.index].type.is_mutable) {
        return invalid(fmt::format("immutable global {}: global.set needs a mutable one", op_.index));
      }
      info_.type = module_.globals[op_.index].type.type;
      return pop(info_.type);
    case Op::TableGet:
    case Op::TableSet:
    case Op::TableSize:
    case Op::TableGrow:
    case Op::TableFill: {
      if (!check_table_index(op_.index)) return;
      const TableType& table = module_.tables[op_.index].type;
      ValType address = table.limits.address_type();
      info_.type = op_.op == Op::TableSize ? address : table.element;
      if (op_.op == Op::TableGrow || op_.op == Op::TableFill) pop(address);
      if (op_.op == Op::TableSet || op_.op == Op::TableGrow || op_.op == Op::TableFill) pop(table.element);
      if (op_.op == Op::TableGet || op_.op == Op::TableSet || op_.op == Op::TableFill) pop(address);
      if (op_.op == Op::TableGet) push(table.element);
      if (op_.op == Op::TableGrow || op_.op == Op::TableSize) push(address);
      return;
    }
    case Op::TableInit:
      return check_table_init();
    case Op::TableCopy:
      return check_table_copy();
    case Op::ElemDrop:
      check_index(op_.index, module_.elems.size(), "elem segment");
      return;
    case Op::MemoryInit:
      if (!check_memory_index(op_.index2) || !check_index(op_.index, *module_.data_count, "data segment")) return;
      info_.type = module_.memories[op_.index2].limits.address_type();
      pop(ValType::I32);
      pop(ValType::I32);
      return pop(info_.type);
    case Op::DataDrop:
      check_index(op_.index, *module_.data_count, "data segment");
      return;
    case Op::MemoryCopy: {
      if (!check_memory_index(op_.index) || !check_memory_index(op_.index2)) return;
      ValType to = module_.memories[op_.index].limits.address_type();
      ValType from = module_.memories[op_.index2].limits.address_type();
      info_.type = to;
      pop(smaller(to, from));
      pop(from);
      return pop(to);
    }
    case Op::RefNull:
      if (op_.type.heap().is_concrete() && !check_index(op_.type.heap().type_index(), module_.types.size(), "type"))
        return;
      info_.type = op_.type;
      return push(op_.type);
    case Op::RefIsNull:
      info_.type = pop_any();
      if (!info_.type.is_ref() && !info_.type.is_bottom()) {
        return mismatch(fmt::format("expects a reference, found {}", to_string(info_.type)));
      }
      return push(ValType::I32);
    case Op::RefFunc:
      if (!check_index(op_.index, module_.functions.size(), "function")) return;
      if (!module_.declared_functions[op_.index]) {
        return invalid(
            fmt::format("undeclared function reference {}: it has to occur outside of bodies too", op_.index));
      }
      info_.type = ValType::ref(HeapType::concrete(module_.functions[op_.index]), false);
      return push(info_.type);
    case Op::LocalGet:
    case Op::LocalSet:
    case Op::LocalTee:
      VITRINE_ASSERT(false && "on the fast path");
      return;
    default:
      if (info(op_.op).sig.custom) {
        return r_.fail(fmt::format("{} is not implemented by the validator", info(op_.op).mnemonic), op_.offset,
                       ErrorKind::Unsupported);
      }
      return check_by_signature();
  }
}

/// Operators whose types stand in the table.
void FunctionValidator::check_by_signature() {
  const OpInfo& row = info(op_.op);
  ValType address;
  if (row.imm == Imm::MemArg || row.imm == Imm::MemArgLane) {
    check_memarg();
    if (!r_.ok()) return;
    address = module_.memories[op_.mem.memory].limits.address_type();
  } else if (row.imm == Imm::Memory) {
    if (!check_memory_index(op_.index)) return;
    address = module_.memories[op_.index].limits.address_type();
  }
  info_.type = address;
  check_lanes();
  for (size_t i = row.sig.operand_count; i-- > 0;) pop(sig_type(row.sig.operands[i], address));
  for (size_t i = 0; i < row.sig.result_count; ++i) push(sig_type(row.sig.results[i], address));
}

void FunctionValidator::check_lanes() {
  const OpInfo& row = info(op_.op);
  unsigned lanes = row.imm == Imm::Lane ? row.aux : row.imm == Imm::MemArgLane ? 16u >> row.aux : 0;
  if (lanes && op_.lanes[0] >= lanes) invalid(fmt::format("invalid lane index {}: there are {}", op_.lanes[0], lanes));
  if (row.imm == Imm::Lanes16) {
    for (uint8_t lane : op_.lanes) {
      if (lane >= 32) return invalid(fmt::format("invalid lane index {}: there are 32", lane));
    }
  }
}

void FunctionValidator::check_memarg() {
  if (!r_.ok() || !check_memory_index(op_.mem.memory)) return;
  const OpInfo& row = info(op_.op);
  bool atomic = row.prefix == 0xfe;
  if (op_.mem.align_log2 > row.aux || (atomic && op_.mem.align_log2 != row.aux)) {
    return invalid(fmt::format("alignment must {} natural: {} has 2^{}, its natural alignment is 2^{}",
                               atomic ? "be" : "not be larger than", row.mnemonic, op_.mem.align_log2, row.aux));
  }
  if (!module_.memories[op_.mem.memory].limits.is_64 && op_.mem.offset > UINT32_MAX) {
    invalid(fmt::format("offset out of range: {} has {:#x} on a 32-bit memory", row.mnemonic, op_.mem.offset));
  }
}

void FunctionValidator::check_else() {
  Frame& f = frames_.back();
  if (f.kind != Op::If) return r_.fail("misplaced ELSE opcode", op_.offset);
  info_.label = f.type->results;
  op_.block = {f.type->params, f.type->results};
  pop_all(f.type->results);
  if (!r_.ok()) return;
  if (top_ != floor_) return mismatch(fmt::format("finds {} values too many on the stack", top_ - floor_));
  f.kind = Op::Else;
  f.unreachable = false;
  while (init_stack_.size() > f.init_height) {
    init_[init_stack_.back()] = 0;
    init_stack_.pop_back();
  }
  enter_top_frame();
  push_all(f.type->params);
}

void FunctionValidator::check_end() {
  const Frame f = frames_.back();
  info_.label = f.type->results;
  op_.block = {f.type->params, f.type->results};
  pop_all(f.type->results);
  if (!r_.ok()) return;
  if (top_ != floor_) {
    return mismatch(fmt::format("finds {} values too many on the stack, the block has {} results", top_ - floor_,
                                f.type->results.size()));
  }
  if (f.kind == Op::If) {
    // No else: as if there was an empty one.
    bool same = f.type->params.size() == f.type->results.size();
    for (size_t i = 0; same && i < f.type->params.size(); ++i) {
      same = matches(module_, f.type->params[i], f.type->results[i]);
    }
    if (!same) return mismatch(fmt::format("of an if without else, which has the type {}", to_string(*f.type)));
  }
  while (init_stack_.size() > f.init_height) {
    init_[init_stack_.back()] = 0;
    init_stack_.pop_back();
  }
  if (frames_.size() == 1) {
    if (!r_.at_end()) return r_.fail("section size mismatch: bytes behind the end of the function");
    frames_.pop_back();
    return;
  }
  frames_.pop_back();
  enter_top_frame();
  push_all(f.type->results);
}

void FunctionValidator::check_br_table() {
  if (!check_label(op_.index)) return;
  std::span<const ValType> types = label_types(frame(op_.index));
  info_.label = types;
  pop(ValType::I32);
  if (++br_table_stamp_ == 0) br_table_stamp_ = 1;  // a stale stamp of 2^32 tables ago cannot be in a body
  const ValType* checked = types.data();
  for (uint32_t depth : op_.targets) {
    if (!check_label(depth)) return;
    Frame& f = frames_[frames_.size() - 1 - depth];
    if (f.seen == br_table_stamp_) continue;
    f.seen = br_table_stamp_;
    std::span<const ValType> other = label_types(f);
    if (other.size() != types.size()) {
      return mismatch(fmt::format("has targets of {} and {} values", other.size(), types.size()));
    }
    if (other.data() == checked) continue;
    checked = other.data();
    if (!peek_all(other)) return;
  }
  pop_all(types);
  set_unreachable();
}

void FunctionValidator::check_select() {
  if (op_.op == Op::SelectT) {
    if (op_.select_types.size() != 1) {
      return invalid(
          fmt::format("invalid result arity: select has {} types, only one is allowed", op_.select_types.size()));
    }
    if (op_.type.is_ref() && op_.type.heap().is_concrete() &&
        !check_index(op_.type.heap().type_index(), module_.types.size(), "type")) {
      return;
    }
    info_.type = op_.type;
    pop(ValType::I32);
    pop(op_.type);
    pop(op_.type);
    return push(op_.type);
  }
  pop(ValType::I32);
  ValType second = pop_any();
  ValType first = pop_any();
  if (!r_.ok()) return;
  if (first.is_ref() || second.is_ref()) {
    return mismatch(
        fmt::format("without a type expects numbers or vectors, found {}", to_string(first.is_ref() ? first : second)));
  }
  if (first != second && !first.is_bottom() && !second.is_bottom()) return mismatch(first, second);
  info_.type = first.is_bottom() ? second : first;
  push(info_.type);
}

void FunctionValidator::check_call(const FuncType& callee) {
  info_.callee = &callee;
  pop_all(callee.params);
  push_all(callee.results);
}

void FunctionValidator::check_return_call(const FuncType& callee) {
  info_.callee = &callee;
  bool same = callee.results.size() == type_->results.size();
  for (size_t i = 0; same && i < callee.results.size(); ++i)
    same = matches(module_, callee.results[i], type_->results[i]);
  if (!same) {
    return mismatch(fmt::format("calls a function that returns {}, this one returns {}", to_string(callee.results),
                                to_string(type_->results)));
  }
  pop_all(callee.params);
  set_unreachable();
}

bool FunctionValidator::check_callee_table(const FuncType** callee) {
  if (!check_table_index(op_.index2) || !check_index(op_.index, module_.types.size(), "type")) return false;
  if (module_.types[op_.index].kind != CompositeKind::Func) {
    invalid(fmt::format("non-function type {}", op_.index));
    return false;
  }
  ValType element = module_.tables[op_.index2].type.element;
  if (!matches(module_, element, ValType::funcref())) {
    mismatch(fmt::format("needs a table of functions, table {} is of {}", op_.index2, to_string(element)));
    return false;
  }
  *callee = &module_.func_type(op_.index);
  return true;
}

void FunctionValidator::check_table_init() {
  if (!check_table_index(op_.index2) || !check_index(op_.index, module_.elems.size(), "elem segment")) return;
  const TableType& table = module_.tables[op_.index2].type;
  info_.type = table.element;
  ValType elements = module_.elems[op_.index].type;
  if (!matches(module_, elements, table.element)) return mismatch(table.element, elements);
  pop(ValType::I32);
  pop(ValType::I32);
  pop(table.limits.address_type());
}

void FunctionValidator::check_table_copy() {
  if (!check_table_index(op_.index) || !check_table_index(op_.index2)) return;
  const TableType& to = module_.tables[op_.index].type;
  const TableType& from = module_.tables[op_.index2].type;
  info_.type = to.element;
  if (!matches(module_, from.element, to.element)) return mismatch(to.element, from.element);
  pop(smaller(to.limits.address_type(), from.limits.address_type()));
  pop(from.limits.address_type());
  pop(to.limits.address_type());
}

}  // namespace vitrine::wasm
