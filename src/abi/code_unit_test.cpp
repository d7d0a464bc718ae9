#include "abi/code_unit.hpp"

#include <gtest/gtest.h>

#include <cstring>

namespace vitrine::abi {
namespace {

constexpr uint8_t kNone = HandlerEntry::kNoRegister;

/// A unit that has an entry in every table; what differs is derived from `n`.
CodeUnit sample(uint32_t n) {
  CodeUnit unit;
  unit.text.assign(32, static_cast<uint8_t>(n));
  unit.relocs = {{4, n, -4, RelocKind::Call}, {12, 1 - n, -4, RelocKind::Address}};
  unit.tables.frames = {{0, 28, 64 + n, 1u << 3 | 1u << 12, 8}};
  unit.tables.inline_sites = {{0, 7, 0x10 + n}, {1, 8, 0x20 + n}};
  unit.tables.handlers = {{8, 20, {0, 2, kNone, kNone}}};
  add_stack_map(unit.tables.stack_maps, unit.tables.stack_map_bytes, 8, {1u << 3, {1 + n, 5, 200}});
  unit.tables.traps = {{16, 3}};
  encode_addresses(std::vector<AddressEntry>{{0, 0x100 + n, 0}, {6, 0x110 + n, 2}}, unit.tables.address_chunks,
                   unit.tables.address_bytes);
  return unit;
}

TEST(CodeUnit, UnitsArePutTogether) {
  const CodeUnit units[] = {sample(0), sample(1)};
  SideTables<OwnedTable> all;
  append(all, UnitView(units[0]).tables, 16);
  append(all, UnitView(units[1]).tables, 64);
  for (uint32_t n : {0u, 1u}) {
    const uint32_t start = n ? 64 : 16;
    const FrameEntry* frame = find_frame(all.frames, start + 27);
    ASSERT_NE(frame, nullptr);
    EXPECT_EQ(frame->offset, start);
    EXPECT_EQ(frame->bytes, 64 + n);
    EXPECT_EQ(find_frame(all.frames, start + 28), nullptr);  // the constants
    const HandlerEntry* handler = find_handler(all.handlers, start + 8);
    ASSERT_NE(handler, nullptr);
    EXPECT_EQ(handler->landing, start + 20);
    EXPECT_EQ(handler->payload[1], 2);
    EXPECT_EQ(find_handler(all.handlers, start + 9), nullptr);
    EXPECT_EQ(find_stack_map(all.stack_maps, all.stack_map_bytes, start + 8), (LiveRefs{1u << 3, {1 + n, 5, 200}}));
    EXPECT_EQ(find_stack_map(all.stack_maps, all.stack_map_bytes, start + 9), std::nullopt);
    EXPECT_EQ(all.traps[n].offset, start + 16);
    auto address = AddressMap(all.address_chunks, all.address_bytes).find(start + 7);
    ASSERT_TRUE(address);
    EXPECT_EQ(address->srcloc, 0x110 + n);
    EXPECT_EQ(address->inline_site, 2 * n + 2);
    EXPECT_EQ(all.inline_sites[address->inline_site - 1].call_srcloc, 0x20 + n);
    EXPECT_EQ(all.inline_sites[address->inline_site - 1].parent, 2 * n + 1);
  }
  EXPECT_EQ(find_frame(all.frames, 15), nullptr);
}

TEST(CodeUnit, ACopyNeedsNothingOfTheOriginal) {
  Arena arena;
  CodeUnit unit = sample(1);
  const UnitView kept = UnitView(unit).kept(arena);
  const CodeUnit same = sample(1);
  std::ranges::fill(unit.text, uint8_t{0});
  std::ranges::fill(unit.relocs, Reloc{});
  for_each_table(unit.tables,
                 [](auto& table) { std::memset(table.data(), 0xcc, std::as_bytes(std::span(table)).size()); });
  unit.clear();
  EXPECT_TRUE(std::ranges::equal(kept.text, same.text));
  EXPECT_TRUE(std::ranges::equal(kept.relocs, same.relocs, [](const Reloc& a, const Reloc& b) {
    return a.offset == b.offset && a.symbol == b.symbol && a.addend == b.addend && a.kind == b.kind;
  }));
  for_each_table(kept.tables, same.tables, [](const auto& copy, const auto& original) {
    EXPECT_FALSE(copy.empty());
    EXPECT_TRUE(std::ranges::equal(std::as_bytes(copy), std::as_bytes(std::span(original))));
  });
  SideTables<TableSize> sizes;
  add_sizes(sizes, kept.tables);
  add_sizes(sizes, kept.tables);
  EXPECT_EQ(sizes.inline_sites, 4u);
}

TEST(CodeUnit, ReferencesAreResolvedWhereTheUnitStands) {
  const CodeUnit unit = sample(0);
  std::vector<uint8_t> text(200);
  place_text(UnitView(unit), std::span(text).subspan(100, 32), 100,
             [](uint32_t symbol) { return symbol ? 160u : 48u; });
  int32_t first, second;
  std::memcpy(&first, text.data() + 104, 4);
  std::memcpy(&second, text.data() + 112, 4);
  EXPECT_EQ(first, 48 - 108);
  EXPECT_EQ(second, 160 - 116);
}

TEST(CodeUnitDeathTest, AUnitHasOneFrame) {
  CodeUnit unit;
  unit.tables.frames = {{.offset = 0, .size = 4, .bytes = 16, .saved = 0, .saved_below = 0}};
  EXPECT_EQ(UnitView(unit).frame().size, 4u);
  unit.tables.frames.push_back({.offset = 4, .size = 4, .bytes = 16, .saved = 0, .saved_below = 0});
  EXPECT_DEATH(UnitView(unit).frame(), "frames.size");
}

TEST(StackMap, EqualNeighboursShareTheirBytes) {
  std::vector<StackMap> maps;
  std::vector<uint8_t> bytes;
  const LiveRefs some{0, {2, 3, 1000}}, none{};
  add_stack_map(maps, bytes, 5, some);
  const size_t size = bytes.size();
  add_stack_map(maps, bytes, 9, some);
  EXPECT_EQ(bytes.size(), size);
  add_stack_map(maps, bytes, 12, none);
  add_stack_map(maps, bytes, 20, some);
  EXPECT_EQ(find_stack_map(maps, bytes, 9), some);
  EXPECT_EQ(find_stack_map(maps, bytes, 12), none);
  EXPECT_EQ(find_stack_map(maps, bytes, 20), some);
}

TEST(StackMap, DamagedBytesAreHarmless) {
  std::vector<StackMap> maps;
  std::vector<uint8_t> bytes;
  add_stack_map(maps, bytes, 5, {0, {2, 3, 1000}});
  for (auto& byte : bytes) byte |= 0x80;
  EXPECT_TRUE(find_stack_map(maps, bytes, 5));
  for (auto& byte : bytes) byte = 0x7f;
  EXPECT_LE(find_stack_map(maps, bytes, 5)->words.size(), bytes.size());
  maps[0].position = 1 << 30;
  EXPECT_TRUE(find_stack_map(maps, bytes, 5)->words.empty());
}

}  // namespace
}  // namespace vitrine::abi
