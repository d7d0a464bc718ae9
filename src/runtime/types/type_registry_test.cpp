#include "runtime/types/type_registry.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <random>
#include <thread>

#include "runtime/types/type_words.hpp"
#include "text/wat_parser.hpp"
#include "wasm/module.hpp"
#include "wasm/reader.hpp"

namespace vitrine::runtime {
namespace {

using wasm::HeapType;
using wasm::ValType;

struct Parsed {
  std::vector<uint8_t> bytes;
  wasm::Module module;
};
Parsed parse(std::string_view wat) {
  Parsed p;
  auto bytes = text::parse_wat(wat, wasm::Features::all());
  EXPECT_TRUE(bytes) << bytes.error().message();
  p.bytes = *std::move(bytes);
  auto module = wasm::read_module(p.bytes);
  EXPECT_TRUE(module) << module.error().message();
  p.module = *std::move(module);
  return p;
}

TEST(TypeRegistry, EqualTypesHaveOneNumber) {
  TypeRegistry registry;
  auto a = parse("(module (type (func (param i32) (result i64))) (type (func)))");
  auto b = parse("(module (type (func)) (type (func (param i64))) (type (func (param i32) (result i64))))");
  auto set_a = *registry.add_module(a.module);
  auto set_b = *registry.add_module(b.module);
  EXPECT_EQ(set_a.ids()[0], set_b.ids()[2]);
  EXPECT_EQ(set_a.ids()[1], set_b.ids()[0]);
  EXPECT_NE(set_a.ids()[0], set_b.ids()[1]);
  EXPECT_EQ(registry.live_groups(), 3u);
  ValType params[] = {ValType::I32}, results[] = {ValType::I64};
  auto func = *registry.add_func(params, results);
  EXPECT_EQ(func.ids()[0], set_a.ids()[0]);
  EXPECT_EQ(in_words(registry, registry.get(func.ids()[0])), "func (i32) -> (i64)");
}

TEST(TypeRegistry, TypesGoWithTheirLastUser) {
  TypeRegistry registry;
  auto a = parse("(module (type (func (param i32))) (type (func (param i64))))");
  auto first = *registry.add_module(a.module);
  {
    auto second = *registry.add_module(a.module);
    EXPECT_EQ(registry.live_groups(), 2u);
  }
  EXPECT_EQ(registry.live_groups(), 2u);
  TypeId id = first.ids()[0];
  first = TypeSet();
  EXPECT_EQ(registry.live_groups(), 0u);
  auto again = *registry.add_module(a.module);
  EXPECT_TRUE(again.ids()[0] == id || again.ids()[1] == id) << "numbers are used again";
}

// Recursive groups cannot come from text before the feature is on, so these are made by hand.
struct Group {
  std::vector<std::vector<ValType>> params;
  wasm::Module module;
};
void add_group(wasm::Module& m, std::vector<wasm::TypeDef> defs) {
  m.rec_groups.push_back({static_cast<uint32_t>(m.types.size()), static_cast<uint32_t>(defs.size())});
  for (auto& def : defs) m.types.push_back(def);
}
wasm::TypeDef func_of(std::span<const ValType> params) {
  wasm::TypeDef def;
  def.func.params = params;
  return def;
}

TEST(TypeRegistry, RecursiveGroupsAreEqualByStructure) {
  TypeRegistry registry;
  // m: (rec (type 0 (func (param (ref 0))))); n: an unrelated type first, then the same group at index 1.
  ValType self0[] = {ValType::ref(HeapType::concrete(0), false)};
  ValType self1[] = {ValType::ref(HeapType::concrete(1), false)};
  ValType i32[] = {ValType::I32};
  wasm::Module m, n;
  add_group(m, {func_of(self0)});
  add_group(n, {func_of(i32)});
  add_group(n, {func_of(self1)});
  auto set_m = *registry.add_module(m);
  auto set_n = *registry.add_module(n);
  EXPECT_EQ(set_m.ids()[0], set_n.ids()[1]);
  EXPECT_EQ(registry.get(set_m.ids()[0]).params[0].heap().type_index(), set_m.ids()[0]);
  // Not the same: a group that refers to an earlier, equal type in place of itself.
  wasm::Module o;
  add_group(o, {func_of(self0)});
  add_group(o, {func_of(self0)});
  auto set_o = *registry.add_module(o);
  EXPECT_EQ(set_o.ids()[0], set_m.ids()[0]);
  EXPECT_NE(set_o.ids()[1], set_o.ids()[0]);
  // The later type keeps the earlier one alive.
  set_m = TypeSet();
  set_n = TypeSet();
  EXPECT_EQ(registry.live_groups(), 2u);
  set_o = TypeSet();
  EXPECT_EQ(registry.live_groups(), 0u);
}

TEST(TypeRegistry, Subtypes) {
  TypeRegistry registry;
  wasm::Module m;
  wasm::TypeDef base = func_of({});
  base.is_final = false;
  wasm::TypeDef derived = func_of({});
  derived.supertype = 0;
  derived.depth = 1;
  add_group(m, {base});
  add_group(m, {derived});
  auto set = *registry.add_module(m);
  TypeId b = set.ids()[0], d = set.ids()[1];
  EXPECT_TRUE(registry.is_subtype(d, b));
  EXPECT_FALSE(registry.is_subtype(b, d));
  auto ref = [](HeapType h, bool null = false) { return ValType::ref(h, null); };
  EXPECT_TRUE(registry.matches(ref(HeapType::concrete(d)), ref(HeapType::concrete(b), true)));
  EXPECT_FALSE(registry.matches(ref(HeapType::concrete(d), true), ref(HeapType::concrete(b))));
  EXPECT_TRUE(registry.matches(ref(HeapType::concrete(d)), ref(HeapType::Func)));
  EXPECT_TRUE(registry.matches(ref(HeapType::NoFunc), ref(HeapType::concrete(b))));
  EXPECT_FALSE(registry.matches(ref(HeapType::None), ref(HeapType::concrete(b))));
  EXPECT_FALSE(registry.matches(ref(HeapType::concrete(b)), ref(HeapType::Any)));
  EXPECT_TRUE(registry.matches(ref(HeapType::I31), ref(HeapType::Any)));
  EXPECT_FALSE(registry.matches(ValType::externref(), ValType::funcref()));
  EXPECT_FALSE(registry.matches(ValType::I32, ValType::I64));
}

wasm::Module group_of_funcs(uint32_t count) {
  wasm::Module m;
  add_group(m, std::vector<wasm::TypeDef>(count, func_of({})));
  return m;
}

TEST(TypeRegistry, NumbersOfGroupsOfEveryLengthAreUsedAgain) {
  TypeRegistry registry(1500);
  for (uint32_t count = 1000; count < 1060; ++count) {
    auto set = registry.add_module(group_of_funcs(count));
    ASSERT_TRUE(set) << set.error().message();
    EXPECT_LE(registry.used_numbers(), count);
  }
  EXPECT_EQ(registry.used_numbers(), 0u);
  // With something that stays in between, and two that live at a time.
  ValType i32[] = {ValType::I32};
  TypeSet before;
  for (uint32_t count = 300; count < 360; ++count) {
    auto set = registry.add_module(group_of_funcs(count));
    ASSERT_TRUE(set) << set.error().message();
    auto func = registry.add_func(i32, {});
    ASSERT_TRUE(func);
    EXPECT_EQ(registry.get(func->ids()[0]).params.size(), 1u);
    before = *std::move(set);
  }
  before = TypeSet();
  EXPECT_EQ(registry.used_numbers(), 0u);
  EXPECT_EQ(registry.live_groups(), 0u);
}

TEST(TypeRegistry, FullIsAnErrorAndPasses) {
  TypeRegistry registry(100);
  ValType i32[] = {ValType::I32};
  auto most = registry.add_module(group_of_funcs(100));
  ASSERT_TRUE(most);
  auto func = registry.add_func(i32, {});
  ASSERT_FALSE(func);
  EXPECT_EQ(func.error().kind(), ErrorKind::Limit);
  // A module of which the first group would fit.
  *most = TypeSet();
  wasm::Module m = group_of_funcs(60);
  add_group(m, std::vector<wasm::TypeDef>(60, func_of(i32)));
  EXPECT_FALSE(registry.add_module(m));
  EXPECT_EQ(registry.live_groups(), 0u) << "what was added went with the failure";
  EXPECT_TRUE(registry.add_func(i32, {}));
}

TEST(TypeRegistry, DisplaysNameSupertypesByDepth) {
  TypeRegistry registry;
  // A chain deeper than the least display, in groups of three, with a side branch off its fifth type.
  wasm::Module m;
  constexpr uint32_t kDepth = 12;
  std::vector<wasm::TypeDef> group;
  for (uint32_t i = 0; i < kDepth; ++i) {
    wasm::TypeDef def = func_of({});
    def.is_final = false;
    def.depth = static_cast<uint8_t>(i);
    if (i > 0) def.supertype = i - 1;
    group.push_back(def);
    if (group.size() == 3) add_group(m, std::exchange(group, {}));
  }
  wasm::TypeDef branch = func_of({});
  branch.depth = 5;
  branch.supertype = 4;
  add_group(m, {branch});
  auto set = *registry.add_module(m);
  const auto ids = set.ids();
  for (uint32_t sub = 0; sub < kDepth; ++sub) {
    // As compiled code finds it.
    const abi::VMType& entry = registry.table()[ids[sub]];
    EXPECT_EQ(entry.supertypes[-1], sub + 1) << "how many there are";
    for (uint32_t super = 0; super < kDepth; ++super) {
      EXPECT_EQ(registry.is_subtype(ids[sub], ids[super]), super <= sub);
      if (super <= sub) {
        EXPECT_EQ(entry.supertypes[super], ids[super]);
      }
    }
    for (uint32_t depth = sub + 1; depth < abi::kLeastDisplay; ++depth) {
      EXPECT_EQ(entry.supertypes[depth], wasm::kNoIndex) << "no number: casts to shallow types need no bounds check";
    }
  }
  EXPECT_TRUE(registry.is_subtype(ids[kDepth], ids[4]));
  EXPECT_FALSE(registry.is_subtype(ids[kDepth], ids[5]));
  EXPECT_FALSE(registry.is_subtype(ids[5], ids[kDepth]));
}

// The specification's lattice, written out: what each abstract type matches besides itself.
TEST(TypeRegistry, AbstractTypesMatchAsTheSpecificationSays) {
  using H = HeapType;
  const std::map<H::Abstract, std::vector<H::Abstract>> above = {
      {H::Func, {}},
      {H::Extern, {}},
      {H::Any, {}},
      {H::Exn, {}},
      {H::Cont, {}},
      {H::Eq, {H::Any}},
      {H::I31, {H::Eq, H::Any}},
      {H::Struct, {H::Eq, H::Any}},
      {H::Array, {H::Eq, H::Any}},
      {H::None, {H::I31, H::Struct, H::Array, H::Eq, H::Any}},
      {H::NoFunc, {H::Func}},
      {H::NoExtern, {H::Extern}},
      {H::NoExn, {H::Exn}},
      {H::NoCont, {H::Cont}},
  };
  TypeRegistry registry;
  wasm::Module none;
  for (const auto& [sub, supers] : above) {
    for (const auto& [super, unused] : above) {
      const bool expected = sub == super || std::ranges::count(supers, super) > 0;
      for (bool sub_null : {false, true}) {
        for (bool super_null : {false, true}) {
          const ValType from = ValType::ref(sub, sub_null), to = ValType::ref(super, super_null);
          const bool nullability = super_null || !sub_null;
          EXPECT_EQ(registry.matches(from, to), expected && nullability) << to_string(from) << " " << to_string(to);
          EXPECT_EQ(matches(none, from, to), expected && nullability) << to_string(from) << " " << to_string(to);
        }
      }
    }
  }
}

// Each concrete kind against every abstract type, in the engine's terms and in a module's.
TEST(TypeRegistry, ConcreteTypesStandBetweenTheirAbstractOnes) {
  using H = HeapType;
  TypeRegistry registry;
  wasm::FieldType field{ValType::I32, true};
  wasm::TypeDef structure, array;
  structure.kind = wasm::CompositeKind::Struct;
  structure.fields = {&field, 1};
  array.kind = wasm::CompositeKind::Array;
  array.fields = {&field, 1};
  wasm::Module m;
  add_group(m, {func_of({})});
  add_group(m, {structure});
  add_group(m, {array});
  for (uint32_t i = 0; i < 3; ++i) m.types[i].canonical = i;
  auto set = *registry.add_module(m);
  const std::vector<std::vector<H::Abstract>> above = {
      {H::Func}, {H::Struct, H::Eq, H::Any}, {H::Array, H::Eq, H::Any}};
  const std::vector<H::Abstract> below = {H::NoFunc, H::None, H::None};
  for (uint32_t i = 0; i < 3; ++i) {
    for (int a = H::Func; a <= H::NoCont; ++a) {
      const auto abstract = static_cast<H::Abstract>(a);
      const bool up = std::ranges::count(above[i], abstract) > 0, down = abstract == below[i];
      auto ref = [](HeapType heap) { return ValType::ref(heap, false); };
      EXPECT_EQ(registry.matches(ref(H::concrete(set.ids()[i])), ref(abstract)), up);
      EXPECT_EQ(registry.matches(ref(abstract), ref(H::concrete(set.ids()[i]))), down);
      EXPECT_EQ(matches(m, ref(H::concrete(i)), ref(abstract)), up);
      EXPECT_EQ(matches(m, ref(abstract), ref(H::concrete(i))), down);
    }
  }
}

// Sets come and go on several threads; what a thread holds is there and equal for all.
TEST(TypeRegistry, ThreadsShareTypes) {
  TypeRegistry registry;
  auto worker = [&registry](uint32_t seed) {
    ValType params[] = {ValType::I32, ValType::I64, ValType::F32, ValType::F64};
    std::minstd_rand random(seed);
    for (int round = 0; round < 2000; ++round) {
      const size_t count = random() % 5;
      auto one = *registry.add_func(std::span(params).first(count), {});
      auto two = *registry.add_func(std::span(params).first(count), {});
      EXPECT_EQ(one.ids()[0], two.ids()[0]);
      EXPECT_EQ(registry.get(one.ids()[0]).params.size(), count);
    }
  };
  {
    std::jthread a(worker, 1), b(worker, 2), c(worker, 3);
  }
  EXPECT_EQ(registry.live_groups(), 0u);
  EXPECT_EQ(registry.used_numbers(), 0u);
}

}  // namespace
}  // namespace vitrine::runtime
