// Instructions of the text format, flat and folded, into the binary format. See wat_module.hpp.
//
// A folded instruction `(op operands...)` is written behind its operands: its bytes wait in pending_ until its
// parenthesis closes. What is open at any moment (parentheses and blocks) is the stack frames_, so nesting costs
// memory, not C++ stack.
#include <fmt/format.h>

#include <bit>

#include "text/number.hpp"
#include "text/wat_module.hpp"

namespace vitrine::text {

using wasm::Imm;
using wasm::Op;

namespace {

constexpr uint8_t kEnd = 0x0b;

void write_op(ByteWriter& to, Op op) {
  const wasm::OpInfo& info = wasm::info(op);
  if (info.prefix == 0) {
    to.u8(static_cast<uint8_t>(info.code));
  } else {
    to.u8(info.prefix);
    to.uleb(info.code);
  }
}

bool begins_block(Op op) {
  return op == Op::Block || op == Op::Loop || op == Op::If || op == Op::Try || op == Op::TryTable;
}

constexpr std::string_view kOffset = "offset=", kAlign = "align=";

}  // namespace

// Reads up to the parenthesis that closes what is around (and leaves it there), or just one folded instruction.
Result<> ModuleParser::instructions(ByteWriter& to, Extent extent) {
  frames_.clear();
  pending_.bytes().clear();
  labels_.clear();
  label_depth_ = 1;  // the function's own
  if (extent == Extent::OneFolded && !cursor_.at(TokenKind::LeftParen)) {
    return std::unexpected(cursor_.unexpected("an instruction in parentheses"));
  }
  for (;;) {
    switch (cursor_.peek().kind) {
      case TokenKind::LeftParen:
        if (!TRY(open_arm(to))) TRY(open_folded(to));
        break;
      case TokenKind::RightParen:
        if (frames_.empty()) return {};
        TRY(close_folded(to));
        if (extent == Extent::OneFolded && frames_.empty()) return {};
        break;
      case TokenKind::Keyword:
        if (takes_operands()) {
          return std::unexpected(cursor_.unexpected("')' or an operand, which is an instruction in parentheses"));
        }
        TRY(flat_instruction(to));
        break;
      default:
        return std::unexpected(cursor_.unexpected("an instruction"));
    }
  }
}

// Whether only instructions in parentheses may come next.
bool ModuleParser::takes_operands() const {
  if (frames_.empty()) return false;
  FrameKind kind = frames_.back().kind;
  return kind == FrameKind::Plain || kind == FrameKind::If || kind == FrameKind::Try;
}

Result<Op> ModuleParser::expect_operator() {
  if (!cursor_.at(TokenKind::Keyword)) return std::unexpected(cursor_.unexpected("an instruction"));
  std::optional<Op> op = wasm::find_op(cursor_.text());
  if (!op) return std::unexpected(cursor_.error_here(fmt::format("unknown operator '{}'", cursor_.text())));
  cursor_.next();
  return *op;
}

// -- folded instructions

Result<> ModuleParser::open_folded(ByteWriter& to) {
  cursor_.next();
  Frame frame{.kind = FrameKind::Plain, .op = Op::Nop, .token = cursor_.position()};
  frame.pending = static_cast<uint32_t>(pending_.size());
  frame.op = TRY(expect_operator());
  TRY(take_hint(frame.token - 1, frame.op, frame));
  switch (frame.op) {
    case Op::Block:
    case Op::Loop:
    case Op::TryTable:
      frame.kind = FrameKind::Block;
      TRY(begin_block(to, frame));
      enter_label(frame);
      break;
    case Op::Try:
      frame.kind = FrameKind::Try;
      TRY(begin_block(to, frame));
      enter_label(frame);
      break;
    case Op::If:
      frame.kind = FrameKind::If;
      TRY(begin_block(pending_, frame));  // behind its operands, and its label is not theirs
      break;
    case Op::End:
    case Op::Else:
    case Op::Catch:
    case Op::CatchAll:
    case Op::Delegate:
      cursor_.seek(frame.token);
      return std::unexpected(cursor_.unexpected("an instruction"));
    default:
      TRY(plain_instruction(pending_, frame.op));
  }
  frames_.push_back(frame);
  return {};
}

// The arms of `(if` and `(try`; false if what comes is an operand.
Result<bool> ModuleParser::open_arm(ByteWriter& to) {
  if (frames_.empty()) return false;
  Frame& frame = frames_.back();
  size_t token = cursor_.position() + 1;
  if (frame.kind == FrameKind::If) {
    if (frame.state == 0) {
      if (!cursor_.take_form("then")) return false;
      place_hint(frame, to.size());
      to.append(pending_.view().subspan(frame.pending));
      pending_.bytes().resize(frame.pending);
      enter_label(frame);
      frame.state = 1;
    } else if (frame.state == 1 && cursor_.take_form("else")) {
      write_op(to, Op::Else);
      frame.state = 2;
    } else {
      return std::unexpected(cursor_.unexpected(frame.state == 1 ? "(else ...) or ')'" : "')'"));
    }
  } else if (frame.kind == FrameKind::Try) {
    enum State : uint8_t { kBegin, kDone, kCaught, kClosed };
    if (frame.state == kBegin) {
      if (!cursor_.take_form("do")) return std::unexpected(cursor_.unexpected("(do ...)"));
      frame.state = kDone;
    } else if ((frame.state == kDone || frame.state == kCaught) && cursor_.take_form("catch")) {
      write_op(to, Op::Catch);
      to.uleb(TRY(index(Space::Tag)));
      frame.state = kCaught;
    } else if ((frame.state == kDone || frame.state == kCaught) && cursor_.take_form("catch_all")) {
      write_op(to, Op::CatchAll);
      frame.state = kClosed;
    } else if (frame.state == kDone && cursor_.take_form("delegate")) {
      leave_label(frame);  // the label is counted from outside the block
      write_op(to, Op::Delegate);
      to.uleb(TRY(label()));
      frame.state = kClosed;
    } else {
      return std::unexpected(cursor_.unexpected("(catch ...), (catch_all ...), (delegate ...) or ')'"));
    }
  } else {
    return false;
  }
  frames_.push_back({.kind = FrameKind::Arm, .op = frame.op, .token = token});
  return true;
}

Result<> ModuleParser::close_folded(ByteWriter& to) {
  Frame& frame = frames_.back();
  switch (frame.kind) {
    case FrameKind::Plain:
      place_hint(frame, to.size());
      to.append(pending_.view().subspan(frame.pending));
      pending_.bytes().resize(frame.pending);
      break;
    case FrameKind::Flat:
      return std::unexpected(
          cursor_.unexpected(fmt::format("'end' of the {}", cursor_.text(cursor_.tokens()[frame.token]))));
    case FrameKind::If:
      if (frame.state == 0) return std::unexpected(cursor_.unexpected("(then ...)"));
      [[fallthrough]];
    case FrameKind::Block:
      to.u8(kEnd);
      leave_label(frame);
      break;
    case FrameKind::Try:
      if (frame.state == 0) return std::unexpected(cursor_.unexpected("(do ...)"));
      if (frame.labelled) {  // else a `delegate` has ended the block
        to.u8(kEnd);
        leave_label(frame);
      }
      break;
    case FrameKind::Arm:
      break;
  }
  cursor_.next();
  frames_.pop_back();
  return {};
}

// -- flat instructions

Result<> ModuleParser::flat_instruction(ByteWriter& to) {
  size_t token = cursor_.position();
  Op op = TRY(expect_operator());
  switch (op) {
    case Op::End:
      return flat_end(to);
    case Op::Else:
    case Op::Catch:
    case Op::CatchAll:
      return flat_else(to, op);
    case Op::Delegate:
      return flat_delegate(to);
    default:
      break;
  }
  Frame frame{.kind = FrameKind::Flat, .op = op, .token = token};
  TRY(take_hint(token, op, frame));
  place_hint(frame, to.size());
  if (!begins_block(op)) return plain_instruction(to, op);
  TRY(begin_block(to, frame));
  enter_label(frame);
  frames_.push_back(frame);
  return {};
}

Result<> ModuleParser::flat_end(ByteWriter& to) {
  if (frames_.empty() || frames_.back().kind != FrameKind::Flat) {
    cursor_.seek(cursor_.position() - 1);
    return std::unexpected(cursor_.unexpected("an instruction or ')': no block is open here"));
  }
  Frame& frame = frames_.back();
  TRY(check_label(frame));
  to.u8(kEnd);
  leave_label(frame);
  frames_.pop_back();
  return {};
}

// `else`, `catch` and `catch_all`.
Result<> ModuleParser::flat_else(ByteWriter& to, Op op) {
  Op block = op == Op::Else ? Op::If : Op::Try;
  bool open = !frames_.empty() && frames_.back().kind == FrameKind::Flat && frames_.back().op == block;
  constexpr uint8_t kBegin = 0, kCaught = 1, kClosed = 2;
  uint8_t last_state = op == Op::Else ? kBegin : kCaught;
  if (!open || frames_.back().state > last_state) {
    cursor_.seek(cursor_.position() - 1);
    return std::unexpected(cursor_.unexpected("an instruction or 'end'"));
  }
  Frame& frame = frames_.back();
  write_op(to, op);
  if (op == Op::Catch) {
    to.uleb(TRY(index(Space::Tag)));
    frame.state = kCaught;
    return {};
  }
  frame.state = kClosed;  // nothing of the kind may follow
  return check_label(frame);
}

Result<> ModuleParser::flat_delegate(ByteWriter& to) {
  bool open = !frames_.empty() && frames_.back().kind == FrameKind::Flat && frames_.back().op == Op::Try;
  if (!open || frames_.back().state != 0) {
    cursor_.seek(cursor_.position() - 1);
    return std::unexpected(cursor_.unexpected("an instruction: no try is open here"));
  }
  leave_label(frames_.back());  // the label is counted from outside the block
  frames_.pop_back();
  write_op(to, Op::Delegate);
  to.uleb(TRY(label()));
  return {};
}

// The label repeated behind `end` and `else`.
Result<> ModuleParser::check_label(const Frame& frame) {
  if (!cursor_.at(TokenKind::Id)) return {};
  const Token& id = cursor_.next();
  std::string_view name = cursor_.name_of(id);
  if (frame.has_label && name == frame.label) return {};
  return std::unexpected(
      cursor_.error(id, frame.has_label ? fmt::format("mismatching label ${}: the block's is ${}", name, frame.label)
                                        : fmt::format("mismatching label ${}: the block has none", name)));
}

// -- blocks and labels

// Label, block type and catch clauses, behind the operator itself.
Result<> ModuleParser::begin_block(ByteWriter& to, Frame& frame) {
  if (cursor_.at(TokenKind::Id)) {
    frame.has_label = true;
    frame.label = cursor_.name_of(cursor_.next());
  }
  write_op(to, frame.op);
  TRY(block_type(to));
  if (frame.op == Op::TryTable) TRY(catch_clauses(to));
  return {};
}

// spec: text/instructions, catch clauses; their labels are counted from outside the block.
Result<> ModuleParser::catch_clauses(ByteWriter& to) {
  static constexpr std::pair<std::string_view, bool> kClauses[] = {
      {"catch", true}, {"catch_ref", true}, {"catch_all", false}, {"catch_all_ref", false}};
  ByteWriter list;
  uint32_t count = 0;
  for (bool found = true; found;) {
    found = false;
    for (uint8_t code = 0; code < std::size(kClauses); ++code) {
      auto [word, tagged] = kClauses[code];
      if (!cursor_.take_form(word)) continue;
      list.u8(code);
      if (tagged) list.uleb(TRY(index(Space::Tag)));
      list.uleb(TRY(label()));
      TRY(cursor_.expect_right());
      ++count;
      found = true;
    }
  }
  to.uleb(count);
  to.append(list.view());
  return {};
}

void ModuleParser::enter_label(Frame& frame) {
  frame.labelled = true;
  if (frame.has_label) frame.shadowed = labels_.set(frame.label, label_depth_);
  ++label_depth_;
}

void ModuleParser::leave_label(Frame& frame) {
  frame.labelled = false;
  --label_depth_;
  if (frame.has_label) labels_.set(frame.label, frame.shadowed);
}

Result<uint32_t> ModuleParser::label() {
  if (cursor_.at(TokenKind::Id)) {
    const Token& id = cursor_.next();
    std::string_view name = cursor_.name_of(id);
    uint32_t depth = labels_.find(name);
    if (depth == NameTable::kNone) {
      return std::unexpected(cursor_.error(id, fmt::format("unknown label ${}", name)));
    }
    return label_depth_ - 1 - depth;
  }
  if (!cursor_.at(TokenKind::Nat)) return std::unexpected(cursor_.unexpected("a label"));
  return static_cast<uint32_t>(TRY(cursor_.expect_nat(0xffff'ffff, "label")));
}

Result<uint32_t> ModuleParser::local() {
  if (cursor_.at(TokenKind::Id)) {
    const Token& id = cursor_.next();
    std::string_view name = cursor_.name_of(id);
    uint32_t local = locals_.find(name);
    if (local == NameTable::kNone) {
      return std::unexpected(cursor_.error(id, fmt::format("unknown local ${}", name)));
    }
    return local;
  }
  if (!cursor_.at(TokenKind::Nat)) return std::unexpected(cursor_.unexpected("the index of a local"));
  return static_cast<uint32_t>(TRY(cursor_.expect_nat(0xffff'ffff, "index")));
}

// -- plain instructions: an operator and its immediates

Result<> ModuleParser::plain_instruction(ByteWriter& to, Op op) {
  const wasm::OpInfo& info = wasm::info(op);
  // Two operators share a mnemonic here; the immediates tell which one it is.
  if (op == Op::Select && cursor_.at_form("result")) {
    ByteWriter types;
    uint32_t count = 0;
    while (cursor_.take_form("result")) {
      while (!cursor_.at(TokenKind::RightParen)) {
        TRY(value_type(types));
        ++count;
      }
      TRY(cursor_.expect_right());
    }
    write_op(to, Op::SelectT);
    to.uleb(count);
    to.append(types.view());
    return {};
  }
  if (op == Op::RefTest || op == Op::RefCast) {
    heap_.bytes().clear();
    bool nullable = TRY(reference_parts(heap_));
    if (nullable) op = op == Op::RefTest ? Op::RefTestNull : Op::RefCastNull;
    write_op(to, op);
    to.append(heap_.view());
    return {};
  }

  write_op(to, op);
  switch (info.imm) {
    case Imm::None:
      return {};
    case Imm::BlockType:
    case Imm::TryTable:
    case Imm::SelectTypes:
      break;  // not plain, or handled above
    case Imm::Label:
      to.uleb(TRY(label()));
      return {};
    case Imm::LabelTable: {
      ByteWriter labels;
      uint32_t count = 0;
      uint32_t last = TRY(label());
      while (cursor_.at_index()) {
        labels.uleb(last);
        ++count;
        last = TRY(label());
      }
      to.uleb(count);
      to.append(labels.view());
      to.uleb(last);
      return {};
    }
    case Imm::Func:
      to.uleb(TRY(index(Space::Func)));
      return {};
    case Imm::TypeTable: {
      uint32_t table = TRY(optional_index(Space::Table));
      to.uleb(TRY(type_use(ParamNames::Refused)));
      to.uleb(table);
      return {};
    }
    case Imm::Type:
      to.uleb(TRY(index(Space::Type)));
      return {};
    case Imm::Local:
      to.uleb(TRY(local()));
      return {};
    case Imm::Global:
      to.uleb(TRY(index(Space::Global)));
      return {};
    case Imm::Table:
      to.uleb(TRY(optional_index(Space::Table)));
      return {};
    case Imm::Memory:
      to.uleb(TRY(optional_index(Space::Memory)));
      return {};
    case Imm::MemArg:
      return memory_argument(to, info, false);
    case Imm::MemArgLane:
      return memory_argument(to, info, true);
    case Imm::I32:
      return integer_constant(to, 32);
    case Imm::I64:
      return integer_constant(to, 64);
    case Imm::F32:
      return float_constant(to, 32);
    case Imm::F64:
      return float_constant(to, 64);
    case Imm::V128:
      return vector_constant(to);
    case Imm::HeapType:
      return heap_type(to);
    case Imm::Data:
      needs_data_count_ = true;
      to.uleb(TRY(index(Space::Data)));
      return {};
    case Imm::Elem:
      to.uleb(TRY(index(Space::Elem)));
      return {};
    case Imm::DataMemory: {
      needs_data_count_ = true;
      uint32_t memory = cursor_.at_index(1) ? TRY(index(Space::Memory)) : 0;
      to.uleb(TRY(index(Space::Data)));
      to.uleb(memory);
      return {};
    }
    case Imm::ElemTable: {
      uint32_t table = cursor_.at_index(1) ? TRY(index(Space::Table)) : 0;
      to.uleb(TRY(index(Space::Elem)));
      to.uleb(table);
      return {};
    }
    case Imm::MemoryMemory:
    case Imm::TableTable: {
      Space space = info.imm == Imm::MemoryMemory ? Space::Memory : Space::Table;
      bool given = cursor_.at_index();
      for (int i = 0; i < 2; ++i) to.uleb(given ? TRY(index(space)) : 0);
      return {};
    }
    case Imm::TypeField: {
      uint32_t type = TRY(index(Space::Type));
      to.uleb(type);
      if (!cursor_.at(TokenKind::Id)) {
        to.uleb(TRY(cursor_.expect_nat(0xffff'ffff, "the index of a field")));
        return {};
      }
      const Token& id = cursor_.next();
      std::string_view name = cursor_.name_of(id);
      uint32_t field = field_names_.find(name, type);
      if (field == NameTable::kNone) {
        return std::unexpected(cursor_.error(id, fmt::format("unknown field ${} of type {}", name, type)));
      }
      to.uleb(field);
      return {};
    }
    case Imm::TypeCount:
      to.uleb(TRY(index(Space::Type)));
      to.uleb(TRY(cursor_.expect_nat(0xffff'ffff, "the number of elements")));
      return {};
    case Imm::TypeData:
      needs_data_count_ = true;
      to.uleb(TRY(index(Space::Type)));
      to.uleb(TRY(index(Space::Data)));
      return {};
    case Imm::TypeElem:
      to.uleb(TRY(index(Space::Type)));
      to.uleb(TRY(index(Space::Elem)));
      return {};
    case Imm::TypeType:
      to.uleb(TRY(index(Space::Type)));
      to.uleb(TRY(index(Space::Type)));
      return {};
    case Imm::BrOnCast: {
      uint32_t target = TRY(label());
      ByteWriter from, result;
      bool from_null = TRY(reference_parts(from));
      bool to_null = TRY(reference_parts(result));
      to.u8(static_cast<uint8_t>((from_null ? 1 : 0) | (to_null ? 2 : 0)));
      to.uleb(target);
      to.append(from.view());
      to.append(result.view());
      return {};
    }
    case Imm::Tag:
      to.uleb(TRY(index(Space::Tag)));
      return {};
    case Imm::Lane:
      to.u8(static_cast<uint8_t>(TRY(cursor_.expect_nat(255, "lane index"))));
      return {};
    case Imm::Lanes16:
      for (int i = 0; i < 16; ++i) to.u8(static_cast<uint8_t>(TRY(cursor_.expect_nat(255, "lane index"))));
      return {};
    case Imm::ZeroByte:
      to.u8(0);
      return {};
  }
  return std::unexpected(cursor_.unexpected("an instruction"));
}

// spec: text/instructions, memory arguments. A number in front of a lane access is the memory only if more follows it.
Result<> ModuleParser::memory_argument(ByteWriter& to, const wasm::OpInfo& info, bool lane) {
  auto at_setting = [&](std::string_view word, size_t ahead) {
    return cursor_.peek(ahead).kind == TokenKind::Keyword && cursor_.text(ahead).starts_with(word);
  };
  uint32_t memory = 0;
  bool named = cursor_.at_index() && (!lane || cursor_.at(TokenKind::Id) || cursor_.peek(1).kind == TokenKind::Nat ||
                                      at_setting(kOffset, 1) || at_setting(kAlign, 1));
  if (named) memory = TRY(index(Space::Memory));
  uint64_t offset = 0;
  auto setting = [&](std::string_view word, uint64_t& value) -> Result<bool> {
    if (!at_setting(word, 0)) return false;
    switch (parse_nat(cursor_.text().substr(word.size()), ~uint64_t{0}, value)) {
      case NumberStatus::Ok:
        cursor_.next();
        return true;
      case NumberStatus::OutOfRange:
        return std::unexpected(cursor_.error_here(fmt::format("{} out of range", word.substr(0, word.size() - 1))));
      case NumberStatus::Malformed:
        break;
    }
    return std::unexpected(cursor_.error_here(fmt::format("unknown operator '{}'", cursor_.text())));
  };
  TRY(setting(kOffset, offset));
  const Token& align_token = cursor_.peek();
  uint64_t align = uint64_t{1} << info.aux;
  if (TRY(setting(kAlign, align)) && !std::has_single_bit(align)) {
    return std::unexpected(cursor_.error(align_token, "alignment must be a power of two"));
  }
  auto flags = static_cast<uint32_t>(std::countr_zero(align));
  to.uleb(memory == 0 ? flags : flags | 0x40);
  if (memory != 0) to.uleb(memory);
  to.uleb(offset);
  if (lane) to.u8(static_cast<uint8_t>(TRY(cursor_.expect_nat(255, "lane index"))));
  return {};
}

// -- constants

namespace {

Error number_error(const Cursor& cursor, NumberStatus status, std::string_view what) {
  if (status == NumberStatus::OutOfRange) return cursor.error_here("constant out of range");
  return cursor.unexpected(what);
}

}  // namespace

Result<> ModuleParser::integer_constant(ByteWriter& to, unsigned bits) {
  uint64_t value = 0;
  NumberStatus status = parse_int(cursor_.text(), bits, value);
  if (status != NumberStatus::Ok) return std::unexpected(number_error(cursor_, status, "an integer"));
  cursor_.next();
  to.sleb(bits == 32 ? int64_t{static_cast<int32_t>(static_cast<uint32_t>(value))} : static_cast<int64_t>(value));
  return {};
}

Result<> ModuleParser::float_constant(ByteWriter& to, unsigned bits) {
  uint32_t f32 = 0;
  uint64_t f64 = 0;
  NumberStatus status = bits == 32 ? parse_f32(cursor_.text(), f32) : parse_f64(cursor_.text(), f64);
  if (status != NumberStatus::Ok) return std::unexpected(number_error(cursor_, status, "a floating-point number"));
  cursor_.next();
  if (bits == 32) {
    to.u32(f32);
  } else {
    to.u64(f64);
  }
  return {};
}

Result<> ModuleParser::vector_constant(ByteWriter& to) {
  static constexpr std::pair<std::string_view, int> kShapes[] = {{"i8x16", 16}, {"i16x8", 8}, {"i32x4", 4},
                                                                 {"i64x2", 2},  {"f32x4", 4}, {"f64x2", 2}};
  for (auto [shape, lanes] : kShapes) {
    if (!cursor_.take_keyword(shape)) continue;
    for (int i = 0; i < lanes; ++i) TRY(lane_constant(to, shape));
    return {};
  }
  return std::unexpected(cursor_.unexpected("a vector shape, as i32x4"));
}

Result<> ModuleParser::lane_constant(ByteWriter& to, std::string_view shape) {
  if (shape == "f32x4") return float_constant(to, 32);
  if (shape == "f64x2") return float_constant(to, 64);
  unsigned bits = shape == "i8x16" ? 8 : shape == "i16x8" ? 16 : shape == "i32x4" ? 32 : 64;
  uint64_t value = 0;
  NumberStatus status = parse_int(cursor_.text(), bits, value);
  if (status != NumberStatus::Ok) return std::unexpected(number_error(cursor_, status, "an integer"));
  cursor_.next();
  to.raw(&value, bits / 8);  // little-endian, as the host is
  return {};
}

}  // namespace vitrine::text
