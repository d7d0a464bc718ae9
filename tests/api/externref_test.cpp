// Extern references: any value of the host, alive while somebody can reach it and not much longer.
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "testing.hpp"

namespace vitrine::testing {
namespace {

constexpr const char* kHolder = R"((module
  (import "h" "make" (func $make (result externref)))
  (table $t (export "t") 2 externref) (global $g (export "g") (mut externref) (ref.null extern))
  (global $private (mut externref) (ref.null extern))
  (func (export "id") (param externref) (result externref) (local.get 0))
  (func (export "keep") (param externref) (global.set $private (local.get 0)))
  (func (export "kept") (result externref) (global.get $private))
  (func (export "many") (param i32)
    (loop $again
      (drop (call $make))
      (br_if $again (local.tee 0 (i32.sub (local.get 0) (i32.const 1))))))))";

/// Counts how many there are.
struct Counted {
  static inline int alive = 0;
  int value;
  explicit Counted(int v) : value(v) { ++alive; }
  Counted(const Counted& other) : value(other.value) { ++alive; }
  ~Counted() { --alive; }
};

struct Externs : ::testing::Test {
  Engine engine = make_engine();
  Module module = compile(engine, kHolder);
  std::unique_ptr<Store> store = std::make_unique<Store>(engine);
  Instance instance = make();

  Instance make() {
    Linker linker(engine);
    unwrap(linker.func_dynamic("h", "make", {{}, {ValKind::ExternRef}},
                               [](Caller& caller, std::span<const Val>, std::span<Val> results) -> Result<> {
                                 results[0] = ExternRef::make(caller, Counted(1));
                                 return {};
                               }));
    return unwrap(linker.instantiate(*store, module));
  }
  Val call(const char* name, const Val& arg) {
    auto results = unwrap(unwrap(instance.func(name)).call({arg}));
    return results.empty() ? Val() : results[0];
  }
  Func func(const char* name) { return unwrap(instance.func(name)); }
};

TEST_F(Externs, CarryAValueOfAnyType) {
  ExternRef text = ExternRef::make(*store, std::string("hello"));
  auto back = call("id", text).externref();
  ASSERT_TRUE(back.has_value());
  EXPECT_EQ(*back, text);
  ASSERT_NE(back->get<std::string>(), nullptr);
  EXPECT_EQ(*back->get<std::string>(), "hello");
  EXPECT_EQ(back->get<int>(), nullptr) << "another type than the value's";
  EXPECT_FALSE(*back == ExternRef::make(*store, std::string("hello")));
  EXPECT_FALSE(call("id", Val::null(ValKind::ExternRef)).externref().has_value());
  auto shared = std::make_shared<int>(7);
  EXPECT_EQ(call("id", ExternRef::share(*store, shared)).externref()->get<int>(), shared.get());
}

TEST_F(Externs, LiveWhileAnybodyCanReachThem) {
  const int before = Counted::alive;
  {
    ExternRef held = ExternRef::make(*store, Counted(1));
    call("keep", ExternRef::make(*store, Counted(2)));
    unwrap(unwrap(instance.table("t")).set(1, ExternRef::make(*store, Counted(3))));
    unwrap(unwrap(instance.global("g")).set(ExternRef::make(*store, Counted(4))));
    Global own = unwrap(Global::make(*store, {ValKind::ExternRef, true}, ExternRef::make(*store, Counted(5))));
    Val val = ExternRef::make(*store, Counted(6));
    (void)ExternRef::make(*store, Counted(7));
    EXPECT_EQ(store->collect_garbage(), 1u);
    EXPECT_EQ(Counted::alive - before, 6);
    EXPECT_EQ(unwrap(func("kept").call({}))[0].externref()->get<Counted>()->value, 2);
    EXPECT_EQ(unwrap(unwrap(instance.table("t")).get(1)).externref()->get<Counted>()->value, 3);
    EXPECT_EQ(unwrap(own.get()).externref()->get<Counted>()->value, 5);
    unwrap(own.set(Val::null(ValKind::ExternRef)));
  }
  call("keep", Val::null(ValKind::ExternRef));
  EXPECT_EQ(store->collect_garbage(), 4u);
  EXPECT_EQ(Counted::alive - before, 2);
  // A place is taken again, and what is there now is another reference.
  ExternRef next = ExternRef::make(*store, Counted(8));
  EXPECT_EQ(call("id", next).externref()->get<Counted>()->value, 8);
}

TEST_F(Externs, OutliveTheirStoreWhileHeld) {
  const int before = Counted::alive;
  std::optional<ExternRef> held = ExternRef::make(*store, Counted(9));
  Val val = *held;
  call("keep", *held);
  store.reset();
  EXPECT_EQ(held->get<Counted>()->value, 9);
  // A store where the old one was refuses it.
  Store other(engine);
  EXPECT_CONTAINS(message_of(Global::make(other, {ValKind::ExternRef, true}, *held)), "another store");
  std::thread([dropped = std::move(*held)] {}).join();
  held.reset();
  EXPECT_EQ(Counted::alive - before, 1);
  val = Val();
  EXPECT_EQ(Counted::alive - before, 0);
}

TEST_F(Externs, GoWithTheirStore) {
  const int before = Counted::alive;
  call("keep", ExternRef::make(*store, Counted(1)));
  EXPECT_EQ(Counted::alive - before, 1);
  store.reset();
  EXPECT_EQ(Counted::alive - before, 0);
}

TEST_F(Externs, ManyOverALongLifeTakeBoundedMemory) {
  const int before = Counted::alive;
  int most = 0;
  Func id = func("id");
  for (int i = 0; i < 100'000; ++i) {
    Val result;
    unwrap(id.call(std::vector<Val>{ExternRef::make(*store, Counted(i))}, std::span(&result, 1)));
    most = std::max(most, Counted::alive - before);
  }
  EXPECT_LT(most, 3000);
}

// Nobody knows what is in a guest's frames, so none are dropped; afterwards they are.
TEST_F(Externs, AreKeptWhileAGuestRuns) {
  const int before = Counted::alive;
  unwrap(func("many").call({Val(5000)}));
  EXPECT_EQ(Counted::alive - before, 5000);
  (void)ExternRef::make(*store, Counted(1));
  EXPECT_LE(Counted::alive - before, 1);
}

TEST_F(Externs, MayUseTheStoreWhenTheyAreDropped) {
  Func id = func("id");
  int dropped = 0;
  {
    (void)ExternRef::share(*store, std::shared_ptr<void>(nullptr, [&](void*) {
      ++dropped;
      Val result;
      (void)id.call(std::vector<Val>{ExternRef::make(*store, 1)}, std::span(&result, 1));
    }));
  }
  EXPECT_EQ(store->collect_garbage(), 1u);
  EXPECT_EQ(dropped, 1);
}

TEST_F(Externs, AreWordsInTheRawConvention) {
  ExternRef ref = ExternRef::make(*store, std::string("raw"));
  RawVal word = unwrap(store->to_raw(ref));
  EXPECT_LT(word.ref, uint64_t{1} << 32);
  unwrap(func("id").call_raw(&word));
  EXPECT_EQ(*store->from_raw(ValKind::ExternRef, word).externref(), ref);
  EXPECT_TRUE(store->from_raw(ValKind::ExternRef, RawVal{.i64 = 12345}).is_null());
  Store other(engine);
  EXPECT_CONTAINS(message_of(other.to_raw(ref)), "another store");
}

TEST_F(Externs, ThatWereMovedFromCanBeCopied) {
  ExternRef from = ExternRef::make(*store, 5);
  const ExternRef to = std::move(from);
  ExternRef copy = from;  // NOLINT(bugprone-use-after-move): that is the test
  EXPECT_FALSE(copy == to);
  copy = to;
  EXPECT_EQ(*copy.get<int>(), 5);
}

// Values and functions that go with the store find its data.
TEST(Store, ItsDataGoesLast) {
  struct Data {
    explicit Data(bool& where) : alive(where) { alive = true; }
    ~Data() { alive = false; }
    bool& alive;
  };
  bool alive = false;
  std::vector<std::string> early, late;
  auto held = [&](const char* what) {
    return std::shared_ptr<void>(nullptr, [&, what](void*) { (alive ? early : late).emplace_back(what); });
  };
  Engine engine = make_engine();
  {
    StoreOf<Data> store(engine, alive);
    (void)ExternRef::share(store, held("extern reference"));
    unwrap(Func::wrap(store, [h = held("host function")] {}));
    Linker gone(engine);
    unwrap(gone.func("", "f", [h = held("linked function")] {}));
    EXPECT_TRUE(gone.get(store, "", "f").has_value());
    store.limiter({.may_grow = [h = held("limiter")](const Context&, const Growth&) { return true; }});
    EXPECT_TRUE(early.empty());
  }
  EXPECT_FALSE(alive);
  EXPECT_EQ(early.size(), 4u);
  EXPECT_EQ(late, std::vector<std::string>());
}

}  // namespace
}  // namespace vitrine::testing
