#include <fmt/format.h>

#include "compiler/translate/testing.hpp"

namespace vitrine::translate {
namespace {

std::string module(std::string_view fields) {
  return fmt::format("(module {})", fields);
}

TEST(Operators, GuardedLoadsAndStores) {
  EXPECT_EQ(ir_of(module(R"((memory 1)
    (func (param i32 i64) (result i64)
      (i64.store32 offset=16 (local.get 0) (local.get 1))
      (i64.add (i64.load8_s (i32.const 8)) (i64.load offset=2147483640 (local.get 0)))))")),
            R"(
block0(v0: i64, v1: i32, v2: i64):
  v3 = uextend.i64 v1
  v4 = vmctx
  v5 = load.i64 v4+40 r4 readonly mapped
  v6 = iadd.i64 v5, v3
  store.i64 u32 v6+16, v2 r1 trap=2
  v7 = iconst.i32 8
  v8 = load.i64 s8 v5+8 r1 mapped
  v9 = load.i64 v4+48 r4 mapped
  v10 = iconst.i64 2147483648
  v11 = iadd.i64 v3, v10
  v12 = icmp.i64 ugt v11, v9
  trapif v12, 2
  v13 = iconst.i64 2147483640
  v14 = iadd.i64 v6, v13
  v15 = iconst.i64 0
  v16 = select.i64 v12, v15, v14 guard
  v17 = load.i64 v16 r1 trap=2
  v18 = iadd.i64 v8, v17
  return v18
)");
}
TEST(Operators, OffsetBeyondTheGuardIsChecked) {
  EXPECT_EQ(ir_of(module("(memory 1) (func (param i32) (result i32) (i32.load offset=0xfffffffc (local.get 0)))")), R"(
block0(v0: i64, v1: i32):
  v2 = uextend.i64 v1
  v3 = vmctx
  v4 = load.i64 v3+48 r4 mapped
  v5 = iconst.i64 4294967296
  v6 = iadd.i64 v2, v5
  v7 = icmp.i64 ugt v6, v4
  trapif v7, 2
  v8 = load.i64 v3+40 r4 readonly mapped
  v9 = iadd.i64 v8, v2
  v10 = iconst.i64 4294967292
  v11 = iadd.i64 v9, v10
  v12 = iconst.i64 0
  v13 = select.i64 v7, v12, v11 guard
  v14 = load.i32 v13 r1 trap=2
  return v14
)");
}
TEST(Operators, Memory64IsChecked) {
  abi::CodegenSettings plain;
  plain.spectre_mitigation = false;
  EXPECT_EQ(ir_of(module(R"((memory i64 1) (memory $empty i64 0)
    (func (param i64) (result i32)
      (drop (i32.load $empty offset=8 (local.get 0)))
      (drop (i32.load offset=0xffffffffffffffff (local.get 0)))
      (i32.load offset=4 (local.get 0))))"),
                  Mode::Ssa, plain),
            R"(
block0(v0: i64, v1: i64):
  v2 = vmctx
  v3 = load.i64 v2+64 r4 mapped
  v4 = iconst.i64 12
  v5 = iadd.i64 v1, v4
  v6 = icmp.i64 ugt v5, v3
  v7 = icmp.i64 ult v5, v1
  v8 = or.i32 v7, v6
  trapif v8, 2
  v9 = load.i64 v2+56 r4 mapped
  v10 = iadd.i64 v9, v1
  v11 = load.i32 v10+8 r7 trap=2
  v12 = load.i64 v2+48 r4 mapped
  v13 = iconst.i32 1
  trapif v13, 2
  v14 = load.i64 v2+40 r4 mapped
  v15 = iadd.i64 v14, v1
  v16 = iconst.i64 -1
  v17 = iadd.i64 v15, v16
  v18 = load.i32 v15-1 r1 trap=2
  v19 = load.i64 v2+48 r4 mapped
  v20 = iconst.i64 8
  v21 = iconst.i64 -8
  v22 = iadd.i64 v19, v21
  v23 = icmp.i64 ugt v1, v22
  trapif v23, 2
  v24 = load.i64 v2+40 r4 mapped
  v25 = iadd.i64 v24, v1
  v26 = load.i32 v25+4 r1 trap=2
  return v26
)");
}
TEST(Operators, SpectreMitigation) {
  EXPECT_EQ(ir_of(module("(memory i64 1) (func (param i64) (result i32) (i32.load offset=4 (local.get 0)))")), R"(
block0(v0: i64, v1: i64):
  v2 = vmctx
  v3 = load.i64 v2+48 r4 mapped
  v4 = iconst.i64 8
  v5 = iconst.i64 -8
  v6 = iadd.i64 v3, v5
  v7 = icmp.i64 ugt v1, v6
  trapif v7, 2
  v8 = load.i64 v2+40 r4 mapped
  v9 = iadd.i64 v8, v1
  v10 = iconst.i64 4
  v11 = iadd.i64 v9, v10
  v12 = iconst.i64 0
  v13 = select.i64 v7, v12, v11 guard
  v14 = load.i32 v13 r1 trap=2
  return v14
)");
}
TEST(Operators, ImportedMemory) {
  EXPECT_EQ(ir_of(module(R"((import "" "" (memory 1))
    (func (param i32) (result i32) (i32.load (local.get 0)) (drop) (memory.size)))")),
            R"(
block0(v0: i64, v1: i32):
  v2 = uextend.i64 v1
  v3 = vmctx
  v4 = load.i64 v3+40 r4 readonly mapped
  v5 = load.i64 v4 r4 readonly mapped
  v6 = iadd.i64 v5, v2
  v7 = load.i32 v6 r6 trap=2
  v8 = load.i64 v4+8 r4 mapped
  v9 = iconst.i64 16
  v10 = ushr.i64 v8, v9
  v11 = wrap.i32 v10
  return v11
)");
}
/// Memory 0 with pages of one byte ends anywhere in a page of the host: what is behind its end does not fault.
TEST(Operators, MemoryOfOddPageSizeIsChecked) {
  std::string text = module("(memory 100) (func (param i32) (result i32) (i32.load offset=8 (local.get 0)))");
  auto odd = [](wasm::Module& m) { m.memories[0].page_size_log2 = 0; };
  EXPECT_EQ(ir_of(text, Mode::Ssa, {}, odd), R"(
block0(v0: i64, v1: i32):
  v2 = uextend.i64 v1
  v3 = vmctx
  v4 = load.i64 v3+48 r4 mapped
  v5 = iconst.i64 12
  v6 = iconst.i64 -12
  v7 = iadd.i64 v4, v6
  v8 = icmp.i64 ugt v2, v7
  trapif v8, 2
  v9 = load.i64 v3+40 r4 readonly mapped
  v10 = iadd.i64 v9, v2
  v11 = iconst.i64 8
  v12 = iadd.i64 v10, v11
  v13 = iconst.i64 0
  v14 = select.i64 v8, v13, v12 guard
  v15 = load.i32 v14 r1 trap=2
  return v15
)");
}
/// A shared memory stands outside of the context, with a pointer to it in there; its base never changes.
TEST(Operators, SharedMemory) {
  std::string text = module(R"((memory 1 2) (memory i64 1 2)
    (func (param i32 i64) (result i64)
      (i64.store (local.get 0) (local.get 1)) (i64.store 1 (local.get 1) (local.get 1)) (memory.size 1)))");
  auto shared = [](wasm::Module& m) {
    for (wasm::MemoryType& type : m.memories) type.limits.is_shared = true;
  };
  EXPECT_EQ(ir_of(text, Mode::Ssa, {}, shared), R"(
block0(v0: i64, v1: i32, v2: i64):
  v3 = uextend.i64 v1
  v4 = vmctx
  v5 = load.i64 v4+40 r4 readonly mapped
  v6 = load.i64 v5 r4 readonly mapped
  v7 = iadd.i64 v6, v3
  store.i64 v7, v2 r1 trap=2
  v8 = load.i64 v4+48 r4 readonly mapped
  v9 = load.i64 v8+8 r4 mapped
  v10 = iconst.i64 8
  v11 = iconst.i64 -8
  v12 = iadd.i64 v9, v11
  v13 = icmp.i64 ugt v2, v12
  trapif v13, 2
  v14 = load.i64 v8 r4 readonly mapped
  v15 = iadd.i64 v14, v2
  v16 = iconst.i64 0
  v17 = select.i64 v13, v16, v15 guard
  store.i64 v17, v2 r7 trap=2
  v18 = load.i64 v8+8 r4 mapped
  v19 = iconst.i64 16
  v20 = ushr.i64 v18, v19
  return v20
)");
}
/// A region for each memory that is defined, one for all that are imported: those may be the same.
TEST(Operators, MemoriesThatAreNotTheSame) {
  std::string text = R"((module (import "" "a" (memory 1)) (import "" "b" (memory 1)) (memory 1) (memory 1)
    (func (param i32)
      (i32.store 0 (local.get 0) (i32.const 1)) (i32.store 1 (local.get 0) (i32.const 1))
      (i32.store 2 (local.get 0) (i32.const 1)) (i32.store 3 (local.get 0) (i32.const 1)))))";
  EXPECT_EQ(ir_of(text), R"(
block0(v0: i64, v1: i32):
  v2 = iconst.i32 1
  v3 = uextend.i64 v1
  v4 = vmctx
  v5 = load.i64 v4+40 r4 readonly mapped
  v6 = load.i64 v5 r4 readonly mapped
  v7 = iadd.i64 v6, v3
  store.i32 v7, v2 r6 trap=2
  v8 = load.i64 v4+48 r4 readonly mapped
  v9 = load.i64 v8 r4 readonly mapped
  v10 = iadd.i64 v9, v3
  store.i32 v10, v2 r6 trap=2
  v11 = load.i64 v4+56 r4 readonly mapped
  v12 = iadd.i64 v11, v3
  store.i32 v12, v2 r1 trap=2
  v13 = load.i64 v4+72 r4 readonly mapped
  v14 = iadd.i64 v13, v3
  store.i32 v14, v2 r7 trap=2
  return
)");
}
TEST(Operators, MemoryGrow) {
  EXPECT_EQ(ir_of(module("(memory 1) (func (param i32) (result i32) (memory.grow (local.get 0)))")), R"(
block0(v0: i64, v1: i32):
  v2 = iconst.i32 0
  v3 = uextend.i64 v1
  v4 = vmctx
  v5 = load.i64 v4+8 r5 readonly mapped
  v6 = load.i64 v5 r5 readonly mapped
  v7 = call_indirect sig0 v6(v4, v2, v3)
  v8 = wrap.i32 v7
  return v8
)");
}
TEST(Operators, SmallCopyAndFillAreInline) {
  EXPECT_EQ(ir_of(module(R"((memory 1)
    (func (param i32 i32)
      (memory.copy (local.get 0) (local.get 1) (i32.const 11))
      (memory.fill (local.get 0) (local.get 1) (i32.const 6))))")),
            R"(
block0(v0: i64, v1: i32, v2: i32):
  v3 = iconst.i32 11
  v4 = uextend.i64 v2
  v5 = vmctx
  v6 = load.i64 v5+40 r4 readonly mapped
  v7 = iadd.i64 v6, v4
  v8 = load.i64 v7 r1 trap=2
  v9 = load.i64 u32 v7+7 r1 trap=2
  v10 = uextend.i64 v1
  v11 = iadd.i64 v6, v10
  store.i64 u32 v11+7, v9 r1 trap=2
  store.i64 v11, v8 r1 trap=2
  v12 = iconst.i32 6
  v13 = iconst.i64 72340172838076673
  v14 = iconst.i32 255
  v15 = and.i32 v2, v14
  v16 = uextend.i64 v15
  v17 = imul.i64 v16, v13
  store.i64 u16 v11+4, v17 r1 trap=2
  store.i64 u32 v11, v17 r1 trap=2
  return
)");
}
TEST(Operators, CopyByBuiltin) {
  EXPECT_EQ(ir_of(module(R"((memory 1)
    (func (param i32 i32) (memory.copy (local.get 0) (local.get 1) (i32.const 0))))")),
            R"(
block0(v0: i64, v1: i32, v2: i32):
  v3 = iconst.i32 0
  v4 = uextend.i64 v1
  v5 = uextend.i64 v2
  v6 = iconst.i64 0
  v7 = vmctx
  v8 = load.i64 v7+8 r5 readonly mapped
  v9 = load.i64 v8+16 r5 readonly mapped
  v10 = call_indirect sig0 v9(v7, v3, v4, v3, v5, v6)
  trapifnot v10, 2
  return
)");
}
TEST(Operators, CallIndirect) {
  EXPECT_EQ(ir_of(module(R"((type $t (func (param i32) (result i32))) (table 10 10 funcref)
    (func (param i32) (result i32) (call_indirect (type $t) (i32.const 7) (local.get 0))))")),
            R"(
block0(v0: i64, v1: i32):
  v2 = iconst.i32 7
  v3 = iconst.i32 10
  v4 = icmp.i32 uge v1, v3
  trapif v4, 4
  v5 = uextend.i64 v1
  v6 = iconst.i64 0
  v7 = select.i64 v4, v6, v5 guard
  v8 = vmctx
  v9 = load.i64 v8+40 r4 readonly mapped
  v10 = iconst.i64 3
  v11 = shl.i64 v7, v10
  v12 = iadd.i64 v9, v11
  v13 = load.i64 v12 r2 trap=4
  v14 = load.i32 v13+24 r5 trap=5
  v15 = load.i64 v8+24 r5 readonly mapped
  v16 = load.i32 v15 r5 readonly mapped
  v17 = icmp.i32 ne v14, v16
  trapif v17, 6
  v18 = load.i64 v13 r5 trap=5
  v19 = load.i64 v13+8 r5 trap=5
  v20 = call_indirect sig0 v18(v19, v2)
  return v20
)");
}
TEST(Operators, CallIndirectThroughAGrowingTable) {
  abi::CodegenSettings plain;
  plain.spectre_mitigation = plain.signals_based_traps = false;
  EXPECT_EQ(ir_of(module(R"((type $t (func)) (table 10 funcref)
    (func (param i32) (return_call_indirect (type $t) (local.get 0))))"),
                  Mode::Ssa, plain),
            R"(
block0(v0: i64, v1: i32):
  v2 = vmctx
  v3 = load.i64 v2+48 r4 mapped
  v4 = uextend.i64 v1
  v5 = icmp.i64 uge v4, v3
  trapif v5, 4
  v6 = load.i64 v2+40 r4 mapped
  v7 = iconst.i64 3
  v8 = shl.i64 v4, v7
  v9 = iadd.i64 v6, v8
  v10 = load.i64 v9 r2 trap=4
  v11 = iconst.i64 0
  v12 = icmp.i64 eq v10, v11
  trapif v12, 5
  v13 = load.i32 v10+24 r5 trap=5
  v14 = load.i64 v2+24 r5 readonly mapped
  v15 = load.i32 v14 r5 readonly mapped
  v16 = icmp.i32 ne v13, v15
  trapif v16, 6
  v17 = load.i64 v10 r5 trap=5
  v18 = load.i64 v10+8 r5 trap=5
  return_call_indirect sig0 v17(v18)
)");
}
TEST(Operators, Calls) {
  EXPECT_EQ(ir_of(module(R"((import "" "" (func $imported (param i32) (result i32 i64)))
    (func (param i32) (result i64) (call $imported (local.get 0)) (return_call $local))
    (func $local (param i32 i64) (result i64) (local.get 1)))")),
            R"(
block0(v0: i64, v1: i32):
  v2 = vmctx
  v3 = load.i64 v2+48 r5 readonly mapped
  v4 = load.i64 v2+56 r5 readonly mapped
  v5, v6 = call_indirect sig0 v3(v4, v1)
  return_call fn0(v2, v5, v6)
)");
}
TEST(Operators, Globals) {
  EXPECT_EQ(ir_of(module(R"((import "" "" (global $im (mut i32))) (import "" "" (global $i f64))
    (global $c i32 (i32.const 42)) (global $m (mut f32) (f32.const 1)) (global $e i32 (i32.add (i32.const 1) (i32.const 2)))
    (func (result f64 i32 i32)
      (global.set $im (i32.const 3)) (global.set $m (global.get $m))
      (global.get $i) (global.get $c) (global.get $e)))")),
            R"(
block0(v0: i64):
  v1 = iconst.i32 3
  v2 = vmctx
  v3 = load.i64 v2+40 r4 readonly mapped
  store.i32 v3, v1 r3
  v4 = load.f32 v2+80 r3 mapped
  store.f32 v2+80, v4 r3
  v5 = load.i64 v2+48 r4 readonly mapped
  v6 = load.f64 v5 r3 readonly mapped
  v7 = iconst.i32 42
  v8 = load.i32 v2+96 r3 readonly mapped
  return v6, v7, v8
)");
}
TEST(Operators, Tables) {
  EXPECT_EQ(ir_of(module(R"((import "" "" (func $f)) (table $t 1 funcref) (elem declare func $f $g)
    (func $g (param i32)
      (table.set $t (local.get 0) (ref.func $f))
      (table.set $t (i32.const 0) (ref.func $g))
      (drop (ref.is_null (table.get $t (i32.const 0))))
      (drop (table.grow $t (ref.null func) (table.size $t)))))")),
            R"(
block0(v0: i64, v1: i32):
  v2 = vmctx
  v3 = load.i64 v2+80 r5 readonly mapped
  v4 = load.i64 v2+48 r4 mapped
  v5 = uextend.i64 v1
  v6 = icmp.i64 uge v5, v4
  trapif v6, 4
  v7 = iconst.i64 0
  v8 = select.i64 v6, v7, v5 guard
  v9 = load.i64 v2+40 r4 mapped
  v10 = iconst.i64 3
  v11 = shl.i64 v8, v10
  v12 = iadd.i64 v9, v11
  store.i64 v12, v3 r2 trap=4
  v13 = iconst.i32 0
  v14 = iconst.i64 88
  v15 = iadd.i64 v2, v14
  v16 = load.i64 v2+40 r4 mapped
  store.i64 v16, v15 r2
  v17 = load.i64 v2+40 r4 mapped
  v18 = load.i64 v17 r2 mapped
  v19 = icmp.i64 eq v18, v7
  v20 = load.i64 v2+48 r4 mapped
  v21 = wrap.i32 v20
  v22 = uextend.i64 v21
  v23 = load.i64 v2+8 r5 readonly mapped
  v24 = load.i64 v23+40 r5 readonly mapped
  v25 = call_indirect sig0 v24(v2, v13, v7, v22)
  v26 = wrap.i32 v25
  return
)");
}
TEST(Operators, FuelIsAddedAtBlockEnds) {
  abi::CodegenSettings fuel;
  fuel.consume_fuel = true;
  EXPECT_EQ(ir_of("(func (param i32) (result i32) (i32.add (local.get 0) (i32.const 1)))", Mode::Ssa, fuel), R"(
block0(v0: i64, v1: i32):
  v2 = vmctx
  v3 = load.i64 v2 r4 readonly mapped
  v4 = load.i64 v3+8 r4 mapped
  v5 = iconst.i64 0
  v6 = icmp.i64 sgt v4, v5
  brif v6, block1, block2 cold
block1: cold
  v7 = vmctx
  v8 = load.i64 v7+8 r5 readonly mapped
  v9 = load.i64 v8+88 r5 readonly mapped
  v10 = call_indirect sig0 v9(v7)
  trapifnot v10, 12
  jump block2
block2:
  v11 = iconst.i32 1
  v12 = iadd.i32 v1, v11
  v13 = iconst.i64 3
  v14 = vmctx
  v15 = load.i64 v14 r4 readonly mapped
  v16 = load.i64 v15+8 r4 mapped
  v17 = iadd.i64 v16, v13
  store.i64 v15+8, v17 r4
  return v12
)");
}
TEST(Operators, EpochIsCheckedInLoops) {
  abi::CodegenSettings epoch;
  epoch.epoch_interruption = true;
  EXPECT_EQ(ir_of("(func (loop (br 0)))", Mode::Ssa, epoch), R"(
block0(v0: i64):
  v1 = vmctx
  v2 = load.i64 v1 r4 readonly mapped
  v3 = load.i64 v2+24 r4 readonly mapped
  v4 = load.i64 v3 r0 mapped
  v5 = load.i64 v2+16 r4 mapped
  v6 = icmp.i64 uge v4, v5
  brif v6, block1, block2 cold
block1: cold
  v7 = vmctx
  v8 = load.i64 v7+8 r5 readonly mapped
  v9 = load.i64 v8+80 r5 readonly mapped
  v10 = call_indirect sig0 v9(v7)
  trapifnot v10, 11
  jump block2
block2:
  jump block3
block3:
  v11 = vmctx
  v12 = load.i64 v11 r4 readonly mapped
  v13 = load.i64 v12+24 r4 readonly mapped
  v14 = load.i64 v13 r0 mapped
  v15 = load.i64 v12+16 r4 mapped
  v16 = icmp.i64 uge v14, v15
  brif v16, block4, block5 cold
block4: cold
  v17 = vmctx
  v18 = load.i64 v17+8 r5 readonly mapped
  v19 = load.i64 v18+80 r5 readonly mapped
  v20 = call_indirect sig0 v19(v17)
  trapifnot v20, 11
  jump block5
block5:
  jump block3
)");
}
TEST(Operators, CanonicalNan) {
  abi::CodegenSettings canonical;
  canonical.nan_canonicalization = true;
  EXPECT_EQ(ir_of("(func (param f32) (result f32) (f32.neg (f32.sqrt (local.get 0))))", Mode::Ssa, canonical), R"(
block0(v0: i64, v1: f32):
  v2 = fsqrt.f32 v1
  v3 = fconst.f32 0x7fc00000
  v4 = fcmp.f32 ne v2, v2
  v5 = select.f32 v4, v3, v2
  v6 = fneg.f32 v5
  return v6
)");
}
TEST(Operators, TrappingArithmetic) {
  EXPECT_EQ(ir_of(R"((func (param i32 f64) (result i32)
    (i32.div_s (local.get 0) (i32.trunc_f64_u (local.get 1)))))"),
            R"(
block0(v0: i64, v1: i32, v2: f64):
  v3 = f_to_uint.i32 v2 trap=9
  v4 = sdiv.i32 v1, v3 trap=8
  return v4
)");
}
TEST(FastMode, LocalsLiveInSlots) {
  EXPECT_EQ(ir_of(R"((func (param i32) (result i64) (local i32 i64)
    (local.set 1 (i32.const 5))
    (loop
      (local.set 1 (i32.add (local.get 1) (local.get 0)))
      (br_if 0 (local.get 1)))
    (local.get 2)))",
                  Mode::Fast),
            R"(
block0(v0: i64, v1: i32):
  stack_store.i32 ss1, v1
  v2 = iconst.i64 0
  stack_store.i64 ss2, v2
  v3 = iconst.i32 5
  stack_store.i32 ss0, v3
  jump block1
block1:
  v4 = stack_load.i32 ss0
  v5 = stack_load.i32 ss1
  v6 = iadd.i32 v4, v5
  stack_store.i32 ss0, v6
  brif v6, block1, block2
block2:
  v7 = stack_load.i64 ss2
  return v7
)");
}
TEST(FastMode, JoinsCarryResultsOnly) {
  EXPECT_EQ(ir_of(R"((func (param i32) (result i32) (local i32)
    (if (result i32) (local.get 0) (then (local.set 1 (i32.const 5)) (i32.const 1)) (else (i32.const 2)))
    (i32.add (local.get 1))))",
                  Mode::Fast),
            R"(
block0(v0: i64, v1: i32):
  v2 = iconst.i32 0
  stack_store.i32 ss0, v2
  brif v1, block1, block2
block1:
  v3 = iconst.i32 5
  stack_store.i32 ss0, v3
  v4 = iconst.i32 1
  jump block3(v4)
block2:
  v5 = iconst.i32 2
  jump block3(v5)
block3(v6: i32):
  v7 = stack_load.i32 ss0
  v8 = iadd.i32 v6, v7
  return v8
)");
}

}  // namespace
}  // namespace vitrine::translate
