// Types of values and functions, and that what a host passes into a typed place is checked against all of its type.
#include "testing.hpp"

namespace vitrine::testing {
namespace {

RefType ref(HeapType heap) {
  return {std::move(heap), false};
}
RefType null(HeapType heap) {
  return {std::move(heap), true};
}

TEST(Types, AbstractHeapTypesFormFourHierarchies) {
  using H = HeapType;
  const std::vector<std::vector<H::Abstract>> kChains = {
      {H::None, H::I31, H::Eq, H::Any},   {H::None, H::Struct, H::Eq, H::Any},
      {H::None, H::Array, H::Eq, H::Any}, {H::NoFunc, H::Func},
      {H::NoExtern, H::Extern},           {H::NoExn, H::Exn}};
  for (const auto& chain : kChains) {
    for (size_t i = 0; i < chain.size(); ++i) {
      for (size_t j = 0; j < chain.size(); ++j) {
        EXPECT_EQ(H(chain[i]).is_subtype_of(chain[j]), i <= j) << i << " " << j;
        EXPECT_EQ(ValType(ref(chain[i])).is_subtype_of(null(chain[j])), i <= j);
        EXPECT_FALSE(ValType(null(chain[i])).is_subtype_of(ref(chain[j])));
      }
    }
  }
  EXPECT_FALSE(H(H::Struct).is_subtype_of(H::Array));
  EXPECT_FALSE(H(H::Func).is_subtype_of(H::Any));
  EXPECT_FALSE(H(H::None).is_subtype_of(H::Func));
}

TEST(Types, AKindIsTheTopOfItsHierarchy) {
  EXPECT_EQ(ValType(ValKind::FuncRef), ValType(null(HeapType::Func)));
  EXPECT_EQ(ValType(ValKind::ExternRef), ValType(null(HeapType::Extern)));
  EXPECT_EQ(ValType(ValKind::AnyRef), ValType(null(HeapType::Any)));
  EXPECT_EQ(ValType(ValKind::ExnRef), ValType(null(HeapType::Exn)));
  EXPECT_EQ(ValType(ref(HeapType::I31)).kind(), ValKind::AnyRef);
  EXPECT_TRUE(ValType(ValKind::I32).is_subtype_of(ValKind::I32));
  EXPECT_FALSE(ValType(ValKind::I32).is_subtype_of(ValKind::I64));
  EXPECT_EQ(to_string(ValType(ref(HeapType::I31))), "(ref i31)");
  EXPECT_EQ(to_string(ValType(ValKind::AnyRef)), "anyref");
}

TEST(Types, DefinedTypesAreEqualWhereverTheyComeFrom) {
  Engine engine = make_engine();
  FuncType sig{{ValKind::I32}, {ValKind::F64}};
  DefinedType a = unwrap(DefinedType::func(engine, sig)), b = unwrap(DefinedType::func(engine, sig));
  DefinedType other = unwrap(DefinedType::func(engine, {{}, {}}));
  EXPECT_EQ(a, b);
  EXPECT_FALSE(a == other);
  EXPECT_EQ(a.func_type(), sig);
  EXPECT_EQ(a.kind(), DefinedType::Kind::Func);
  EXPECT_TRUE(a.is_final());
  EXPECT_FALSE(a.supertype().has_value());
  EXPECT_TRUE(HeapType(a).is_subtype_of(HeapType::Func));
  EXPECT_TRUE(HeapType(HeapType::NoFunc).is_subtype_of(a));
  EXPECT_FALSE(HeapType(a).is_subtype_of(other));
  Module module = compile(engine, R"((module (func (export "f") (param i32) (result f64) (f64.const 0))))");
  Store store(engine);
  EXPECT_EQ(unwrap(unwrap(unwrap(Instance::make(store, module, {})).func("f")).defined_type()), a);

  // Of another engine they never are, and are refused there.
  Engine second = make_engine();
  DefinedType foreign = unwrap(DefinedType::func(second, sig));
  EXPECT_FALSE(foreign == a);
  EXPECT_FALSE(HeapType(foreign).is_subtype_of(a));
  EXPECT_CONTAINS(message_of(Table::make(store, {null(foreign), 1, std::nullopt, false}, Val::null(ValKind::FuncRef))),
                  "another engine");
  EXPECT_CONTAINS(message_of(Func::make(store, {{null(foreign)}, {}},
                                        [](Caller&, std::span<const Val>, std::span<Val>) { return Result<>(); })),
                  "another engine");
}

TEST(Types, OutliveTheModuleAndEngineTheyComeFrom) {
  std::optional<DefinedType> type;
  {
    Engine engine = make_engine();
    Module module = compile(engine, R"((module (func (export "f") (param i64 f32))))");
    Store store(engine);
    type = unwrap(unwrap(unwrap(Instance::make(store, module, {})).func("f")).defined_type());
  }
  EXPECT_EQ(to_string(*type->func_type()), "(i64, f32) -> ()");
}

TEST(Types, AreSaidInTheWordsOfLinkErrors) {
  Engine engine = make_engine();
  DefinedType inner = unwrap(DefinedType::func(engine, {{ValKind::I32}, {}}));
  DefinedType outer = unwrap(DefinedType::func(engine, {{null(inner)}, {}}));
  EXPECT_EQ(to_string(ValType(ref(outer))), "(ref func ((ref null func ...)) -> ())");
  EXPECT_EQ(to_string(ExternType(FuncType{{ref(outer)}, {ValKind::I64}})),
            "func ((ref func ((ref null func ...)) -> ())) -> (i64)");
  EXPECT_EQ(to_string(ExternType(GlobalType{null(inner), true})), "global mut (ref null func (i32) -> ())");
  EXPECT_EQ(to_string(ExternType(TableType{ValKind::FuncRef, 1, 4, false})), "table 1..4 funcref");
  EXPECT_EQ(to_string(ExternType(MemoryType{1, 2, true, true, 0})), "memory i64 1..2 shared of pages of 1 bytes");
  EXPECT_EQ(to_string(ExternType(MemoryType{3, std::nullopt})), "memory 3");
}

TEST(Types, FunctionsTakeNoLessAndGiveNoMore) {
  FuncType wide{{null(HeapType::Any)}, {ref(HeapType::I31)}}, narrow{{ref(HeapType::Eq)}, {null(HeapType::Any)}};
  EXPECT_TRUE(wide.is_subtype_of(narrow));
  EXPECT_FALSE(narrow.is_subtype_of(wide));
  EXPECT_FALSE(wide.is_subtype_of(FuncType{}));
}

TEST(Types, AConcretePlaceTakesOnlyItsFunctions) {
  Engine engine = make_engine();
  Store store(engine);
  Module module = compile(engine, R"((module
    (func (export "one") (param i32) (result i32) (local.get 0))
    (func (export "two") (param i64))))");
  Instance instance = unwrap(Instance::make(store, module, {}));
  Val one = unwrap(instance.func("one")).as_val(), two = unwrap(instance.func("two")).as_val();
  DefinedType type = unwrap(DefinedType::func(engine, {{ValKind::I32}, {ValKind::I32}}));

  Table table = unwrap(Table::make(store, {null(type), 2, std::nullopt, false}, Val::null(ValKind::FuncRef)));
  EXPECT_EQ(unwrap(table.type()).element, ValType(null(type)));
  unwrap(table.set(0, one));
  EXPECT_CONTAINS(message_of(table.set(0, two)), "(ref null func (i32) -> (i32))");
  EXPECT_CONTAINS(message_of(table.grow(1, two)), "(i64) -> ()");
  EXPECT_CONTAINS(message_of(table.fill(0, two, 1)), "expected");
  EXPECT_EQ(Func::from_val(store, unwrap(table.get(0))), unwrap(instance.func("one")));

  EXPECT_CONTAINS(message_of(Global::make(store, {ref(type), true}, Val::null(ValKind::FuncRef))), "null");
  Global global = unwrap(Global::make(store, {ref(type), true}, one));
  EXPECT_CONTAINS(message_of(global.set(two)), "expected");
  EXPECT_CONTAINS(message_of(global.set(Val::null(ValKind::FuncRef))), "null");
  EXPECT_CONTAINS(message_of(global.set(Val(1))), "i32");

  auto echo = [](Caller&, std::span<const Val> params, std::span<Val> results) -> Result<> {
    results[0] = params[0];
    return {};
  };
  Func loose = unwrap(Func::make(store, {{ValKind::FuncRef}, {null(type)}}, echo));
  EXPECT_EQ(unwrap(loose.call({one}))[0].kind(), ValKind::FuncRef);
  EXPECT_CONTAINS(message_of(loose.call({two})), "result 1 of a host function");
  Func strict = unwrap(Func::make(store, {{ref(type)}, {ValKind::FuncRef}}, echo));
  EXPECT_CONTAINS(message_of(strict.call({two})), "argument 1");
  EXPECT_CONTAINS(message_of(strict.call({Val::null(ValKind::FuncRef)})), "null");
  EXPECT_EQ(unwrap(strict.type()).params[0], ValType(ref(type)));
  EXPECT_EQ(to_string(unwrap(strict.type())), "((ref func (i32) -> (i32))) -> (funcref)");

  // Bottom types take null alone.
  Table none =
      unwrap(Table::make(store, {null(HeapType::NoExtern), 1, std::nullopt, false}, Val::null(ValKind::ExternRef)));
  EXPECT_CONTAINS(message_of(none.set(0, ExternRef::make(store, 1))), "expected");
}

// What the host made of a type keeps it, when nobody else does and its number would be another type's.
TEST(Types, AreHeldByTheTablesAndGlobalsOfTheHost) {
  Engine engine = make_engine();
  Store store(engine);
  const FuncType sig{{ValKind::I32}, {ValKind::I32}};
  auto nullable = [&] { return null(unwrap(DefinedType::func(engine, sig))); };
  const Val none = Val::null(ValKind::FuncRef);
  Table table = unwrap(Table::make(store, {nullable(), 1, std::nullopt, false}, none));
  Global global = unwrap(Global::make(store, {nullable(), true}, none));
  DefinedType other = unwrap(DefinedType::func(engine, {{ValKind::F64}, {}}));
  Func wrong = unwrap(Func::wrap(store, [](double) {}));
  EXPECT_FALSE(table.set(0, wrong.as_val()).has_value());
  EXPECT_FALSE(global.set(wrong.as_val()).has_value());
  EXPECT_EQ(to_string(unwrap(table.type()).element), "(ref null func (i32) -> (i32))");
  EXPECT_EQ(unwrap(global.type()).type, ValType(nullable()));
}

}  // namespace
}  // namespace vitrine::testing
