#include "runtime/types/type_registry.hpp"

#include <gtest/gtest.h>

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
  EXPECT_EQ(to_string(registry.get(func.ids()[0])), "(i32) -> (i64)");
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

}  // namespace
}  // namespace vitrine::runtime
