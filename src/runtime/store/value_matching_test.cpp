#include "runtime/store/value_matching.hpp"

#include <gtest/gtest.h>

#include "runtime/store/store.hpp"

namespace vitrine::runtime {
namespace {

using wasm::HeapType;
using wasm::ValType;

class ValueMatching : public ::testing::Test {
 protected:
  abi::VMFuncRef* host(Store& store, TypeSet type) {
    return store.new_host_function(
                    std::move(type), [](void*, abi::VMContext*, abi::ValRaw*) { return 0; }, nullptr)
        ->funcref();
  }
  static abi::ValRaw word(const void* p) {
    abi::ValRaw value{};
    value.ref = reinterpret_cast<uintptr_t>(p);
    return value;
  }
  std::string refusal(const abi::ValRaw& value, ValType known, ValType expected) {
    auto ok = matches(store_, value, known, expected);
    return ok ? "" : ok.error().message();
  }

  std::shared_ptr<Engine> engine_ = std::make_shared<Engine>(EngineOptions{});
  Store store_{engine_}, other_{engine_};
};

TEST_F(ValueMatching, NumbersAreOfOneType) {
  abi::ValRaw zero{};
  EXPECT_EQ(refusal(zero, ValType::I32, ValType::I32), "");
  EXPECT_EQ(refusal(zero, ValType::I32, ValType::I64), "expected i64, found i32");
  EXPECT_EQ(refusal(zero, ValType::F32, ValType::V128), "expected v128, found f32");
  EXPECT_EQ(refusal(zero, ValType::I64, ValType::externref()), "expected externref, found i64");
}

TEST_F(ValueMatching, NullIsOfEveryNullableTypeOfItsHierarchy) {
  const abi::ValRaw null{};
  auto sig = *engine_->types().add_func({}, {});
  const HeapType concrete = HeapType::concrete(sig.ids()[0]);
  for (HeapType heap : {HeapType(HeapType::Func), HeapType(HeapType::NoFunc), concrete}) {
    EXPECT_EQ(refusal(null, ValType::funcref(), ValType::ref(heap, true)), "");
    EXPECT_NE(refusal(null, ValType::funcref(), ValType::ref(heap, false)), "");
  }
  for (HeapType::Abstract heap :
       {HeapType::Any, HeapType::Eq, HeapType::I31, HeapType::Struct, HeapType::Array, HeapType::None}) {
    EXPECT_EQ(refusal(null, ValType::ref(HeapType::Any, true), ValType::ref(heap, true)), "");
    EXPECT_NE(refusal(null, ValType::ref(HeapType::Any, true), ValType::ref(heap, false)), "");
    EXPECT_NE(refusal(null, ValType::externref(), ValType::ref(heap, true)), "");
  }
  EXPECT_EQ(refusal(null, ValType::externref(), ValType::ref(HeapType::NoExtern, true)), "");
  EXPECT_EQ(refusal(null, ValType::externref(), ValType::funcref()), "expected funcref, found nullexternref");
  EXPECT_EQ(refusal(null, ValType::exnref(), ValType::exnref()), "");
}

TEST_F(ValueMatching, FunctionsHaveTheirOwnType) {
  ValType i32[] = {ValType::I32};
  auto one = *engine_->types().add_func(i32, {});
  auto two = *engine_->types().add_func({}, i32);
  abi::VMFuncRef* func = host(store_, engine_->types().hold(one.ids()[0]));
  const ValType of_one = ValType::ref(HeapType::concrete(one.ids()[0]), false);
  const ValType of_two = ValType::ref(HeapType::concrete(two.ids()[0]), true);
  EXPECT_EQ(refusal(word(func), ValType::funcref(), ValType::funcref()), "");
  EXPECT_EQ(refusal(word(func), ValType::funcref(), ValType::ref(HeapType::Func, false)), "");
  EXPECT_EQ(refusal(word(func), ValType::funcref(), of_one), "") << "what is known says less than what it is";
  EXPECT_EQ(refusal(word(func), ValType::funcref(), of_two),
            "expected (ref null func () -> (i32)), found (ref func (i32) -> ())");
  EXPECT_EQ(refusal(word(func), of_one, ValType::ref(HeapType::NoFunc, true)),
            "expected nullfuncref, found (ref func (i32) -> ())");
  EXPECT_EQ(refusal(word(func), of_one, ValType::ref(HeapType::Any, true)),
            "expected anyref, found (ref func (i32) -> ())");
  abi::VMFuncRef* foreign = host(other_, engine_->types().hold(one.ids()[0]));
  EXPECT_EQ(refusal(word(foreign), ValType::funcref(), of_one), "the function belongs to another store");
  EXPECT_TRUE(admit(store_, word(func), ValType::funcref(), of_one));
  EXPECT_FALSE(admit(store_, word(func), ValType::funcref(), of_two));
  EXPECT_TRUE(admit(store_, word(nullptr), ValType::funcref(), of_two));
}

TEST_F(ValueMatching, TypesAreWithinReachOfCompiledCode) {
  auto type = *engine_->types().add_func({}, {});
  EXPECT_EQ(store_.vm().types[type.ids()[0]].supertypes[0], type.ids()[0]);
}

TEST_F(ValueMatching, OtherReferencesAreWhatIsKnownOfThem) {
  EXPECT_EQ(refusal(word(this), ValType::externref(), ValType::ref(HeapType::Extern, false)), "");
  EXPECT_NE(refusal(word(this), ValType::externref(), ValType::ref(HeapType::NoExtern, true)), "");
  EXPECT_EQ(refusal(word(this), ValType::ref(HeapType::I31, true), ValType::ref(HeapType::Eq, false)), "");
  EXPECT_NE(refusal(word(this), ValType::ref(HeapType::Eq, true), ValType::ref(HeapType::I31, true)), "");
}

// The engine's numbers are given back with the store.
TEST_F(ValueMatching, TablesAndGlobalsHoldTheirTypes) {
  const uint32_t before = engine_->types().used_numbers();
  {
    Store store(engine_);
    auto sig = *engine_->types().add_func({}, {});
    const TypeId id = sig.ids()[0];
    const ValType type = ValType::ref(HeapType::concrete(id), true);
    ASSERT_TRUE(store.new_table({type, {.min = 1}}, 0));
    sig = {};
    EXPECT_EQ(engine_->types().get(id).params.size(), 0u);
    store.new_global({type, true}, {});
    EXPECT_FALSE(store.new_table({type, {.min = ~0u}}, 0)) << "holds nothing";
    EXPECT_EQ(engine_->types().used_numbers(), before + 1);
  }
  EXPECT_EQ(engine_->types().used_numbers(), before);
}

}  // namespace
}  // namespace vitrine::runtime
