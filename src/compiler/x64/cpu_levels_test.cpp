// Every vector operation answers the same on every CPU that code is made for; that of the least is what the scripts of
// the specification and the model of tests/simd check. Where this CPU has no AVX-512, the harness does its instructions.
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <gtest/gtest.h>

#include <array>
#include <bit>
#include <cmath>
#include <cstring>
#include <random>

#include "compiler/ir/print.hpp"
#include "compiler/x64/cpu.hpp"
#include "compiler/x64/harness.hpp"

namespace vitrine::x64::testing {
namespace {

using ir::Lanes;
using ir::Op;
using ir::Type;

constexpr uint32_t kV2 = abi::kSse41 | abi::kSse42 | abi::kPopcnt;
constexpr uint32_t kV3 = kV2 | abi::kAvx | abi::kAvx2 | abi::kLzcnt | abi::kBmi1 | abi::kBmi2;
struct Level {
  const char* name;
  uint32_t features;
};
constexpr Level kLevels[] = {{"baseline", kV2},
                             {"avx", kV2 | abi::kAvx},
                             {"avx2", kV3},
                             {"avx512", kV3 | abi::kAvx512},
                             {"avx512vbmi", kV3 | abi::kAvx512 | abi::kVbmi}};

std::vector<Way> levels() {
  std::vector<Way> all;
  for (const Level& level : kLevels) {
    if ((level.features & ~(abi::kAvx512 | abi::kVbmi)) & ~detect_cpu_features()) continue;
    for (uint8_t opt : {0, 2}) {
      abi::CodegenSettings s;
      s.opt_level = opt;
      s.single_pass_regalloc = opt == 0;
      s.cpu_features = level.features;
      all.push_back({fmt::format("{} at level {}", level.name, opt), s});
    }
  }
  return all;
}

/// Answers that the specification leaves open, and which differ from CPU to CPU.
bool is_open(Op op) {
  return op == Op::VFMulAddAny || op == Op::VFNegMulAddAny || op == Op::VSelectAny;
}

// v1 to v6: two scalars of integers, two of floats; v10 to v12: vectors.
std::string arguments(Op op, Lanes lanes, uint32_t pattern) {
  constexpr const char* kScalars[] = {"v1", "v1", "v1", "v2", "v3", "v4"};
  const char* scalar = kScalars[static_cast<size_t>(lanes)];
  if (op == Op::VSplat) return scalar;
  if (op == Op::VReplace) return fmt::format("v10, {}", scalar);
  if (op == Op::VShl || op == Op::VShrS || op == Op::VShrU) return pattern % 2 ? "v10, v1" : "v10, v13";
  if (op == Op::VShuffle) return "v10, v11, v14";
  constexpr const char* kVectors[] = {"", "v10", "v10, v11", "v10, v11, v12"};
  return kVectors[ir::info(op).args];
}

std::string program(Op op, Lanes lanes, uint32_t pattern, std::mt19937_64& random) {
  std::string name = ir::name_of(op);
  if (ir::has_lanes(op)) name += fmt::format(".{}", ir::name_of(lanes));
  std::string condition;
  if (op == Op::VICmp) condition = fmt::format(" {}", ir::name_of(static_cast<ir::IntCC>(pattern % 10)));
  if (op == Op::VFCmp) condition = fmt::format(" {}", ir::name_of(static_cast<ir::FloatCC>(pattern % 6)));
  std::string lane;
  if (ir::names_lane(op)) lane = fmt::format(", {}", pattern % ir::lane_count(lanes));
  const uint64_t lo = random() & 0x1f1f'1f1f'1f1f'1f1f, hi = random() & 0x1f1f'1f1f'1f1f'1f1f;
  Type result = ir::only_type(ir::type_row(op).types);
  if (op == Op::VExtract) result = ir::lane_type(lanes);
  return fmt::format(R"(
function "f" sym0 wasm(i64, i32, i64, f32, f64) {{
block0(v0: i64, v1: i32, v2: i64, v3: f32, v4: f64):
  v10 = load.v128 v0+72 r0
  v11 = load.v128 v0+88 r0
  v12 = load.v128 v0+104 r0
  v13 = iconst.i32 {}
  v14 = vconst.v128 {:#018x}{:016x}
  v20 = {}{} {}{}
  store.{} v0+128, v20 r0
  return
}}
)",
                     pattern, hi, lo, name, condition, arguments(op, lanes, pattern), lane, ir::name_of(result));
}

/// NaNs are one: which comes of two is open.
std::array<uint64_t, 2> comparable(Op op, Lanes lanes, std::array<uint64_t, 2> bits) {
  const bool narrows = op == Op::VFDemote, widens = op == Op::VFPromote;
  const bool is_float = narrows || widens || (op >= Op::VFAdd && op <= Op::VFNearest);
  if (!is_float) return bits;
  if ((lanes == Lanes::F32x4 && !widens) || narrows) {
    auto floats = std::bit_cast<std::array<float, 4>>(bits);
    for (float& f : floats) f = std::isnan(f) ? NAN : f;
    return std::bit_cast<std::array<uint64_t, 2>>(floats);
  }
  auto doubles = std::bit_cast<std::array<double, 2>>(bits);
  for (double& d : doubles) d = std::isnan(d) ? static_cast<double>(NAN) : d;
  return std::bit_cast<std::array<uint64_t, 2>>(doubles);
}

uint64_t interesting(std::mt19937_64& random) {
  constexpr float kFloats[] = {0.0f,   -0.0f,         1.5f,          -2.5f,         INFINITY, -INFINITY, NAN,
                               1e-40f, 2147483648.0f, 4294967040.0f, 4294967296.0f, -1.0f,    0.99f,     3e9f};
  constexpr double kDoubles[] = {0.0,   -0.0, 0.5,      2147483647.5, 4294967295.5, 4294967296.0,
                                 -0.99, -1.0, INFINITY, NAN,          3e9};
  switch (random() % 4) {
    case 0:
      return std::bit_cast<uint32_t>(kFloats[random() % std::size(kFloats)]) |
             uint64_t{std::bit_cast<uint32_t>(kFloats[random() % std::size(kFloats)])} << 32;
    case 1:
      return std::bit_cast<uint64_t>(kDoubles[random() % std::size(kDoubles)]);
    case 2:
      return (random() & 1 ? 0x8080'8080'8080'8080 : 0x7fff'7fff'7fff'7fff) ^ (random() & random() & random());
    default:
      return random();
  }
}

TEST(CpuLevels, AnswerTheSame) {
  std::mt19937_64 random(8);
  const std::vector<Way> all = levels();
  for (uint32_t number = 0; number < static_cast<uint32_t>(Op::kCount); ++number) {
    const Op op = static_cast<Op>(number);
    if (ir::info(op).group != ir::Group::Vector || is_open(op)) continue;
    for (uint8_t kind = 0; kind < ir::kLaneKinds; ++kind) {
      const auto lanes = static_cast<Lanes>(kind);
      if (ir::has_lanes(op) ? !contains(ir::lane_kinds(op), lanes) : kind != 0) continue;
      const uint32_t patterns = op == Op::VShuffle ? 40
                                : op == Op::VICmp  ? (lanes == Lanes::I64x2 ? 6 : 10)
                                : op == Op::VFCmp  ? 6
                                                   : 4;
      for (uint32_t pattern = 0; pattern < patterns; ++pattern) {
        const std::string text = program(op, lanes, pattern, random);
        std::vector<std::unique_ptr<Program>> programs;
        for (const Way& way : all) programs.push_back(std::make_unique<Program>(way, text));
        for (int round = 0; round < 40; ++round) {
          std::array<uint64_t, 6> data;
          for (uint64_t& word : data) word = interesting(random);
          const std::vector<uint64_t> args = {random() & 0xffff'ffff, random(), interesting(random) & 0xffff'ffff,
                                              interesting(random)};
          std::array<uint64_t, 2> first{};
          for (size_t n = 0; n < all.size(); ++n) {
            Program& p = *programs[n];
            std::memcpy(p.data() + 8, data.data(), sizeof data);
            std::memset(p.data() + 64, 0, 16);
            ASSERT_EQ(p.call(0, args).trap, abi::TrapCode::None) << text;
            std::array<uint64_t, 2> result;
            std::memcpy(result.data(), p.data() + 64, 16);
            result = comparable(op, lanes, result);
            if (n == 0) first = result;
            ASSERT_EQ(result, first) << all[n].name << text << p.vcode << fmt::format("{:016x}", fmt::join(data, " "));
          }
        }
      }
    }
  }
}

}  // namespace
}  // namespace vitrine::x64::testing
