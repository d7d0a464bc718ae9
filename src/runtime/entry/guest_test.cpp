// The runtime under guests that were really compiled.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <atomic>
#include <deque>
#include <set>
#include <thread>

#include "compiler/compiler.hpp"
#include "compiler/targets/targets.hpp"
#include "runtime/code/compiled_module.hpp"
#include "runtime/entry/call.hpp"
#include "runtime/entry/instantiate.hpp"
#include "runtime/store/import_matching.hpp"
#include "runtime/store/store.hpp"
#include "text/wat_parser.hpp"
#include "wasm/reader.hpp"

namespace vitrine::runtime {
namespace {

using Module = std::shared_ptr<const CompiledModule>;
using wasm::ValType;

class Guest : public testing::Test {
 public:
  explicit Guest(EngineOptions options = {}) : engine_(make_engine(options)), store_(engine_) {}

  static std::shared_ptr<Engine> make_engine(EngineOptions options) {
    options.settings.cpu_features = *compiler::host_target().host_cpu_features();
    return std::make_shared<Engine>(options);
  }

  Module compile(std::string_view wat) {
    auto bytes = text::parse_wat(wat, wasm::Features::all());
    if (!bytes) {
      ADD_FAILURE() << bytes.error().message();
      return nullptr;
    }
    auto module = wasm::read_module(*bytes);
    if (!module) {
      ADD_FAILURE() << module.error().message();
      return nullptr;
    }
    auto image = compiler::compile_module(*module, *bytes, wasm::Features(), engine_->settings(), options_);
    if (!image) {
      ADD_FAILURE() << image.error().message();
      return nullptr;
    }
    auto compiled = CompiledModule::from_bytes(engine_, *image, true);
    EXPECT_TRUE(compiled) << compiled.error().message();
    return compiled ? *compiled : nullptr;
  }
  Outcome<Instance*> make(std::string_view wat, std::vector<Extern> imports = {}) {
    return instantiate(store_, compile(wat), imports);
  }
  Instance* instance(std::string_view wat, std::vector<Extern> imports = {}) {
    auto made = make(wat, std::move(imports));
    EXPECT_TRUE(made) << made.error()->cause();
    return made ? *made : nullptr;
  }
  std::string refusal(std::string_view wat, std::vector<Extern> imports = {}) {
    auto made = make(wat, std::move(imports));
    return made ? "" : made.error()->cause();
  }

  Outcome<int64_t> call(Instance* instance, std::string_view name, std::initializer_list<int64_t> args = {}) {
    abi::ValRaw values[16]{};
    size_t i = 0;
    for (int64_t a : args) values[i++].i64 = a;
    auto e = instance->find_export(name);
    EXPECT_TRUE(e) << name;
    TRY(call_function(store_, e->func, values));
    return values[0].i64;
  }
  abi::TrapCode trap(Instance* instance, std::string_view name, std::initializer_list<int64_t> args = {}) {
    auto result = call(instance, name, args);
    return result ? abi::TrapCode::None : result.error()->code;
  }

  using Behaviour = std::function<int32_t(abi::VMContext*, abi::ValRaw*)>;
  abi::VMFuncRef* host(std::vector<ValType> params, std::vector<ValType> results, Behaviour f) {
    return store_
        .new_host_function(
            *engine_->types().add_func(params, results),
            [](void* env, abi::VMContext* caller, abi::ValRaw* values) {
              return (*static_cast<Behaviour*>(env))(caller, values);
            },
            &behaviours_.emplace_back(std::move(f)))
        ->funcref();
  }

  std::shared_ptr<Engine> engine_;
  std::deque<Behaviour> behaviours_;  // of the store's host functions
  Store store_;
  compiler::CompileOptions options_;
};

TEST_F(Guest, RunsAndTraps) {
  Instance* i = instance(R"((module $m
    (func $div (export "div") (param i32 i32) (result i32) (i32.div_s (local.get 0) (local.get 1)))
    (func $outer (export "outer") (param i32 i32) (result i32) (i32.add (i32.const 1) (call $div (local.get 0) (local.get 1))))
    (func $rec (export "rec") (param i64) (result i64) (i64.add (i64.const 1) (call $rec (i64.add (local.get 0) (i64.const 1)))))))");
  EXPECT_EQ(*call(i, "div", {42, 6}), 7);
  EXPECT_EQ(*call(i, "outer", {42, 6}), 8);
  EXPECT_EQ(trap(i, "div", {1, 0}), abi::TrapCode::IntegerDivisionByZero);
  EXPECT_EQ(trap(i, "div", {INT32_MIN, -1}), abi::TrapCode::IntegerOverflow);
  auto result = call(i, "outer", {1, 0});
  ASSERT_FALSE(result);
  ASSERT_EQ(result.error()->frames.size(), 2u);
  EXPECT_EQ(result.error()->frames[0].function_name, "div");
  EXPECT_EQ(result.error()->frames[1].function_name, "outer");
  EXPECT_NE(result.error()->frames[0].module_offset, 0u);
  EXPECT_LT(result.error()->frames[0].module_offset, result.error()->frames[1].module_offset);
  EXPECT_EQ(trap(i, "rec", {0}), abi::TrapCode::StackOverflow);
}

TEST_F(Guest, MemoryGrowsWithinItsLimits) {
  Instance* i = instance(R"((module (memory (export "m") 1 3)
    (func (export "grow") (param i32) (result i32) (memory.grow (local.get 0)))
    (func (export "size") (result i32) (memory.size))
    (func (export "store") (param i32 i32) (i32.store (local.get 0) (local.get 1)))
    (func (export "load") (param i32) (result i32) (i32.load (local.get 0)))))");
  EXPECT_EQ(trap(i, "store", {65536, 1}), abi::TrapCode::MemoryOutOfBounds);
  EXPECT_EQ(*call(i, "grow", {1}), 1);
  EXPECT_EQ(trap(i, "store", {65536, 77}), abi::TrapCode::None);
  EXPECT_EQ(*call(i, "load", {65536}), 77);
  EXPECT_EQ(static_cast<int32_t>(*call(i, "grow", {2})), -1);
  store_.set_limits({.memory_bytes = 2 * 65536});
  EXPECT_EQ(static_cast<int32_t>(*call(i, "grow", {1})), -1);
  store_.set_limits({.memory_bytes = 2 * 65536, .trap_on_grow_failure = true});
  auto result = call(i, "grow", {1});
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error()->kind, Failure::Kind::HostError);
  EXPECT_EQ(result.error()->frames.size(), 1u);
  store_.set_limits({});
  EXPECT_EQ(*call(i, "grow", {1}), 2);
  EXPECT_EQ(*call(i, "size"), 3);
  EXPECT_EQ(i->find_export("m")->memory->data().size(), 3u * 65536);
  EXPECT_EQ(trap(i, "load", {3 * 65536 - 3}), abi::TrapCode::MemoryOutOfBounds);
  int asked = 0;
  store_.set_limiter({.may_grow = [&](const Growth&) -> Result<bool> {
                        ++asked;
                        return false;
                      },
                      .grow_failed = {}});
  Instance* unlimited = i;
  EXPECT_EQ(static_cast<int32_t>(*call(unlimited, "grow", {1})), -1);
  EXPECT_EQ(asked, 0) << "past the maximum nobody is asked";
}

TEST_F(Guest, LimiterRefusesFailsAndHearsOfFailures) {
  Instance* i = instance(R"((module (memory 1 8) (table 1 8 funcref)
    (func (export "memory") (param i32) (result i32) (memory.grow (local.get 0)))
    (func (export "table") (param i32) (result i32) (table.grow (ref.null func) (local.get 0)))))");
  bool refuse = false;
  std::vector<std::string> heard;
  store_.set_limiter(
      {.may_grow = [&](const Growth& g) -> Result<bool> {
         if (g.desired > (g.what == Growth::What::Memory ? 4 * 65536u : 4u)) return fail("over quota");
         return !refuse;
       },
       .grow_failed = [&](const Growth& g,
                          const Error& error) { heard.push_back(fmt::format("{}: {}", g.current, error.message())); }});
  EXPECT_EQ(*call(i, "memory", {1}), 1);
  EXPECT_EQ(*call(i, "table", {1}), 1);
  EXPECT_TRUE(heard.empty());
  refuse = true;
  EXPECT_EQ(static_cast<int32_t>(*call(i, "memory", {1})), -1);
  EXPECT_EQ(static_cast<int32_t>(*call(i, "table", {1})), -1);
  refuse = false;
  for (const char* what : {"memory", "table"}) {
    auto result = call(i, what, {3});
    ASSERT_FALSE(result) << "the guest does not see -1";
    EXPECT_EQ(result.error()->kind, Failure::Kind::HostError);
    EXPECT_EQ(result.error()->cause(), "over quota");
    EXPECT_EQ(result.error()->frames.size(), 1u);
    EXPECT_EQ(static_cast<int32_t>(*call(i, what, {8})), -1) << "past its maximum";
  }
  EXPECT_EQ(heard, (std::vector<std::string>{
                       "131072: a memory may not grow to 196608 bytes: the store's limiter",
                       "2: a table may not grow to 3 elements: the store's limiter", "131072: over quota",
                       "131072: a memory of 2 pages cannot grow by 8: its maximum is 8", "2: over quota",
                       "2: a table of 2 elements cannot grow by 8: its maximum is 8"}));
  EXPECT_EQ(refusal("(module (memory 5))"), "over quota");
  EXPECT_EQ(refusal("(module (table 5 funcref))"), "over quota");
}

/// Blocks, loops and branches of all kinds, with operands below, across and on top; calls, traps, tables.
constexpr std::string_view kControl = R"((module
  (memory 1)
  (type $two (func (param i32 i64) (result i64 i32)))
  (table funcref (elem $swap $twice))
  (func $swap (type $two) local.get 1 local.get 0)
  (func $twice (type $two) local.get 1 local.get 1 i64.add local.get 0 local.get 0 i32.add)
  (func (export "f0") (param i32) (result i32) (local i32)
    loop (result i32)
      local.get 1 i32.const 1 i32.add local.set 1
      local.get 0 i32.const 1 i32.and
      if (result i32) local.get 0 i32.const 3 i32.mul i32.const 1 i32.add
      else local.get 0 i32.const 1 i32.shr_u end
      local.tee 0
      i32.const 1 i32.gt_u
      br_if 0
      local.get 1
    end)
  (func (export "f1") (param i32) (result i32)
    i32.const 1000
    block $a (result i32) i32.const 5
      block $b (result i32) i32.const 7
        block $c (result i32)
          i32.const 9 i32.const 11
          local.get 0 br_table $a $b $c 3 $c $a
        end
        i32.const 1 i32.add i32.add
      end
      i32.const 20 i32.add i32.sub
    end
    i32.const 300 i32.add i32.add)
  (func (export "f2") (param i32) (result i64)
    i64.const 1 i64.const 2 local.get 0
    loop $l (param i64 i64 i32) (result i64)
      local.set 0
      i64.const 1 i64.add
      local.get 0
      if (param i64 i64) (result i64 i64) i64.const 3 i64.mul i64.add i64.const 17 end
      local.get 0 i32.const 1 i32.sub local.tee 0
      local.get 0 i32.const 0 i32.ge_s br_if $l
      drop i64.sub
    end)
  (func (export "f3") (param i32) (result i32)
    i32.const 1 local.get 0 i32.const 10 i32.lt_u br_if 0 drop
    block i32.const 0 br_if 0 i32.const 1 br_if 0 unreachable end
    i32.const 1 if (result i32) i32.const 4 else i32.const 5 end
    i32.const 0 if (result i32) unreachable else local.get 0 end
    i32.add
    i32.const 0 if i32.const 5 return end
    block (result i32) local.get 0 i32.const 15 i32.gt_u if i32.const 77 return end i32.const 3 end
    i32.add
    local.get 0 i32.const 12 i32.eq if unreachable end)
  (func (export "f4") (param i32) (result i64)
    local.get 0 local.get 0 i64.extend_i32_u local.get 0 i32.const 3 i32.and call_indirect (type $two)
    i64.extend_i32_s i64.add
    local.get 0 i64.const 5 call $swap drop
    i64.xor)
  (func (export "f5") (param i32) (result i32) (local f64 f32 i64)
    local.get 0 f64.convert_i32_s local.set 1
    block $out loop $more
      local.get 1 f64.const 1.5 f64.mul local.tee 1 f64.const 1e6 f64.gt br_if $out
      local.get 2 f32.const 1 f32.add local.set 2
      local.get 2 f32.const 40 f32.lt br_if $more
    end end
    local.get 1 i32.trunc_f64_s local.get 2 i32.trunc_f32_s i32.add
    i32.const 0 local.get 0 i32.const 8 i32.shl i32.store offset=4
    i32.const 0 i32.load offset=4 i32.add
    i32.const 100 local.get 0 i32.div_s i32.add)
  (func $deep (export "f6") (param i32) (result i32)
    local.get 0 i32.eqz if (result i32) i32.const 1 else
      local.get 0 local.get 0 i32.const 1 i32.sub call $deep i32.mul end)
  (func (export "f7") (param i32) (result i32) (local i32)
    loop $outer
      block $skip
        block $two block $one block $none local.get 1 i32.const 3 i32.rem_u br_table $none $one $two $skip end
          local.get 0 i32.const 3 i32.add local.set 0 br $skip end
          local.get 0 i32.const 5 i32.mul local.set 0 br $skip end
        local.get 0 i32.const 7 i32.xor local.set 0
      end
      local.get 1 i32.const 1 i32.add local.tee 1
      i32.const 20 i32.lt_u br_if $outer
    end
    local.get 0)))";

// What a guest answers, and where it traps, is the same however small the pieces are in which it was compiled.
TEST_F(Guest, FunctionsInPieces) {
  auto results = [&](uint32_t piece_insts) {
    options_.piece_insts = piece_insts;
    Instance* i = instance(kControl);
    std::vector<std::string> all;
    for (int f = 0; i && f < 8; ++f) {
      for (int64_t n = 0; n < 24; ++n) {
        auto result = call(i, fmt::format("f{}", f), {n});
        all.push_back(fmt::format("f{}({}): ", f, n));
        if (result) {
          all.back() += fmt::format("{}", f == 2 || f == 4 ? *result : static_cast<int32_t>(*result));
          continue;
        }
        all.back() += result.error()->cause();
        for (const auto& frame : result.error()->frames) all.back() += fmt::format(" {:#x}", frame.module_offset);
      }
    }
    return all;
  };
  const auto whole = results(0);
  ASSERT_EQ(whole.size(), 8u * 24);
  EXPECT_EQ(whole[6], "f0(6): 8");
  EXPECT_EQ(whole[6 * 24 + 5], "f6(5): 120");
  for (uint32_t piece_insts : {1u, 2u, 5u, 13u, 40u, 1000u}) EXPECT_EQ(results(piece_insts), whole) << piece_insts;
}

class GuestWithFuelAndEpochs : public Guest {
 public:
  static EngineOptions options() {
    EngineOptions options;
    options.settings.consume_fuel = options.settings.epoch_interruption = true;
    return options;
  }
  GuestWithFuelAndEpochs() : Guest(options()) {}
};

/// A trap that a builtin raises, or is answered to, knows the guest's frames.
TEST_F(GuestWithFuelAndEpochs, EveryBuiltinThatLeavesTheGuestIsLeftWithItsFrames) {
  store_.set_fuel(1'000'000);
  store_.set_epoch_deadline(1'000'000);
  Instance* i = instance(R"((module (memory 1) (table 2 funcref) (data $d "abc") (elem $e func $memory_fill)
    (func $memory_grow (drop (memory.grow (i32.const 1))))
    (func $memory_fill (memory.fill (i32.const 1) (i32.const 0) (i32.const 65536)))
    (func $memory_copy (memory.copy (i32.const 1) (i32.const 0) (i32.const 65536)))
    (func $memory_init (memory.init $d (i32.const 0) (i32.const 0) (i32.const 4)))
    (func $table_grow (drop (table.grow (ref.null func) (i32.const 1))))
    (func $table_fill (table.fill (i32.const 1) (ref.null func) (i32.const 2)))
    (func $table_copy (table.copy (i32.const 1) (i32.const 0) (i32.const 2)))
    (func $table_init (table.init $e (i32.const 0) (i32.const 0) (i32.const 2)))
    (func $loops (loop (br 0)))
    (func $call_memory_grow (export "memory_grow") (call $memory_grow)) (func $call_memory_fill (export "memory_fill") (call $memory_fill))
    (func $call_memory_copy (export "memory_copy") (call $memory_copy)) (func $call_memory_init (export "memory_init") (call $memory_init))
    (func $call_table_grow (export "table_grow") (call $table_grow)) (func $call_table_fill (export "table_fill") (call $table_fill))
    (func $call_table_copy (export "table_copy") (call $table_copy)) (func $call_table_init (export "table_init") (call $table_init))
    (func $call_loops (export "loops") (call $loops))))");
  auto frames = [&](std::string_view name) {
    auto result = call(i, name);
    std::vector<std::string> names;
    if (result) return names;
    for (const auto& frame : result.error()->frames) names.push_back(std::string(frame.function_name));
    return names;
  };
  using Names = std::vector<std::string>;
  store_.set_limiter({.may_grow = [](const Growth&) -> Result<bool> { return fail("over quota"); }, .grow_failed = {}});
  for (const char* name : {"memory_grow", "memory_fill", "memory_copy", "memory_init", "table_grow", "table_fill",
                           "table_copy", "table_init"}) {
    EXPECT_EQ(frames(name), (Names{name, fmt::format("call_{}", name)})) << name;
  }
  store_.set_epoch_deadline(0);
  EXPECT_EQ(frames("loops"), (Names{"call_loops"})) << "at the entry already";
  store_.set_epoch_deadline(1'000'000);
  store_.set_fuel(3);
  EXPECT_EQ(frames("loops"), (Names{"loops", "call_loops"}));
}

TEST_F(Guest, BulkOperationsCheckBothEnds) {
  Instance* i = instance(R"((module (memory 1) (data $d "hello")
    (func (export "fill") (param i32 i32 i32) (memory.fill (local.get 0) (local.get 1) (local.get 2)))
    (func (export "copy") (param i32 i32 i32) (memory.copy (local.get 0) (local.get 1) (local.get 2)))
    (func (export "init") (param i32 i32 i32) (memory.init $d (local.get 0) (local.get 1) (local.get 2)))
    (func (export "drop") (data.drop $d))
    (func (export "load") (param i32) (result i32) (i32.load8_u (local.get 0)))))");
  constexpr auto kOob = abi::TrapCode::MemoryOutOfBounds;
  constexpr auto kFine = abi::TrapCode::None;
  EXPECT_EQ(trap(i, "fill", {65536, 1, 0}), kFine);
  EXPECT_EQ(trap(i, "fill", {65536, 1, 1}), kOob);
  EXPECT_EQ(trap(i, "fill", {65537, 1, 0}), kOob);
  EXPECT_EQ(trap(i, "fill", {-1, 1, -1}), kOob);
  EXPECT_EQ(trap(i, "fill", {10, 9, 5}), kFine);
  EXPECT_EQ(trap(i, "copy", {12, 10, 5}), kFine);
  EXPECT_EQ(*call(i, "load", {16}), 9);
  EXPECT_EQ(trap(i, "copy", {0, 65535, 2}), kOob);
  EXPECT_EQ(trap(i, "init", {100, 1, 4}), kFine);
  EXPECT_EQ(*call(i, "load", {103}), 'o');
  EXPECT_EQ(trap(i, "init", {100, 1, 5}), kOob);
  EXPECT_EQ(trap(i, "drop"), kFine);
  EXPECT_EQ(trap(i, "init", {100, 0, 1}), kOob);
  EXPECT_EQ(trap(i, "init", {100, 0, 0}), kFine);
}

TEST_F(Guest, TablesHoldFunctionsOfAnyOrigin) {
  abi::VMFuncRef* doubler = host({ValType::I32}, {ValType::I32}, [](abi::VMContext*, abi::ValRaw* v) {
    v[0].i32 *= 2;
    return 0;
  });
  abi::VMFuncRef* late = host({ValType::I32}, {ValType::I32}, [](abi::VMContext*, abi::ValRaw* v) {
    v[0].i32 += 100;
    return 0;
  });
  Table* table = *store_.new_table({ValType::funcref(), {.min = 10}}, 0);
  // Put there before any module knows its signature.
  store_.resolve(late);
  ASSERT_TRUE(table->set(3, reinterpret_cast<uintptr_t>(late)));
  EXPECT_EQ(late->code, nullptr);
  Instance* i = instance(R"((module
    (type $t (func (param i32) (result i32)))
    (import "e" "double" (func $double (type $t)))
    (import "e" "table" (table 5 funcref))
    (elem (i32.const 0) $double $inc)
    (elem $passive func $inc $inc $inc)
    (elem declare func $ref)
    (func $inc (type $t) (i32.add (local.get 0) (i32.const 1)))
    (func $ref (export "ref") (result funcref) (ref.func $ref))
    (func (export "call") (param i32 i32) (result i32) (call_indirect (type $t) (local.get 1) (local.get 0)))
    (func (export "wrong") (param i32) (call_indirect (local.get 0)))
    (func (export "init") (param i32 i32 i32) (table.init $passive (local.get 0) (local.get 1) (local.get 2)))
    (func (export "copy") (param i32 i32 i32) (table.copy (local.get 0) (local.get 1) (local.get 2)))
    (func (export "fill") (param i32 i32) (table.fill (local.get 0) (ref.null func) (local.get 1)))
    (func (export "grow") (param i32) (result i32) (table.grow (ref.null func) (local.get 0)))
    (func (export "size") (result i32) (table.size))
    (func (export "drop") (elem.drop $passive))))",
                         {Extern::of(doubler), Extern::of(table)});
  EXPECT_EQ(*call(i, "call", {0, 21}), 42);
  EXPECT_EQ(*call(i, "call", {1, 41}), 42);
  EXPECT_EQ(*call(i, "call", {3, 1}), 101);
  EXPECT_EQ(trap(i, "call", {2, 0}), abi::TrapCode::IndirectCallToNull);
  EXPECT_EQ(trap(i, "call", {10, 0}), abi::TrapCode::TableOutOfBounds);
  EXPECT_EQ(trap(i, "call", {-1, 0}), abi::TrapCode::TableOutOfBounds);
  EXPECT_EQ(trap(i, "wrong", {0}), abi::TrapCode::BadSignature);
  EXPECT_EQ(trap(i, "init", {5, 0, 3}), abi::TrapCode::None);
  EXPECT_EQ(*call(i, "call", {7, 1}), 2);
  EXPECT_EQ(trap(i, "init", {8, 0, 3}), abi::TrapCode::TableOutOfBounds);
  EXPECT_EQ(trap(i, "init", {0, 1, 3}), abi::TrapCode::TableOutOfBounds);
  EXPECT_EQ(trap(i, "copy", {8, 0, 2}), abi::TrapCode::None);
  EXPECT_EQ(*call(i, "call", {8, 4}), 8);
  EXPECT_EQ(trap(i, "copy", {9, 0, 2}), abi::TrapCode::TableOutOfBounds);
  EXPECT_EQ(trap(i, "fill", {0, 10}), abi::TrapCode::None);
  EXPECT_EQ(trap(i, "call", {8, 4}), abi::TrapCode::IndirectCallToNull);
  EXPECT_EQ(*call(i, "grow", {90}), 10);
  EXPECT_EQ(*call(i, "size"), 100);
  EXPECT_EQ(static_cast<int32_t>(*call(i, "grow", {-1})), -1);
  EXPECT_EQ(trap(i, "drop"), abi::TrapCode::None);
  EXPECT_EQ(trap(i, "init", {0, 0, 1}), abi::TrapCode::TableOutOfBounds);
  auto* ref = reinterpret_cast<abi::VMFuncRef*>(*call(i, "ref"));
  EXPECT_EQ(ref, i->find_export("ref")->func);
}

TEST_F(Guest, ImportsAreMatchedByType) {
  auto* f = host({ValType::I32}, {}, [](abi::VMContext*, abi::ValRaw*) { return 0; });
  Memory* memory = *store_.new_memory({.limits = {.min = 2}});
  Global* global = store_.new_global({ValType::I64, true}, {});
  Table* table = *store_.new_table({ValType::externref(), {.min = 1, .max = 5}}, 0);
  EXPECT_EQ(refusal(R"((module (import "env" "f" (func (param i64) (result i32)))))", {Extern::of(f)}),
            "incompatible import type for `env`.`f`: expected func (i64) -> (i32), found func (i32) -> ()");
  EXPECT_EQ(refusal(R"((module (import "env" "f" (memory 1))))", {Extern::of(f)}),
            "incompatible import type for `env`.`f`: expected memory 1, found func (i32) -> ()");
  EXPECT_EQ(refusal(R"((module (import "env" "m" (memory 3))))", {Extern::of(memory)}),
            "incompatible import type for `env`.`m`: expected memory 3, found memory 2");
  EXPECT_EQ(refusal(R"((module (import "env" "m" (memory 1 4))))", {Extern::of(memory)}),
            "incompatible import type for `env`.`m`: expected memory 1..4, found memory 2");
  EXPECT_EQ(refusal(R"((module (import "env" "g" (global i64))))", {Extern::of(global)}),
            "incompatible import type for `env`.`g`: expected global i64, found global mut i64");
  EXPECT_EQ(refusal(R"((module (import "env" "t" (table 1 4 externref))))", {Extern::of(table)}),
            "incompatible import type for `env`.`t`: expected table 1..4 externref, found table 1..5 externref");
  EXPECT_EQ(refusal(R"((module (import "env" "t" (table 1 funcref))))", {Extern::of(table)}),
            "incompatible import type for `env`.`t`: expected table 1 funcref, found table 1..5 externref");
  // The size now counts, not the one declared.
  ASSERT_TRUE(memory->grow(1));
  EXPECT_EQ(refusal(R"((module (import "env" "m" (memory 3))))", {Extern::of(memory)}), "");
  EXPECT_EQ(refusal(R"((module (import "env" "t" (table 0 5 externref))))", {Extern::of(table)}), "");
  Store other(engine_);
  EXPECT_EQ(
      refusal(R"((module (import "env" "m" (memory 1))))", {Extern::of(*other.new_memory({.limits = {.min = 1}}))}),
      "what was given for import `env`.`m` belongs to another store");
}

TEST_F(Guest, EffectsBeforeATrapRemain) {
  Memory* memory = *store_.new_memory({.limits = {.min = 1}});
  Table* table = *store_.new_table({ValType::funcref(), {.min = 4}}, 0);
  auto made = make(R"((module (import "e" "m" (memory 1)) (import "e" "t" (table 4 funcref))
    (elem (i32.const 0) $f) (data (i32.const 0) "abc") (data (i32.const 65535) "xy") (data (i32.const 8) "no")
    (func $f (result i32) (i32.const 42))))",
                   {Extern::of(memory), Extern::of(table)});
  ASSERT_FALSE(made);
  EXPECT_EQ(made.error()->code, abi::TrapCode::MemoryOutOfBounds);
  EXPECT_EQ(memory->data()[2], 'c');
  EXPECT_EQ(memory->data()[65535], 0) << "all or nothing";
  EXPECT_EQ(memory->data()[8], 0);
  auto* f = reinterpret_cast<abi::VMFuncRef*>(*table->get(0));
  ASSERT_NE(f, nullptr);
  abi::ValRaw value{};
  ASSERT_TRUE(call_function(store_, f, &value));
  EXPECT_EQ(value.i32, 42);
  // In an element segment, nothing of the data is done.
  made = make(R"((module (import "e" "m" (memory 1)) (import "e" "t" (table 4 funcref))
    (elem (i32.const 1) $f) (elem (i32.const 4) $f) (data (i32.const 20) "abc") (func $f)))",
              {Extern::of(memory), Extern::of(table)});
  ASSERT_FALSE(made);
  EXPECT_EQ(made.error()->code, abi::TrapCode::TableOutOfBounds);
  EXPECT_NE(*table->get(1), 0u);
  EXPECT_EQ(memory->data()[20], 0);
}

TEST_F(Guest, GlobalsAndConstantExpressions) {
  Global* base = store_.new_global({ValType::I32, false}, [] {
    abi::ValRaw v{};
    v.i32 = 10;
    return v;
  }());
  Instance* i = instance(R"((module (import "e" "base" (global $base i32))
    (memory (export "m") 1)
    (global (export "g") (mut i32) (i32.add (global.get $base) (i32.mul (i32.const 4) (i32.const 8))))
    (global (export "h") i64 (i64.sub (i64.const 1) (i64.const 3)))
    (global (export "f") funcref (ref.func $get))
    (global (export "n") externref (ref.null extern))
    (data (i32.add (global.get $base) (i32.const 1)) "z")
    (func $get (export "get") (result i32) (global.get 1))
    (func (export "set") (param i32) (global.set 1 (local.get 0)))))",
                         {Extern::of(base)});
  EXPECT_EQ(*call(i, "get"), 42);
  Global* g = i->find_export("g")->global;
  EXPECT_EQ(i->find_export("g")->global, g) << "one object for one global";
  ASSERT_TRUE(call(i, "set", {7}));
  EXPECT_EQ(g->get().i32, 7);
  EXPECT_EQ(i->find_export("h")->global->get().i64, -2);
  EXPECT_EQ(i->find_export("f")->global->get().ref, reinterpret_cast<uintptr_t>(i->find_export("get")->func));
  EXPECT_EQ(i->find_export("n")->global->get().ref, 0u);
  EXPECT_EQ(i->find_export("m")->memory->data()[11], 'z');
  // Another instance shares what it imports.
  Instance* j = instance(R"((module (import "a" "g" (global (mut i32))) (import "a" "get" (func (result i32)))
    (func (export "bump") (result i32) (global.set 0 (i32.add (global.get 0) (i32.const 1))) (call 0))))",
                         {*i->find_export("g"), *i->find_export("get")});
  EXPECT_EQ(*call(j, "bump"), 8);
}

TEST_F(Guest, StartFunctions) {
  int started = 0;
  auto* f = host({}, {}, [&](abi::VMContext* caller, abi::ValRaw*) {
    ++started;
    EXPECT_NE(instance_of(caller), nullptr);
    return 0;
  });
  instance(R"((module (import "e" "f" (func $f)) (start $main) (func $main (call $f))))", {Extern::of(f)});
  EXPECT_EQ(started, 1);
  auto made = make("(module $s (start 0) (func $boom unreachable))");
  ASSERT_FALSE(made);
  EXPECT_EQ(made.error()->code, abi::TrapCode::Unreachable);
  ASSERT_EQ(made.error()->frames.size(), 1u);
  EXPECT_EQ(made.error()->frames[0].function_name, "boom");
}

TEST_F(Guest, LimitsOfTheStore) {
  store_.set_limits({.memory_bytes = 65536, .table_elements = 10, .instances = 3, .memories = 2, .tables = 1});
  EXPECT_NE(refusal("(module (memory 2))").find("StoreLimits::memory_bytes is "), std::string::npos);
  EXPECT_NE(refusal("(module (table 11 funcref))").find("StoreLimits::table_elements is "), std::string::npos);
  EXPECT_NE(refusal("(module (memory 1) (memory 1) (memory 1))").find("more than 2 memories"), std::string::npos);
  instance("(module (memory 1) (table 10 funcref))");
  EXPECT_NE(refusal("(module (table 1 funcref))").find("more than 1 tables"), std::string::npos);
  instance("(module)");
  instance("(module)");
  EXPECT_NE(refusal("(module)").find("more than 3 instances"), std::string::npos);
  store_.set_limits({});
  EXPECT_NE(refusal("(module (table 10000001 funcref))").find("over the limit of 10000000"), std::string::npos);
}

TEST_F(Guest, ExternReferencesStayWhileGuestsCanReachThem) {
  Instance* i = instance(R"((module
    (global $g (mut externref) (ref.null extern)) (table $t 2 externref)
    (func (export "id") (param externref) (result externref) (local.get 0))
    (func (export "global") (param externref) (global.set $g (local.get 0)))
    (func (export "table") (param externref) (table.set $t (i32.const 1) (local.get 0)))))");
  auto add = [&](int value) {
    auto* object = new ExternRefs::Object;
    object->value = std::make_shared<int>(value);
    EXPECT_TRUE(store_.externrefs().add(object));
    return static_cast<int64_t>(ExternRefs::word_of(*object));
  };
  auto value_of = [&](int64_t word) {
    auto* object = store_.externrefs().find(static_cast<uint64_t>(word));
    return object ? *static_cast<int*>(object->value.get()) : -1;
  };
  const int64_t global = add(1), table = add(2), neither = add(3), held = add(4);
  EXPECT_EQ(value_of(*call(i, "id", {neither})), 3);
  EXPECT_EQ(value_of(0), -1);
  EXPECT_EQ(value_of(held + 1), -1);
  ASSERT_TRUE(call(i, "global", {global}));
  ASSERT_TRUE(call(i, "table", {table}));
  auto* holder = store_.externrefs().find(static_cast<uint64_t>(held));
  holder->retain();
  EXPECT_EQ(store_.collect_garbage(), 1u);
  EXPECT_EQ(value_of(global), 1);
  EXPECT_EQ(value_of(table), 2);
  EXPECT_EQ(value_of(neither), -1);
  EXPECT_EQ(value_of(held), 4);
  EXPECT_EQ(add(5), neither) << "places of those that went are used again";
  holder->release();
  ASSERT_TRUE(call(i, "global", {int64_t{0}}));
  EXPECT_EQ(store_.collect_garbage(), 3u);
  EXPECT_EQ(store_.externrefs().count(), 1u);
  std::set<int64_t> words;
  for (int value : {6, 7, 8, 9}) words.insert(add(value));
  EXPECT_EQ(words, (std::set{global, neither, held, held + 1}));
}

TEST_F(Guest, ManyResultsAndParameters) {
  Instance* i = instance(R"((module
    (func $six (param i32 i64 f32 f64 i32 i64 i32 i64) (result i32 i64 f32 f64 i32 i64 i32 i64)
      (local.get 0) (local.get 1) (local.get 2) (local.get 3) (local.get 4) (local.get 5) (local.get 6) (local.get 7))
    (func (export "f") (param i32 i64 f32 f64 i32 i64 i32 i64) (result i32 i64 f32 f64 i32 i64 i32 i64)
      (call $six (local.get 0) (local.get 1) (local.get 2) (local.get 3) (local.get 4) (local.get 5) (local.get 6) (local.get 7)))))");
  abi::ValRaw v[8]{};
  for (int k = 0; k < 8; ++k) v[k].i64 = 1000 + k;
  ASSERT_TRUE(call_function(store_, i->find_export("f")->func, v));
  for (int k = 0; k < 8; ++k) EXPECT_EQ(v[k].i32, 1000 + k) << k;
}

TEST_F(Guest, ExceptionsCrossGuestFrames) {
  auto* f = host({}, {}, [&](abi::VMContext*, abi::ValRaw*) {
    store_.raise(Failure::of(std::make_exception_ptr(std::runtime_error("thrown"))));
    return 1;
  });
  Instance* i =
      instance(R"((module (import "e" "f" (func $f)) (func $a (export "a") (call $f)) (func (export "b") (call $a))))",
               {Extern::of(f)});
  auto result = call(i, "b");
  ASSERT_FALSE(result);
  EXPECT_THROW(std::rethrow_exception(result.error()->exception), std::runtime_error);
  EXPECT_GE(result.error()->frames.size(), 1u);
}

TEST_F(Guest, MemoriesOfTheSameModuleDoNotShare) {
  Module m = compile(R"((module (memory (export "m") 1) (data (i32.const 100) "image")
    (func (export "set") (i32.store8 (i32.const 100) (i32.const 0)))))");
  for (int round = 0; round < 4; ++round) {
    Store a(engine_), b(engine_);
    Instance* in_a = *instantiate(a, m, {});
    Instance* in_b = *instantiate(b, m, {});
    abi::ValRaw none[1];
    ASSERT_TRUE(call_function(a, in_a->find_export("set")->func, none));
    EXPECT_EQ(in_a->memory(0)->data()[100], 0);
    EXPECT_EQ(in_b->memory(0)->data()[100], 'i');
  }
}

class Memory64 : public Guest {};
TEST_F(Memory64, ChecksBounds) {
  Instance* i = instance(R"((module (memory (export "m") i64 1 5)
    (func (export "load") (param i64) (result i32) (i32.load (local.get 0)))
    (func (export "far") (param i64) (result i32) (i32.load offset=0xfffffffffffffff0 (local.get 0)))
    (func (export "grow") (param i64) (result i64) (memory.grow (local.get 0)))))");
  EXPECT_EQ(*call(i, "load", {65532}), 0);
  for (int64_t address : {int64_t{65533}, int64_t{1} << 32, int64_t{1} << 40, int64_t{-1}, INT64_MIN}) {
    EXPECT_EQ(trap(i, "load", {address}), abi::TrapCode::MemoryOutOfBounds) << address;
    EXPECT_EQ(trap(i, "far", {address}), abi::TrapCode::MemoryOutOfBounds) << address;
  }
  EXPECT_EQ(*call(i, "grow", {4}), 1);
  EXPECT_EQ(*call(i, "load", {5 * 65536 - 4}), 0);
  EXPECT_EQ(*call(i, "grow", {1}), -1);
}

class SmallReservation : public Guest {
 public:
  SmallReservation() : Guest({.settings = {.memory_reservation = 0, .memory_guard_size = 65536}}) {}
};
TEST_F(SmallReservation, ChecksBounds) {
  Instance* i = instance(R"((module (memory (export "m") 1 2)
    (func (export "load") (param i32) (result i32) (i32.load offset=8 (local.get 0)))
    (func (export "grow") (param i32) (result i32) (memory.grow (local.get 0)))))");
  EXPECT_EQ(*call(i, "load", {65524}), 0);
  for (int64_t address : {65525, 65536, 1 << 20, INT32_MAX, -1}) {
    EXPECT_EQ(trap(i, "load", {address}), abi::TrapCode::MemoryOutOfBounds) << address;
  }
  EXPECT_EQ(*call(i, "grow", {1}), 1);
  EXPECT_EQ(*call(i, "load", {65536}), 0);
}

constexpr std::string_view kLoop = R"((module (memory 1)
  (func (export "spin") (loop $l (br $l)))
  (func (export "count") (param i32) (loop $l (br_if $l (local.tee 0 (i32.sub (local.get 0) (i32.const 1))))))
  (func (export "fill") (param i32) (memory.fill (i32.const 0) (i32.const 0) (local.get 0)))))";

class Fuel : public Guest {
 public:
  Fuel() : Guest({.settings = {.consume_fuel = true}}) {}
};
TEST_F(Fuel, RunsOut) {
  Instance* i = instance(kLoop);
  EXPECT_EQ(trap(i, "count", {1}), abi::TrapCode::OutOfFuel) << "a new store has none";
  store_.set_fuel(1000);
  EXPECT_EQ(trap(i, "count", {10}), abi::TrapCode::None);
  uint64_t left = store_.fuel();
  EXPECT_LT(left, 1000u);
  EXPECT_GT(left, 900u);
  EXPECT_EQ(trap(i, "spin"), abi::TrapCode::OutOfFuel);
  EXPECT_EQ(store_.fuel(), 0u);
  store_.set_fuel(1000);
  EXPECT_EQ(trap(i, "fill", {5000}), abi::TrapCode::None);
  EXPECT_EQ(store_.fuel(), 0u) << "bytes cost as well";
  EXPECT_EQ(trap(i, "count", {1}), abi::TrapCode::OutOfFuel) << "seen at the next check";
  store_.set_fuel(UINT64_MAX);
  EXPECT_EQ(store_.fuel(), UINT64_MAX);
  EXPECT_EQ(trap(i, "count", {10}), abi::TrapCode::None);
  EXPECT_LT(store_.fuel(), UINT64_MAX);
  store_.vm().fuel = 1;  // what can be counted at once is used up: more is taken from what is held back
  EXPECT_EQ(trap(i, "count", {10}), abi::TrapCode::None);
  store_.set_fuel(UINT64_MAX);
  EXPECT_EQ(trap(i, "count", {10}), abi::TrapCode::None);
  EXPECT_GT(store_.fuel(), UINT64_MAX - 100);
}

TEST_F(Fuel, IsNotEarnedByHugeCounts) {
  Instance* i = instance(R"((module (memory i64 1) (table i64 4 funcref)
    (func (export "fill") (param i64) (memory.fill (i64.const 0) (i32.const 1) (local.get 0)))
    (func (export "copy") (param i64) (memory.copy (i64.const 0) (i64.const 1) (local.get 0)))
    (func (export "table") (param i64) (table.fill (i64.const 0) (ref.null func) (local.get 0)))))");
  for (const char* name : {"fill", "copy", "table"}) {
    for (int64_t count : {int64_t{-1}, INT64_MIN, INT64_MAX, -(int64_t{1} << 40)}) {
      store_.set_fuel(1000);
      EXPECT_NE(trap(i, name, {count}), abi::TrapCode::None);
      EXPECT_LE(store_.fuel(), 1000u) << name << " " << count;
      EXPECT_GT(store_.fuel(), 900u) << name << " " << count;
    }
  }
  store_.set_fuel(10'000);
  EXPECT_EQ(trap(i, "fill", {5000}), abi::TrapCode::None);
  EXPECT_LE(store_.fuel(), 5000u) << "bytes cost as well";
}

class Epoch : public Guest {
 public:
  Epoch() : Guest({.settings = {.epoch_interruption = true}}) {}
};
TEST_F(Epoch, InterruptsLoops) {
  Instance* i = instance(kLoop);
  EXPECT_EQ(trap(i, "count", {1}), abi::TrapCode::Interrupt) << "a new store's deadline is reached";
  store_.set_epoch_deadline(1);
  EXPECT_EQ(trap(i, "count", {1000}), abi::TrapCode::None);
  std::thread ticker([&] {
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
    engine_->increment_epoch();
  });
  EXPECT_EQ(trap(i, "spin"), abi::TrapCode::Interrupt);
  ticker.join();
  int calls = 0;
  // The store may be entered again from the callback, once the deadline is moved for that.
  store_.set_epoch_callback([&](Store& store) -> Result<EpochDecision> {
    ++calls;
    if (calls > 3) return EpochDecision::stop();
    store.set_epoch_deadline(1);
    EXPECT_EQ(trap(i, "count", {5}), abi::TrapCode::None);
    return EpochDecision::go_on(0);
  });
  EXPECT_EQ(trap(i, "spin"), abi::TrapCode::Interrupt);
  EXPECT_EQ(calls, 4);
  store_.set_epoch_callback([&](Store&) -> Result<EpochDecision> { throw std::runtime_error("late"); });
  auto result = call(i, "spin");
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error()->kind, Failure::Kind::HostException);
  EXPECT_EQ(result.error()->frames.size(), 1u);
}

TEST_F(Epoch, CallbackMayYieldOrFail) {
  Instance* i = instance(kLoop);
  int yields = 0, calls = 0;
  store_.set_epoch_callback([&](Store&) -> Result<EpochDecision> {
    if (++calls > 3) return fail("too long");
    return EpochDecision::yield(0);
  });
  auto result = call(i, "spin");
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error()->cause(), "the guest was to yield, and the store has nothing to yield to");
  calls = 0;
  store_.set_yield_hook([&](Store& store) -> Result<> {
    EXPECT_EQ(&store, &store_);
    ++yields;
    return {};
  });
  result = call(i, "spin");
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error()->cause(), "too long");
  EXPECT_EQ(result.error()->frames.size(), 1u) << "the guest that was running";
  EXPECT_EQ(yields, 3);
  store_.set_yield_hook([&](Store&) -> Result<> { return fail("nobody came back"); });
  calls = 0;
  result = call(i, "spin");
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error()->cause(), "nobody came back");
}

TEST_F(Epoch, InterruptsBulkOperations) {
  Instance* i = instance(R"((module (memory (export "m") 2048)
    (func (export "fill") (param i32 i32 i32) (memory.fill (local.get 0) (local.get 1) (local.get 2)))
    (func (export "copy") (param i32 i32 i32) (memory.copy (local.get 0) (local.get 1) (local.get 2)))))");
  auto memory = i->find_export("m")->memory->data();
  constexpr int64_t kMiB = 1 << 20;
  store_.set_epoch_deadline(1);
  ASSERT_EQ(trap(i, "fill", {0, 7, 100 * kMiB}), abi::TrapCode::None);
  EXPECT_EQ(memory[100 * kMiB - 1], 7);
  EXPECT_EQ(memory[100 * kMiB], 0);
  EXPECT_EQ(trap(i, "fill", {100 * kMiB, 7, 28 * kMiB + 1}), abi::TrapCode::MemoryOutOfBounds);
  EXPECT_EQ(memory[100 * kMiB], 0);
  // Overlapping both ways, with a pattern that pieces in the wrong order would smear.
  for (int64_t n = 0; n < 64 * kMiB; n += 4096)
    memory[n] = static_cast<uint8_t>(n >> 12) ^ static_cast<uint8_t>(n >> 20);
  std::vector<uint8_t> before(memory.begin(), memory.begin() + 64 * kMiB);
  ASSERT_EQ(trap(i, "copy", {kMiB, 0, 64 * kMiB}), abi::TrapCode::None);
  EXPECT_TRUE(std::equal(before.begin(), before.end(), memory.begin() + kMiB));
  ASSERT_EQ(trap(i, "copy", {0, kMiB, 64 * kMiB}), abi::TrapCode::None);
  EXPECT_TRUE(std::equal(before.begin(), before.end(), memory.begin()));
  EXPECT_EQ(trap(i, "copy", {0, 64 * kMiB + 1, 64 * kMiB}), abi::TrapCode::MemoryOutOfBounds);
  // The deadline comes while the operation runs: at the second look.
  int looks = 0;
  store_.set_epoch_callback([&](Store& store) -> Result<EpochDecision> {
    if (++looks > 2) return EpochDecision::stop();
    store.engine().increment_epoch();
    return EpochDecision::go_on(0);
  });
  store_.set_epoch_deadline(0);
  auto result = call(i, "fill", {0, 9, 100 * kMiB});
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error()->code, abi::TrapCode::Interrupt);
  EXPECT_EQ(result.error()->frames.size(), 1u);
  EXPECT_EQ(memory[0], 9) << "done before the deadline";
  EXPECT_EQ(memory[90 * kMiB], 7) << "not done after it";
}

class OptLevel0 : public Guest {
 public:
  OptLevel0() : Guest({.settings = {.opt_level = 0}}) {}
};
TEST_F(OptLevel0, RunsAndTraps) {
  Instance* i = instance(R"((module (memory 1)
    (func $f (export "f") (param i32) (result i32) (i32.load (local.get 0)))
    (func (export "g") (param i32) (result i32) (i32.add (call $f (local.get 0)) (i32.const 1)))))");
  EXPECT_EQ(*call(i, "g", {0}), 1);
  auto result = call(i, "g", {65536});
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error()->code, abi::TrapCode::MemoryOutOfBounds);
  EXPECT_EQ(result.error()->frames.size(), 2u);
}

TEST_F(Guest, ImagesFromFilesRunInPlace) {
  Module m = compile(R"((module (memory (export "m") 1) (data (i32.const 7) "file")
    (func (export "f") (result i32) (i32.load8_u (i32.const 7)))))");
  auto file = os::sealed_memfd("image", m->bytes());
  auto loaded = CompiledModule::from_file(engine_, std::move(*file), true);
  ASSERT_TRUE(loaded) << loaded.error().message();
  m.reset();
  auto i = instantiate(store_, *loaded, {});
  EXPECT_EQ(*call(*i, "f"), 'f');
}

// They take another way than small ones.
TEST_F(Guest, LargeBulkOperationsDoWhatSmallOnesDo) {
  constexpr size_t kLarge = (16u << 20) + 33, kMemory = 48u << 20;
  Instance* i = instance(R"((module (memory (export "memory") 768)
    (func (export "fill") (param i32 i32 i32) (memory.fill (local.get 0) (local.get 1) (local.get 2)))
    (func (export "copy") (param i32 i32 i32) (memory.copy (local.get 0) (local.get 1) (local.get 2)))))");
  uint8_t* memory = i->memory(0)->definition()->base;
  std::vector<uint8_t> expected(kMemory);
  for (size_t at = 0; at < kMemory; ++at) expected[at] = static_cast<uint8_t>(at * 37 + (at >> 9));
  std::memcpy(memory, expected.data(), kMemory);
  struct Copy {
    size_t to, from;
  };
  for (const Copy& copy : {Copy{5, 1001}, {1001, 5}, {25'000'003, 7}, {7, 25'000'003}, {64, 65}, {65, 64}}) {
    ASSERT_EQ(trap(i, "copy", {static_cast<int32_t>(copy.to), static_cast<int32_t>(copy.from), kLarge}),
              abi::TrapCode::None);
    std::memmove(expected.data() + copy.to, expected.data() + copy.from, kLarge);
    ASSERT_EQ(std::memcmp(memory, expected.data(), kMemory), 0) << copy.to << " from " << copy.from;
  }
  ASSERT_EQ(trap(i, "fill", {3, 0x1a5, kLarge}), abi::TrapCode::None);
  std::memset(expected.data() + 3, 0xa5, kLarge);
  EXPECT_EQ(std::memcmp(memory, expected.data(), kMemory), 0);
}

// Each of these would take milliseconds; told to end, none does more than a piece.
TEST_F(Guest, BulkOperationsLookWhetherTheyAreToEnd) {
  Module m = compile(R"((module (import "h" "cancel" (func $cancel))
    (memory (export "memory") 1024) (table $t (export "table") 1000000 2000000 funcref) (elem declare func $cancel)
    (func (export "fill") (call $cancel) (memory.fill (i32.const 0) (i32.const 1) (i32.const 0x4000000)))
    (func (export "copy") (i32.store8 (i32.const 0) (i32.const 1)) (call $cancel)
      (memory.copy (i32.const 0x2000000) (i32.const 0) (i32.const 0x2000000)))
    (func (export "table_fill") (call $cancel)
      (table.fill $t (i32.const 0) (ref.func $cancel) (i32.const 1000000)))
    (func (export "table_grow") (call $cancel)
      (drop (table.grow $t (ref.func $cancel) (i32.const 1000000))))))");
  for (const char* kind : {"fill", "copy", "table_fill", "table_grow"}) {
    SCOPED_TRACE(kind);
    Store store(engine_);
    auto* cancel = store.new_host_function(
        *engine_->types().add_func({}, {}),
        [](void* env, abi::VMContext*, abi::ValRaw*) {
          static_cast<Store*>(env)->cancellation()->cancel();
          return 0;
        },
        &store);
    Extern imports[] = {Extern::of(cancel->funcref())};
    Instance* i = *instantiate(store, m, imports);
    abi::ValRaw values[1]{};
    auto result = call_function(store, i->find_export(kind)->func, values);
    ASSERT_FALSE(result);
    EXPECT_EQ(result.error()->code, abi::TrapCode::Interrupt) << result.error()->cause();
    EXPECT_EQ(result.error()->frames.size(), 1u);
    EXPECT_EQ(i->memory(0)->data()[0x2000000], 0);
    EXPECT_EQ(i->memory(0)->data()[0x3ffffff], 0);
    EXPECT_EQ(i->table(0)->get(999'999), 0u);
    EXPECT_EQ(i->table(0)->size(), 1'000'000u);
    EXPECT_FALSE(call_function(store, i->find_export(kind)->func, values)) << "and says so ever after";
  }
}

}  // namespace
}  // namespace vitrine::runtime
