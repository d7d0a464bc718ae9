#include "compiler/linker.hpp"

#include <gtest/gtest.h>

namespace vitrine::compiler {
namespace {

TEST(Linker, WhatReferencesDoNotSpanIsRefused) {
  EXPECT_TRUE(Linker(0).reserve({.pieces = 10, .code = 1000}));
  // The text alone; with the padding between functions; with the unwind information behind it; the address map.
  constexpr size_t kTwoGiB = size_t{2} << 30;
  for (Linker::Sizes sizes : {Linker::Sizes{.pieces = 1, .code = kTwoGiB},
                              Linker::Sizes{.pieces = 1 << 20, .code = kTwoGiB - (size_t{12} << 20)},
                              Linker::Sizes{.pieces = 1'000, .code = kTwoGiB - 20'000},
                              Linker::Sizes{.pieces = 1, .code = 100, .address_bytes = size_t{5} << 30}}) {
    Linker linker(0);
    auto done = linker.reserve(sizes);
    ASSERT_FALSE(done);
    EXPECT_EQ(done.error().kind(), ErrorKind::Limit) << done.error().message();
  }
}

TEST(Linker, CallsReachTheirFunctions) {
  Linker linker(3);
  mach::CompiledFunction first, second;
  first.code = second.code = {0xe8, 0, 0, 0, 0, 0xc3};
  first.code_size = second.code_size = 6;
  first.relocs = {{1, 4, -4}};   // symbol 3 calls 4
  second.relocs = {{1, 3, -4}};  // and 4 calls 3
  Linker::Sizes sizes;
  sizes.add(Linkable(first));
  sizes.add(Linkable(second));
  ASSERT_TRUE(linker.reserve(sizes));
  linker.add_function(Linkable(first));
  linker.add_function(Linkable(second));
  abi::ImageContents out;
  linker.finish(out);
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
