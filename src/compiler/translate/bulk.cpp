// Bulk operations on memories and tables: builtins, and copies and fills of a few bytes inline.
#include <bit>

#include "compiler/translate/function_translator.hpp"

namespace vitrine::translate {

using abi::Builtin;
using abi::TrapCode;
using ir::MemKind;
using ir::Type;

namespace {

constexpr uint64_t kMaxInlineBytes = 128;
constexpr uint32_t kMaxPiece = 16;
constexpr size_t kMaxPieces = kMaxInlineBytes / kMaxPiece + 1;

struct Piece {
  int32_t offset;
  uint32_t bytes;
};

/// Covers [0, count) by accesses of 16, 8, 4, 2 and 1 bytes, the last ones overlapping rather than becoming many. Answers
/// how many; the last one ends at `count`.
unsigned split(uint64_t count, std::array<Piece, kMaxPieces>& pieces) {
  unsigned n = 0;
  uint32_t width = static_cast<uint32_t>(std::min<uint64_t>(kMaxPiece, std::bit_floor(count)));
  uint64_t at = 0;
  for (; at + width <= count; at += width) pieces[n++] = {static_cast<int32_t>(at), width};
  if (at < count) {
    uint32_t rest = static_cast<uint32_t>(std::bit_ceil(count - at));
    pieces[n++] = {static_cast<int32_t>(count - rest), rest};
  }
  return n;
}

constexpr MemKind kind_of(uint32_t bytes) {
  return bytes == 1 ? MemKind::U8 : bytes == 2 ? MemKind::U16 : bytes == 4 ? MemKind::U32 : MemKind::Full;
}

constexpr Type type_of(uint32_t bytes) {
  return bytes == kMaxPiece ? Type::V128 : Type::I64;
}

}  // namespace

/// A copy of a constant few bytes between guarded memories: all loads, then all stores, the one that reaches highest
/// first, so that a copy which does not fit traps before it wrote anything. (spec: exec/instructions, memory.copy)
bool FunctionTranslator::copy_inline(uint32_t dst, uint32_t src, Value to, Value from, Value count) {
  uint64_t n;
  if (mode_ != Mode::Ssa || !func_->is_iconst(count, &n) || n == 0 || n > kMaxInlineBytes) return false;
  if (!env_.memories[dst].guarded || !env_.memories[src].guarded) return false;
  std::array<Piece, kMaxPieces> pieces;
  std::array<Value, kMaxPieces> values;
  unsigned count_of_pieces = split(n, pieces);
  wasm::MemArg mem{.offset = 0, .memory = src};
  Address load = address(mem, from, static_cast<uint32_t>(n));
  for (unsigned i = 0; i < count_of_pieces; ++i) {
    values[i] = b_.load(type_of(pieces[i].bytes), kind_of(pieces[i].bytes), load.ptr, load.disp + pieces[i].offset,
                        load.region, load.trap, load.flags);
  }
  mem.memory = dst;
  Address store = address(mem, to, static_cast<uint32_t>(n));
  for (unsigned i = count_of_pieces; i-- > 0;) {
    b_.store(kind_of(pieces[i].bytes), store.ptr, values[i], store.disp + pieces[i].offset, store.region, store.trap);
  }
  return true;
}

bool FunctionTranslator::fill_inline(uint32_t memory, Value to, Value byte, Value count) {
  uint64_t n;
  if (mode_ != Mode::Ssa || !func_->is_iconst(count, &n) || n == 0 || n > kMaxInlineBytes) return false;
  if (!env_.memories[memory].guarded) return false;
  std::array<Piece, kMaxPieces> pieces;
  unsigned count_of_pieces = split(n, pieces);
  const bool has_vectors = n >= kMaxPiece, has_words = pieces[count_of_pieces - 1].bytes < kMaxPiece;
  Value vector, word;
  if (has_vectors) vector = b_.vector(ir::Op::VSplat, ir::Lanes::I8x16, {byte});
  if (has_words) {
    const Value ones = b_.i64(0x0101'0101'0101'0101);
    word = b_.imul(b_.uextend(b_.band(byte, b_.i32(0xff))), ones);
  }
  Address store = address({.offset = 0, .memory = memory}, to, static_cast<uint32_t>(n));
  for (unsigned i = count_of_pieces; i-- > 0;) {
    b_.store(kind_of(pieces[i].bytes), store.ptr, pieces[i].bytes == kMaxPiece ? vector : word,
             store.disp + pieces[i].offset, store.region, store.trap);
  }
  return true;
}

// An element or byte costs one. A count of 64 bits is spent when it is known to be inside of the memory or table:
// before, it could be large enough to turn the account round.
void FunctionTranslator::spend_count(Value count, When when) {
  const bool is_wide = func_->type_of(count) == Type::I64;
  if (env_.settings.consume_fuel && is_wide == (when == When::After)) spend_fuel(as_i64(count));
}

void FunctionTranslator::on_memory_fill(uint32_t memory) {
  Value count = pop(), byte = pop(), to = pop();
  spend_count(count, When::Before);
  if (fill_inline(memory, to, byte, count)) return;
  Value args[] = {b_.i32(memory), as_i64(to), byte, as_i64(count)};
  b_.trapifnot(builtin(Builtin::memory_fill, args)[0], trap(TrapCode::MemoryOutOfBounds));
  spend_count(count, When::After);
}

void FunctionTranslator::on_memory_copy(uint32_t dst, uint32_t src) {
  Value count = pop(), from = pop(), to = pop();
  spend_count(count, When::Before);
  if (copy_inline(dst, src, to, from, count)) return;
  Value args[] = {b_.i32(dst), as_i64(to), b_.i32(src), as_i64(from), as_i64(count)};
  b_.trapifnot(builtin(Builtin::memory_copy, args)[0], trap(TrapCode::MemoryOutOfBounds));
  spend_count(count, When::After);
}

void FunctionTranslator::on_memory_init(uint32_t segment, uint32_t memory) {
  Value count = pop(), from = pop(), to = pop();
  spend_count(count, When::Before);
  Value args[] = {b_.i32(memory), b_.i32(segment), as_i64(to), from, count};
  b_.trapifnot(builtin(Builtin::memory_init, args)[0], trap(TrapCode::MemoryOutOfBounds));
  spend_count(count, When::After);
}

void FunctionTranslator::on_table_fill(uint32_t table) {
  Value count = pop(), value = pop(), to = pop();
  spend_count(count, When::Before);
  Value args[] = {b_.i32(table), as_i64(to), value, as_i64(count)};
  b_.trapifnot(builtin(Builtin::table_fill, args)[0], trap(TrapCode::TableOutOfBounds));
  spend_count(count, When::After);
}

void FunctionTranslator::on_table_copy(uint32_t dst, uint32_t src) {
  Value count = pop(), from = pop(), to = pop();
  spend_count(count, When::Before);
  Value args[] = {b_.i32(dst), as_i64(to), b_.i32(src), as_i64(from), as_i64(count)};
  b_.trapifnot(builtin(Builtin::table_copy, args)[0], trap(TrapCode::TableOutOfBounds));
  spend_count(count, When::After);
}

void FunctionTranslator::on_table_init(uint32_t segment, uint32_t table) {
  Value count = pop(), from = pop(), to = pop();
  spend_count(count, When::Before);
  Value args[] = {b_.i32(table), b_.i32(segment), as_i64(to), from, count};
  b_.trapifnot(builtin(Builtin::table_init, args)[0], trap(TrapCode::TableOutOfBounds));
  spend_count(count, When::After);
}

}  // namespace vitrine::translate
