#include "compiler/image_assembler.hpp"

#include <gtest/gtest.h>

#include <cstring>

#include "compiler/targets/targets.hpp"

namespace vitrine::compiler {
namespace {

TEST(ImageAssembler, WhatReferencesDoNotSpanIsRefused) {
  EXPECT_TRUE(ImageAssembler(host_target(), 0).reserve({.units = 10, .text = 1000, .tables = {}}));
  // The text alone; with the padding between functions; with the unwind information behind it; the address map.
  constexpr size_t kTwoGiB = size_t{2} << 30;
  abi::SideTables<abi::TableSize> many;
  many.address_bytes = uint64_t{5} << 30;
  for (ImageAssembler::Sizes sizes :
       {ImageAssembler::Sizes{.units = 1, .text = kTwoGiB, .tables = {}},
        ImageAssembler::Sizes{.units = 1 << 20, .text = kTwoGiB - (size_t{12} << 20), .tables = {}},
        ImageAssembler::Sizes{.units = 1'000, .text = kTwoGiB - 20'000, .tables = {}},
        ImageAssembler::Sizes{.units = 1, .text = 100, .tables = many}}) {
    ImageAssembler assembler(host_target(), 0);
    auto done = assembler.reserve(sizes);
    ASSERT_FALSE(done);
    EXPECT_EQ(done.error().kind(), ErrorKind::Limit) << done.error().message();
  }
}

TEST(ImageAssembler, CallsReachTheirFunctions) {
  ImageAssembler assembler(host_target(), 3);
  abi::CodeUnit first, second;
  first.text = second.text = {0xe8, 0, 0, 0, 0, 0xc3};
  first.tables.frames = second.tables.frames = {{0, 6, 0, 0, 0}};
  first.relocs = {{1, 4, -4, abi::RelocKind::Call}};   // symbol 3 calls 4
  second.relocs = {{1, 3, -4, abi::RelocKind::Call}};  // and 4 calls 3
  ImageAssembler::Sizes sizes;
  sizes.add(abi::UnitView(first));
  sizes.add(abi::UnitView(second));
  ASSERT_TRUE(assembler.reserve(sizes));
  assembler.add_function(abi::UnitView(first));
  assembler.add_function(abi::UnitView(second));
  abi::ImageContents out;
  assembler.finish(out);
  std::vector<uint8_t> text(out.text.size);
  out.text.write(text);
  ASSERT_EQ(out.functions.size(), 2u);
  EXPECT_EQ(out.functions[1].offset, 16u);
  int32_t forward, back;
  std::memcpy(&forward, text.data() + 1, 4);
  std::memcpy(&back, text.data() + 17, 4);
  EXPECT_EQ(forward, 16 - 5);
  EXPECT_EQ(back, -16 - 5);
  EXPECT_EQ(text[6], 0xcc);  // between functions nothing runs
}

}  // namespace
}  // namespace vitrine::compiler
