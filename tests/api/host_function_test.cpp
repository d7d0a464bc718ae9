// Host functions: what shapes they may have, what they see of the guest that calls them and of their store.
#include <stdexcept>

#include "testing.hpp"

namespace vitrine::testing {
namespace {

int32_t twice(int32_t a) noexcept {
  return 2 * a;
}

TEST(Shapes, NoexceptAndConstCallers) {
  Engine engine = make_engine();
  Store store(engine);
  auto call = [](Result<Func> f) { return unwrap(unwrap(std::move(f)).call({Val(20)}))[0].i32(); };
  EXPECT_EQ(call(Func::wrap(store, twice)), 40);
  EXPECT_EQ(call(Func::wrap(store, &twice)), 40);
  EXPECT_EQ(call(Func::wrap(store, [](int32_t a) noexcept { return a + 1; })), 21);
  EXPECT_EQ(call(Func::wrap(store, [n = 0](int32_t a) mutable noexcept { return a + ++n; })), 21);
  EXPECT_EQ(call(Func::wrap(store, [](const Caller&, int32_t a) { return a + 2; })), 22);
  EXPECT_EQ(call(Func::wrap(store, [](Caller&, int32_t a) noexcept { return a + 3; })), 23);
  EXPECT_EQ(call(Func::wrap(store, std::function<int32_t(int32_t)>([](int32_t a) { return a + 4; }))), 24);
  EXPECT_EQ(call(Func::wrap(store, [](const int32_t a) { return a + 5; })), 25);
  EXPECT_EQ(call(Func::wrap(store, [](const int32_t& a) -> Result<int32_t> { return a + 6; })), 26);
}

struct App {
  explicit App(int v) : value(v) {}
  int value;
};

TEST(Data, IsReachedByItsType) {
  Engine engine = make_engine();
  StoreOf<App> store(engine, 5);
  EXPECT_EQ(store->value, 5);
  Linker linker(engine);
  unwrap(linker.func("h", "add", [](CallerOf<App>& caller, int32_t n) { caller->value += n; }));
  unwrap(linker.func("h", "get", [](const CallerOf<App>& caller) { return caller.data().value; }));
  Module module = compile(engine, R"((module (import "h" "add" (func $add (param i32)))
    (import "h" "get" (func $get (result i32)))
    (func (export "f") (param i32) (result i32) (call $add (local.get 0)) (call $get))))");
  auto f = unwrap(unwrap(linker.instantiate(store, module)).typed<int32_t(int32_t)>("f"));
  EXPECT_EQ(unwrap(f(2)), 7);
  StoreOf<App> moved = std::move(store);
  EXPECT_EQ(unwrap(f(3)), 10);
  EXPECT_EQ(moved.data().value, 10);
  // A store without it: an error of the call, and the function is not entered.
  Store plain(engine);
  auto g = unwrap(unwrap(linker.instantiate(plain, module)).typed<int32_t(int32_t)>("f"));
  EXPECT_CONTAINS(message_of(g(1)), "StoreOf<T>");
  EXPECT_EQ(moved->value, 10);
}

TEST(Callers, ReachWhatTheGuestExports) {
  Engine engine = make_engine();
  Store store(engine);
  Linker linker(engine);
  static const char key = 0;
  store.set_data(&key, std::make_shared<int>(3));
  unwrap(linker.func("h", "look", [&](const Caller& caller) -> Result<int32_t> {
    EXPECT_EQ(caller.engine(), engine);
    EXPECT_EQ(*static_cast<int*>(caller.data(&key)), 3);
    EXPECT_EQ(caller.memory("m")->size(), 1u);
    EXPECT_FALSE(caller.memory("t").has_value()) << "a table";
    auto table = caller.table("t");
    auto global = caller.global("g");
    if (!table || !global) return fail("not found");
    EXPECT_EQ(table->size(), 4u);
    if (auto ok = global->set(Val(9)); !ok) return std::unexpected(std::move(ok).error());
    EXPECT_TRUE(std::holds_alternative<Global>(*caller.get("g")));
    EXPECT_FALSE(caller.get("nothing").has_value());
    EXPECT_EQ(unwrap(caller.instance()->global("g")), *global);
    // Things of the store are made through the caller, too.
    Func made = unwrap(Func::wrap(caller, [](int32_t a) { return a + 1; }));
    if (auto ok = table->set(0, made.as_val()); !ok) return std::unexpected(std::move(ok).error());
    return unwrap(unwrap(made.typed<int32_t(int32_t)>())(1));
  }));
  Module module = compile(engine, R"((module (import "h" "look" (func $look (result i32)))
    (memory (export "m") 1) (table (export "t") 4 funcref) (global (export "g") (mut i32) (i32.const 0))
    (func (export "f") (result i32) (call $look))))");
  Instance instance = unwrap(linker.instantiate(store, module));
  EXPECT_EQ(unwrap(unwrap(instance.typed<int32_t()>("f"))()), 2);
  EXPECT_EQ(unwrap(unwrap(instance.global("g")).get()).i32(), 9);

  // Called by the host there is no guest.
  Func alone = unwrap(Func::wrap(store, [](Caller& caller) {
    return int32_t{caller.memory().empty() && !caller.get("g") && !caller.instance()};
  }));
  EXPECT_EQ(unwrap(alone.call({}))[0].i32(), 1);
}

TEST(Callers, RaiseErrorsInTheRawConvention) {
  Engine engine = make_engine();
  Store store(engine);
  RawHostFunc raw = [](void*, CallerContext* guest, RawVal*) {
    return Caller(guest).raise(Error("no", ErrorKind::Host));
  };
  EXPECT_EQ(message_of(unwrap(Func::make_raw(store, {}, raw, nullptr, nullptr)).call({})), "no");
}

// What was raised is of the call that it is answered to, whatever ends before it is.
TEST(Callers, MayCallTheGuestAfterTheyRaised) {
  struct Host {
    Module module;
    std::optional<Func> quiet, trapping, own;
    std::vector<std::string> inner;
  };
  Engine engine = make_engine();
  Store store(engine);
  Module module = compile(engine, R"((module (import "" "c" (func $c)) (func (export "g") (call $c))
    (func (export "quiet")) (func (export "trapping") (unreachable))))");
  Host host{compile(engine, "(module (func $start) (start $start))"), {}, {}, {}, {}};
  RawHostFunc raw = [](void* env, CallerContext* guest, RawVal*) {
    auto& h = *static_cast<Host*>(env);
    Caller caller(guest);
    int32_t answer = caller.raise(Error("the reason", ErrorKind::Host));
    h.inner = {message_of(h.quiet->call({})), message_of(h.own->call({})),
               message_of(Instance::make(caller, h.module, {})), message_of(h.trapping->call({}))};
    return answer;
  };
  Extern imports[] = {unwrap(Func::make_raw(store, {}, raw, &host, nullptr))};
  Instance instance = unwrap(Instance::make(store, module, imports));
  host.quiet = unwrap(instance.func("quiet"));
  host.trapping = unwrap(instance.func("trapping"));
  host.own = unwrap(Func::wrap(store, [] {}));
  EXPECT_CONTAINS(message_of(unwrap(instance.func("g")).call({})), "the reason");
  ASSERT_EQ(host.inner.size(), 4u);
  for (int i = 0; i < 3; ++i) EXPECT_EQ(host.inner[i], "no error") << i;
  EXPECT_CONTAINS(host.inner[3], "unreachable");
  EXPECT_EQ(message_of(host.quiet->call({})), "no error");
}

TEST(Exceptions, TellWhereTheGuestWas) {
  Engine engine = make_engine();
  Store store(engine);
  EXPECT_EQ(store.last_exception(), nullptr);
  Linker linker(engine);
  unwrap(linker.func("h", "throw", [] { throw std::runtime_error("deep"); }));
  unwrap(linker.func("h", "again", [](Caller& caller) { (void)caller.func("inner")->call({}); }));
  Module module = compile(engine, R"((module $m (import "h" "throw" (func $throw)) (import "h" "again" (func $again))
    (func $inner (export "inner") (call $throw))
    (func $outer (export "outer") (call $again))))");
  Instance instance = unwrap(linker.instantiate(store, module));
  auto attempt = [&](const char* name) {
    try {
      (void)unwrap(instance.func(name)).call({});
    } catch (const std::runtime_error& e) {
      return std::string(e.what());
    }
    return std::string();
  };
  EXPECT_EQ(attempt("inner"), "deep");
  ASSERT_NE(store.last_exception(), nullptr);
  EXPECT_FALSE(store.last_exception()->code().has_value());
  EXPECT_CONTAINS(store.last_exception()->message(), "deep");
  EXPECT_EQ(store.last_exception()->frames().size(), 1u);
  EXPECT_CONTAINS(store.last_exception()->backtrace(), "m!inner");
  // Through two guests: from where it was thrown.
  EXPECT_EQ(attempt("outer"), "deep");
  EXPECT_EQ(store.last_exception()->frames().size(), 2u);
  EXPECT_CONTAINS(store.last_exception()->backtrace(), "m!inner");
  EXPECT_CONTAINS(store.last_exception()->backtrace(), "m!outer");
}

TEST(DynamicCalls, TakeResultsInASpan) {
  World w(R"((module (func (export "f") (param i32 f64) (result f64 i32) (local.get 1) (local.get 0))
                     (func (export "trap") (result i32) (unreachable))))");
  Func f = unwrap(w.instance.func("f"));
  const Val args[] = {Val(-3), Val(2.5)};
  Val results[2] = {ExternRef::make(w.store, 1), Val(7)};
  unwrap(f.call(args, results));
  EXPECT_EQ(results[0].f64(), 2.5);
  EXPECT_EQ(results[1].i32(), -3);
  EXPECT_CONTAINS(message_of(f.call(args, std::span(results).first(1))), "2 results");
  EXPECT_CONTAINS(message_of(f.call(std::span(args).first(1), results)), "2 arguments");
  EXPECT_CONTAINS(message_of(f.call(results, results)), "argument 1");
  expect_trap(unwrap(w.instance.func("trap")).call({}, std::span(results).first(1)), TrapCode::Unreachable);
  EXPECT_EQ(results[0].f64(), 2.5) << "left as it was";
}

}  // namespace
}  // namespace vitrine::testing
