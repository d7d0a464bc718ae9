// What the tests of this folder share: one test for each way to compile, and how a difference is told.
#pragma once

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "cases.hpp"

namespace vitrine::simd {

inline Val vec(const V128& v) {
  return Val(vitrine::V128{v});
}

/// A test with every way; the parameter is an index of `ways()`.
class EveryWay : public ::testing::TestWithParam<size_t> {
 protected:
  const Way& way() const { return ways()[GetParam()]; }

  /// Compares what function `f` made of the records.
  void expect_results(const Kit& kit, uint32_t f, const Operation& operation, std::span<const Record> records,
                      std::span<const Out> got) {
    for (size_t i = 0; i < records.size(); ++i) {
      Expected expected = expect(operation.op, operands_of(operation, records[i]));
      if (!expected.allows(got[i].v[0])) differs(kit.name(f), records[i], expected.text(), got[i].v[0], expected);
    }
  }
  /// Reports the first forty; what is broken is mostly broken for many operands.
  void differs(std::string_view what, const Record& r, std::string_view expected, const V128& got,
               const Expected& shape) {
    if (++differences_ > 40) return;
    std::string lanes;
    for (size_t i = 0; i < shape.count; ++i) {
      uint64_t bits = 0;
      std::memcpy(&bits, got.data() + i * shape.lane_bytes, shape.lane_bytes);
      lanes += fmt::format("{}{:0{}x}", i ? " " : "", bits, 2 * shape.lane_bytes);
    }
    ADD_FAILURE() << fmt::format("{}: {}\n  a {}\n  b {}\n  c {}\n  x {:#x}\n  expected lanes {}\n  got            {}",
                                 way().name, what, hex(r.v[0]), hex(r.v[1]), hex(r.v[2]), r.x, expected, lanes);
  }
  void TearDown() override {
    if (differences_ > 40) std::printf("... and %zu more differences\n", differences_ - 40);
  }

 private:
  size_t differences_ = 0;
};

#define VITRINE_EVERY_WAY(suite)                                                                 \
  INSTANTIATE_TEST_SUITE_P(, suite, ::testing::Range<size_t>(0, ::vitrine::simd::ways().size()), \
                           [](const auto& info) { return ::vitrine::simd::ways()[info.param].name; })

inline bool is_relaxed(Op op) {
  return wasm::info(op).feature == wasm::Feature::RelaxedSimd;
}
/// All, but for what V8 has wrong where the tests run in it.
inline std::vector<Operation> supported_operations() {
  std::vector<Operation> all = operations();
  // V8 11.3 selects bytes, whatever the lanes are, and its dot product with addition overwrites an operand.
  auto wrong_in_v8 = [](const Operation& o) {
    return o.op == Op::I32x4RelaxedLaneselect || o.op == Op::I64x2RelaxedLaneselect ||
           o.op == Op::I32x4RelaxedDotI8x16I7x16AddS;
  };
  if (in_v8()) std::erase_if(all, wrong_in_v8);
  return all;
}

}  // namespace vitrine::simd
