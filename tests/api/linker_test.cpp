// The linker: definitions, what is missing or of another type, and what stands in for the unknown.
#include "testing.hpp"

namespace vitrine::testing {
namespace {

struct Linking : ::testing::Test {
  Engine engine = make_engine();
  Store store{engine};
  Linker linker{engine};
  std::string attempt(std::string_view wat) { return message_of(linker.instantiate(store, compile(engine, wat))); }
};

TEST_F(Linking, AMissingImportNamesWhatComesClose) {
  unwrap(linker.func("env", "print_string", [](int32_t) {}));
  std::string near = attempt(R"((module (import "env" "print_strnig" (func (param i32)))))");
  EXPECT_CONTAINS(near, "`env`.`print_strnig`");
  EXPECT_CONTAINS(near, "(i32) -> ()");
  EXPECT_CONTAINS(near, "print_string");
  EXPECT_CONTAINS(attempt(R"((module (import "evn" "print_string" (func (param i32)))))"), "env");
  auto error = linker.instantiate(store, compile(engine, R"((module (import "a" "b" (memory 1))))"));
  ASSERT_FALSE(error);
  EXPECT_EQ(error.error().kind(), ErrorKind::Link);
}

TEST_F(Linking, AWrongTypeIsShownWithTheRightOne) {
  unwrap(linker.func("h", "f", [](int32_t) { return 1.0; }));
  std::string f = attempt(R"((module (import "h" "f" (func (param i64)))))");
  EXPECT_CONTAINS(f, "(i64)");
  EXPECT_CONTAINS(f, "(i32) -> (f64)");
  EXPECT_CONTAINS(attempt(R"((module (import "h" "f" (memory 1))))"), "memory");
  unwrap(linker.define("h", "m", unwrap(Memory::make(store, {1, 5, false}))));
  EXPECT_CONTAINS(attempt(R"((module (import "h" "m" (memory 2 5))))"), "memory");
  EXPECT_CONTAINS(attempt(R"((module (import "h" "m" (memory 1 4))))"), "memory");
  EXPECT_CONTAINS(attempt(R"((module (import "h" "m" (memory i64 1 5))))"), "memory");
  EXPECT_EQ(attempt(R"((module (import "h" "m" (memory 0))))"), "no error");
  unwrap(linker.define("h", "g", unwrap(Global::make(store, {ValKind::I32, false}, Val(1)))));
  EXPECT_CONTAINS(attempt(R"((module (import "h" "g" (global (mut i32)))))"), "global");
  EXPECT_CONTAINS(attempt(R"((module (import "h" "g" (global i64))))"), "i64");
  unwrap(linker.define("h", "t",
                       unwrap(Table::make(store, {ValKind::FuncRef, 3, 3, false}, Val::null(ValKind::FuncRef)))));
  EXPECT_CONTAINS(attempt(R"((module (import "h" "t" (table 4 funcref))))"), "table");
  EXPECT_CONTAINS(attempt(R"((module (import "h" "t" (table 3 externref))))"), "table");
  EXPECT_EQ(attempt(R"((module (import "h" "t" (table 1 3 funcref))))"), "no error");
}

TEST_F(Linking, DefinedTwice) {
  unwrap(linker.func("h", "f", [] { return 1; }));
  EXPECT_CONTAINS(message_of(linker.func("h", "f", [] { return 2; })), "`h`.`f`");
  linker.allow_shadowing(true);
  unwrap(linker.func("h", "f", [] { return 3; }));
  Module module =
      compile(engine, R"((module (import "h" "f" (func $f (result i32))) (func (export "g") (result i32) (call $f))))");
  EXPECT_EQ(unwrap(unwrap(unwrap(linker.instantiate(store, module)).typed<int32_t()>("g"))()), 3);
}

TEST_F(Linking, UnknownImportsTrap) {
  Module module = compile(engine, R"((module (import "js" "now" (func $now (result f64)))
    (func (export "quiet") (result i32) (i32.const 1)) (func (export "loud") (result f64) (call $now))))");
  unwrap(linker.unknown_imports_trap(module));
  Instance instance = unwrap(linker.instantiate(store, module));
  EXPECT_EQ(unwrap(unwrap(instance.typed<int32_t()>("quiet"))()), 1);
  auto loud = unwrap(instance.typed<double()>("loud"))();
  ASSERT_FALSE(loud);
  EXPECT_CONTAINS(loud.error().message(), "`js`.`now`");
}

TEST_F(Linking, UnknownImportsAreZero) {
  Module module = compile(engine, R"((module
    (import "js" "f" (func $f (param i32) (result f64 externref i64)))
    (import "js" "m" (memory 1)) (import "js" "t" (table 2 funcref)) (import "js" "g" (global $g (mut i64)))
    (func (export "all") (result f64 externref i64) (call $f (i32.const 1)))
    (func (export "load") (result i32) (i32.load (i32.const 8))) (func (export "g") (result i64) (global.get $g))))");
  unwrap(linker.unknown_imports_default(store, module));
  Instance instance = unwrap(linker.instantiate(store, module));
  auto all = unwrap(unwrap(instance.func("all")).call({}));
  EXPECT_EQ(all[0].f64(), 0);
  EXPECT_TRUE(all[1].is_null());
  EXPECT_EQ(all[2].i64(), 0);
  EXPECT_EQ(unwrap(unwrap(instance.typed<int32_t()>("load"))()), 0);
  EXPECT_EQ(unwrap(unwrap(instance.typed<int64_t()>("g"))()), 0);
}

TEST_F(Linking, InstancesLinkToEachOther) {
  Instance lib = unwrap(linker.instantiate(store, compile(engine, R"((module
    (global $n (mut i32) (i32.const 0)) (memory (export "mem") 1)
    (func (export "next") (result i32) (global.set $n (i32.add (global.get $n) (i32.const 1))) (global.get $n))))")));
  unwrap(linker.instance("lib", lib));
  Module app =
      compile(engine, R"((module (import "lib" "next" (func $next (result i32))) (import "lib" "mem" (memory 1))
    (func (export "go") (result i32) (drop (call $next)) (i32.store8 (i32.const 3) (call $next)) (i32.load8_u (i32.const 3)))))");
  EXPECT_EQ(unwrap(unwrap(unwrap(linker.instantiate(store, app)).typed<int32_t()>("go"))()), 2);
  EXPECT_EQ(unwrap(lib.memory("mem")).data()[3], 2);
}

TEST_F(Linking, OneLinkerManyStores) {
  auto count = std::make_shared<int>(0);
  unwrap(linker.func("h", "f", [count] { ++*count; }));
  Module module = compile(engine, R"((module (import "h" "f" (func $f)) (func (export "go") (call $f))))");
  for (int i = 0; i < 10; ++i) {
    Store own(engine);
    unwrap(unwrap(unwrap(linker.instantiate(own, module)).typed<void()>("go"))());
  }
  EXPECT_EQ(*count, 10);
}

TEST_F(Linking, FunctionsOutliveTheLinker) {
  std::optional<Instance> instance;
  auto alive = std::make_shared<int>(5);
  std::weak_ptr<int> watch = alive;
  {
    Linker own(engine);
    unwrap(own.func("h", "f", [alive] { return *alive; }));
    Module module = compile(
        engine, R"((module (import "h" "f" (func $f (result i32))) (func (export "go") (result i32) (call $f))))");
    instance = unwrap(own.instantiate(store, module));
  }
  alive.reset();
  EXPECT_EQ(unwrap(unwrap(instance->typed<int32_t()>("go"))()), 5);
  store = Store(engine);
  EXPECT_TRUE(watch.expired());
}

// A definition that was replaced goes with the stores that use it, not with the linker.
TEST_F(Linking, ReplacedFunctionsGoWithTheirStores) {
  const char* wat = R"((module (import "h" "f" (func $f (result i32))) (func (export "g") (result i32) (call $f))))";
  Module module = compile(engine, wat);
  linker.allow_shadowing(true);
  std::vector<std::weak_ptr<int>> alive;
  auto define = [&](int value) {
    auto owned = std::make_shared<int>(value);
    alive.push_back(owned);
    unwrap(linker.func("h", "f", [owned] { return *owned; }));
  };
  auto call = [](Instance& instance) { return unwrap(unwrap(instance.typed<int32_t()>("g"))()); };
  define(1);
  auto first = std::make_unique<Store>(engine);
  Instance one = unwrap(linker.instantiate(*first, module));
  define(2);
  Store second(engine);
  Instance two = unwrap(linker.instantiate(second, module));
  define(3);
  EXPECT_EQ(call(one), 1);
  EXPECT_EQ(call(two), 2);
  first.reset();
  EXPECT_TRUE(alive[0].expired());
  EXPECT_FALSE(alive[1].expired());
  EXPECT_EQ(call(two), 2);
  define(4);
  EXPECT_TRUE(alive[2].expired()) << "no store used it";
}

TEST_F(Linking, ThingsOfAnotherStoreAreRefused) {
  Store other(engine);
  unwrap(linker.define("h", "m", unwrap(Memory::make(other, {1, std::nullopt, false}))));
  EXPECT_CONTAINS(attempt(R"((module (import "h" "m" (memory 1))))"), "another store");
  Engine second = make_engine();
  EXPECT_CONTAINS(message_of(Instance::make(store, compile(second, "(module)"), {})), "another engine");
}

TEST_F(Linking, FunctionsOfAnotherStoreAreRefusedAsValues) {
  Store other(engine);
  Val stranger = unwrap(Func::wrap(other, [] {})).as_val();
  Module module = compile(engine, R"((module (table (export "t") 2 funcref) (func (export "f") (param funcref))
    (func (export "g") (result funcref) (ref.null func)) (global (export "v") (mut funcref) (ref.null func))))");
  for (const Val& value : {stranger, unwrap(unwrap(Instance::make(other, module, {})).func("g")).as_val()}) {
    Instance instance = unwrap(Instance::make(store, module, {}));
    Table table = unwrap(instance.table("t"));
    EXPECT_CONTAINS(message_of(table.set(0, value)), "another store");
    EXPECT_CONTAINS(message_of(table.grow(1, value)), "another store");
    EXPECT_CONTAINS(message_of(unwrap(instance.global("v")).set(value)), "another store");
    EXPECT_CONTAINS(message_of(Global::make(store, {ValKind::FuncRef, true}, value)), "another store");
    EXPECT_CONTAINS(message_of(unwrap(instance.func("f")).call({value})), "another store");
    EXPECT_FALSE(Func::from_val(store, value).has_value());
    EXPECT_TRUE(Func::from_val(other, value).has_value());
    Func source =
        unwrap(Func::make(store, {{}, {ValKind::FuncRef}}, [&](Caller&, std::span<const Val>, std::span<Val> out) {
          out[0] = value;
          return Result<>();
        }));
    EXPECT_CONTAINS(message_of(source.call({})), "another store");
    EXPECT_EQ(table.size(), 2u);
  }
}

TEST_F(Linking, TooFewImports) {
  Module module = compile(engine, R"((module (import "h" "f" (func))))");
  EXPECT_FALSE(Instance::make(store, module, {}).has_value());
  Func f = unwrap(Func::wrap(store, [] {}));
  Extern two[] = {f, f};
  EXPECT_FALSE(Instance::make(store, module, two).has_value());
  EXPECT_TRUE(Instance::make(store, module, std::span<const Extern>(two).first(1)).has_value());
}

// The numbers of types are each engine's own: what is one type in one is another in the other.
TEST_F(Linking, AStoreOfAnotherEngineIsRefused) {
  unwrap(linker.func("env", "f", [](int32_t a, int32_t) { return a; }));
  Engine other = make_engine();
  Module module = compile(other, R"((module (import "env" "f" (func $f (param i64 f64) (result f64)))
    (func (export "g") (result f64) (call $f (i64.const 1) (f64.const 1.5)))))");
  Store theirs(other);
  EXPECT_CONTAINS(message_of(linker.instantiate(theirs, module)), "another engine");
  EXPECT_FALSE(linker.get(theirs, "env", "f").has_value());
  EXPECT_TRUE(linker.get(store, "env", "f").has_value());
  unwrap(linker.define("env", "m", unwrap(Memory::make(theirs, {1, std::nullopt, false}))));
  EXPECT_FALSE(linker.get(theirs, "env", "m").has_value());
}

}  // namespace
}  // namespace vitrine::testing
