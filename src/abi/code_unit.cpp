#include "abi/code_unit.hpp"

#include <cstring>
#include <type_traits>

namespace vitrine::abi {

void CodeUnit::clear() {
  text.clear();
  relocs.clear();
  for_each_table(tables, [](auto& table) { table.clear(); });
}

UnitView::UnitView(const CodeUnit& unit) : text(unit.text), relocs(unit.relocs), tables(view_of(unit.tables)) {}

UnitView UnitView::kept(Arena& arena) const {
  UnitView copy;
  copy.text = arena.copy(text);
  copy.relocs = arena.copy(relocs);
  for_each_table(copy.tables, tables, [&](auto& to, const auto& from) { to = arena.copy(from); });
  return copy;
}

SideTables<TableView> view_of(const SideTables<OwnedTable>& tables) {
  SideTables<TableView> view;
  for_each_table(view, tables, [](auto& to, const auto& from) { to = from; });
  return view;
}

void append(SideTables<OwnedTable>& to, const SideTables<TableView>& from, uint32_t text_offset) {
  Placement at{.text = text_offset, .first = {}};
  for_each_table(at.first, to, [](uint32_t& first, const auto& table) { first = static_cast<uint32_t>(table.size()); });
  for_each_table(to, from, [&]<class Entry>(std::vector<Entry>& table, std::span<const Entry> added) {
    if constexpr (std::is_same_v<Entry, uint8_t>) {
      table.insert(table.end(), added.begin(), added.end());
    } else {
      for (const Entry& e : added) table.push_back(moved(e, at));
    }
  });
}

void add_sizes(SideTables<TableSize>& to, const SideTables<TableView>& from) {
  for_each_table(to, from, [](uint64_t& size, const auto& table) { size += table.size(); });
}

void resolve(const Reloc& reloc, uint32_t place, uint32_t target, uint8_t* at) {
  switch (reloc.kind) {
    case RelocKind::Call:
    case RelocKind::Address: {
      const int64_t value = int64_t{target} + reloc.addend - place;
      const auto written = static_cast<int32_t>(value);
      VITRINE_ASSERT(written == value);
      std::memcpy(at, &written, sizeof written);
      return;
    }
  }
}

const FrameEntry* find_frame(std::span<const FrameEntry> frames, uint32_t offset) {
  auto after = std::ranges::upper_bound(frames, offset, {}, &FrameEntry::offset);
  if (after == frames.begin()) return nullptr;
  const FrameEntry& frame = *--after;
  return offset - frame.offset < frame.size ? &frame : nullptr;
}

const HandlerEntry* find_handler(std::span<const HandlerEntry> handlers, uint32_t offset) {
  auto at = std::ranges::lower_bound(handlers, offset, {}, &HandlerEntry::offset);
  return at != handlers.end() && at->offset == offset ? &*at : nullptr;
}

}  // namespace vitrine::abi
