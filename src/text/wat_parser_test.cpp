#include "text/wat_parser.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <gtest/gtest.h>

#include <chrono>

#include "base/bytes.hpp"
#include "wasm/reader.hpp"
#include "wasm/validator.hpp"

namespace vitrine::text {
namespace {

using Bytes = std::vector<uint8_t>;

std::string hex(std::span<const uint8_t> bytes) {
  return fmt::format("{:02x}", fmt::join(bytes, " "));
}

Bytes parse(std::string_view text) {
  auto bytes = parse_wat(text, wasm::Features());
  EXPECT_TRUE(bytes.has_value()) << text << "\n" << bytes.error().message();
  return bytes ? *bytes : Bytes();
}

std::string error(std::string_view text) {
  auto bytes = parse_wat(text, wasm::Features());
  if (bytes) return "(it parsed)";
  EXPECT_EQ(bytes.error().kind(), ErrorKind::Malformed);
  return bytes.error().message();
}

// The contents of a section in hexadecimal, the count included; of the code section's only function without `code`.
std::string section(std::string_view text, uint8_t id, bool names = false) {
  Bytes bytes = parse(text);
  for (size_t at = 8; at < bytes.size();) {
    uint8_t found = bytes[at++];
    size_t size = 0;
    for (int shift = 0;; shift += 7) {
      size |= size_t{bytes[at] & 0x7fu} << shift;
      if (!(bytes[at++] & 0x80)) break;
    }
    if (found == id) {
      std::span contents(bytes.data() + at, size);
      return hex(names ? contents.subspan(5) : contents);
    }
    at += size;
  }
  return "none";
}

std::string types(std::string_view text) {
  return section(text, 1);
}
std::string imports(std::string_view text) {
  return section(text, 2);
}
std::string functions(std::string_view text) {
  return section(text, 3);
}
std::string tables(std::string_view text) {
  return section(text, 4);
}
std::string memories(std::string_view text) {
  return section(text, 5);
}
std::string globals(std::string_view text) {
  return section(text, 6);
}
std::string exports(std::string_view text) {
  return section(text, 7);
}
std::string elems(std::string_view text) {
  return section(text, 9);
}
std::string data(std::string_view text) {
  return section(text, 11);
}

// The instructions of the last function of a module with just one body.
std::string code(std::string_view text) {
  std::string bytes = section(text, 10);
  // count 01, size (one byte), no locals
  EXPECT_EQ(bytes.substr(0, 3), "01 ") << bytes;
  EXPECT_EQ(bytes.substr(6, 3), "00 ") << bytes;
  return bytes.substr(9);
}
std::string body(std::string_view instructions) {
  return code(fmt::format("(func {})", instructions));
}

#define EXPECT_ERROR(text, part) EXPECT_NE(error(text).find(part), std::string::npos) << text << "\n" << error(text)

TEST(Wat, EmptyModules) {
  for (std::string_view text : {"", "(module)", "(module $m)", " (; ;) (module ;;\n )"}) {
    EXPECT_EQ(hex(parse(text)).substr(0, 23), "00 61 73 6d 01 00 00 00") << text;
  }
  EXPECT_EQ(parse("").size(), 8u);
}

TEST(Wat, SectionsAreInTheBinaryOrder) {
  Bytes bytes = parse(R"((module
    (data $d "x") (func $f (data.drop $d)) (start $f) (export "f" (func $f)) (elem declare func $f)
    (tag) (global i32 (i32.const 0))
    (memory 1) (table 1 funcref) (type (func (result i64)))))");
  std::vector<int> ids;
  for (size_t at = 8; at < bytes.size(); at += bytes[at + 1] + 2) ids.push_back(bytes[at]);
  EXPECT_EQ(ids, (std::vector{1, 3, 4, 5, 13, 6, 7, 8, 9, 12, 10, 11, 0}));
}

// -- types and type uses

TEST(Wat, ImplicitTypesFollowExplicitOnesInOrderOfUse) {
  std::string_view text = R"(
    (func (param i32))
    (func (result f64) (f64.const 0))
    (type $a (func (param f32)))
    (func (param f32))
    (type $b (func (param i32)))
    (func (param i32) (block (param i32) (result i32 i32) unreachable) unreachable)
    (func (param i64)))";
  EXPECT_EQ(types(text), "05 60 01 7d 00 60 01 7f 00 60 00 01 7c 60 01 7f 02 7f 7f 60 01 7e 00");
  EXPECT_EQ(functions(text), "05 01 02 00 01 04");
}

TEST(Wat, OnlyPlainFinalTypesServeImplicitUses) {
  EXPECT_EQ(types("(type (sub (func))) (rec (type (func)) (type (func))) (func)"),
            "03 50 00 60 00 00 4e 02 60 00 00 60 00 00 60 00 00");
  EXPECT_EQ(types("(type (sub final (func))) (func)"), "01 60 00 00");
  EXPECT_EQ(types("(rec (type (func))) (func)"), "01 60 00 00");
}

TEST(Wat, TypeUses) {
  EXPECT_EQ(
      functions(
          "(type (func)) (type $t (func (param i32))) (func (type $t)) (func (type 1) (param i32)) (func (type 0))"),
      "03 01 01 00");
  // The parameters of the type are locals even where they are not repeated.
  EXPECT_EQ(section("(type $t (func (param i32 i32))) (func (type $t) (local $x i64) (drop (local.get $x)))", 10),
            "01 07 01 01 7e 20 02 1a 0b");
  EXPECT_ERROR("(type $t (func (param i32))) (func (type $t) (param i64))", "inline function type");
  EXPECT_ERROR("(type $t (func)) (func (type $t) (result i32) unreachable)", "inline function type");
  EXPECT_ERROR("(func (type 7) (param i64))", "unknown type 7");
  EXPECT_ERROR("(func (type $t))", "unknown type $t");
  EXPECT_ERROR("(type $t (struct)) (func (type $t) (param i32))", "not a function type");
  EXPECT_ERROR("(func (result i32) (param i32))", "unknown operator 'param'");
  EXPECT_ERROR("(func (param $x i32 i64))", "unexpected token 'i64'");
  EXPECT_ERROR("(func (param $x i32) (param $x i32))", "duplicate local $x");
  EXPECT_ERROR("(import \"\" \"\" (func (param $x i32) (param $x i32)))", "duplicate local $x");
  EXPECT_ERROR("(func (param $x i32) (local $x i32))", "duplicate local $x");
  EXPECT_ERROR("(func (call_indirect (param $x i32)))", "unexpected token '$x'");
  EXPECT_ERROR("(func (block (param $x i32)))", "unexpected token '$x'");
}

TEST(Wat, TypeDefinitions) {
  EXPECT_EQ(types("(rec (type $a (sub (struct (field $x (mut i8)) (field i32 (ref null $b))))) (type $b (sub final $a "
                  "(array i16))))"),
            "01 4e 02 50 00 5f 03 78 01 7f 00 63 01 00 4f 01 00 5e 77 00");
  EXPECT_EQ(types("(rec)"), "01 4e 00");
  EXPECT_EQ(types("(type (func (param (ref func) (ref null func) funcref (ref null extern) anyref (ref i31) v128)))"),
            "01 60 07 64 70 70 70 6f 6e 64 6c 7b 00");
  EXPECT_EQ(
      types(
          "(type (func (result i31ref structref arrayref eqref exnref nullref nullfuncref nullexternref nullexnref)))"),
      "01 60 00 09 6c 6b 6a 6d 69 71 73 72 74");
  // Index 64 is a signed number of two bytes; of one byte it would be a negative one, which is an abstract type.
  std::string many = "(type (func (param (ref 64))))";
  for (int i = 0; i < 64; ++i) many += "(type (struct))";
  EXPECT_EQ(types(many).substr(0, 23), "41 60 01 64 c0 00 00 5f");
  EXPECT_ERROR("(type (struct (field $x i32) (field $x i32)))", "duplicate field $x");
  EXPECT_ERROR("(type $t (func)) (type $t (func))", "duplicate type $t");
  EXPECT_ERROR("(type (func (param foo)))", "expected a value type");
  EXPECT_ERROR("(type (ref func))", "expected a type definition");
  EXPECT_ERROR("(type (func (param (ref foo))))", "expected a heap type");
  EXPECT_ERROR("(rec (func))", "expected 'type'");
}

// -- imports and exports

TEST(Wat, Imports) {
  std::string_view expected =
      "05 01 6d 01 66 00 00 01 6d 01 74 01 70 00 01 01 6d 01 6d 02 01 01 02 01 6d 01 67 03 7f 01 01 6d 01 65 04 00 00";
  EXPECT_EQ(imports(R"((import "m" "f" (func $f)) (import "m" "t" (table 1 funcref)) (import "m" "m" (memory 1 2))
                       (import "m" "g" (global (mut i32))) (import "m" "e" (tag)))"),
            expected);
  EXPECT_EQ(imports(R"((func $f (import "m" "f")) (table (import "m" "t") 1 funcref) (memory (import "m" "m") 1 2)
                       (global (import "m" "g") (mut i32)) (tag (import "m" "e")))"),
            expected);
  EXPECT_ERROR(R"((func) (import "" "" (func)))", "import after function definition");
  EXPECT_ERROR(R"((memory 1) (func (import "" "")))", "import after memory definition");
  EXPECT_ERROR(R"((table 1 funcref) (import "" "" (func)))", "import after table definition");
  EXPECT_ERROR(R"((global i32 (i32.const 0)) (import "" "" (func)))", "import after global definition");
  EXPECT_ERROR(R"((import "\ff" "" (func)))", "malformed UTF-8");
  EXPECT_ERROR(R"((import "a" (func)))", "expected the name of an import");
  EXPECT_ERROR(R"((import "a" "b" (type)))", "expected func, table, memory, global or tag");
  EXPECT_ERROR(R"((func (import "a" "b") (local i32)))", "unexpected token");
}

TEST(Wat, Exports) {
  EXPECT_EQ(exports(R"((func $f (export "a") (export "b")) (table (export "t") 1 funcref) (memory (export "m") 1)
                       (global (export "g") i32 (i32.const 0)) (tag (export "e")) (export "c" (func $f)))"),
            "07 01 61 00 00 01 62 00 00 01 74 01 00 01 6d 02 00 01 67 03 00 01 65 04 00 01 63 00 00");
  EXPECT_EQ(exports(R"((func (export "x") (import "a" "b")) (func (export "y")))"), "02 01 78 00 00 01 79 00 01");
  EXPECT_ERROR(R"((export "a" (func $f)))", "unknown function $f");
  EXPECT_ERROR(R"((export "a" (memory $m)))", "unknown memory $m");
  EXPECT_ERROR(R"((export "a" (elem 0)))", "expected func, table, memory, global or tag");
}

TEST(Wat, Identifiers) {
  EXPECT_EQ(exports(R"((func) (func $"a b") (export "x" (func $"a\20b")))"), "01 01 78 00 01");
  EXPECT_EQ(exports(R"((func) (func $abc) (export "x" (func $"abc")))"), "01 01 78 00 01");
  EXPECT_ERROR("(func $f) (func $f)", "1:17: duplicate function $f");
  EXPECT_ERROR("(func $f (import \"\" \"\")) (func $f)", "duplicate function $f");
  EXPECT_ERROR("(global $g i32 (i32.const 0)) (global $g i32 (i32.const 0))", "duplicate global $g");
  EXPECT_ERROR("(memory $m 1) (memory $m 1)", "duplicate memory $m");
  EXPECT_ERROR("(table $t 1 funcref) (table $t 1 funcref)", "duplicate table $t");
  EXPECT_ERROR("(data $d) (data $d)", "duplicate data segment $d");
  EXPECT_ERROR("(elem $e func) (elem $e func)", "duplicate element segment $e");
  EXPECT_ERROR("(tag $e) (tag $e)", "duplicate tag $e");
  EXPECT_ERROR("(func (call 4294967296))", "out of range");
}

// -- tables, memories, globals, segments

TEST(Wat, Tables) {
  EXPECT_EQ(tables("(table 1 funcref)"), "01 70 00 01");
  EXPECT_EQ(tables("(table 1 2 externref)"), "01 6f 01 01 02");
  EXPECT_EQ(tables("(table i64 1 2 (ref null extern))"), "01 6f 05 01 02");
  EXPECT_EQ(tables("(table i32 1 (ref func) (ref.func 0))"), "01 40 00 64 70 00 01 d2 00 0b");
  std::string_view inline_functions = "(table funcref (elem $f $f)) (func $f)";
  EXPECT_EQ(tables(inline_functions), "01 70 01 02 02");
  EXPECT_EQ(elems(inline_functions), "01 00 41 00 0b 02 00 00");
  EXPECT_EQ(elems("(table funcref (elem (ref.func 0) (item ref.null func)))"), "01 04 41 00 0b 02 d2 00 0b d0 70 0b");
  EXPECT_EQ(elems("(table 0 funcref) (table i64 funcref (elem 0))"), "01 02 01 42 00 0b 00 01 00");
  EXPECT_EQ(elems("(table 0 funcref) (table externref (elem (ref.null extern)))"), "01 06 01 41 00 0b 6f 01 d0 6f 0b");
  EXPECT_EQ(elems("(type $t (func)) (func $f) (table (ref null $t) (elem $f))"), "01 06 00 41 00 0b 63 00 01 d2 00 0b");
  EXPECT_EQ(elems("(table funcref (elem func 0))"), "01 00 41 00 0b 01 00");
  // An inline segment takes a place in the index space of segments.
  EXPECT_EQ(code("(table funcref (elem)) (elem $e func) (func (elem.drop $e))"), "fc 0d 01 0b");
  EXPECT_ERROR("(table 1)", "expected a reference type");
  EXPECT_ERROR("(table funcref)", "expected (elem ...)");
  EXPECT_ERROR("(table f32 1 funcref)", "address type");
  EXPECT_ERROR("(table 0x1_0000_0000_0000_0000 funcref)", "out of range");
}

TEST(Wat, Memories) {
  EXPECT_EQ(memories("(memory 1)"), "01 00 01");
  EXPECT_EQ(memories("(memory 1 2 shared)"), "01 03 01 02");
  EXPECT_EQ(memories("(memory i64 1 2)"), "01 05 01 02");
  EXPECT_EQ(memories("(memory 0 (pagesize 1))"), "01 08 00 00");
  EXPECT_EQ(memories("(memory (data))"), "01 01 00 00");
  EXPECT_EQ(memories("(memory (data \"a\" \"b\"))"), "01 01 01 01");
  EXPECT_EQ(data("(memory (data \"a\" \"b\"))"), "01 00 41 00 0b 02 61 62");
  EXPECT_EQ(data("(memory 1) (memory i64 (data \"a\"))"), "01 02 01 42 00 0b 01 61");
  EXPECT_EQ(memories(fmt::format("(memory (data \"{}\"))", std::string(65'537, 'x'))), "01 01 02 02");
  EXPECT_EQ(code("(memory (data)) (data $d) (func (data.drop $d))"), "fc 09 01 0b");
  EXPECT_ERROR("(memory)", "expected a minimum size");
  EXPECT_ERROR("(memory 1 2 3)", "unexpected token '3'");
  EXPECT_ERROR("(memory -1)", "expected a minimum size");
  EXPECT_ERROR("(memory 0 (pagesize 3))", "power of two");
}

TEST(Wat, SizesAre32BitsWideBefore64BitMemories) {
  auto bytes = parse_wat("(memory 0x1_0000_0000)", wasm::Features::core_only());
  ASSERT_FALSE(bytes.has_value());
  EXPECT_NE(bytes.error().message().find("out of range"), std::string::npos);
}

TEST(Wat, Globals) {
  EXPECT_EQ(globals("(global i32 (i32.const -1)) (global (mut f32) (f32.const 1)) (global i64 i64.const 2)"),
            "03 7f 00 41 7f 0b 7d 01 43 00 00 80 3f 0b 7e 00 42 02 0b");
  EXPECT_EQ(globals("(global $a i32 (global.get $b)) (global $b i32 (i32.add (i32.const 1) (i32.const 2)))"),
            "02 7f 00 23 01 0b 7f 00 41 01 41 02 6a 0b");
}

TEST(Wat, ElementSegmentsOfAllForms) {
  auto one = [](std::string_view segment) {
    return elems(fmt::format("(table $t 1 funcref) (table $u 1 funcref) (func $f) {}", segment)).substr(3);
  };
  EXPECT_EQ(one("(elem (i32.const 1) $f 0)"), "00 41 01 0b 02 00 00");
  EXPECT_EQ(one("(elem (offset i32.const 1) func $f)"), "00 41 01 0b 01 00");
  EXPECT_EQ(one("(elem (table 0) (i32.const 1) func $f)"), "00 41 01 0b 01 00");
  EXPECT_EQ(one("(elem $e func $f)"), "01 00 01 00");
  EXPECT_EQ(one("(elem (table $u) (offset (i32.const 1)) func $f)"), "02 01 41 01 0b 00 01 00");
  EXPECT_EQ(one("(elem declare func $f)"), "03 00 01 00");
  EXPECT_EQ(one("(elem (i32.const 1) funcref (ref.func $f))"), "04 41 01 0b 01 d2 00 0b");
  EXPECT_EQ(one("(elem funcref (item ref.func $f) (ref.null func))"), "05 70 02 d2 00 0b d0 70 0b");
  EXPECT_EQ(one("(elem (ref func) (ref.func $f))"), "05 64 70 01 d2 00 0b");
  EXPECT_EQ(one("(elem (table $u) (i32.const 1) funcref (ref.func $f))"), "06 01 41 01 0b 70 01 d2 00 0b");
  EXPECT_EQ(one("(elem (i32.const 1) externref)"), "06 00 41 01 0b 6f 00");
  EXPECT_EQ(one("(elem declare funcref (ref.func $f))"), "07 70 01 d2 00 0b");
  EXPECT_EQ(one("(elem (i32.const 0))"), "00 41 00 0b 00");
  EXPECT_EQ(one("(elem 1 (i32.const 0) $f)"), "02 01 41 00 0b 00 01 00");  // as 1.0 wrote it
  EXPECT_ERROR("(elem $f $f)", "expected func or a reference type");
  EXPECT_ERROR("(elem)", "expected func or a reference type");
  EXPECT_ERROR("(table 1 funcref) (elem (table 0) (i32.const 0) 0)", "expected func or a reference type");
  EXPECT_ERROR("(elem (i32.const 0) (i32.const 0))", "expected ')'");
  EXPECT_ERROR("(elem (offset) func $x)", "unknown function $x");
}

TEST(Wat, DataSegmentsOfAllForms) {
  EXPECT_EQ(data("(memory 1) (data (i32.const 1) \"a\" \"\" \"b\")"), "01 00 41 01 0b 02 61 62");
  EXPECT_EQ(data("(data \"a\\00\")"), "01 01 02 61 00");
  EXPECT_EQ(data("(memory 1) (memory $m 1) (data (memory $m) (offset (i32.const 1)) \"a\")"),
            "01 02 01 41 01 0b 01 61");
  EXPECT_EQ(data("(memory 1) (data (memory 0) (i32.const 1))"), "01 00 41 01 0b 00");
  EXPECT_EQ(data("(memory 1) (data 0 (i32.const 1))"), "01 00 41 01 0b 00");
  EXPECT_ERROR("(data $d (nop) nop)", "expected ')'");
}

TEST(Wat, DataCountOnlyWhereAnInstructionNeedsIt) {
  EXPECT_EQ(section("(data \"a\") (memory 1) (func (i32.load (i32.const 0)) drop)", 12), "none");
  EXPECT_EQ(section("(data \"a\") (func (data.drop 0))", 12), "01");
  EXPECT_EQ(section("(data \"a\") (memory 1) (func unreachable memory.init 0)", 12), "01");
}

TEST(Wat, Start) {
  EXPECT_EQ(section("(func) (func $f) (start $f)", 8), "01");
  EXPECT_ERROR("(func $f) (start $f) (start $f)", "multiple start sections");
}

// -- instructions

TEST(Wat, FoldedAndFlat) {
  std::string expected = "41 01 41 02 6a 1a 0b";
  EXPECT_EQ(body("(drop (i32.add (i32.const 1) (i32.const 2)))"), expected);
  EXPECT_EQ(body("i32.const 1 i32.const 2 i32.add drop"), expected);
  EXPECT_EQ(body("(i32.const 1) (i32.add (i32.const 2)) drop"), expected);
  EXPECT_ERROR("(func (i32.add i32.const 1))", "instruction in parentheses");
  EXPECT_ERROR("(func (drop (i32.const 1) nop))", "instruction in parentheses");
  EXPECT_ERROR("(func foo)", "1:7: unknown operator 'foo'");
  EXPECT_ERROR("(func i32.foo)", "unknown operator 'i32.foo'");
  EXPECT_ERROR("(func 1)", "expected an instruction");
  EXPECT_ERROR("(func (1))", "expected an instruction");
  EXPECT_ERROR("(func ())", "expected an instruction");
  EXPECT_ERROR("(func nop", "1:1: unclosed parenthesis");
}

TEST(Wat, Blocks) {
  EXPECT_EQ(body("block end"), "02 40 0b 0b");
  EXPECT_EQ(body("(block)"), "02 40 0b 0b");
  EXPECT_EQ(body("(loop (result i32) (i32.const 0)) drop"), "03 7f 41 00 0b 1a 0b");
  EXPECT_EQ(body("block (result funcref) unreachable end drop"), "02 70 00 0b 1a 0b");
  EXPECT_EQ(code("(type $t (func (result i32))) (func (block (type $t) unreachable) drop)"), "02 00 00 0b 1a 0b");
  EXPECT_EQ(code("(func (block (result i32 i32) unreachable) drop drop)"), "02 01 00 0b 1a 1a 0b");
  EXPECT_EQ(code("(func (i32.const 0) (block (param i32) drop))"), "41 00 02 01 1a 0b 0b");
  EXPECT_EQ(body("(if (i32.const 1) (then nop) (else))"), "41 01 04 40 01 05 0b 0b");
  EXPECT_EQ(body("(if (then))"), "04 40 0b 0b");
  EXPECT_EQ(body("(if (i32.eqz (i32.const 1)) (then (nop)))"), "41 01 45 04 40 01 0b 0b");
  EXPECT_EQ(body("i32.const 1 if $l nop else $l end $l"), "41 01 04 40 01 05 0b 0b");
  EXPECT_ERROR("(func (if (i32.const 1)))", "(then ...)");
  EXPECT_ERROR("(func (if (then) (else) (else)))", "expected ')'");
  EXPECT_ERROR("(func (if (then) (then)))", "expected (else ...)");
  EXPECT_ERROR("(func (if (else)))", "unexpected token 'else'");
  EXPECT_ERROR("(func block)", "'end' of the block");
  EXPECT_ERROR("(func (block loop))", "'end' of the loop");
  EXPECT_ERROR("(func end)", "unexpected token 'end'");
  EXPECT_ERROR("(func (block end))", "unexpected token 'end'");
  EXPECT_ERROR("(func block else end)", "unexpected token 'else'");
  EXPECT_ERROR("(func if else else end)", "unexpected token 'else'");
  EXPECT_ERROR("(func (then))", "unknown operator 'then'");
}

TEST(Wat, Labels) {
  EXPECT_EQ(body("(block $a (block $b (br $a) (br $b) (br 2)))"), "02 40 02 40 0c 01 0c 00 0c 02 0b 0b 0b");
  EXPECT_EQ(body("(block $a (block $a (br $a)) (br $a))"), "02 40 02 40 0c 00 0b 0c 00 0b 0b");
  // The operands of a folded if do not see its label.
  EXPECT_EQ(body("(block $a (if $a (br_if $a (i32.const 0)) (then (br $a))))"),
            "02 40 41 00 0d 00 04 40 0c 00 0b 0b 0b");
  EXPECT_EQ(body("(block $a (br_table $a 1 $a (i32.const 0)))"), "02 40 41 00 0e 02 00 01 00 0b 0b");
  EXPECT_EQ(body("(br_table 0 (i32.const 0))"), "41 00 0e 00 00 0b");
  EXPECT_ERROR("(func (br $l))", "unknown label $l");
  EXPECT_ERROR("(func (block $l) (br $l))", "unknown label $l");
  EXPECT_ERROR("(func block $l end $m)", "mismatching label $m");
  EXPECT_ERROR("(func block end $m)", "mismatching label $m");
  EXPECT_ERROR("(func if $l else $m end)", "mismatching label $m");
  EXPECT_ERROR("(func (br_table))", "expected a label");
}

TEST(Wat, Locals) {
  EXPECT_EQ(section("(func (param $p i32) (local i32 i32) (local $x i64) (local i64 i32) (local.set $x (local.get 3)) "
                    "(drop (local.get $p)))",
                    10),
            "01 0f 03 02 7f 02 7e 01 7f 20 03 21 03 20 00 1a 0b");
  EXPECT_EQ(section("(func (local))", 10), "01 02 00 0b");
  EXPECT_ERROR("(func (local $x))", "expected a value type");
  EXPECT_ERROR("(func (local.get $x))", "unknown local $x");
  EXPECT_ERROR("(func (nop) (local i32))", "unknown operator 'local'");
}

TEST(Wat, Constants) {
  EXPECT_EQ(body("i32.const 0xffffffff i32.const 0x80000000 i64.const -64 i64.const 64 f32.const nan:0x1 f64.const -0"),
            "41 7f 41 80 80 80 80 78 42 40 42 c0 00 43 01 00 80 7f 44 00 00 00 00 00 00 00 80 0b");
  EXPECT_EQ(body("v128.const i16x8 1 -1 0 0 0 0 0 0x8000"), "fd 0c 01 00 ff ff 00 00 00 00 00 00 00 00 00 00 00 80 0b");
  EXPECT_EQ(body("v128.const f64x2 1 inf"), "fd 0c 00 00 00 00 00 00 f0 3f 00 00 00 00 00 00 f0 7f 0b");
  EXPECT_ERROR("(func (i32.const 4294967296))", "1:18: constant out of range");
  EXPECT_ERROR("(func (i32.const 1.0))", "expected an integer");
  EXPECT_ERROR("(func (f32.const 0x1p128))", "constant out of range");
  EXPECT_ERROR("(func (f32.const nan:canonical))", "expected a floating-point number");
  EXPECT_ERROR("(func (i32.const))", "expected an integer");
  EXPECT_ERROR("(func (v128.const i32x4 1 2 3))", "expected an integer");
  EXPECT_ERROR("(func (v128.const i8x16 256))", "constant out of range");
  EXPECT_ERROR("(func (v128.const 1 2 3 4))", "expected a vector shape");
}

TEST(Wat, MemoryArguments) {
  EXPECT_EQ(body("i32.load"), "28 02 00 0b");
  EXPECT_EQ(body("i64.load offset=0x10 align=1"), "29 00 10 0b");
  EXPECT_EQ(code("(memory 1) (memory $m 1) (func i32.store8 $m offset=1)"), "3a 40 01 01 0b");
  EXPECT_EQ(body("i32.load 0"), "28 02 00 0b");
  EXPECT_EQ(body("i32.load offset=0xffff_ffff_ffff_ffff"), "28 02 ff ff ff ff ff ff ff ff ff 01 0b");
  EXPECT_EQ(body("v128.load8_lane 3"), "fd 54 00 00 03 0b");
  EXPECT_EQ(body("v128.load8_lane 1 3"), "fd 54 40 01 00 03 0b");
  EXPECT_EQ(body("v128.load8_lane 1 offset=2 align=1 3"), "fd 54 40 01 02 03 0b");
  EXPECT_EQ(body("v128.load16_lane align=1 3"), "fd 55 00 00 03 0b");
  EXPECT_ERROR("(func (i32.load align=3))", "power of two");
  EXPECT_ERROR("(func (i32.load align=0))", "power of two");
  EXPECT_ERROR("(func (i32.load align=4 offset=1))", "instruction in parentheses");
  EXPECT_ERROR("(func (i32.load offset=))", "unknown operator 'offset='");
  EXPECT_ERROR("(func (i32.load offset=-1))", "unknown operator");
  EXPECT_ERROR("(func (i32.load offset=0x1_0000_0000_0000_0000))", "offset out of range");
  EXPECT_ERROR("(func (v128.load8_lane 256))", "lane index out of range");
}

TEST(Wat, IndicesThatMayBeLeftOut) {
  EXPECT_EQ(body("memory.size memory.grow memory.fill memory.copy"), "3f 00 40 00 fc 0b 00 fc 0a 00 00 0b");
  EXPECT_EQ(body("memory.size 1 memory.copy 1 2 memory.init 3 memory.init 1 3"),
            "3f 01 fc 0a 01 02 fc 08 03 00 fc 08 03 01 0b");
  EXPECT_EQ(body("table.get table.set table.size table.grow table.fill table.copy"),
            "25 00 26 00 fc 10 00 fc 0f 00 fc 11 00 fc 0e 00 00 0b");
  EXPECT_EQ(body("table.get 1 table.copy 1 2 table.init 3 table.init 1 3"),
            "25 01 fc 0e 01 02 fc 0c 03 00 fc 0c 03 01 0b");
  EXPECT_EQ(code("(table 1 funcref) (table $t 1 funcref) (type $f (func)) (func (call_indirect $t (type $f)) "
                 "(call_indirect))"),
            "11 00 01 11 00 00 0b");
}

TEST(Wat, ImmediatesThatPickTheOperator) {
  EXPECT_EQ(body("select select (result i32) select (result) (result i32) (result)"), "1b 1c 01 7f 1c 01 7f 0b");
  EXPECT_EQ(body("ref.test (ref func) ref.test funcref ref.cast (ref null i31) ref.cast (ref i31)"),
            "fb 14 70 fb 15 70 fb 17 6c fb 16 6c 0b");
  EXPECT_EQ(body("ref.null func ref.null extern"), "d0 70 d0 6f 0b");
  EXPECT_EQ(body("(block (br_on_cast 0 anyref (ref i31)))"), "02 40 fb 18 01 00 6e 6c 0b 0b");
  EXPECT_EQ(body("(block (br_on_cast_fail 0 anyref i31ref))"), "02 40 fb 19 03 00 6e 6c 0b 0b");
}

TEST(Wat, ImmediatesOfLaterFeatures) {
  EXPECT_EQ(code("(type $s (struct (field i32) (field $x i32))) (func struct.get $s $x struct.set 0 0)"),
            "fb 02 00 01 fb 05 00 00 0b");
  EXPECT_EQ(code("(type $a (array i8)) (data $d) (func array.new_fixed $a 3 array.new_data $a $d)"),
            "fb 08 00 03 fb 09 00 00 0b");
  EXPECT_EQ(code("(tag $e) (func $f (block $l (try_table (catch $e $l) (catch_all 0) (throw $e))))"),
            "02 40 1f 40 02 00 00 00 02 00 08 00 0b 0b 0b");
  EXPECT_EQ(code("(tag $e) (func try nop catch $e catch_all end (try (do) (catch $e)) (try $l (do) (delegate 0)))"),
            "06 40 01 07 00 19 0b 06 40 07 00 0b 06 40 18 00 0b");
  EXPECT_EQ(body("i8x16.shuffle 0 1 2 3 4 5 6 7 8 9 10 11 12 13 14 31 i8x16.extract_lane_s 15"),
            "fd 0d 00 01 02 03 04 05 06 07 08 09 0a 0b 0c 0d 0e 1f fd 15 0f 0b");
  EXPECT_EQ(body("atomic.fence i32.atomic.load"), "fe 03 00 fe 10 02 00 0b");
  EXPECT_ERROR("(type $s (struct)) (func struct.get $s $x)", "unknown field $x");
  EXPECT_ERROR("(func (try (do) (catch_all) (delegate 0)))", "expected (catch ...)");
  EXPECT_ERROR("(func try catch_all delegate 0)", "no try is open here");
}

// -- names and annotations

TEST(Wat, NameSection) {
  EXPECT_EQ(
      section("(module $mod (func $f (param $p i32) (param i32) (local $x i32)) (func) (func $\"g h\"))", 0, true),
      "00 04 03 6d 6f 64 01 09 02 00 01 66 02 03 67 20 68 02 09 01 00 02 00 01 70 02 01 78");
  EXPECT_EQ(section("(import \"\" \"\" (func $i)) (func)", 0, true), "01 04 01 00 01 69");
  EXPECT_EQ(
      section("(type $t (struct (field $a i32))) (table $u 1 funcref) (memory $m 1) (global $g i32 (i32.const 0)) "
              "(elem $e func) (data $d) (tag $x)",
              0, true),
      "04 04 01 00 01 74 05 04 01 00 01 75 06 04 01 00 01 6d 07 04 01 00 01 67 08 04 01 00 01 65 09 04 01 00 01 64 "
      "0a 06 01 00 01 00 01 61 0b 04 01 00 01 78");
  EXPECT_EQ(section("(func)", 0), "none");
}

TEST(Wat, NameAnnotations) {
  EXPECT_EQ(section("(module $m (@name \"M\") (func $f (@name \"F\")) (func (@name \"G\")))", 0, true),
            "00 02 01 4d 01 07 02 00 01 46 01 01 47");
  EXPECT_EQ(section("(func (param $p (@name \"P\") i32) (local (@name \"L\") i32))", 0, true),
            "02 09 01 00 02 00 01 50 01 01 4c");
  EXPECT_ERROR("(module (@name \"a\") (@name \"b\"))", "multiple names");
  EXPECT_ERROR("(module (func) (@name \"a\"))", "misplaced @name");
  EXPECT_ERROR("(module (@name 1))", "a string is missing");
}

TEST(Wat, CustomAnnotations) {
  Bytes bytes = parse(
      "(@custom \"z\" \"1\" \"2\") (func) (@custom \"a\" (before first)) (@custom \"c\" (after func)) (@custom \"b\" "
      "(before code))");
  EXPECT_EQ(hex(bytes).substr(24),
            "00 02 01 61 01 04 01 60 00 00 03 02 01 00 00 02 01 63 00 02 01 62 0a 04 01 02 00 0b 00 04 01 7a 31 32");
  EXPECT_ERROR("(@custom)", "missing section name");
  EXPECT_ERROR("(@custom \"a\" (after first))", "malformed section kind");
  EXPECT_ERROR("(@custom \"a\" (under type))", "malformed placement");
  EXPECT_ERROR("(func (@custom \"a\"))", "misplaced @custom");
}

TEST(Wat, BranchHints) {
  EXPECT_EQ(section("(func (local i32) (@metadata.code.branch_hint \"\\01\") (if (i32.const 0) (then)))", 0),
            "19 6d 65 74 61 64 61 74 61 2e 63 6f 64 65 2e 62 72 61 6e 63 68 5f 68 69 6e 74 01 00 01 05 01 01");
  EXPECT_ERROR("(func (@metadata.code.branch_hint \"\\02\") (if (i32.const 0) (then)))", "the hint has to be");
}

TEST(Wat, OtherAnnotationsAreWhiteSpace) {
  EXPECT_EQ(hex(parse("((@a) module (@b c) (func (@x (nop)) nop))")), hex(parse("(module (func nop))")));
}

// -- the whole

TEST(Wat, ErrorsSayWhere) {
  EXPECT_EQ(error("(module\n  (func\n    (i32.add (local.get $nope))))"),
            "3:25: unknown local $nope\n      (i32.add (local.get $nope))))\n                          ^");
  EXPECT_ERROR("(module) (module)", "expected the end of the text");
  EXPECT_ERROR("(module))", "expected the end of the text");
  EXPECT_ERROR("(func))", "expected a module field");
  EXPECT_ERROR("(module (foo))", "unexpected token 'foo', expected a module field");
  EXPECT_ERROR("(module definition)", "unexpected token 'definition'");
  EXPECT_ERROR("foo", "expected a module field");
}

TEST(Wat, DeepNestingNeedsNoStack) {
  constexpr int kDepth = 1'000'000;
  std::string folded = "(func (result i32) ", blocks = "(func ", flat = "(func ";
  for (int i = 0; i < kDepth; ++i) folded += "(i32.eqz ", blocks += "(block ", flat += "block ";
  folded += "(i32.const 0)";
  for (int i = 0; i < kDepth; ++i) folded += ")", blocks += ")", flat += "end ";
  EXPECT_GT(parse(folded + ")").size(), size_t{kDepth});
  EXPECT_EQ(parse(blocks + ")"), parse(flat + ")"));
}

TEST(Wat, ManyNamesAndLabelsAreLinear) {
  std::string text = "(module ", body = "(func ";
  for (int i = 0; i < 50'000; ++i) {
    text += fmt::format("(func $f{} (param $p i32) (call $f{} (local.get $p)))\n", i, 49'999 - i);
    body += fmt::format("(block $l{} (br $l0)", i);
  }
  text += body + std::string(50'000, ')') + "))";
  auto begin = std::chrono::steady_clock::now();
  EXPECT_FALSE(parse(text).empty());
  EXPECT_LT(std::chrono::steady_clock::now() - begin, std::chrono::seconds(5));  // quadratic would take minutes
}

TEST(Wat, RealModulesAreValid) {
  std::string_view text = R"((module $fac
    (import "env" "print" (func $print (param i32)))
    (memory (export "memory") 1)
    (data (i32.const 8) "hello\n")
    (table funcref (elem $fac))
    (func $fac (export "fac") (param $n i64) (result i64)
      (if (result i64) (i64.eqz (local.get $n))
        (then (i64.const 1))
        (else (i64.mul (local.get $n) (call_indirect (param i64) (result i64)
          (i64.sub (local.get $n) (i64.const 1)) (i32.const 0))))))))";
  Bytes bytes = parse(text);
  auto module = wasm::read_module(bytes);
  ASSERT_TRUE(module.has_value()) << module.error().message();
  auto valid = wasm::validate_module(*module, wasm::Features());
  EXPECT_TRUE(valid.has_value()) << valid.error().message();
}

}  // namespace
}  // namespace vitrine::text
