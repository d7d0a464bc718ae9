// What stops a guest: fuel with exact accounts, epochs from another thread, limits of a store.
#include <atomic>
#include <chrono>
#include <thread>

#include "testing.hpp"

namespace vitrine::testing {
namespace {

Config fuel_config(int level) {
  return Config().opt_level(static_cast<uint8_t>(level)).consume_fuel(true);
}

class Fuel : public ::testing::TestWithParam<int> {};

TEST_P(Fuel, IsCountedExactly) {
  World w(R"((module (memory 1)
    (func (export "nothing"))
    (func (export "add") (param i32 i32) (result i32) (i32.add (local.get 0) (local.get 1)))
    (func (export "free") (nop) (block (nop)) (loop (nop)) (drop (i32.const 1)))
    (func (export "count") (param i32)
      (loop (br_if 0 (local.tee 0 (i32.sub (local.get 0) (i32.const 1))))))
    (func (export "arms") (param i32) (result i32)
      (if (result i32) (local.get 0) (then (i32.const 1)) (else (i32.add (i32.const 1) (i32.const 2)))))))",
          fuel_config(GetParam()));
  auto used = [&](const char* name, std::vector<Val> args) {
    unwrap(w.store.set_fuel(1'000'000));
    unwrap(unwrap(w.instance.func(name)).call(args));
    return 1'000'000 - unwrap(w.store.fuel());
  };
  uint64_t call = used("nothing", {});
  EXPECT_LE(call, 1u);  // entering a function may cost one
  EXPECT_EQ(used("add", {Val(1), Val(2)}) - call, 3u);
  EXPECT_EQ(used("free", {}) - call, 1u);  // the constant
  // local.get, i32.const, i32.sub, local.tee and br_if, each time round.
  uint64_t once = used("count", {Val(1)}) - call;
  EXPECT_EQ(used("count", {Val(11)}) - call, once + 50);
  EXPECT_GE(once, 5u);
  EXPECT_LE(once, 6u);
  uint64_t then = used("arms", {Val(1)}), otherwise = used("arms", {Val(0)});
  EXPECT_EQ(otherwise - then, 2u);
}

TEST_P(Fuel, RunsOut) {
  World w(R"((module
    (func (export "spin") (loop (br 0)))
    (func $r (export "recurse") (param i32) (result i32)
      (if (result i32) (local.get 0) (then (call $r (i32.sub (local.get 0) (i32.const 1)))) (else (i32.const 1))))
    (func (export "one") (result i32) (i32.const 1))))",
          fuel_config(GetParam()));
  // A new store has none.
  expect_trap(w.typed<int32_t()>("one")(), TrapCode::OutOfFuel);
  unwrap(w.store.set_fuel(10'000));
  auto spin = w.typed<void()>("spin")();
  expect_trap(spin, TrapCode::OutOfFuel);
  EXPECT_CONTAINS(spin.error().message(), "all fuel consumed");
  EXPECT_EQ(unwrap(w.store.fuel()), 0u);
  unwrap(w.store.set_fuel(100));
  expect_trap(w.typed<int32_t(int32_t)>("recurse")(1000), TrapCode::OutOfFuel);
  unwrap(w.store.set_fuel(100'000));
  EXPECT_EQ(unwrap(w.typed<int32_t(int32_t)>("recurse")(1000)), 1);
}

TEST_P(Fuel, ExactlyEnoughIsEnough) {
  World w(R"((module (func (export "count") (param i32)
    (loop (br_if 0 (local.tee 0 (i32.sub (local.get 0) (i32.const 1))))))))",
          fuel_config(GetParam()));
  auto count = w.typed<void(int32_t)>("count");
  unwrap(w.store.set_fuel(1'000'000));
  unwrap(count(100));
  uint64_t need = 1'000'000 - unwrap(w.store.fuel());
  unwrap(w.store.set_fuel(need));
  EXPECT_TRUE(count(100).has_value());
  EXPECT_EQ(unwrap(w.store.fuel()), 0u);
  unwrap(w.store.set_fuel(need / 2));
  EXPECT_FALSE(count(100).has_value());
}

TEST_P(Fuel, TheHostSeesAndSetsItInACall) {
  Engine engine = make_engine(fuel_config(GetParam()));
  Store store(engine);
  Linker linker(engine);
  uint64_t first = 0, second = 0;
  int calls = 0;
  unwrap(linker.func("h", "f", [&](Caller& caller) {
    (calls++ == 0 ? first : second) = unwrap(caller.fuel());
    if (calls == 2) unwrap(caller.set_fuel(5000));
  }));
  Module module = compile(engine, R"((module (import "h" "f" (func $f))
    (func (export "go") (param i32) (result i32) (call $f) (local.set 0 (i32.add (local.get 0) (i32.const 1))) (call $f) (local.get 0))))");
  Instance instance = unwrap(linker.instantiate(store, module));
  unwrap(store.set_fuel(1000));
  EXPECT_EQ(unwrap(unwrap(instance.typed<int32_t(int32_t)>("go"))(1)), 2);
  EXPECT_EQ(first - second, 5u);  // local.get, i32.const, i32.add, local.set, call
  EXPECT_EQ(unwrap(store.fuel()), 4999u);
}

TEST_P(Fuel, BulkOperationsCostByTheByte) {
  World w(
      R"((module (memory 1) (func (export "fill") (param i32) (memory.fill (i32.const 0) (i32.const 1) (local.get 0)))))",
      fuel_config(GetParam()));
  auto used = [&](int32_t n) {
    unwrap(w.store.set_fuel(1'000'000));
    unwrap(w.typed<void(int32_t)>("fill")(n));
    return 1'000'000 - unwrap(w.store.fuel());
  };
  EXPECT_EQ(used(10'000) - used(0), 10'000u);
  // The debt is seen at the next function or loop.
  unwrap(w.store.set_fuel(5'000));
  (void)w.typed<void(int32_t)>("fill")(10'000);
  EXPECT_EQ(unwrap(w.store.fuel()), 0u);
  expect_trap(w.typed<void(int32_t)>("fill")(0), TrapCode::OutOfFuel);
}

INSTANTIATE_TEST_SUITE_P(Levels, Fuel, ::testing::Values(0, 2));

TEST(FuelOff, SaysHowToTurnItOn) {
  Engine engine = make_engine();
  Store store(engine);
  EXPECT_CONTAINS(message_of(store.set_fuel(1)), "consume_fuel");
  EXPECT_CONTAINS(message_of(store.fuel()), "consume_fuel");
}

constexpr const char* kSpin = R"((module
  (func (export "spin") (loop (br 0)))
  (func $r (export "recurse") (param i32) (if (local.get 0) (then (call $r (i32.sub (local.get 0) (i32.const 1))) (call $r (i32.sub (local.get 0) (i32.const 1))))))
  (func (export "one") (result i32) (i32.const 1))))";

TEST(Epoch, InterruptsFromAnotherThread) {
  for (uint8_t level : {0, 2}) {
    World w(kSpin, Config().opt_level(level).epoch_interruption(true));
    w.store.set_epoch_deadline(1);
    std::jthread timer([engine = w.engine] {
      std::this_thread::sleep_for(std::chrono::milliseconds(50));
      engine.increment_epoch();
    });
    auto result = w.typed<void()>("spin")();
    expect_trap(result, TrapCode::Interrupt);
    EXPECT_CONTAINS(result.error().message(), "interrupt");
    // A new deadline, and it runs again.
    w.store.set_epoch_deadline(1);
    EXPECT_EQ(unwrap(w.typed<int32_t()>("one")()), 1);
  }
}

TEST(Epoch, ANewStoreIsPastItsDeadline) {
  World w(kSpin, Config().epoch_interruption(true));
  expect_trap(w.typed<int32_t()>("one")(), TrapCode::Interrupt);
}

TEST(Epoch, CallbackMayExtend) {
  World w(kSpin, Config().epoch_interruption(true));
  int calls = 0;
  w.store.epoch_callback([&](const Context&) -> EpochDecision {
    ++calls;
    return calls < 5 ? EpochDecision::go_on(1) : EpochDecision::stop();
  });
  w.store.set_epoch_deadline(1);
  std::jthread ticks([engine = w.engine](std::stop_token stop) {
    while (!stop.stop_requested()) {
      std::this_thread::sleep_for(std::chrono::milliseconds(2));
      engine.increment_epoch();
    }
  });
  expect_trap(w.typed<void()>("spin")(), TrapCode::Interrupt);
  EXPECT_EQ(calls, 5);
}

TEST(Epoch, CallbackMayReplaceItself) {
  World w(kSpin, Config().epoch_interruption(true));
  int first = 0, second = 0;
  w.store.epoch_callback([&w, &first, &second, large = std::string(1000, 'x')](const Context&) -> EpochDecision {
    w.store.epoch_callback([&](const Context&) -> EpochDecision {
      ++second;
      return EpochDecision::stop();
    });
    first += static_cast<int>(large.size());  // what it holds is still there
    return EpochDecision::go_on(0);
  });
  w.store.set_epoch_deadline(0);
  expect_trap(w.typed<void()>("spin")(), TrapCode::Interrupt);
  EXPECT_EQ(first, 1000);
  EXPECT_EQ(second, 1);
}

TEST(Epoch, RecursionIsInterruptedToo) {
  World w(kSpin, Config().epoch_interruption(true));
  w.store.set_epoch_deadline(1);
  std::jthread timer([engine = w.engine] {
    std::this_thread::sleep_for(std::chrono::milliseconds(30));
    engine.increment_epoch();
  });
  expect_trap(w.typed<void(int32_t)>("recurse")(60), TrapCode::Interrupt);
}

TEST(Limits, MemoryGrowth) {
  constexpr const char* kGrow = R"((module (memory (export "m") 1 100)
    (func (export "grow") (param i32) (result i32) (memory.grow (local.get 0)))))";
  World w(kGrow);
  StoreLimits limits;
  limits.memory_bytes = 3 * 65536 + 100;
  w.store.limits(limits);
  auto grow = w.typed<int32_t(int32_t)>("grow");
  EXPECT_EQ(unwrap(grow(2)), 1);
  EXPECT_EQ(unwrap(grow(1)), -1);
  Memory m = unwrap(w.instance.memory("m"));
  EXPECT_EQ(m.size(), 3u);
  EXPECT_FALSE(m.grow(1).has_value());
  limits.trap_on_grow_failure = true;
  w.store.limits(limits);
  EXPECT_FALSE(grow(1).has_value());
}

TEST(Limits, WhatIsTooLargeFromTheStart) {
  Engine engine = make_engine();
  auto attempt = [&](const StoreLimits& limits, const char* wat) {
    Store store(engine);
    store.limits(limits);
    return message_of(Instance::make(store, compile(engine, wat), {}));
  };
  StoreLimits limits;
  limits.memory_bytes = 65536;
  EXPECT_CONTAINS(attempt(limits, "(module (memory 2))"), "memory");
  EXPECT_EQ(attempt(limits, "(module (memory 1))"), "no error");
  limits = {};
  limits.table_elements = 10;
  EXPECT_CONTAINS(attempt(limits, "(module (table 11 funcref))"), "table");
  EXPECT_EQ(attempt(limits, "(module (table 10 funcref))"), "no error");
  {
    Store store(engine);
    store.limits(limits);
    EXPECT_CONTAINS(
        message_of(Table::make(store, {ValKind::FuncRef, 11, std::nullopt, false}, Val::null(ValKind::FuncRef))),
        "table");
  }
  limits = {};
  limits.memories = 1;
  EXPECT_CONTAINS(attempt(limits, "(module (memory 1) (memory 1))"), "memor");
  limits = {};
  limits.tables = 1;
  EXPECT_CONTAINS(attempt(limits, "(module (table 1 funcref) (table 1 funcref))"), "table");
}

TEST(Limits, Instances) {
  Engine engine = make_engine();
  Store store(engine);
  StoreLimits limits;
  limits.instances = 2;
  store.limits(limits);
  Module module = compile(engine, "(module)");
  unwrap(Instance::make(store, module, {}));
  unwrap(Instance::make(store, module, {}));
  auto third = Instance::make(store, module, {});
  ASSERT_FALSE(third);
  EXPECT_EQ(third.error().kind(), ErrorKind::Limit);
  EXPECT_CONTAINS(third.error().message(), "instance");
}

TEST(Limits, TableGrowth) {
  World w(R"((module (table (export "t") 1 externref)
    (func (export "grow") (param i32) (result i32) (table.grow (ref.null extern) (local.get 0)))))");
  StoreLimits limits;
  limits.table_elements = 5;
  w.store.limits(limits);
  auto grow = w.typed<int32_t(int32_t)>("grow");
  EXPECT_EQ(unwrap(grow(4)), 1);
  EXPECT_EQ(unwrap(grow(1)), -1);
  EXPECT_FALSE(unwrap(w.instance.table("t")).grow(1, Val::null(ValKind::ExternRef)).has_value());
}

TEST(Limits, AHugeDeclaredTableFailsCleanly) {
  Engine engine = make_engine();
  Store store(engine);
  auto result = Instance::make(store, compile(engine, "(module (table 0xffffffff funcref))"), {});
  ASSERT_FALSE(result);
  EXPECT_CONTAINS(result.error().message(), "table");
}

constexpr const char* kGrower = R"((module (memory (export "m") 1 10) (table (export "t") 1 10 funcref)
  (func (export "grow") (param i32) (result i32) (memory.grow (local.get 0)))
  (func (export "grow_table") (param i32) (result i32) (table.grow (ref.null func) (local.get 0)))))";

TEST(Limiter, AllowsRefusesOrFails) {
  World w(kGrower);
  auto grow = w.typed<int32_t(int32_t)>("grow"), grow_table = w.typed<int32_t(int32_t)>("grow_table");
  std::vector<std::string> failed;
  std::vector<uint64_t> asked;
  w.store.limiter({.may_grow = [&](const Context&, const Growth& growth) -> Result<bool> {
                     asked.push_back(growth.desired);
                     if (growth.what == Growth::What::Table) return fail("no tables today", ErrorKind::Host);
                     return growth.desired <= 3 * 65536;
                   },
                   .grow_failed =
                       [&](const Context& store, const Growth& growth, const Error& why) {
                         EXPECT_EQ(store.engine(), w.engine);
                         failed.push_back((growth.what == Growth::What::Memory ? "memory " : "table ") +
                                          std::to_string(growth.current) + "->" + std::to_string(growth.desired) +
                                          ": " + why.message());
                       }});
  EXPECT_EQ(unwrap(grow(2)), 1);
  EXPECT_TRUE(failed.empty());
  EXPECT_EQ(unwrap(grow(1)), -1) << "refused";
  ASSERT_EQ(failed.size(), 1u);
  EXPECT_CONTAINS(failed[0], "memory 196608->262144: ");
  EXPECT_CONTAINS(failed[0], "may not grow");
  // The maximum is looked at first, and is reported, too.
  EXPECT_EQ(unwrap(grow(100)), -1);
  EXPECT_CONTAINS(failed.at(1), "its maximum is 10");
  auto ended = grow_table(1);
  EXPECT_CONTAINS(message_of(ended), "no tables today");
  EXPECT_EQ(ended.error().kind(), ErrorKind::Host);
  EXPECT_CONTAINS(failed.at(2), "table 1->2: no tables today");
  EXPECT_EQ(asked, (std::vector<uint64_t>{3 * 65536, 4 * 65536, 2}));
  // The host's own growing gets the error, and nothing stays behind.
  EXPECT_CONTAINS(message_of(unwrap(w.instance.table("t")).grow(1, Val::null(ValKind::FuncRef))), "no tables today");
  EXPECT_CONTAINS(
      message_of(Table::make(w.store, {ValKind::FuncRef, 5, std::nullopt, false}, Val::null(ValKind::FuncRef))),
      "no tables today");
  EXPECT_CONTAINS(message_of(Memory::make(w.store, {4, std::nullopt, false})), "more than the store allows");
  EXPECT_EQ(failed.size(), 6u);
  EXPECT_EQ(unwrap(grow(0)), 3);
  w.store.limiter({});
  EXPECT_EQ(unwrap(grow_table(1)), 1);
}

// It may wait for room, and let the guest do something meanwhile.
TEST(Limiter, MayCallTheGuest) {
  World w(kGrower);
  auto grow = w.typed<int32_t(int32_t)>("grow");
  int depth = 0;
  uint64_t in_use = 65536;
  w.store.limiter({.may_grow = [&](const Context&, const Growth& growth) -> Result<bool> {
                     in_use += growth.desired - growth.current;
                     if (depth++ == 0) {
                       EXPECT_EQ(unwrap(grow(2)), 1);
                     }
                     return true;
                   },
                   .grow_failed = [&](const Context&, const Growth& growth,
                                      const Error&) { in_use -= growth.desired - growth.current; }});
  EXPECT_EQ(unwrap(grow(1)), 3);
  EXPECT_EQ(unwrap(w.instance.memory("m")).size(), 4u);
  EXPECT_EQ(in_use, 4 * 65536u) << "the first question was in vain";
}

TEST(Limiter, MayReplaceItself) {
  World w(kGrower);
  auto grow = w.typed<int32_t(int32_t)>("grow");
  std::string held;
  int second = 0;
  w.store.limiter({.may_grow = [&, large = std::string(1000, 'x')](const Context&, const Growth&) -> Result<bool> {
    w.store.limiter({.may_grow = [&](const Context&, const Growth&) -> Result<bool> { return ++second == 0; }});
    held = large;  // what it holds is still there
    return true;
  }});
  EXPECT_EQ(unwrap(grow(1)), 1);
  EXPECT_EQ(held, std::string(1000, 'x'));
  EXPECT_EQ(unwrap(grow(1)), -1);
  EXPECT_EQ(second, 1);
}

TEST(Limiter, MayThrow) {
  World w(kGrower);
  w.store.limiter({.may_grow = [&](const Context&, const Growth&) -> Result<bool> { throw std::string("limit"); }});
  for (const char* name : {"grow", "grow_table"}) {
    EXPECT_THROW((void)w.typed<int32_t(int32_t)>(name)(1), std::string) << name;
  }
  w.store.limiter({});
  EXPECT_EQ(unwrap(w.typed<int32_t(int32_t)>("grow")(1)), 1);
}

TEST(Epoch, CallbackMayEndTheCallWithAnError) {
  World w(kSpin, Config().epoch_interruption(true));
  w.store.epoch_callback([&](const Context& store) -> Result<EpochDecision> {
    EXPECT_EQ(store.engine(), w.engine);
    return fail("time is up", ErrorKind::Host);
  });
  w.store.set_epoch_deadline(0);
  auto result = w.typed<void()>("spin")();
  EXPECT_CONTAINS(message_of(result), "time is up");
  EXPECT_EQ(result.error().kind(), ErrorKind::Host);
}

TEST(Epoch, CallbackMayYield) {
  World w(kSpin, Config().epoch_interruption(true));
  int yields = 0;
  w.store.epoch_callback([&](const Context&) { return yields < 3 ? EpochDecision::yield(0) : EpochDecision::stop(); });
  w.store.set_epoch_deadline(0);
  EXPECT_FALSE(w.typed<void()>("spin")().has_value()) << "nobody knows how to yield";
  w.store.yield_hook([&](const Context& store) -> Result<> {
    EXPECT_EQ(store.engine(), w.engine);
    ++yields;
    return {};
  });
  expect_trap(w.typed<void()>("spin")(), TrapCode::Interrupt);
  EXPECT_EQ(yields, 3);
}

// What cannot begin for its type, or for the system, is told as a growth is.
TEST(Limiter, IsToldWhatCannotBegin) {
  Engine engine = make_engine();
  Store store(engine);
  std::vector<std::string> told;
  store.limiter({.grow_failed = [&](const Context& context, const Growth& growth, const Error&) {
    told.push_back((growth.what == Growth::What::Memory ? "memory " : "table ") + std::to_string(growth.desired));
    // Who is told may make things: what had been made of an instance until then is gone already.
    unwrap(Memory::make(context, {1, std::nullopt, false}));
  }});
  EXPECT_FALSE(Memory::make(store, {uint64_t{1} << 44, std::nullopt, true}).has_value());
  EXPECT_FALSE(
      Table::make(store, {ValKind::FuncRef, 20'000'000, std::nullopt, true}, Val::null(ValKind::FuncRef)).has_value());
  Module module = compile(engine, "(module (memory 1) (memory i64 0x100000000000) (table 1 funcref))");
  EXPECT_FALSE(Instance::make(store, module, {}).has_value());
  module = compile(engine, "(module (memory 1) (table 1 funcref) (table 20000000 funcref))");
  EXPECT_FALSE(Instance::make(store, module, {}).has_value());
  const std::string too_large = "memory 1152921504606846976";
  EXPECT_EQ(told, (std::vector<std::string>{too_large, "table 20000000",                     // by themselves
                                            "memory 65536", too_large, "table 1",            // of one instance
                                            "memory 65536", "table 1", "table 20000000"}));  // of the other
  // Those that were made meanwhile are whole.
  StoreLimits limits;
  limits.memories = told.size() + 1;
  store.limits(limits);
  Memory last = unwrap(Memory::make(store, {1, std::nullopt, false}));
  EXPECT_EQ(last.data()[0], 0);
  EXPECT_FALSE(Memory::make(store, {1, std::nullopt, false}).has_value());
}

// Who counts what may grow has, after an instance that could not be, what it had before.
TEST(Limiter, IsToldWhatItAllowedInVain) {
  Engine engine = make_engine();
  Store store(engine);
  uint64_t in_use = 0;
  store.limiter({.may_grow = [&](const Context&, const Growth& growth) -> Result<bool> {
                   in_use += growth.desired - growth.current;
                   return growth.desired <= 20 * 65536;
                 },
                 .grow_failed = [&](const Context&, const Growth& growth,
                                    const Error&) { in_use -= growth.desired - growth.current; }});
  for (const char* text : {"(module (memory 10) (memory 65536))", "(module (memory 10) (table 5 funcref) (memory 30))",
                           "(module (memory 10) (table 2000000 funcref))"}) {
    EXPECT_FALSE(Instance::make(store, compile(engine, text), {}).has_value()) << text;
    EXPECT_EQ(in_use, 0u) << text;
  }
  StoreLimits limits;
  limits.tables = 1;
  store.limits(limits);
  unwrap(Instance::make(store, compile(engine, "(module (memory 10) (table 5 funcref))"), {}));
  EXPECT_EQ(in_use, 10 * 65536 + 5u);
  EXPECT_FALSE(Instance::make(store, compile(engine, "(module (memory 10) (table 5 funcref))"), {}).has_value());
  EXPECT_EQ(in_use, 10 * 65536 + 5u);
}

// Also if it is an exception that comes in between, or something that the limiter itself has made.
TEST(Limiter, IsToldWhatAnExceptionEnded) {
  Engine engine = make_engine();
  Store store(engine);
  uint64_t in_use = 0;
  bool makes_another = false;
  store.limiter({.may_grow = [&](const Context& context, const Growth& growth) -> Result<bool> {
                   in_use += growth.desired - growth.current;
                   if (growth.desired == 7) throw std::string("seven");
                   if (std::exchange(makes_another, false)) {
                     (void)Memory::make(context, {1, std::nullopt, false});
                     (void)Table::make(context, {ValKind::FuncRef, 5, std::nullopt, false},
                                       Val::null(ValKind::FuncRef));
                   }
                   return true;
                 },
                 .grow_failed =
                     [&](const Context&, const Growth& growth, const Error&) {
                       EXPECT_EQ(std::current_exception(), nullptr) << "who is told may switch threads";
                       in_use -= growth.desired - growth.current;
                     }});
  const Module module = compile(engine, "(module (memory 10) (table 5 funcref) (table 7 funcref))");
  EXPECT_THROW((void)Instance::make(store, module, {}), std::string);
  EXPECT_EQ(in_use, 0u);
  const TableType seven{ValKind::FuncRef, 7, std::nullopt, false}, five{ValKind::FuncRef, 5, std::nullopt, false};
  EXPECT_THROW((void)Table::make(store, seven, Val::null(ValKind::FuncRef)), std::string);
  EXPECT_EQ(in_use, 0u);
  Table table = unwrap(Table::make(store, five, Val::null(ValKind::FuncRef)));
  EXPECT_THROW((void)table.grow(2, Val::null(ValKind::FuncRef)), std::string);
  EXPECT_EQ(in_use, 5u);
  StoreLimits limits;
  limits.memories = 1;
  limits.tables = 2;
  store.limits(limits);
  makes_another = true;
  EXPECT_FALSE(Memory::make(store, {3, std::nullopt, false}).has_value()) << "that of the limiter was first";
  EXPECT_EQ(in_use, 5 + 65536 + 5u);
  limits.tables = 3;
  store.limits(limits);
  makes_another = true;
  EXPECT_FALSE(Table::make(store, five, Val::null(ValKind::FuncRef)).has_value());
  EXPECT_EQ(in_use, 5 + 65536 + 5 + 5u);
}

TEST(Limiter, CannotPassTheLimitsOfCounts) {
  Engine engine = make_engine();
  for (bool is_instance : {false, true}) {
    Store store(engine);
    StoreLimits limits;
    limits.memories = limits.tables = 1;
    store.limits(limits);
    int depth = 0, memories = 0, tables = 0;
    store.limiter({.may_grow = [&](const Context& context, const Growth&) -> Result<bool> {
      if (depth++ < 3) memories += Memory::make(context, {1, std::nullopt, false}).has_value();
      if (depth++ < 3) {
        tables +=
            Table::make(context, {ValKind::FuncRef, 1, std::nullopt, false}, Val::null(ValKind::FuncRef)).has_value();
      }
      return true;
    }});
    if (is_instance) {
      Module module = compile(engine, "(module (memory 1) (table 1 funcref))");
      EXPECT_FALSE(Instance::make(store, module, {}).has_value());
    } else {
      memories += Memory::make(store, {1, std::nullopt, false}).has_value();
      tables += Table::make(store, {ValKind::FuncRef, 1, std::nullopt, false}, Val::null(ValKind::FuncRef)).has_value();
    }
    EXPECT_EQ(memories, 1);
    EXPECT_LE(tables, 1);
  }
}

}  // namespace
}  // namespace vitrine::testing
