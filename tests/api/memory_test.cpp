// Memories, tables and globals from the host's side; what instances leave behind for the next ones.
#include "testing.hpp"

namespace vitrine::testing {
namespace {

TEST(Memory, ReadWriteAndBounds) {
  World w(R"((module (memory (export "m") 1 4) (data (i32.const 10) "abc")
    (func (export "byte") (param i32) (result i32) (i32.load8_u (local.get 0)))))");
  Memory m = unwrap(w.instance.memory("m"));
  EXPECT_EQ(m.size(), 1u);
  EXPECT_EQ(m.data().size(), 65536u);
  EXPECT_EQ(unwrap(m.type()), (MemoryType{1, 4, false}));
  uint8_t buffer[3];
  unwrap(m.read(10, buffer));
  EXPECT_EQ(std::string(buffer, buffer + 3), "abc");
  const uint8_t xyz[] = {'x', 'y', 'z'};
  unwrap(m.write(65533, xyz));
  EXPECT_EQ(unwrap(w.typed<int32_t(int32_t)>("byte")(65535)), 'z');
  auto late = m.write(65534, xyz);
  ASSERT_FALSE(late);
  EXPECT_CONTAINS(late.error().message(), "3 bytes at 0xfffe");
  EXPECT_EQ(m.data()[65534], 'y');  // untouched
  EXPECT_FALSE(m.read(UINT64_MAX, buffer).has_value());
  EXPECT_FALSE(m.read(UINT64_MAX - 1, buffer).has_value());
  EXPECT_TRUE(m.read(65536, std::span<uint8_t>()).has_value());
  EXPECT_FALSE(m.read(65537, std::span<uint8_t>()).has_value());
}

TEST(Memory, GrowsToItsMaximum) {
  World w(R"((module (memory (export "m") 1 3) (func (export "size") (result i32) (memory.size))))");
  Memory m = unwrap(w.instance.memory("m"));
  EXPECT_EQ(unwrap(m.grow(0)), 1u);
  EXPECT_EQ(unwrap(m.grow(2)), 1u);
  EXPECT_EQ(unwrap(w.typed<int32_t()>("size")()), 3);
  for (uint8_t b : m.data()) ASSERT_EQ(b, 0);
  EXPECT_FALSE(m.grow(1).has_value());
  EXPECT_FALSE(m.grow(UINT64_MAX).has_value());
  EXPECT_EQ(m.size(), 3u);
}

TEST(Memory, MadeByTheHostIsShared) {
  Engine engine = make_engine();
  Store store(engine);
  Memory m = unwrap(Memory::make(store, {1, 2, false}));
  Linker linker(engine);
  unwrap(linker.define("h", "m", m));
  Module module = compile(engine, R"((module (import "h" "m" (memory 1 2))
    (func (export "put") (i32.store (i32.const 100) (i32.const 0x01020304)))
    (func (export "grow") (result i32) (memory.grow (i32.const 1)))))");
  Instance a = unwrap(linker.instantiate(store, module)), b = unwrap(linker.instantiate(store, module));
  unwrap(unwrap(a.typed<void()>("put"))());
  EXPECT_EQ(m.data()[100], 4);
  EXPECT_EQ(unwrap(unwrap(b.typed<int32_t()>("grow"))()), 1);
  EXPECT_EQ(m.size(), 2u);
  unwrap(unwrap(a.typed<void()>("put"))());
}

TEST(Memory, SixtyFourBit) {
  World w(R"((module (memory (export "m") i64 1 2)
    (func (export "load") (param i64) (result i32) (i32.load8_u (local.get 0)))
    (func (export "grow") (param i64) (result i64) (memory.grow (local.get 0)))))");
  Memory m = unwrap(w.instance.memory("m"));
  EXPECT_TRUE(unwrap(m.type()).is_64);
  m.data()[9] = 42;
  auto load = w.typed<int32_t(int64_t)>("load");
  EXPECT_EQ(unwrap(load(9)), 42);
  expect_trap(load(65536), TrapCode::MemoryOutOfBounds);
  expect_trap(load(-1), TrapCode::MemoryOutOfBounds);
  expect_trap(load(int64_t{1} << 32), TrapCode::MemoryOutOfBounds);
  EXPECT_EQ(unwrap(w.typed<int64_t(int64_t)>("grow")(1)), 1);
  EXPECT_EQ(unwrap(load(65536)), 0);
  EXPECT_EQ(unwrap(w.typed<int64_t(int64_t)>("grow")(INT64_MAX)), -1);
}

// A memory that moves under the guest's feet: in a callee, in a host function, in another instance that imports it.
constexpr const char* kMoving = R"((module (import "h" "grow" (func $host (param i32) (result i32)))
  (memory (export "memory") 1) (data (i32.const 0) "\2a") (data (i32.const 65530) "\07")
  (func $grow (export "grow") (param i32) (result i32) (memory.grow (local.get 0)))
  (func (export "load") (param i32) (result i32) (i32.load8_u (local.get 0)))
  (func $slow (param i32) (result i32)
    (if (result i32) (i32.eq (i32.and (local.get 0) (i32.const 15)) (i32.const 3))
      (then (call $grow (i32.const 7))) (else (call $host (i32.const 3)))))
  (func (export "loop") (param $n i32) (result i32) (local $sum i32)
    (loop
      (i32.store (i32.const 8) (i32.add (i32.load (i32.const 8)) (i32.const 1)))
      (local.set $sum (i32.add (local.get $sum) (i32.load8_u (i32.const 65530))))
      (drop (call $slow (local.get $n)))
      (i32.store (i32.const 12) (i32.add (i32.load (i32.const 12)) (i32.load (i32.const 8))))
      (i32.store8 (i32.sub (i32.mul (memory.size) (i32.const 65536)) (i32.const 1)) (i32.const 5))
      (br_if 0 (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))
    (local.get $sum))))";

class MovingMemory : public ::testing::TestWithParam<std::tuple<int, uint64_t, bool>> {
 protected:
  Config config() const {
    return Config()
        .opt_level(static_cast<uint8_t>(std::get<0>(GetParam())))
        .memory_reservation(std::get<1>(GetParam()))
        .memory_reservation_for_growth(0)
        .signals_based_traps(std::get<2>(GetParam()))
        .memory_guard_size(65536);
  }
};

TEST_P(MovingMemory, StaysRight) {
  Engine engine = make_engine(config());
  Store store(engine);
  Linker linker(engine);
  unwrap(linker.func("h", "grow", [](Caller& caller, int32_t pages) {
    auto old = caller.memory("memory")->grow(static_cast<uint64_t>(pages));
    return old ? static_cast<int32_t>(*old) : -1;
  }));
  Instance instance = unwrap(linker.instantiate(store, compile(engine, kMoving)));
  unwrap(linker.instance("m", instance));
  Instance other = unwrap(linker.instantiate(store, compile(engine, R"((module (import "m" "memory" (memory 1))
    (import "m" "grow" (func $grow (param i32) (result i32)))
    (func (export "f") (result i32) (local $a i32)
      (local.set $a (i32.load8_u (i32.const 0)))
      (drop (call $grow (i32.const 11)))
      (i32.store8 (i32.const 1) (i32.const 9))
      (i32.add (local.get $a) (i32.load8_u (i32.const 1))))))")));
  auto load = unwrap(instance.typed<int32_t(int32_t)>("load"));
  Memory memory = unwrap(instance.memory("memory"));
  const uint8_t* first = memory.data().data();
  EXPECT_EQ(unwrap(unwrap(instance.typed<int32_t(int32_t)>("loop"))(32)), 32 * 7);
  EXPECT_NE(memory.data().data(), first);
  EXPECT_EQ(memory.size(), 1u + 2 * 7 + 30 * 3);
  EXPECT_EQ(unwrap(load(0)), 42);
  EXPECT_EQ(unwrap(load(8)), 32);
  EXPECT_EQ(memory.data()[12] | memory.data()[13] << 8, 32 * 33 / 2);
  EXPECT_EQ(unwrap(load(static_cast<int32_t>(memory.size()) * 65536 - 1)), 5);
  EXPECT_EQ(unwrap(unwrap(other.typed<int32_t()>("f"))()), 42 + 9);
  EXPECT_EQ(unwrap(load(1)), 9);
  EXPECT_EQ(memory.size(), 105u + 11);
  expect_trap(load(static_cast<int32_t>(memory.size()) * 65536), TrapCode::MemoryOutOfBounds);
  expect_trap(load(-1), TrapCode::MemoryOutOfBounds);
}

INSTANTIATE_TEST_SUITE_P(All, MovingMemory,
                         ::testing::Combine(::testing::Values(0, 2), ::testing::Values(0u, 1u << 20),
                                            ::testing::Bool()),
                         [](const auto& info) {
                           return "opt" + std::to_string(std::get<0>(info.param)) + "_" +
                                  std::to_string(std::get<1>(info.param)) +
                                  (std::get<2>(info.param) ? "_signals" : "_checks");
                         });

TEST(Memory, ThatMayNotMoveEndsAtItsReservation) {
  World w(R"((module (memory (export "m") 1) (func (export "grow") (param i32) (result i32)
    (memory.grow (local.get 0)))))",
          Config().memory_reservation(4 * 65536).memory_may_move(false));
  auto grow = w.typed<int32_t(int32_t)>("grow");
  EXPECT_EQ(unwrap(grow(3)), 1);
  EXPECT_EQ(unwrap(grow(1)), -1);
  EXPECT_CONTAINS(message_of(unwrap(w.instance.memory("m")).grow(1)), "may not move");
}

TEST(Memory, SixtyFourBitMovesPastItsReservation) {
  World w(R"((module (memory (export "m") i64 1) (func (export "grow") (param i64) (result i64)
    (memory.grow (local.get 0)))))",
          Config().memory_reservation(65536));
  auto grow = w.typed<int64_t(int64_t)>("grow");
  unwrap(w.instance.memory("m")).data()[5] = 6;
  EXPECT_EQ(unwrap(grow(100)), 1);
  EXPECT_EQ(unwrap(w.instance.memory("m")).data()[5], 6);
  EXPECT_EQ(unwrap(grow(int64_t{1} << 40)), -1);
  EXPECT_EQ(unwrap(grow(int64_t{1} << 47)), -1);
}

TEST(Memory, EveryInstanceStartsFromTheModulesImage) {
  std::string text = R"((module (memory (export "m") 3) (data (i32.const 5) "first") (data (i32.const 70000) "second")
    (func (export "spoil") (memory.fill (i32.const 0) (i32.const 0xee) (i32.const 196608)))))";
  for (bool cow : {true, false}) {
    Engine e = make_engine(Config().memory_init_cow(cow));
    Module module = compile(e, text);
    for (int round = 0; round < 50; ++round) {
      Store store(e);
      Instance instance = unwrap(Instance::make(store, module, {}));
      auto data = unwrap(instance.memory("m")).data();
      EXPECT_EQ(std::string(data.begin() + 5, data.begin() + 10), "first");
      EXPECT_EQ(std::string(data.begin() + 70000, data.begin() + 70006), "second");
      EXPECT_EQ(std::count(data.begin(), data.end(), 0), 196608 - 11);
      unwrap(unwrap(instance.typed<void()>("spoil"))());
    }
  }
}

TEST(Memory, OfOtherModulesIsZeroAfterReuse) {
  Engine engine = make_engine();
  Module dirty = compile(
      engine,
      R"((module (memory 16) (func (export "f") (memory.fill (i32.const 0) (i32.const 255) (i32.const 1048576)))))");
  Module clean = compile(engine, R"((module (memory (export "m") 16)))");
  for (int round = 0; round < 30; ++round) {
    {
      Store store(engine);
      unwrap(unwrap(unwrap(Instance::make(store, dirty, {})).typed<void()>("f"))());
    }
    Store store(engine);
    auto data = unwrap(unwrap(Instance::make(store, clean, {})).memory("m")).data();
    ASSERT_EQ(std::count(data.begin(), data.end(), 0), 1048576);
  }
}

TEST(Instance, ThousandsInOneStoreAndInMany) {
#if defined(__SANITIZE_THREAD__)
  constexpr int kMany = 100;  // ThreadSanitizer leaves a terabyte or so of addresses
#else
  constexpr int kMany = 1000;
#endif
  Engine engine = make_engine();
  Module module = compile(engine, R"((module (memory 1) (global $g (mut i32) (i32.const 0)) (table 4 funcref)
    (func (export "next") (result i32) (global.set $g (i32.add (global.get $g) (i32.const 1))) (global.get $g))))");
  Store store(engine);
  std::vector<Instance> all;
  for (int i = 0; i < kMany; ++i) all.push_back(unwrap(Instance::make(store, module, {})));
  for (auto& instance : all) EXPECT_EQ(unwrap(unwrap(instance.typed<int32_t()>("next"))()), 1);
  for (int i = 0; i < kMany; ++i) {
    Store own(engine);
    EXPECT_EQ(unwrap(unwrap(unwrap(Instance::make(own, module, {})).typed<int32_t()>("next"))()), 1);
  }
}

TEST(Table, GetSetGrow) {
  World w(R"((module (table (export "t") 2 4 funcref) (type $f (func (result i32)))
    (func (export "one") (result i32) (i32.const 1)) (func (export "two") (result i32) (i32.const 2))
    (func (export "call") (param i32) (result i32) (call_indirect (type $f) (local.get 0)))))");
  Table t = unwrap(w.instance.table("t"));
  EXPECT_EQ(t.size(), 2u);
  EXPECT_TRUE(unwrap(t.get(0)).is_null());
  EXPECT_CONTAINS(message_of(t.get(2)), "outside");
  Val one = unwrap(w.instance.func("one")).as_val(), two = unwrap(w.instance.func("two")).as_val();
  unwrap(t.set(1, one));
  EXPECT_EQ(unwrap(w.typed<int32_t(int32_t)>("call")(1)), 1);
  EXPECT_EQ(unwrap(t.grow(2, two)), 2u);
  EXPECT_EQ(unwrap(w.typed<int32_t(int32_t)>("call")(3)), 2);
  EXPECT_FALSE(t.grow(1, two).has_value());
  EXPECT_FALSE(t.set(4, one).has_value());
  EXPECT_CONTAINS(message_of(t.set(0, Val(1))), "i32");
  EXPECT_CONTAINS(message_of(t.set(0, Val::null(ValKind::ExternRef))), "externref");
  unwrap(t.set(1, Val::null(ValKind::FuncRef)));
  expect_trap(w.typed<int32_t(int32_t)>("call")(1), TrapCode::IndirectCallToNull);
}

TEST(Table, OfHostFunctions) {
  Engine engine = make_engine();
  Store store(engine);
  Table t = unwrap(Table::make(store, {ValKind::FuncRef, 2, std::nullopt, false}, Val::null(ValKind::FuncRef)));
  Func twice = unwrap(Func::wrap(store, [](int32_t a) { return a * 2; }));
  Func other = unwrap(Func::wrap(store, [](int64_t a) { return a; }));
  unwrap(t.set(0, twice.as_val()));
  unwrap(t.set(1, other.as_val()));
  Linker linker(engine);
  unwrap(linker.define("h", "t", t));
  Module module =
      compile(engine, R"((module (import "h" "t" (table 2 funcref)) (type $f (func (param i32) (result i32)))
    (func (export "f") (param i32 i32) (result i32) (call_indirect (type $f) (local.get 0) (local.get 1)))))");
  auto f = unwrap(unwrap(linker.instantiate(store, module)).typed<int32_t(int32_t, int32_t)>("f"));
  EXPECT_EQ(unwrap(f(21, 0)), 42);
  expect_trap(f(21, 1), TrapCode::BadSignature);
}

TEST(Global, GetAndSet) {
  World w(R"((module (global (export "c") i64 (i64.const 7)) (global $m (export "m") (mut f64) (f64.const 1.5))
    (func (export "get") (result f64) (global.get $m))))");
  Global c = unwrap(w.instance.global("c")), m = unwrap(w.instance.global("m"));
  EXPECT_EQ(unwrap(c.get()).i64(), 7);
  EXPECT_CONTAINS(message_of(c.set(Val(int64_t{8}))), "immutable");
  EXPECT_CONTAINS(message_of(m.set(Val(1))), "i32");
  unwrap(m.set(Val(2.5)));
  EXPECT_EQ(unwrap(w.typed<double()>("get")()), 2.5);
  EXPECT_EQ(unwrap(m.type()), (GlobalType{ValKind::F64, true}));
}

TEST(Global, MadeByTheHost) {
  Engine engine = make_engine();
  Store store(engine);
  Global g = unwrap(Global::make(store, {ValKind::I32, true}, Val(5)));
  EXPECT_CONTAINS(message_of(Global::make(store, {ValKind::I32, true}, Val(5.0))), "f64");
  Linker linker(engine);
  unwrap(linker.define("h", "g", g));
  Module module = compile(engine, R"((module (import "h" "g" (global $g (mut i32)))
    (func (export "f") (global.set $g (i32.mul (global.get $g) (i32.const 3))))))");
  unwrap(unwrap(unwrap(linker.instantiate(store, module)).typed<void()>("f"))());
  EXPECT_EQ(unwrap(g.get()).i32(), 15);
}

TEST(Table, AMinimumOverTheMaximumIsRefused) {
  Engine engine = make_engine();
  Store store(engine);
  EXPECT_CONTAINS(message_of(Table::make(store, {ValKind::FuncRef, 5, 3, false}, Val::null(ValKind::FuncRef))),
                  "a minimum of 5 and a maximum of 3");
  EXPECT_CONTAINS(message_of(Memory::make(store, {5, 3, false})), "a minimum of 5 and a maximum of 3");
  EXPECT_TRUE(Table::make(store, {ValKind::FuncRef, 3, 3, false}, Val::null(ValKind::FuncRef)).has_value());
}

}  // namespace
}  // namespace vitrine::testing
