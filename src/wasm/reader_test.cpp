#include "wasm/reader.hpp"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "wasm/limits.hpp"
#include "wasm/module_bytes.hpp"
#include "wasm/names.hpp"

namespace vitrine::wasm {
namespace {

const Bytes kVoid = {0x60, 0, 0};
const Bytes kI32ToI32 = {0x60, 1, 0x7f, 1, 0x7f};

/// "kind: message" of the error, or "" if the bytes are a valid module.
std::string error_of(const Bytes& bytes, Features features = {}) {
  auto module = read_module(bytes, features);
  if (module) return "";
  constexpr const char* kKinds[] = {"malformed", "invalid", "unsupported", "limit"};
  return fmt::format("{}: {}", kKinds[static_cast<int>(module.error().kind())], module.error().message());
}
void expect_error(const Bytes& bytes, std::string_view text, Features features = {}) {
  std::string error = error_of(bytes, features);
  EXPECT_NE(error.find(text), std::string::npos) << "wanted \"" << text << "\", got \"" << error << "\"";
}

TEST(Reader, AnEmptyModule) {
  auto module = read_module(header());
  EXPECT_TRUE(module);
}

TEST(Reader, Header) {
  expect_error({}, "malformed: unexpected end: magic header not detected, at offset 0x0");
  expect_error({0, 'a', 's'}, "malformed: unexpected end");
  expect_error({0, 'a', 's', 'x', 1, 0, 0, 0}, "malformed: magic header not detected");
  expect_error({0, 'a', 's', 'm', 1, 0, 0}, "malformed: unexpected end");
  expect_error({0, 'a', 's', 'm', 0x0d, 0, 0, 0}, "malformed: unknown binary version 0xd, at offset 0x4");
  expect_error({0, 'a', 's', 'm', 0x0d, 0, 1, 0}, "it is a component");
  EXPECT_TRUE(is_module(header()));
  EXPECT_FALSE(is_module(Bytes{0, 'a', 's', 'm', 0x0d, 0, 1, 0}));
}

TEST(Reader, EverythingThatCanBeDeclared) {
  Bytes bytes = header() +                                                                //
                section(1, vec({kVoid, kI32ToI32})) +                                     //
                section(2, vec({name_bytes("env") + name_bytes("f") + Bytes{0, 1},        //
                                name_bytes("env") + name_bytes("g") + Bytes{3, 0x7e, 0},  //
                                name_bytes("env") + name_bytes("t") + Bytes{1, 0x70, 1, 2, 9}})) +
                section(3, {2, 0, 1}) +                                                                              //
                section(4, vec({{0x6f, 4, 7}})) +                                                                    //
                section(5, vec({{1, 1, 2}})) +                                                                       //
                section(6, vec({{0x7f, 1, 0x41, 0x2a, 0x0b}, {0x7e, 0, 0x23, 0, 0x0b}})) +                           //
                section(7, vec({name_bytes("f") + Bytes{0, 2}, name_bytes("m") + Bytes{2, 0}})) + section(8, {1}) +  //
                section(9, vec({{0, 0x41, 1, 0x0b, 2, 0, 1}, {5, 0x70, 2, 0xd2, 2, 0x0b, 0xd0, 0x70, 0x0b}})) +
                section(12, {2}) +                                                       //
                section(10, vec({body({0x0b}), body({0x20, 0, 0x0b}, {1, 3, 0x7f})})) +  //
                section(11, vec({Bytes{0, 0x41, 8, 0x0b} + name_bytes("hi"), Bytes{1} + name_bytes("")})) +
                section(0, name_bytes("producers") + Bytes{1, 2, 3});
  auto module = read_module(bytes);
  ASSERT_TRUE(module) << module.error().message();
  EXPECT_EQ(module->types.size(), 2u);
  EXPECT_EQ(to_string(module->func_type(1)), "[i32] -> [i32]");
  EXPECT_EQ(module->imports[1].name, "g");
  EXPECT_EQ(module->imports[1].index, 0u);
  EXPECT_EQ(module->functions, (std::vector<uint32_t>{1, 0, 1}));
  EXPECT_EQ(module->imported_functions, 1u);
  EXPECT_EQ(module->tables[0].type.limits.max, 9u);
  EXPECT_EQ(to_string(module->tables[1].type.element), "externref");
  EXPECT_TRUE(module->tables[1].type.limits.is_64);
  EXPECT_EQ(module->memories[0].limits.max, 2u);
  EXPECT_EQ(module->globals[1].type.is_mutable, true);
  ASSERT_EQ(module->ops(module->globals[1].init).size(), 1u);
  EXPECT_EQ(module->ops(module->globals[1].init)[0].bits, 42u);
  EXPECT_EQ(module->ops(module->globals[2].init)[0].op, Op::GlobalGet);
  EXPECT_EQ(module->find_export("f")->index, 2u);
  EXPECT_EQ(module->start, 1u);
  EXPECT_EQ(module->elems[0].functions[1], 1u);
  EXPECT_EQ(module->elems[1].mode, SegmentMode::Passive);
  EXPECT_EQ(module->ops(module->elems[1].exprs[0])[0].index, 2u);
  EXPECT_EQ(module->data_count, 2u);
  EXPECT_EQ(module->datas[0].bytes.size(), 2u);
  EXPECT_EQ(module->code[1].bytes[0], 1);
  EXPECT_EQ(bytes[module->code[1].offset], 1);
  EXPECT_EQ(module->customs[0].name, "producers");
  EXPECT_EQ(module->customs[0].after, 11);
  EXPECT_EQ(module->declared_functions, (std::vector<bool>{true, true, true}));
}

TEST(Reader, Sections) {
  expect_error(header() + Bytes{14, 0}, "malformed: malformed section id 14, at offset 0x8");
  expect_error(header() + Bytes{1, 5, 0},
               "malformed: unexpected end: length out of bounds (5 bytes announced, 1 left)");
  expect_error(header() + section(1, {0, 0}),
               "malformed: section size mismatch: 1 bytes left over in the type section");
  expect_error(header() + section(1, {0}) + section(1, {0}), "malformed: unexpected content after last section");
  expect_error(header() + section(3, {0}) + section(1, {0}), "malformed: unexpected content after last section");
  expect_error(header() + section(1, vec({kVoid})) + section(3, {1, 0}),
               "malformed: function and code section have inconsistent lengths (1 and 0)");
  expect_error(header() + section(10, vec({body({0x0b})})),
               "malformed: function and code section have inconsistent lengths (0 and 1)");
  expect_error(header() + section(12, {1}),
               "malformed: data count and data section have inconsistent lengths (1 and 0)");
  expect_error(header() + section(0, {}), "malformed: unexpected end");
  expect_error(header() + section(0, {2, 'a'}), "malformed: unexpected end: length out of bounds");
  expect_error(header() + section(0, {1, 0xff}), "malformed: malformed UTF-8 encoding, at offset 0xb");
}

TEST(Reader, EveryTruncationIsMalformed) {
  Bytes bytes = header() + section(1, vec({kI32ToI32})) +
                section(2, vec({name_bytes("m") + name_bytes("f") + Bytes{0, 0}})) + section(3, {1, 0}) +
                section(4, vec({{0x70, 0, 1}})) + section(5, vec({{0, 1}})) +
                section(6, vec({{0x7d, 0, 0x43, 0, 0, 0, 0, 0x0b}})) +
                section(7, vec({name_bytes("f") + Bytes{0, 0}})) + section(9, vec({{0, 0x41, 0, 0x0b, 1, 0}})) +
                section(10, vec({body({0x20, 0, 0x0b})})) + section(11, vec({{0, 0x41, 0, 0x0b, 1, 'x'}}));
  ASSERT_EQ(error_of(bytes), "");
  size_t modules = 0;
  for (size_t n = 0; n < bytes.size(); ++n) {
    Bytes cut(bytes.begin(), bytes.begin() + static_cast<ptrdiff_t>(n));
    std::string error = error_of(cut);
    modules += error.empty();
    if (!error.empty()) {
      EXPECT_EQ(error.rfind("malformed", 0), 0u) << n << ": " << error;
    }
  }
  EXPECT_GE(modules, 2u);  // cut behind the header, the type section, ...
}

TEST(Reader, NoByteFlipCrashes) {
  Bytes bytes = header() + section(1, vec({kI32ToI32, kVoid})) + section(3, {1, 0}) + section(4, vec({{0x70, 0, 1}})) +
                section(6, vec({{0x7f, 0, 0x41, 0, 0x0b}})) + section(9, vec({{0, 0x41, 0, 0x0b, 1, 0}})) +
                section(10, vec({body({0x20, 0, 0x0b})}));
  size_t valid = 0;
  for (size_t i = 0; i < bytes.size(); ++i) {
    for (int value = 0; value < 256; ++value) {
      Bytes changed = bytes;
      changed[i] = static_cast<uint8_t>(value);
      valid += error_of(changed).empty();
    }
  }
  EXPECT_GE(valid, bytes.size());
}

TEST(Reader, Types) {
  expect_error(header() + section(1, vec({{0x61}})), "malformed: malformed definition type 0x61");
  expect_error(header() + section(1, vec({{0x60, 1, 0x41, 0}})), "malformed: malformed value type 0x41, at offset 0xd");
  expect_error(header() + section(1, vec({{0x60, 1, 0x6e, 0}})),
               "unsupported: type anyref needs the feature 'gc', which this version does not implement, at offset 0xd");
  expect_error(header() + section(1, vec({{0x60, 1, 0x69, 0}})), "type exnref needs the feature 'exceptions'");
  expect_error(header() + section(1, vec({{0x60, 1, 0x63, 0x70, 0}})), "needs the feature 'function-references'");
  expect_error(header() + section(1, vec({{0x5f, 0}})), "unsupported: struct type needs the feature 'gc'");
  expect_error(header() + section(1, vec({{0x4e, 0}})), "unsupported: recursive type group needs the feature 'gc'");
  expect_error(header() + section(1, vec({{0x60, 0, 2, 0x7f, 0x7f}})),
               "needs the feature 'multi-value', which is off; turn it on with -W multi-value",
               Features().with(Feature::MultiValue, false));
  auto with_params = [](uint32_t n) { return Bytes{0x60} + leb(n) + Bytes(n, 0x7f) + Bytes{0}; };
  EXPECT_EQ(error_of(header() + section(1, vec({with_params(kMaxParams)}))), "");
  expect_error(header() + section(1, vec({with_params(kMaxParams + 1)})),
               "limit: too many parameters: 1001, the limit is 1000");
}

TEST(Reader, EqualTypesHaveOneCanonicalNumber) {
  auto module = read_module(header() + section(1, vec({kVoid, kI32ToI32, kVoid, kI32ToI32, {0x60, 1, 0x7f, 0}})));
  ASSERT_TRUE(module);
  std::vector<uint32_t> canonical;
  for (const TypeDef& type : module->types) canonical.push_back(type.canonical);
  EXPECT_EQ(canonical, (std::vector<uint32_t>{0, 1, 0, 1, 4}));
  EXPECT_TRUE(matches(*module, ValType::ref(HeapType::concrete(2), false), ValType::ref(HeapType::concrete(0), true)));
  EXPECT_FALSE(matches(*module, ValType::ref(HeapType::concrete(2), true), ValType::ref(HeapType::concrete(0), false)));
  EXPECT_FALSE(matches(*module, ValType::ref(HeapType::concrete(1), false), ValType::ref(HeapType::concrete(0), true)));
  EXPECT_TRUE(matches(*module, ValType::ref(HeapType::concrete(1), false), ValType::funcref()));
  EXPECT_TRUE(matches(*module, ValType::ref(HeapType::NoFunc, false), ValType::ref(HeapType::concrete(1), false)));
  EXPECT_FALSE(matches(*module, ValType::funcref(), ValType::externref()));
}

TEST(Reader, RecursiveTypesAreEqualUpToTheirPlace) {
  // Two groups of one type each, that takes a reference to itself; a third that takes a reference to the first.
  Module module;
  auto add = [&](uint32_t param_type) {
    TypeDef def;
    std::array params = {ValType::ref(HeapType::concrete(param_type), true)};
    def.func.params = module.arena->copy<ValType>(params);
    module.types.push_back(def);
  };
  add(0);
  add(1);
  add(0);
  CanonicalTypes canonical;
  for (uint32_t i = 0; i < 3; ++i) canonical.add_group(module, {i, 1});
  EXPECT_EQ(module.types[1].canonical, 0u);
  EXPECT_EQ(module.types[2].canonical, 2u);
}

TEST(Reader, IndicesOutOfRange) {
  Bytes types = header() + section(1, vec({kVoid, kI32ToI32}));
  Bytes code = section(10, vec({body({0x0b})}));
  expect_error(types + section(3, {1, 2}) + code, "invalid: unknown type 2: there are 2, at offset 0x16");
  expect_error(types + section(2, vec({{0, 0, 0, 7}})), "invalid: unknown type 7");
  expect_error(types + section(7, vec({name_bytes("f") + Bytes{0, 0}})), "invalid: unknown function 0: there are 0");
  expect_error(types + section(7, vec({name_bytes("f") + Bytes{1, 0}})), "invalid: unknown table 0");
  expect_error(types + section(7, vec({name_bytes("f") + Bytes{2, 0}})), "invalid: unknown memory 0");
  expect_error(types + section(7, vec({name_bytes("f") + Bytes{3, 0}})), "invalid: unknown global 0");
  expect_error(types + section(7, vec({name_bytes("f") + Bytes{4, 0}})), "invalid: unknown tag 0");
  expect_error(types + section(7, vec({name_bytes("f") + Bytes{5, 0}})), "malformed: malformed export kind 0x5");
  expect_error(types + section(8, {0}), "invalid: unknown function 0");
  expect_error(types + section(9, vec({{0, 0x41, 0, 0x0b, 0}})), "invalid: unknown table 0");
  expect_error(types + section(9, vec({{1, 0, 1, 5}})), "invalid: unknown function 5");
  expect_error(types + section(11, vec({{0, 0x41, 0, 0x0b, 0}})), "invalid: unknown memory 0");
  expect_error(types + section(3, {1, 1}) + section(8, {0}) + code,
               "invalid: start function must not have parameters or results, function 0 is [i32] -> [i32]");
  expect_error(types + section(2, vec({{0, 0, 6, 0}})), "malformed: malformed import kind 0x6");
}

TEST(Reader, Limits) {
  expect_error(header() + section(5, vec({{0x10, 1}})), "malformed: malformed limits flags 0x10");
  expect_error(header() + section(5, vec({{3, 1, 1}})),
               "malformed: malformed limits flags: shared memory needs the feature");
  expect_error(header() + section(4, vec({{0x70, 2, 1}})), "malformed: malformed limits flags 0x2");
  expect_error(header() + section(5, vec({{1, 2, 1}})),
               "invalid: size minimum must not be greater than maximum (2 > 1)");
  expect_error(header() + section(5, vec({Bytes{0} + leb(65537)})),
               "invalid: memory size must be at most 65536 pages (4GiB) for i32, not 65537");
  EXPECT_EQ(error_of(header() + section(5, vec({Bytes{1, 0} + leb(65536)}))), "");
  EXPECT_EQ(error_of(header() + section(5, vec({Bytes{4} + leb(uint64_t{1} << 48)}))), "");
  expect_error(header() + section(5, vec({Bytes{4} + leb((uint64_t{1} << 48) + 1)})),
               "invalid: memory size must be at most");
  EXPECT_EQ(error_of(header() + section(4, vec({Bytes{0x70, 0} + leb(0xffff'ffff)}))), "");
  expect_error(header() + section(4, vec({Bytes{0x70, 0} + leb(0x1'0000'0000)})),
               "invalid: table size must be at most 2^32-1");
  expect_error(header() + section(5, vec({{4, 1}})), "64-bit memory needs the feature 'memory64', which is off",
               Features().with(Feature::Memory64, false));
  expect_error(header() + section(5, vec({{0, 1}, {0, 1}})), "multiple memories",
               Features().with(Feature::MultiMemory, false));
  expect_error(header() + section(5, leb(101) + Bytes(202, 0)), "limit: too many memories: 101, the limit is 100");
  expect_error(header() + section(4, vec({{0x7f, 0, 1}})), "malformed: malformed reference type 0x7f");
  expect_error(header() + section(6, vec({{0x7f, 2, 0x41, 0, 0x0b}})), "malformed: malformed mutability 0x2");
}

TEST(Reader, ConstantExpressions) {
  auto global = [](const Bytes& init, uint8_t type = 0x7f) {
    return header() + section(6, vec({Bytes{type, 0} + init + Bytes{0x0b}}));
  };
  EXPECT_EQ(error_of(global({0x41, 1})), "");
  EXPECT_EQ(error_of(global({0x41, 1, 0x41, 2, 0x6c, 0x41, 3, 0x6b})), "");
  EXPECT_EQ(error_of(global({0x42, 1, 0x42, 2, 0x7c}, 0x7e)), "");
  EXPECT_EQ(error_of(global({0xd0, 0x70}, 0x70)), "");
  expect_error(global({}),
               "invalid: type mismatch: constant expression of type [] where [i32] is expected, at offset 0xd");
  expect_error(global({0x42, 1}), "invalid: type mismatch: constant expression of type [i64] where [i32] is expected");
  expect_error(global({0x41, 1, 0x41, 2}), "invalid: type mismatch: constant expression of type [i32 i32]");
  expect_error(global({0x41, 1, 0x6a}), "invalid: type mismatch: i32.add expects i32, found nothing");
  expect_error(global({0x41, 1, 0x42, 1, 0x6a}), "invalid: type mismatch: i32.add expects i32, found i64");
  expect_error(global({0x41, 1, 0x45}),
               "invalid: constant expression required: i32.eqz is not constant, at offset 0xf");
  expect_error(global({0x02, 0x40, 0x0b}), "invalid: constant expression required: block is not constant");
  expect_error(global({0x41, 1, 0x41, 2, 0x6c}),
               "constant expression required: i32.mul needs the feature 'extended-const'",
               Features().with(Feature::ExtendedConst, false));
  expect_error(global({0x23, 0}), "invalid: unknown global 0");
  expect_error(global({0xd2, 0}, 0x70), "invalid: unknown function 0");
  expect_error(global({0x45, 0xff}), "malformed: illegal opcode ff");  // malformed wins
  expect_error(header() + section(6, vec({{0x7f, 0, 0x41}})), "malformed: unexpected end");
  // A mutable global is not constant; an immutable one that came before is, with extended-const.
  expect_error(header() + section(6, vec({{0x7f, 1, 0x41, 1, 0x0b}, {0x7f, 0, 0x23, 0, 0x0b}})),
               "invalid: constant expression required: global 0 is mutable");
  EXPECT_EQ(error_of(header() + section(6, vec({{0x7f, 0, 0x41, 1, 0x0b}, {0x7f, 0, 0x23, 0, 0x0b}}))), "");
  // Offsets have the address type.
  expect_error(header() + section(5, vec({{4, 1}})) + section(11, vec({{0, 0x41, 0, 0x0b, 0}})),
               "constant expression of type [i32] where [i64] is expected");
}

TEST(Reader, MalformedBytesWinOverInvalidOnes) {
  expect_error(header() + section(8, {0}), "invalid: unknown function 0");
  expect_error(header() + section(8, {0}) + Bytes{14, 0}, "malformed: malformed section id");
}

TEST(Reader, ExportNamesAreUnique) {
  Bytes memory = header() + section(5, vec({{0, 1}}));
  expect_error(memory + section(7, vec({{1, 'a', 2, 0}, {1, 'b', 2, 0}, {1, 'a', 2, 0}})),
               "invalid: duplicate export name \"a\"");
  EXPECT_EQ(error_of(memory + section(7, vec({{1, 'a', 2, 0}, {1, 'b', 2, 0}}))), "");
}

TEST(Reader, SegmentKinds) {
  Bytes table = header() + section(4, vec({{0x6f, 0, 1}}));
  expect_error(table + section(9, vec({{8}})), "malformed: malformed elements segment kind 8");
  expect_error(table + section(9, vec({{1, 1, 0}})), "malformed: malformed element kind");
  expect_error(
      table + section(9, vec({{0, 0x41, 0, 0x0b, 0}})),
      "invalid: type mismatch: element segment's type (ref func) does not match table's element type externref");
  EXPECT_EQ(error_of(table + section(9, vec({{6, 0, 0x41, 0, 0x0b, 0x6f, 1, 0xd0, 0x6f, 0x0b}}))), "");
  expect_error(header() + section(11, vec({{3}})), "malformed: malformed data segment kind 3");
  expect_error(header() + section(11, vec({{1, 0}})), "needs the feature 'bulk-memory', which is off",
               Features::core_only());
}

TEST(Reader, FunctionSizeAndCountLimits) {
  Bytes types = header() + section(1, vec({kVoid})) + section(3, {1, 0});
  Bytes big(kMaxFunctionSize, 0x01);
  big.front() = 0;
  big.back() = 0x0b;
  EXPECT_EQ(error_of(types + section(10, Bytes{1} + leb(big.size()) + big)), "");
  big.insert(big.begin() + 1, 0x01);
  expect_error(types + section(10, Bytes{1} + leb(big.size()) + big), "limit: body of function 0 has 7654322 bytes");
}

TEST(Reader, FiftyThousandFunctions) {
  constexpr uint32_t kCount = 50'000;
  Bytes bodies = leb(kCount);
  for (uint32_t i = 0; i < kCount; ++i) bodies.insert(bodies.end(), {2, 0, 0x0b});
  auto module = read_module(header() + section(1, vec({kVoid})) + section(3, leb(kCount) + Bytes(kCount, 0)) +
                            section(10, bodies));
  ASSERT_TRUE(module);
  EXPECT_EQ(module->code.size(), kCount);
}

TEST(Reader, DeclarationsOnly) {
  Bytes types = header() + section(1, vec({kVoid})) + section(3, {2, 0, 0});
  auto without = read_module(types, {}, {.declarations_only = true});
  ASSERT_TRUE(without);
  EXPECT_EQ(without->code.size(), 2u);
  auto empty = read_module(types + section(10, {2, 0, 0}), {}, {.declarations_only = true});
  ASSERT_TRUE(empty);
  EXPECT_TRUE(empty->code[1].bytes.empty());
  expect_error(types, "malformed: function and code section");
}

TEST(Names, ReadsWhatIsThere) {
  Bytes functions = vec({Bytes{1} + name_bytes("one"), Bytes{4} + name_bytes("four")});
  Bytes locals = vec({Bytes{1} + vec({Bytes{0} + name_bytes("x"), Bytes{2} + name_bytes("y")})});
  Bytes content = name_bytes("name") + section(0, name_bytes("mod")) + section(1, functions) + section(2, locals) +
                  section(99, {1, 2, 3}) + section(7, vec({Bytes{0} + name_bytes("g")}));
  auto bytes = header() + section(0, content);
  auto module = read_module(bytes);
  ASSERT_TRUE(module);
  Names names = Names::read(*module);
  EXPECT_EQ(names.module(), "mod");
  EXPECT_EQ(names.function(1), "one");
  EXPECT_EQ(names.function(2), "");
  EXPECT_EQ(names.function(4), "four");
  EXPECT_EQ(names.local(1, 2), "y");
  EXPECT_EQ(names.local(1, 1), "");
  EXPECT_EQ(names.local(2, 0), "");
  EXPECT_EQ(names.global(0), "g");
  EXPECT_EQ(describe_function(*module, names, 4), "four");
  EXPECT_EQ(describe_function(*module, names, 5), "function[5]");
}

TEST(Names, MalformedOnesAreIgnored) {
  Bytes good = section(1, vec({Bytes{0} + name_bytes("f")}));
  for (const Bytes& bad : {Bytes{2, 50}, Bytes{1, 1}, section(1, {2, 0, 1, 'g', 1, 9}), Bytes{0x80}}) {
    auto bytes = header() + section(0, name_bytes("name") + good + bad);
    auto module = read_module(bytes);
    ASSERT_TRUE(module);
    std::string_view name = Names::read(*module).function(0);
    EXPECT_TRUE(name == "f" || name == "g") << name;
  }
}

}  // namespace
}  // namespace vitrine::wasm
