// What the fast mode promises beyond being right (hazards_test.cpp).
#include <gtest/gtest.h>

#include "compiler/regalloc/print.hpp"
#include "compiler/regalloc/program.hpp"

namespace vitrine::regalloc {
namespace {

TEST(Fast, LocalSlotsAreReused) {
  // Many short lives in one block under high pressure: the frame does not grow with their number.
  std::string text = "int r0 r1\nblock0:\n";
  int v = 0;
  for (int i = 0; i < 500; ++i, v += 6) {
    for (int k = 0; k < 6; ++k) text += "  d %" + std::to_string(v + k) + ":i8\n";
    for (int k = 0; k < 6; ++k) text += "  u %" + std::to_string(v + k) + "\n";
  }
  auto p = parse(text);
  ASSERT_TRUE(p);
  Input in = p->finish();
  Output out;
  allocate_fast(in, out);
  EXPECT_EQ(check(in, out), "");
  EXPECT_LE(out.spill_slots, 6u);
}

}  // namespace
}  // namespace vitrine::regalloc
