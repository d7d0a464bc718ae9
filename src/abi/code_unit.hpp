// The unit of code: what compiling one function, or one trampoline, answers. Its text, what the text refers to, and the
// side tables that say what happens at its places. An image is units put one behind the other, and data; code that is
// loaded unit by unit is put in place by the same functions.
//
// A unit owns its memory, for reuse (CodeUnit), or is a view of it (UnitView), wherever it was kept. Nothing in it
// knows where it is going to stand.
#pragma once

#include <algorithm>
#include <cstdint>
#include <span>
#include <vector>

#include "abi/address_map.hpp"
#include "abi/stack_map.hpp"
#include "base/arena.hpp"
#include "base/assert.hpp"

namespace vitrine::abi {

/// What is written at the place of a reference.
enum class RelocKind : uint8_t {
  Call,     // 32 bits, relative: of a direct call or jump. Whoever may redirect calls may write another target
  Address,  // 32 bits, relative: of the function itself, as a value
};

/// A reference at `offset` of the text to the start of function `symbol`: what is written is target + addend - place.
struct Reloc {
  uint32_t offset;
  uint32_t symbol;
  int32_t addend;
  RelocKind kind;
};

/// The instruction at `offset` (its first byte) may fault or is an illegal instruction, and then raises `code` (a
/// TrapCode).
struct TrapEntry {
  uint32_t offset;
  uint32_t code;
};

/// Entry n (from 1; 0 means none) of the inline table: the code is a copy of `function`'s body, called at `call_srcloc`
/// within inline site `parent` (0: the function that the unit is of).
struct InlineSite {
  uint32_t parent;
  uint32_t function;
  uint32_t call_srcloc;
};

/// The code in [offset, offset + size), and its frame while the body runs: the caller's frame pointer at [fp], the
/// return address above it, `bytes` below it. Registers of `saved` (a bit each, by hardware number), the lowest first,
/// are at [fp - saved_below - 8], and so on down; what else lies there is the function's own.
struct FrameEntry {
  uint32_t offset;
  uint32_t size;  // without the constants behind the code
  uint32_t bytes;
  uint16_t saved;
  uint16_t saved_below;
};

/// A call that returns to `offset` leads to `landing` when what it calls ends by an exception. The landing expects the
/// frame pointer and the callee-saved registers as the function had them at the call, and the payload, word by word, in
/// the registers `payload` (0..31 integer, 32..63 float, kNoRegister); rsp and the context it restores itself.
struct HandlerEntry {
  static constexpr uint8_t kNoRegister = 0xff;
  uint32_t offset;
  uint32_t landing;
  uint8_t payload[4];
};

/// One list of each kind. `List` is a vector, a span, a number.
template <template <class> class List>
struct SideTables {
#define SIDE_TABLE(Entry, field, section, name) List<Entry> field{};
#include "abi/side_tables.def"
#undef SIDE_TABLE
};
template <class Entry>
using OwnedTable = std::vector<Entry>;
template <class Entry>
using TableView = std::span<const Entry>;
template <class Entry>
using TableSize = uint64_t;
template <class Entry>
using TableIndex = uint32_t;

/// Calls `f` with every table of `a`, or with those of several side by side.
template <class A, class F>
void for_each_table(A& a, F&& f) {
#define SIDE_TABLE(Entry, field, section, name) f(a.field);
#include "abi/side_tables.def"
#undef SIDE_TABLE
}
template <class A, class B, class F>
void for_each_table(A& a, B& b, F&& f) {
#define SIDE_TABLE(Entry, field, section, name) f(a.field, b.field);
#include "abi/side_tables.def"
#undef SIDE_TABLE
}

struct CodeUnit {
  std::vector<uint8_t> text;  // 16-byte aligned where it stands; read-only constants at its end
  std::vector<Reloc> relocs;
  SideTables<OwnedTable> tables;

  /// For reuse: keeps the memory.
  void clear();
};

struct UnitView {
  std::span<const uint8_t> text;
  std::span<const Reloc> relocs;
  SideTables<TableView> tables;

  UnitView() = default;
  explicit UnitView(const CodeUnit& unit);
  /// Of all of its code. A unit has one.
  const FrameEntry& frame() const {
    VITRINE_ASSERT(tables.frames.size() == 1);
    return tables.frames[0];
  }
  /// A copy that lives in `arena`.
  UnitView kept(Arena& arena) const;
};

/// Where a unit stands: its text, and the first of its entries in each table.
struct Placement {
  uint32_t text = 0;
  SideTables<TableIndex> first;
};
inline TrapEntry moved(TrapEntry e, const Placement& to) {
  e.offset += to.text;
  return e;
}
inline AddressChunk moved(AddressChunk c, const Placement& to) {
  return {c.offset + to.text, c.position + to.first.address_bytes, c.sites + to.first.inline_sites};
}
inline InlineSite moved(InlineSite s, const Placement& to) {
  if (s.parent) s.parent += to.first.inline_sites;
  return s;
}
inline FrameEntry moved(FrameEntry e, const Placement& to) {
  e.offset += to.text;
  return e;
}
inline HandlerEntry moved(HandlerEntry e, const Placement& to) {
  e.offset += to.text;
  e.landing += to.text;
  return e;
}
inline StackMap moved(StackMap m, const Placement& to) {
  return {m.offset + to.text, m.position + to.first.stack_map_bytes};
}

/// Appends a unit's side tables to those of the units before it; its text is going to be at `text_offset`. No table may
/// outgrow 32-bit positions: sum up the sizes before.
void append(SideTables<OwnedTable>& to, const SideTables<TableView>& from, uint32_t text_offset);
/// Adds the lengths of `from`.
void add_sizes(SideTables<TableSize>& to, const SideTables<TableView>& from);
/// A view of each table.
SideTables<TableView> view_of(const SideTables<OwnedTable>& tables);

/// Writes what a reference of that kind at `place` of the text (of which `at` is the memory) to `target` of the same
/// text is.
void resolve(const Reloc& reloc, uint32_t place, uint32_t target, uint8_t* at);
/// Copies a unit's text to `to`, its place at `start` of the text, and resolves its references: `target` answers the
/// offset of a symbol.
template <class F>
void place_text(const UnitView& unit, std::span<uint8_t> to, uint32_t start, F&& target) {
  std::copy(unit.text.begin(), unit.text.end(), to.begin());
  for (const Reloc& r : unit.relocs) {
    VITRINE_ASSERT(to.size() >= sizeof(uint32_t) && r.offset <= to.size() - sizeof(uint32_t));
    resolve(r, start + r.offset, target(r.symbol), to.data() + r.offset);
  }
}

/// The frame of the code at `offset`, if it is in any. Tables are sorted by offset.
const FrameEntry* find_frame(std::span<const FrameEntry> frames, uint32_t offset);
/// The handler of the call that returns to `offset`, if it has one.
const HandlerEntry* find_handler(std::span<const HandlerEntry> handlers, uint32_t offset);

}  // namespace vitrine::abi
