// Functions built to be expensive, in both modes. Times are not asserted (machines differ), but each of these took
// seconds or gigabytes with a quadratic step anywhere.
#include <algorithm>

#include "base/bytes.hpp"
#include "compiler/translate/testing.hpp"

namespace vitrine::translate {
namespace {

/// A module of one function (i32) -> (), with `locals` i32 locals, the parameter included, and the given operators
/// (without the last `end`).
std::vector<uint8_t> module_of(uint32_t locals, const std::vector<uint8_t>& operators) {
  auto section = [](ByteWriter& out, uint8_t id, ByteWriter& content) {
    out.u8(id);
    out.uleb(content.size());
    out.append(content.view());
  };
  ByteWriter out, types, functions, body, code;
  for (uint8_t b : {0, 0x61, 0x73, 0x6d, 1, 0, 0, 0}) out.u8(b);
  for (uint8_t b : {1, 0x60, 1, 0x7f, 0}) types.u8(b);
  section(out, 1, types);
  functions.uleb(1);
  functions.uleb(0);
  section(out, 3, functions);
  body.uleb(1);
  body.uleb(locals - 1);
  body.u8(0x7f);
  body.append(operators);
  body.u8(0x0b);
  code.uleb(1);
  code.uleb(body.size());
  code.append(body.view());
  section(out, 10, code);
  return out.take();
}

struct Code : ByteWriter {
  Code& op(std::initializer_list<uint8_t> bytes) {
    raw(bytes.begin(), bytes.size());
    return *this;
  }
  Code& local(uint8_t opcode, uint32_t index) {
    u8(opcode);
    uleb(index);
    return *this;
  }
};
constexpr uint8_t kGet = 0x20, kSet = 0x21, kBlock = 0x02, kLoop = 0x03, kEnd = 0x0b, kBr = 0x0c, kBrIf = 0x0d;

/// Translates in the mode asked for and answers the one used.
Mode translate(uint32_t locals, Code& code, Mode mode, uint32_t* insts = nullptr) {
  TestModule m(module_of(locals, code.bytes()));
  Mode used = m.translate(0, mode);
  if (insts) *insts = m.func.num_insts();
  return used;
}

TEST(Hostile, ManyInstructions) {
  for (Mode mode : {Mode::Ssa, Mode::Fast}) {
    Code code;
    for (int i = 0; i < 100'000; ++i) code.local(kGet, 0).op({0x45}).local(kSet, 0);
    uint32_t insts = 0;
    EXPECT_EQ(translate(1, code, mode, &insts), mode);
    EXPECT_GE(insts, 100'000u);
  }
}
TEST(Hostile, ManyLocals) {
  for (Mode mode : {Mode::Ssa, Mode::Fast}) {
    Code code;
    for (uint32_t i = 0; i < 50'000; ++i) code.local(kGet, 50'000 - 1 - i).local(kSet, i);
    EXPECT_EQ(translate(50'000, code, mode), mode);
  }
}
/// Eleven bytes that declare 50,000 locals cost what eleven bytes cost.
TEST(Hostile, ManyDeclaredLocals) {
  for (Mode mode : {Mode::Ssa, Mode::Fast}) {
    Code code;
    code.op({kLoop, 0x40}).local(kGet, 49'998).local(kSet, 49'999).op({kEnd});
    TestModule m(module_of(50'000, code.bytes()));
    EXPECT_EQ(m.translate(0, mode), mode);
    EXPECT_LE(m.func.num_insts(), 8u);
    EXPECT_LE(m.func.num_values(), 8u);
    EXPECT_LE(m.func.slots.size(), 2u);
  }
}
/// What is kept by local from one function to the next does not show: each begins with zeros.
TEST(Hostile, LocalsOfTheFunctionBefore) {
  TestModule m(R"((module
    (func (result i32) (local i32 i32) (local.set 0 (i32.const 7)) (local.set 1 (i32.const 8))
      (loop (br_if 0 (local.get 1))) (local.get 0))
    (func (result i64) (local f32 i64) (loop (br_if 0 (i64.eqz (local.get 1)))) (local.get 1))))");
  for (Mode mode : {Mode::Ssa, Mode::Fast}) {
    m.translate(0, mode);
    m.translate(1, mode);
    std::string ir = ir::print(m.func);
    EXPECT_EQ(ir.find("iconst.i32 7"), std::string::npos) << ir;
    EXPECT_NE(ir.find("iconst.i64 0"), std::string::npos) << ir;
  }
}
TEST(Hostile, ManyBlocks) {
  for (Mode mode : {Mode::Ssa, Mode::Fast}) {
    Code code;
    for (int i = 0; i < 10'000; ++i) {
      code.op({kBlock, 0x40}).local(kGet, 0).op({kBrIf, 0}).op({0x41, 1}).local(kSet, 0).op({kEnd});
    }
    EXPECT_EQ(translate(1, code, mode), mode);
  }
}
TEST(Hostile, DeepNesting) {
  for (Mode mode : {Mode::Ssa, Mode::Fast}) {
    for (uint8_t kind : {kBlock, kLoop}) {
      Code code;
      for (int i = 0; i < 10'000; ++i) code.op({kind, 0x40});
      code.local(kGet, 0).op({kBrIf});
      code.uleb(9'999);
      code.op({0x41, 1}).local(kSet, 0);
      for (int i = 0; i < 10'000; ++i) code.op({kEnd});
      EXPECT_EQ(translate(1, code, mode), mode);
    }
  }
}
TEST(Hostile, DeepNestingOfDeadCode) {
  for (Mode mode : {Mode::Ssa, Mode::Fast}) {
    Code code;
    code.op({0});
    for (int i = 0; i < 10'000; ++i) code.op({kLoop, 0x40}).local(kGet, 0).local(kSet, 0);
    for (int i = 0; i < 10'000; ++i) code.op({kEnd});
    uint32_t insts = 0;
    EXPECT_EQ(translate(1, code, mode, &insts), mode);
    EXPECT_LE(insts, 3u);
  }
}
/// 10,000 branches to one label, each with all of 10,000 locals changed since the label's block began.
TEST(Hostile, BranchesTimesLocals) {
  Code code;
  code.op({kBlock, 0x40});
  for (uint32_t i = 1; i <= 10'000; ++i) code.op({0x41, 1}).local(kSet, i);
  for (int i = 0; i < 10'000; ++i) code.local(kGet, 0).op({kBrIf, 0});
  code.op({kEnd});
  EXPECT_EQ(translate(10'001, code, Mode::Ssa), Mode::Fast);
  EXPECT_EQ(translate(10'001, code, Mode::Fast), Mode::Fast);
}
TEST(Hostile, BackEdgesTimesLocals) {
  Code code;
  code.op({kLoop, 0x40});
  for (uint32_t i = 1; i <= 10'000; ++i) code.op({0x41, 1}).local(kSet, i);
  for (int i = 0; i < 10'000; ++i) code.local(kGet, 0).op({kBrIf, 0});
  code.op({kEnd});
  EXPECT_EQ(translate(10'001, code, Mode::Ssa), Mode::Fast);
  EXPECT_EQ(translate(10'001, code, Mode::Fast), Mode::Fast);
}
/// Every one of 5,000 nested loops would need a parameter for each of 5,000 locals.
TEST(Hostile, LoopDepthTimesLocals) {
  Code code;
  for (int i = 0; i < 5'000; ++i) code.op({kLoop, 0x40});
  for (uint32_t i = 0; i < 5'000; ++i) code.local(kGet, i + 1).local(kSet, i);
  for (int i = 0; i < 5'000; ++i) code.op({kEnd});
  EXPECT_EQ(translate(5'001, code, Mode::Ssa), Mode::Fast);
}
/// Locals set in nested blocks are handed from log to log.
TEST(Hostile, BlockDepthTimesLocals) {
  Code code;
  for (int i = 0; i < 5'000; ++i) code.op({kBlock, 0x40});
  for (uint32_t i = 0; i < 5'000; ++i) code.op({0x41, 1}).local(kSet, i);
  for (int i = 0; i < 5'000; ++i) code.op({kEnd});
  EXPECT_EQ(translate(5'001, code, Mode::Ssa), Mode::Fast);
}
TEST(Hostile, BranchTableOfOneLabel) {
  for (Mode mode : {Mode::Ssa, Mode::Fast}) {
    Code code;
    for (int i = 0; i < 20; ++i) {
      code.op({kBlock, 0x40});
      for (uint32_t local = 1; local < 500; ++local) code.op({0x41, 1}).local(kSet, local);
      code.local(kGet, 0).op({0x0e});
      code.uleb(60'000);
      for (int target = 0; target < 60'001; ++target) code.op({0});
      code.op({kEnd});
    }
    EXPECT_EQ(translate(502, code, mode), mode);
  }
}
/// Values that branches carry are bounded. In pieces, those cost nothing that are where the label has them; what moves
/// others too often is refused.
TEST(Hostile, BranchesTimesResults) {
  for (bool have_moves : {false, true}) {
    std::string text = "(func (param i32) (block (result";
    for (int i = 0; i < 1'000; ++i) text += " i32";
    text += have_moves ? ") (i32.const 1)" : ")";
    for (int i = 0; i < 1'000; ++i) text += " (local.get 0)";
    for (int i = 0; i < 20'000; ++i) text += " (br_if 0 (local.get 0))";
    text += "(br 0))";
    for (int i = 0; i < 1'000; ++i) text += " drop";
    text += ")";
    TestModule m(text);
    for (Mode mode : {Mode::Ssa, Mode::Fast}) {
      auto done = m.translator->translate(0, mode, Translator::kMaxMemory, m.func);
      ASSERT_TRUE(done.has_value()) << done.error().message();
      EXPECT_EQ(*done, Mode::Pieces);
    }
    struct : PieceSink {
      bool piece(ir::Func&) override { return true; }
    } sink;
    auto done = m.translator->translate_in_pieces(0, m.func, sink, 32 * 1024);
    EXPECT_EQ(done.has_value(), !have_moves);
    if (done) continue;
    EXPECT_EQ(done.error().kind(), ErrorKind::Limit);
    EXPECT_NE(done.error().message().find("too large"), std::string::npos);
  }
}
TEST(Hostile, TruncatedBodiesAreRefused) {
  Code code;
  code.op({kLoop, 0x40}).local(kGet, 0).local(kSet, 0).op({kLoop, 0x40, kBr, 0, kEnd}).op({kEnd});
  for (size_t cut = 1; cut < code.size(); ++cut) {
    std::vector<uint8_t> part(code.bytes().begin(), code.bytes().begin() + static_cast<ptrdiff_t>(cut));
    TestModule m(module_of(1, part));
    EXPECT_FALSE(m.translator->translate(0, Mode::Ssa, Translator::kMaxMemory, m.func).has_value()) << cut;
  }
  EXPECT_EQ(translate(1, code, Mode::Ssa), Mode::Ssa);
}

}  // namespace
}  // namespace vitrine::translate
