// The printer, the parser and the verifier.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include "compiler/ir/compact.hpp"
#include "compiler/ir/parse.hpp"
#include "compiler/ir/print.hpp"
#include "compiler/ir/verify.hpp"

namespace vitrine::ir {
namespace {

constexpr const char* kEverything = R"(function "all" sym7 wasm(i64, i32, f64) -> i32 {
  sig0 = wasm(i64, i32) -> i32, f32
  sig1 = host(i64)
  sig2 = wasm(i64) -> i32
  fn0 = sig0 sym12
  fn1 = sig2 sym13
  ss0 = 16 align 8
block0(v0: i64, v1: i32, v2: f64):
  v3 = iconst.i32 -1
  v4 = iconst.i64 9223372036854775807
  v5 = fconst.f32 -0
  v6 = fconst.f64 1.5
  v7 = fconst.f64 0x7ff8000000000001
  v8 = iadd.i32 v1, v3 @0x4f
  v9 = icmp.i32 sle v8, v1
  v10 = fcmp.f64 ge v2, v6
  v11 = sdiv.i32 v1, v3 trap=4
  v12 = uextend.i64 v8
  v13 = load.i32 u8 v0+16 r3 trap=1 @0x50
  v14 = load.i64 v0-8 r1 readonly mapped
  store.i32 u16 v0+2147483647, v13 r3 trap=1
  store.f64 v0, v7 r0
  v15 = stack_load.i64 ss0
  stack_store.i64 ss0, v15
  v16 = stack_addr ss0
  v17 = vmctx
  v18 = func_addr fn0
  trapif v9, 5
  trapifnot v10, 6
  v19, v20 = call fn0(v17, v13)
  v21, v22 = call_indirect sig0 v18(v17, v19)
  call_indirect sig1 v18(v16)
  v23 = select.f32 v9, v20, v5
  v24 = f_to_sint.i32 v23 trap=2
  v25 = umulhi.i64 v14, v4
  v26 = bitcast.i64 v2
  brif v24, block1(v12, v1), block2 cold
block1(v27: i64, v28: i32): cold
  br_table v28, [block2, block1(v27, v28)], block3
block2:
  return_call fn1(v17)
block3:
  v29 = wrap.i32 v12
  brif v29, block4, block5 hot
block4:
  return v29
block5:
  brif v28, block6, block7
block6:
  trap 9
block7:
  return_call_indirect sig2 v18(v0)
}
)";

TEST(Text, RoundTrips) {
  auto f = parse(kEverything);
  ASSERT_TRUE(f.has_value()) << f.error().message();
  EXPECT_EQ(verify(*f), std::nullopt) << *verify(*f);
  EXPECT_EQ(print(*f), kEverything);
  EXPECT_EQ(print(*f, Numbering::Dense), kEverything);
}

TEST(Compact, KeepsWhatIsInTheLayout) {
  auto f = parse(kEverything);
  ASSERT_TRUE(f.has_value());
  Func copy = compact(*f);
  EXPECT_EQ(verify(copy), std::nullopt) << *verify(copy);
  EXPECT_EQ(print(copy), kEverything);
  // What is not used any more has no number in the copy.
  auto g = parse(
      "function \"g\" sym0 wasm(i32) -> i32 {\nblock0(v0: i32):\n  v1 = clz.i32 v0\n  v2 = ctz.i32 v1\n  return v2\n}");
  ASSERT_TRUE(g.has_value());
  Inst clz = (*g)[g->layout[0]].first;
  g->make_alias(g->result(clz), (*g)[g->layout[0]].params[0]);
  g->remove(clz);
  copy = compact(*g);
  EXPECT_EQ(verify(copy), std::nullopt);
  EXPECT_EQ(copy.num_values(), 2u);
  EXPECT_EQ(print(copy), print(*g, Numbering::Dense));
}

constexpr const char* kInvokes = R"(function "f" sym0 wasm(i64, i32) -> i32 {
  sig0 = wasm(i64) -> i32, f64
  sig1 = wasm(i64)
  fn0 = sig0 sym1
block0(v0: i64, v1: i32):
  v2, v3, v4, v5 = invoke fn0(v0), block1, block2(v4, v5) @0x10
block1:
  v6 = invoke_indirect sig1 v0(v0), block3(v2), block3(v1)
block2(v7: i64, v8: i64): cold
  v9 = iadd.i64 v7, v5
  v10 = wrap.i32 v9
  jump block3(v10)
block3(v11: i32):
  invoke fn0(v0), block4, block5
block4:
  return v11
block5:
  trap 3
}
)";

TEST(Text, InvokesRoundTrip) {
  // fn0 has two results, sig1 none; the payload is what is named besides. (The last has no names, for its results:
  // every result has one.)
  std::string text(kInvokes);
  EXPECT_FALSE(parse(text).has_value());
  text.replace(text.find("  invoke fn0"), 12, "  v12, v13 = invoke fn0");
  auto f = parse(text);
  ASSERT_TRUE(f.has_value()) << f.error().message();
  EXPECT_EQ(verify(*f), std::nullopt) << *verify(*f);
  EXPECT_EQ(print(*f, Numbering::Dense), print(*parse(print(*f)), Numbering::Dense));
  Inst invoke = f->terminator(f->layout[0]);
  EXPECT_EQ((*f)[invoke].aux, 2);
  EXPECT_EQ((*f)[invoke].result_count, 4);
  EXPECT_EQ(f->args(invoke).size(), 1u);
  EXPECT_EQ(f->args(f->succs(invoke)[1]).size(), 2u);
  EXPECT_EQ(f->edge_of_result(invoke, 1), 0u);
  EXPECT_EQ(f->edge_of_result(invoke, 2), 1u);
  EXPECT_EQ(f->type_of(f->result(invoke, 3)), Type::I64);
  EXPECT_EQ(print(compact(*f), Numbering::Dense), print(*f, Numbering::Dense));
}

TEST(Text, VectorsWideArithmeticAndSlotsRoundTrip) {
  const char* text = R"(function "f" sym0 wasm(i64, v128) -> v128, i64 {
  ss0 = 40 align 16
block0(v0: i64, v1: v128):
  v2 = vconst.v128 0x0123456789abcdef00000000000000ff
  v3 = xor.v128 v1, v2
  v4 = load.v128 v0+16 r3 trap=1
  v5 = and.v128 v3, v4
  store.v128 v0, v5 r3
  stack_store.v128 ss0+16, v5
  v6 = stack_load.i64 ss0+32
  v7 = stack_addr ss0+40
  v8, v9 = umul_wide.i64 v6, v7
  v10, v11 = iadd128.i64 v8, v9, v6, v0
  v12 = wrap.i32 v11
  v13 = select.v128 v12, v5, v1
  jump block1(v13)
block1(v14: v128):
  return v14, v10
}
)";
  auto f = parse(text);
  ASSERT_TRUE(f.has_value()) << f.error().message();
  EXPECT_EQ(verify(*f), std::nullopt) << *verify(*f);
  EXPECT_EQ(print(*f), text);
  EXPECT_EQ(print(compact(*f), Numbering::Dense), text);
  Bits128 bits;
  ASSERT_TRUE(f->is_vconst(Value(2), &bits));
  EXPECT_EQ(bits, (Bits128{0xff, 0x0123'4567'89ab'cdef}));
  EXPECT_FALSE(f->is_const(Value(2)));
}

TEST(Text, PiecesRoundTrip) {
  constexpr const char* kPiece = R"(function "piece" sym0 wasm(i64) {
  ss0 = 16 align 16
block0(v0: i64):
  enter block1, block2
block1:
  label 4
  v1 = stack_load.i32 ss0
  brif v1, block3, block4
block2:
  label 0
  jump block3
block3:
  leave 7
block4:
  return
}
)";
  auto f = parse(kPiece);
  ASSERT_TRUE(f.has_value()) << f.error().message();
  EXPECT_EQ(verify(*f), std::nullopt);
  EXPECT_EQ(print(*f), kPiece);
  auto problem = [](std::string_view blocks) {
    auto wrong = parse(fmt::format("function \"f\" sym0 wasm(i64) -> i64 {{\nblock0(v0: i64):\n{}}}\n", blocks));
    EXPECT_TRUE(wrong.has_value()) << wrong.error().message();
    return wrong ? verify(*wrong).value_or("") : "";
  };
  EXPECT_TRUE(problem("  jump block1\nblock1:\n  enter block2\nblock2:\n  return v0\n").contains("the entry's alone"));
  EXPECT_TRUE(problem("  enter block1, block2\nblock1:\n  jump block2\nblock2:\n  label 0\n  leave 1\n")
                  .contains("only `enter` leads"));
  EXPECT_TRUE(problem("  enter block1, block2\nblock1:\n  return v0\nblock2:\n  label 0\n  return v0\n")
                  .contains("behind a label"));
  EXPECT_TRUE(problem("  v1 = iadd.i64 v0, v0\n  enter block1, block2\nblock1:\n  jump block3\nblock2:\n  label 0\n"
                      "  jump block3\nblock3:\n  return v1\n")
                  .contains("behind a label"));
  EXPECT_TRUE(problem("  v1 = iadd.i64 v0, v0\n  label 0\n  return v1\n").contains("the first of its block"));
  EXPECT_EQ(problem("  enter block1, block2\nblock1:\n  return v0\nblock2:\n  label 0\n  leave 1\n"), "");
}

TEST(Text, ParseErrorsSayWhere) {
  auto message = [](const char* text) {
    auto f = parse(text);
    return f ? std::string("parsed") : f.error().message();
  };
  EXPECT_EQ(message("function \"f\" sym0 wasm() {\nblock0:\n  foo v1\n}"), "no such instruction `foo` at 3:3");
  EXPECT_EQ(message("function \"f\" sym0 wasm() {\nblock0:\n  jump block1\n}"), "block1 is used but not defined");
  EXPECT_EQ(message("function \"f\" sym0 wasm() {\nblock0:\n  return v3\n}"), "v3 is used but not defined");
  EXPECT_EQ(message("function \"f\" sym0 wasm() {\nblock0:\n  v1 = iconst.i32 x\n  return\n}"),
            "expected a constant, found `x` at 3:20");
  EXPECT_EQ(message("function \"f\" sym0 wasm() {\nblock0:\n  v1 = iconst.i32 1\n  v1 = iconst.i32 1\n  return\n}"),
            "v1 is defined twice at 5:3");
  EXPECT_EQ(message("function \"f\" sym0 wasm() {\nblock0:\n  v1 = vconst.v128 0x1g\n  return\n}"),
            "expected 128 bits in hexadecimal, found `0x1g` at 3:24");
  EXPECT_EQ(message("function \"f\" sym0 wasm() {\n}"), "a function has at least one block at 2:2");
  EXPECT_EQ(message("function \"f\" sym0 wasm() {\nblock0:\n  v1 = call fn0()\n}"), "no such fn0 at 3:16");
}

/// The verifier's answer for a body of `wasm(i64, i32) -> i32`.
std::string verdict(const std::string& body) {
  auto f = parse("function \"f\" sym0 wasm(i64, i32) -> i32 {\n  sig0 = wasm(i64) -> i64\n  fn0 = sig0 sym1\n" + body +
                 "}\n");
  if (!f) return "parse: " + f.error().message();
  return verify(*f).value_or("ok");
}

TEST(Verify, FindsWhatIsWrong) {
  const std::string entry = "block0(v0: i64, v1: i32):\n";
  auto starts = [](const std::string& s, const std::string& with) { EXPECT_EQ(s.substr(0, with.size()), with) << s; };
  starts(verdict(entry + "  return v1\n"), "ok");
  starts(verdict("block0(v1: i32):\n  return v1\n"), "the entry has 1 parameters, the signature 2");
  starts(verdict("block0(v0: i32, v1: i32):\n  return v1\n"), "parameter 0 is not of the signature's type");
  starts(verdict(entry + "  v2 = iadd.i32 v0, v1\n  return v2\n"), "argument 0 should be i32, is i64");
  starts(verdict(entry + "  v2 = iadd.i32 v3, v1\n  v3 = iadd.i32 v1, v1\n  return v2\n"),
         "v3 is used before its definition");
  starts(verdict(entry + "  return v0\n"), "results 0 should be i32, is i64");
  starts(verdict(entry + "  return\n"), "1 results expected, 0 found");
  starts(verdict(entry + "  v2 = iconst.i32 1\n"), "a block has one terminator");
  starts(verdict(entry + "  return v1\n  return v1\n"), "a block has one terminator");
  starts(verdict(entry + "  jump block1\nblock1(v2: i32):\n  return v2\n"),
         "block1 has 1 parameters, the branch passes 0");
  starts(verdict(entry + "  jump block1(v0)\nblock1(v2: i32):\n  return v2\n"), "parameter 0 of block1 is i32");
  starts(verdict(entry + "  jump block0(v0, v1)\n"), "inst0 goes to the entry");
  starts(verdict(entry +
                 "  brif v1, block1, block2\nblock1:\n  v2 = iadd.i32 v1, v1\n  jump block2\nblock2:\n  return v2\n"),
         "v2 of block1 does not dominate its use");
  starts(verdict(entry + "  brif v1, block1(v1), block2\nblock1(v2: i32):\n  jump block2\nblock2:\n  return v2\n"),
         "v2 of block1 does not dominate its use");
  starts(verdict(entry + "  v2 = load.i32 u32 v0 r0\n  return v2\n"), "the access kind does not suit the type");
  starts(verdict(entry + "  v2 = load.i32 v1 r0\n  return v2\n"), "argument 0 should be i64, is i32");
  starts(verdict(entry + "  v2 = call fn0(v1)\n  return v1\n"), "arguments 0 should be i64, is i32");
  starts(verdict(entry + "  return_call fn0(v0)\n"), "a tail call's results are not the function's");
  starts(verdict(entry + "  trapif v1, 0\n  return v1\n"), "a trap code is never 0");
  starts(verdict(entry + "  v2 = umulhi.i32 v1, v1\n  return v1\n"), "i32 is no type of umulhi");
  // Every byte that is touched of a slot lies in it; an address may be that of its end.
  const std::string slot = "  ss0 = 16 align 8\n" + entry;
  starts(verdict(slot + "  stack_store.i64 ss0+8, v0\n  v2 = stack_addr ss0+16\n  return v1\n"), "ok");
  starts(verdict(slot + "  stack_store.i64 ss0+9, v0\n  return v1\n"), "the slot is too small");
  starts(verdict(slot + "  v2 = stack_load.v128 ss0+1\n  return v1\n"), "the slot is too small");
  starts(verdict(slot + "  v2 = stack_load.i32 ss0+4294967295\n  return v1\n"), "the slot is too small");
  starts(verdict(slot + "  v2 = stack_addr ss0+17\n  return v1\n"), "the slot is too small");
  // A vector is no integer and no float.
  starts(verdict(slot + "  v2 = stack_load.v128 ss0\n  v3 = iadd.v128 v2, v2\n  return v1\n"),
         "v128 is no type of iadd");
  starts(verdict(slot + "  v2 = stack_load.v128 ss0\n  v3 = fneg.v128 v2\n  return v1\n"), "v128 is no type of fneg");
  starts(verdict(entry + "  v2 = load.v128 u8 v0 r0\n  return v1\n"), "the access kind does not suit the type");
  starts(verdict(entry + "  v2, v3 = umul_wide.i64 v0, v1\n  return v1\n"), "argument 1 should be i64, is i32");
  starts(verdict(entry + "  v2 = select.i32 v0, v1, v1\n  return v1\n"), "argument 0 should be i32, is i64");
}

TEST(Verify, ValuesOfAnInvokeBelongToAnEdge) {
  const std::string invoke =
      "block0(v0: i64, v1: i32):\n  v2, v3 = invoke fn0(v0), ";  // v2: the result, v3: the payload
  const std::string pass = "block1:\n  return v1\nblock2:\n  return v1\n";
  auto expect = [](const std::string& body, const std::string& with) {
    std::string s = verdict(body);
    EXPECT_EQ(s.substr(0, with.size()), with) << body << s;
  };
  expect(invoke + "block1, block2\n" + pass, "ok");
  // Where the edge leads, and only there.
  const std::string use2 = "block1:\n  v4 = wrap.i32 v2\n  return v4\n";
  const std::string use3 = "block2:\n  v5 = wrap.i32 v3\n  return v5\n";
  expect(invoke + "block1, block2\n" + use2 + use3, "ok");
  expect(invoke + "block2, block1\n" + use2 + use3, "the edge of inst0 to block");
  // Each edge may pass on its own.
  const std::string two = "block1(v4: i64):\n  return v1\n";
  expect(invoke + "block1(v2), block1(v3)\n" + two, "ok");
  expect(invoke + "block1(v2), block1(v0)\n" + two, "ok");
  expect(invoke + "block1(v3), block1(v2)\n" + two, "the edge of inst0 to block1 does not dominate the use of v3");
  // An edge to a block that is entered by another one too does not dominate it, even if it is the same invoke's.
  expect(invoke + "block1, block1\nblock1:\n  v4 = wrap.i32 v2\n  return v4\n", "the edge of inst0 to block1");
  // A loop's back edge does not matter: it comes from what the edge dominates.
  expect(invoke + "block1, block2\nblock1:\n  v4 = wrap.i32 v2\n  brif v4, block1, block2\n" + "block2:\n  return v1\n",
         "ok");
  expect(invoke + "block1, block2\nblock1:\n  jump block2\nblock2:\n  v4 = wrap.i32 v2\n  return v4\n",
         "the edge of inst0 to block1 does not dominate the use of v2");
  expect("block0(v0: i64, v1: i32):\n  v2 = invoke fn0(v2), block1, block2\n" + pass, "the edge of inst0 to block1");
  expect(
      "block0(v0: i64, v1: i32):\n  v2 = invoke fn0(v0), block1, block2\nblock1:\n  v3 = wrap.i32 v2\n  return v3\n"
      "block2:\n  return v1\n",
      "ok");
  expect("block0(v0: i64, v1: i32):\n  v2 = invoke fn0(v1), block1, block2\n" + pass, "arguments 0 should be i64");
  expect("block0(v0: i64, v1: i32):\n  v2 = invoke fn0(v0), block1(v1), block2\n" + pass, "block1 has 0 parameters");
  expect("block0(v0: i64, v1: i32):\n  v2, v3, v4, v5 = invoke fn0(v0), block1, block2\n" + pass,
         "parse: invoke has 1");
}

TEST(Verify, FindsBrokenLinks) {
  auto f =
      parse("function \"f\" sym0 wasm(i32) {\nblock0(v0: i32):\n  v1 = clz.i32 v0\n  v2 = ctz.i32 v1\n  return\n}");
  ASSERT_TRUE(f.has_value());
  Inst clz = (*f)[f->layout[0]].first;
  f->remove(clz);
  auto p = verify(*f);
  ASSERT_TRUE(p.has_value());
  EXPECT_NE(p->find("which is not in the layout"), std::string::npos) << *p;
  f->insert_before(clz, (*f)[f->layout[0]].first);
  EXPECT_EQ(verify(*f), std::nullopt);
  f->layout.push_back(f->layout[0]);
  EXPECT_TRUE(verify(*f).has_value());
}

}  // namespace
}  // namespace vitrine::ir
