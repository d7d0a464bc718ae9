// Modules with vectors that are refused, in words that name what is wrong; and those at the limits, which are not.
#include <chrono>

#include "checks.hpp"

namespace vitrine::simd {
namespace {

std::string refusal(std::string_view wat) {
  auto engine = Engine::make(Config());
  auto module = Module::compile(*engine, wat);
  return module ? "accepted" : module.error().message();
}

class SimdRefused : public ::testing::Test {
 protected:
  void SetUp() override {
    if (in_v8()) GTEST_SKIP() << "these use our own interface";
  }
  static void expect_refused(std::string_view body, std::initializer_list<std::string_view> words) {
    std::string message = refusal(fmt::format("(module (memory 1) (table 1 funcref) {})", body));
    for (std::string_view w : words)
      EXPECT_NE(message.find(w), message.npos) << body << "\n  " << message << "\n  lacks: " << w;
  }
};

TEST_F(SimdRefused, LanesOutOfRange) {
  for (size_t i = 0; i < wasm::kOpCount; ++i) {
    const wasm::OpInfo& info = wasm::kOps[i];
    if (info.prefix != 0xfd || (info.imm != wasm::Imm::Lane && info.imm != wasm::Imm::MemArgLane)) continue;
    const unsigned lanes = info.imm == wasm::Imm::Lane ? info.aux : 16u >> info.aux;
    for (unsigned lane : {lanes, lanes + 1, 128u, 255u}) {
      std::string operands;
      for (uint8_t k = 0; k < info.sig.operand_count; ++k) {
        constexpr std::string_view kTypes = "ilfda";
        constexpr std::string_view kConsts[] = {"(i32.const 0)", "(i64.const 0)", "(f32.const 0)", "(f64.const 0)",
                                                "(i32.const 0)"};
        size_t at = kTypes.find(info.sig.operands[k]);
        operands += at == kTypes.npos ? "(v128.const i64x2 0 0)" : kConsts[at];
      }
      expect_refused(
          fmt::format("(func {} {} {} {})", operands, info.mnemonic, lane, info.sig.result_count ? "drop" : ""),
          {fmt::format("invalid lane index {}", lane), fmt::format("there are {}", lanes)});
    }
  }
  for (unsigned lane : {32u, 33u, 255u}) {
    expect_refused(
        fmt::format(
            "(func (v128.const i64x2 0 0) (v128.const i64x2 0 0) i8x16.shuffle 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 {} drop)",
            lane),
        {fmt::format("invalid lane index {}", lane), "there are 32"});
  }
}

TEST_F(SimdRefused, Alignment) {
  for (size_t i = 0; i < wasm::kOpCount; ++i) {
    const wasm::OpInfo& info = wasm::kOps[i];
    if (info.prefix != 0xfd || (info.imm != wasm::Imm::MemArg && info.imm != wasm::Imm::MemArgLane)) continue;
    const bool lane = info.imm == wasm::Imm::MemArgLane, vector = info.sig.operand_count == 2;
    auto function = [&](unsigned align) {
      return fmt::format("(func (i32.const 0) {} {} align={} {} {})", vector ? "(v128.const i64x2 0 0)" : "",
                         info.mnemonic, align, lane ? "0" : "", info.sig.result_count ? "drop" : "");
    };
    EXPECT_EQ(refusal(fmt::format("(module (memory 1) {})", function(1u << info.aux))), "accepted") << info.mnemonic;
    expect_refused(function(2u << info.aux), {"alignment", info.mnemonic});
  }
}

TEST_F(SimdRefused, VectorsWhereTheyMayNotBe) {
  const char* kVector = "(v128.const i64x2 0 0)";
  for (const char* body : {"(func (drop (i32.add {} (i32.const 1))))",
                           "(func (drop (i64.eqz {})))",
                           "(func (drop (f32.add {} (f32.const 1))))",
                           "(func (br_if 0 {}))",
                           "(func (if {} (then)))",
                           "(func (br_table 0 0 {}))",
                           "(func (drop (i32.load {})))",
                           "(func (i32.store (i32.const 0) {}))",
                           "(func (drop (select (i32.const 1) {} (i32.const 1))))",
                           "(func (drop (select (result i64) {} {} (i32.const 1))))",
                           "(func (drop (select {} {} {})))",
                           "(func (result i64) {})",
                           "(func (param i32) (local.set 0 {}))",
                           "(func (drop (ref.is_null {})))",
                           "(func (call_indirect {}))",
                           "(func (drop (i8x16.splat {})))",
                           "(func (drop (i8x16.shl {} {})))",
                           "(func (drop (memory.grow {})))",
                           "(func (drop (i8x16.add {} (i32.const 1))))",
                           "(func (drop (v128.bitselect {} {} (i64.const 1))))",
                           "(global i32 {})",
                           "(global v128 (i32.const 1))",
                           "(data (offset {}))",
                           "(elem (offset {}))",
                           "(func (memory.fill {} (i32.const 0) (i32.const 0)))"}) {
    std::string text = body;
    for (size_t at; (at = text.find("{}")) != text.npos;) text.replace(at, 2, kVector);
    expect_refused(text, {"v128"});
  }
  expect_refused("(func (drop (i8x16.replace_lane 0 (v128.const i64x2 0 0) (i64.const 1))))",
                 {"i8x16.replace_lane expects i32, found i64"});
  expect_refused("(func (drop (f32x4.replace_lane 0 (v128.const i64x2 0 0) (f64.const 1))))",
                 {"f32x4.replace_lane expects f32, found f64"});
  expect_refused("(func (drop (i64.add (i8x16.extract_lane_s 0 (v128.const i64x2 0 0)) (i64.const 1))))",
                 {"i64.add expects i64, found i32"});
  EXPECT_NE(refusal("(module (table 1 v128))"), "accepted");
  EXPECT_NE(refusal("(module (func (drop (v128.const i8x16 1 2 3))))"), "accepted");
  EXPECT_NE(refusal("(module (func (drop (v128.const i8x16 256 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0))))"), "accepted");
  EXPECT_NE(refusal("(module (func (drop (v128.const i64x2 0 0))) (func (drop (i8x16.mul (v128.const i64x2 0 0) "
                    "(v128.const i64x2 0 0)))))"),
            "accepted");
  EXPECT_NE(refusal("(module (func (drop (i8x16.add))))"), "accepted");
  EXPECT_NE(refusal("(module (func (drop (v128.load (i32.const 0)))))"), "accepted");
}

TEST_F(SimdRefused, WhenSwitchedOff) {
  for (const char* wat : {"(module (func (param v128)))", "(module (func (drop (v128.const i64x2 0 0))))",
                          "(module (global v128 (v128.const i64x2 0 0)))", "(module (func (local v128)))",
                          "(module (import \"a\" \"b\" (func (result v128))))"}) {
    Config config;
    (void)config.feature("relaxed-simd", false);
    ASSERT_TRUE(config.feature("simd", false).has_value());
    auto engine = Engine::make(config);
    ASSERT_TRUE(engine.has_value()) << engine.error().message();
    auto module = Module::compile(*engine, std::string_view(wat));
    ASSERT_FALSE(module.has_value()) << wat;
    EXPECT_NE(module.error().message().find("simd"), std::string::npos) << module.error().message();
  }
  Config config;
  ASSERT_TRUE(config.feature("relaxed-simd", false).has_value());
  auto engine = Engine::make(config);
  auto module = Module::compile(
      *engine,
      std::string_view("(module (func (drop (i8x16.relaxed_swizzle (v128.const i64x2 0 0) (v128.const i64x2 0 0)))))"));
  ASSERT_FALSE(module.has_value());
  EXPECT_NE(module.error().message().find("relaxed-simd"), std::string::npos) << module.error().message();
}

using SimdLimits = EveryWay;
VITRINE_EVERY_WAY(SimdLimits);

// A frame of vectors that does not fit is a stack overflow of the guest, whatever it touches first.
TEST_P(SimdLimits, ManyLocals) {
  if (in_v8()) GTEST_SKIP();
  for (unsigned n : {100u, 10'000u, 40'000u}) {
    std::string body, sum = "(v128.const i64x2 0 0)";
    for (unsigned i = 0; i < n; ++i)
      body +=
          fmt::format("(local.set {} (i32x4.add (i32x4.splat (local.get 0)) (v128.const i32x4 {} 1 2 3)))", i + 1, i);
    body += "(call $nothing)";
    body += sum;
    for (unsigned i = 0; i < n; ++i) body += fmt::format("(i32x4.add (local.get {}))", i + 1);
    std::string locals;
    for (unsigned i = 0; i < n; ++i) locals += " v128";
    auto engine = Engine::make(way().config);
    Store store(*engine);
    auto module = Module::compile(
        *engine,
        std::string_view(fmt::format(
            "(module (func $nothing) (func (export \"f\") (param i32) (result v128) (local{}) {}))", locals, body)));
    ASSERT_TRUE(module.has_value()) << module.error().message();
    auto instance = Instance::make(store, *module, {});
    ASSERT_TRUE(instance.has_value());
    auto result = instance->func("f")->call({5});
    if (n > 30'000) {
      ASSERT_FALSE(result.has_value());
      ASSERT_TRUE(result.error().trap() && result.error().trap()->code() == TrapCode::StackOverflow)
          << result.error().message();
      continue;
    }
    ASSERT_TRUE(result.has_value()) << n << ": " << result.error().message();
    std::array<uint32_t, 4> lanes = std::bit_cast<std::array<uint32_t, 4>>((*result)[0].v128().bytes);
    EXPECT_EQ(lanes[0], 5 * n + n * (n - 1) / 2);
    EXPECT_EQ(lanes[1], 6 * n);
    EXPECT_EQ(lanes[3], 8 * n);
  }
}

TEST_P(SimdLimits, ThousandParamsAndResults) {
  if (in_v8()) GTEST_SKIP();
  std::string types, gets;
  for (unsigned i = 0; i < 1000; ++i) {
    types += " v128";
    gets += fmt::format("(local.get {})", 999 - i);
  }
  auto engine = Engine::make(way().config);
  Store store(*engine);
  auto module = Module::compile(*engine, std::string_view(fmt::format(R"((module
    (func $f (param{0}) (result{0}) {1})
    (func (export "g") (param{0}) (result{0}) {1} (call $f))))",
                                                                      types, gets)));
  ASSERT_TRUE(module.has_value()) << module.error().message();
  auto instance = Instance::make(store, *module, {});
  ASSERT_TRUE(instance.has_value());
  std::vector<Val> args;
  for (unsigned i = 0; i < 1000; ++i) {
    V128 v;
    for (size_t k = 0; k < 16; ++k) v[k] = static_cast<uint8_t>(i * 5 + k * (i / 256 + 1));
    args.push_back(vec(v));
  }
  auto got = instance->func("g")->call(args);
  ASSERT_TRUE(got.has_value()) << got.error().message();
  for (unsigned i = 0; i < 1000; ++i)
    ASSERT_EQ((*got)[i].v128().bytes, args[i].v128().bytes) << i;  // turned round twice
  EXPECT_NE(refusal(fmt::format("(module (func (param{} v128)))", types)), "accepted");
  EXPECT_NE(refusal(fmt::format("(module (func (result{} v128) unreachable))", types)), "accepted");
}

}  // namespace
}  // namespace vitrine::simd
