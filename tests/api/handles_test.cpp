// Handles outlive their stores: every use says so and reads nothing, also when another store stands where theirs was.
#include <memory>
#include <set>
#include <thread>

#include "testing.hpp"

namespace vitrine::testing {
namespace {

constexpr const char* kWorld = R"((module
  (memory (export "m") 1 4) (table (export "t") 2 4 funcref) (global (export "g") (mut i32) (i32.const 7))
  (func (export "f") (param i32) (result i32) (i32.add (local.get 0) (i32.const 1)))
  (func (export "r") (result funcref) (ref.null func))))";

/// One of each, of a store that is or is not there any more.
struct Things {
  Instance instance;
  Func func;
  TypedFunc<int32_t(int32_t)> typed;
  Memory memory;
  Table table;
  Global global;
};

Things things_of(const Store& store, const Module& module) {
  Instance instance = unwrap(Instance::make(store, module, {}));
  return {instance,
          unwrap(instance.func("f")),
          unwrap(instance.typed<int32_t(int32_t)>("f")),
          unwrap(instance.memory("m")),
          unwrap(instance.table("t")),
          unwrap(instance.global("g"))};
}

void expect_all_gone(const Things& dead, const Store& other) {
  const char* kGone = "a store that is gone";
  EXPECT_CONTAINS(message_of(dead.typed(1)), kGone);
  EXPECT_CONTAINS(message_of(dead.func.call({Val(1)})), kGone);
  Val result;
  EXPECT_CONTAINS(message_of(dead.func.call(std::vector{Val(1)}, std::span(&result, 1))), kGone);
  RawVal raw{.i64 = 1};
  EXPECT_CONTAINS(message_of(dead.func.call_raw(&raw)), kGone);
  EXPECT_CONTAINS(message_of(dead.func.type()), kGone);
  EXPECT_CONTAINS(message_of(dead.func.defined_type()), kGone);
  EXPECT_CONTAINS(message_of(dead.func.typed<int32_t(int32_t)>()), kGone);
  EXPECT_CONTAINS(message_of(dead.memory.type()), kGone);
  EXPECT_CONTAINS(message_of(dead.memory.grow(1)), kGone);
  uint8_t byte = 0;
  EXPECT_CONTAINS(message_of(dead.memory.read(0, {&byte, 1})), kGone);
  EXPECT_CONTAINS(message_of(dead.memory.write(0, {&byte, 1})), kGone);
  EXPECT_TRUE(dead.memory.data().empty());
  EXPECT_EQ(dead.memory.size(), 0u);
  EXPECT_CONTAINS(message_of(dead.table.type()), kGone);
  EXPECT_CONTAINS(message_of(dead.table.get(0)), kGone);
  EXPECT_CONTAINS(message_of(dead.table.set(0, Val::null(ValKind::FuncRef))), kGone);
  EXPECT_CONTAINS(message_of(dead.table.grow(1, Val::null(ValKind::FuncRef))), kGone);
  EXPECT_CONTAINS(message_of(dead.table.fill(0, Val::null(ValKind::FuncRef), 1)), kGone);
  EXPECT_EQ(dead.table.size(), 0u);
  EXPECT_CONTAINS(message_of(dead.global.type()), kGone);
  EXPECT_CONTAINS(message_of(dead.global.get()), kGone);
  EXPECT_CONTAINS(message_of(dead.global.set(Val(1))), kGone);
  EXPECT_CONTAINS(message_of(dead.instance.func("f")), kGone);
  EXPECT_CONTAINS(message_of(dead.instance.typed<int32_t(int32_t)>("f")), kGone);
  EXPECT_CONTAINS(message_of(dead.instance.memory("m")), kGone);
  EXPECT_CONTAINS(message_of(dead.instance.table("t")), kGone);
  EXPECT_CONTAINS(message_of(dead.instance.global("g")), kGone);
  EXPECT_CONTAINS(message_of(dead.instance.module()), kGone);
  EXPECT_FALSE(dead.instance.get("f").has_value());
  EXPECT_FALSE(dead.instance.get(size_t{0}).has_value());

  // Given to a store that lives.
  EXPECT_FALSE(Func::from_val(other, dead.func.as_val()).has_value());
  EXPECT_CONTAINS(message_of(Table::make(other, {ValKind::FuncRef, 1, std::nullopt, false}, dead.func.as_val())),
                  "another store");
  Linker linker(other.engine());
  unwrap(linker.define("h", "f", dead.func));
  unwrap(linker.define("h", "m", dead.memory));
  EXPECT_FALSE(linker.get(other, "h", "f").has_value());
  EXPECT_CONTAINS(message_of(linker.instance("x", dead.instance)), kGone);
  for (const char* import : {R"((import "h" "f" (func (param i32) (result i32))))", R"((import "h" "m" (memory 1)))"}) {
    auto made = linker.instantiate(other, compile(other.engine(), std::string("(module ") + import + ")"));
    EXPECT_CONTAINS(message_of(made), kGone);
    EXPECT_CONTAINS(message_of(made), "`h`.`");
  }
}

TEST(Handles, OfADeadStoreAreErrors) {
  Engine engine = make_engine();
  Module module = compile(engine, kWorld);
  auto store = std::make_unique<Store>(engine);
  Things things = things_of(*store, module);
  EXPECT_EQ(unwrap(things.typed(1)), 2);
  store.reset();
  Store other(engine);
  expect_all_gone(things, other);
}

// Stores come and go on the same memory: none of those before is taken for the one that is there now.
TEST(Handles, OfADeadStoreAreErrorsWhereAnotherStoreIs) {
  Engine engine = make_engine();
  Module module = compile(engine, kWorld);
  std::vector<Things> dead;
  for (int i = 0; i < 100; ++i) {
    Store store(engine);
    dead.push_back(things_of(store, module));
    EXPECT_EQ(unwrap(dead.back().typed(i)), i + 1);
    if (i > 0) {
      EXPECT_CONTAINS(message_of(dead[i - 1].typed(1)), "gone");
    }
  }
  Store store(engine);
  things_of(store, module);
  for (int i : {0, 50, 98, 99}) expect_all_gone(dead[i], store);
}

TEST(Handles, FollowAStoreThatMoves) {
  Engine engine = make_engine();
  Module module = compile(engine, kWorld);
  std::vector<Store> stores;
  std::vector<Things> things;
  for (int i = 0; i < 10; ++i) {  // reallocated on the way
    stores.emplace_back(engine);
    things.push_back(things_of(stores.back(), module));
  }
  for (int i = 0; i < 10; ++i) EXPECT_EQ(unwrap(things[i].typed(i)), i + 1);
  std::swap(stores[0], stores[9]);
  EXPECT_TRUE(Func::from_val(stores[9], things[0].func.as_val()).has_value());
  stores.erase(stores.begin());
  EXPECT_CONTAINS(message_of(things[9].typed(0)), "gone");
  EXPECT_EQ(unwrap(things[0].typed(0)), 1);
}

TEST(Handles, TheStoreUnderAGuestIsNotDestroyed) {
  auto destroy = [] {
    Engine engine = make_engine();
    auto store = std::make_unique<Store>(engine);
    Linker linker(engine);
    unwrap(linker.func("host", "f", [&] { store.reset(); }));
    auto instance = unwrap(linker.instantiate(
        *store, compile(engine, R"((module (import "host" "f" (func $f)) (func (export "run") call $f)))")));
    unwrap(unwrap(instance.typed<void()>("run"))());
  };
  EXPECT_DEATH(destroy(), "^vitrine: misused: a store was destroyed by a host function that it called");
}

// However many threads make stores at once, each has an id of its own.
TEST(Handles, OfStoresThatThreadsMadeAreApart) {
  Engine engine = make_engine();
  Module module = compile(engine, kWorld);
  std::vector<Store> stores;
  std::vector<Func> funcs;
  for (int i = 0; i < 20; ++i) {
    std::thread([&] {
      for (int k = 0; k < 4; ++k) {
        stores.emplace_back(engine);
        funcs.push_back(things_of(stores.back(), module).func);
      }
    }).join();
  }
  for (size_t i = 0; i < stores.size(); ++i) {
    for (size_t k = 0; k < stores.size(); ++k) {
      ASSERT_EQ(Func::from_val(stores[k], funcs[i].as_val()).has_value(), i == k) << i << " " << k;
    }
  }
}

TEST(Handles, AreEqualIfTheyStandForTheSame) {
  World w(kWorld);
  EXPECT_EQ(unwrap(w.instance.func("f")), unwrap(w.instance.func("f")));
  EXPECT_FALSE(unwrap(w.instance.func("f")) == unwrap(w.instance.func("r")));
  EXPECT_EQ(unwrap(w.instance.memory("m")), unwrap(w.instance.memory("m")));
  Store other(w.engine);
  EXPECT_FALSE(unwrap(Instance::make(other, w.module, {})) == w.instance);
}

// What a store owns may use handles while the store goes.
TEST(Handles, AreDeadWhileTheStoreIsDestroyed) {
  Engine engine = make_engine();
  Module module = compile(engine, kWorld);
  std::string seen;
  {
    Store store(engine);
    Things things = things_of(store, module);
    static const char key = 0;
    store.set_data(&key,
                   std::shared_ptr<void>(nullptr, [&seen, things](void*) { seen = message_of(things.typed(1)); }));
  }
  EXPECT_CONTAINS(seen, "gone");
}

}  // namespace
}  // namespace vitrine::testing
