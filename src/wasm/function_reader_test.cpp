#include "wasm/function_reader.hpp"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "wasm/limits.hpp"
#include "wasm/module_bytes.hpp"
#include "wasm/reader.hpp"
#include "wasm/validator.hpp"

namespace vitrine::wasm {
namespace {

const Bytes kVoid = {0x60, 0, 0};
const Bytes kToI32 = {0x60, 0, 1, 0x7f};
const Bytes kI32ToI32 = {0x60, 1, 0x7f, 1, 0x7f};
constexpr uint8_t kEnd = 0x0b;

std::string error_of(const Bytes& bytes, Features features = {}) {
  auto module = read_module(bytes, features);
  if (!module) return "module: " + module.error().message();
  auto valid = validate_module(*module, features);
  if (valid) return "";
  constexpr const char* kKinds[] = {"malformed", "invalid", "unsupported", "limit"};
  return fmt::format("{}: {}", kKinds[static_cast<int>(valid.error().kind())], valid.error().message());
}
void expect_valid(const Bytes& type, const Bytes& operators, const Bytes& locals = {0}, const Bytes& before = {}) {
  EXPECT_EQ(error_of(one_function(type, operators, locals, before)), "");
}
void expect_error(const Bytes& type, const Bytes& operators, std::string_view text, const Bytes& locals = {0},
                  const Bytes& before = {}, Features features = {}) {
  std::string error = error_of(one_function(type, operators, locals, before), features);
  EXPECT_NE(error.find(text), std::string::npos) << "wanted \"" << text << "\", got \"" << error << "\"";
}

// What a consumer sees, as text: one word per operator, "~" before it if control cannot get there.
struct Recorder {
  std::string text;
  std::vector<uint32_t> offsets;
  bool finished = false;
  void begin(uint32_t function, const FuncType& type, std::span<const LocalRun> locals) {
    text = fmt::format("f{} {}", function, to_string(type));
    for (const LocalRun& run : locals) text += fmt::format(" {}x{}", run.count, to_string(run.type));
    text += ":";
  }
  void op(const Operator& op, const OperandInfo& info) {
    text += fmt::format(" {}{}", info.reachable ? "" : "~", wasm::info(op.op).mnemonic);
    offsets.push_back(op.offset);
    switch (wasm::info(op.op).imm) {
      case Imm::I32:
        text += fmt::format("={}", static_cast<int32_t>(op.bits));
        break;
      case Imm::I64:
        text += fmt::format("={}", static_cast<int64_t>(op.bits));
        break;
      case Imm::Local:
      case Imm::Func:
        text += fmt::format("={}", op.index);
        break;
      case Imm::MemArg:
        text += fmt::format("={}+{}^{}", op.mem.memory, op.mem.offset, op.mem.align_log2);
        break;
      case Imm::BlockType:
        text += fmt::format("={}->{}", to_string(op.block.params), to_string(op.block.results));
        break;
      case Imm::LabelTable:
        for (uint32_t target : op.targets) text += fmt::format(",{}", target);
        text += fmt::format(",{}", op.index);
        break;
      default:
        break;
    }
    if (op.op == Op::Drop || op.op == Op::Select) text += ":" + to_string(info.type);
    if (info.callee && op.op == Op::Call) text += to_string(*info.callee);
  }
  void finish() { finished = true; }
};

std::string record(const Bytes& bytes, uint32_t function = 0) {
  auto module = read_module(bytes);
  if (!module) return module.error().message();
  Recorder recorder;
  FunctionReader<Recorder> reader(*module, Features());
  auto result = reader.read(function, recorder);
  EXPECT_EQ(result.has_value(), recorder.finished);
  if (!result) return recorder.text + " !" + result.error().message();
  for (size_t i = 1; i < recorder.offsets.size(); ++i) EXPECT_LT(recorder.offsets[i - 1], recorder.offsets[i]);
  for (size_t i = 0; i < recorder.offsets.size(); ++i) EXPECT_LT(recorder.offsets[i], bytes.size());
  EXPECT_EQ(bytes[recorder.offsets.back()], kEnd);
  return recorder.text;
}

TEST(FunctionReader, HandsOutOperatorsWithTheirImmediates) {
  Bytes memory = section(5, vec({{0, 1}}));
  EXPECT_EQ(
      record(one_function(kI32ToI32,
                          {0x20, 0, 0x28, 1, 0x88, 0x01, 0x41, 0x7f, 0x6a, 0x42, 0xc0, 0x00, 0xa7, 0x20, 0, 0x1b, kEnd},
                          {2, 2, 0x7e, 1, 0x7c}, memory)),
      "f0 [i32] -> [i32] 2xi64 1xf64: local.get=0 i32.load=0+136^1 i32.const=-1 i32.add i64.const=64 i32.wrap_i64 "
      "local.get=0 select:i32 end");
  EXPECT_EQ(
      record(one_function(kI32ToI32, {0x20, 0, 0x02, 0x40, 0x20, 0, 0x0e, 2, 0, 1, 0, kEnd, kEnd})),
      "f0 [i32] -> [i32]: local.get=0 block=[]->[] local.get=0 !type mismatch: br_table has targets of 1 and 0 values"
      ", at offset 0x1f, in function 0");
  EXPECT_EQ(record(one_function(kI32ToI32, {0x20, 0, 0x10, 0, kEnd})),
            "f0 [i32] -> [i32]: local.get=0 call=0[i32] -> [i32] end");
}

TEST(FunctionReader, InDeadCodeOnlyControlOperatorsAreHandedOut) {
  EXPECT_EQ(record(one_function(
                kToI32, {0x02, 0x7f, 0x41, 1, 0x0c, 0, 0x6a, 0x1a, 0x02, 0x40, 0x01, kEnd, 0x41, 2, kEnd, kEnd})),
            "f0 [] -> [i32]: block=[]->[i32] i32.const=1 br ~block=[]->[] ~end ~end end");
  EXPECT_EQ(record(one_function(kVoid, {0x41, 1, 0x04, 0x40, 0x00, 0x05, 0x01, kEnd, kEnd})),
            "f0 [] -> []: i32.const=1 if=[]->[] unreachable ~else nop end end");
  EXPECT_EQ(record(one_function(kVoid, {0x0f, 0x03, 0x40, 0x41, 0, 0x04, 0x40, 0x05, 0x01, kEnd, kEnd, kEnd})),
            "f0 [] -> []: return ~loop=[]->[] ~if=[]->[] ~else ~end ~end ~end");
}

TEST(FunctionReader, OneReaderServesManyFunctions) {
  Bytes bytes = header() + section(1, vec({kVoid, kToI32})) + section(3, {3, 0, 1, 0}) +
                section(10, vec({body({0x02, 0x40, kEnd, kEnd}), body({kEnd}), body({0x01, kEnd})}));
  auto module = read_module(bytes);
  ASSERT_TRUE(module);
  Recorder recorder;
  FunctionReader<Recorder> reader(*module, Features());
  EXPECT_TRUE(reader.read(0, recorder));
  recorder.finished = false;
  EXPECT_FALSE(reader.read(1, recorder));
  EXPECT_FALSE(recorder.finished);
  EXPECT_TRUE(reader.read(2, recorder));
  EXPECT_EQ(recorder.text, "f2 [] -> []: nop end");
}

TEST(FunctionReader, MalformedBodies) {
  expect_error(kVoid, {},
               "malformed: unexpected end of section or function: END opcode expected, at offset 0x17, in function 0");
  expect_error(kVoid, {0x02, 0x40, kEnd}, "malformed: unexpected end");
  expect_error(kVoid, {kEnd, 0x01}, "malformed: section size mismatch: bytes behind the end of the function");
  expect_error(kVoid, {0x05, kEnd}, "malformed: misplaced ELSE opcode, at offset 0x17");
  expect_error(kVoid, {0x41, 0, 0x04, 0x40, 0x05, 0x05, kEnd, kEnd}, "malformed: misplaced ELSE opcode");
  expect_error(kVoid, {0xff, kEnd}, "malformed: illegal opcode ff, at offset 0x17");
  expect_error(kVoid, {0xfc, 0x7f, kEnd}, "malformed: illegal opcode fc 7f");
  expect_error(kVoid, {0xc5, kEnd}, "malformed: illegal opcode c5");
  expect_error(kVoid, {0x41, 0x80, 0x80, 0x80, 0x80, 0x70, 0x1a, kEnd}, "malformed: integer too large, at offset 0x1c");
  expect_error(kVoid, {0x41, 0x80, 0x80, 0x80, 0x80, 0x80, 0x00, 0x1a, kEnd},
               "malformed: integer representation too long");
  expect_error(kVoid, {0x43, 0, 0, 0}, "malformed: unexpected end");
  expect_error(kVoid, {0x20}, "malformed: unexpected end");
  expect_error(kVoid, {0x02, 0x41, kEnd, kEnd}, "malformed: malformed value type 0x41");
  expect_error(kVoid, {0x02, 0xc0, 0x7f, kEnd, kEnd}, "malformed: malformed block type");
  expect_error(kVoid, {0x0e, 0xff, 0xff, 0xff, 0xff, 0x0f, kEnd}, "malformed: unexpected end: length out of bounds");
  expect_error(kVoid, {0xfc, 9, 0, kEnd}, "malformed: data count section required");
  expect_error(kVoid, {0x41, 0, 0x28, 0x80, 0x01, 0, 0x1a, kEnd}, "malformed: malformed memop flags 0x80", {0},
               section(5, vec({{0, 1}})));
  expect_error(kVoid, {kEnd}, "malformed: too many locals", {2, 0xff, 0xff, 0xff, 0xff, 0x0f, 0x7f, 1, 0x7f});
  expect_error(kVoid, {kEnd}, "malformed: unexpected end: length out of bounds", {9, 1, 0x7f});
  expect_error(kVoid, {kEnd}, "malformed: malformed value type 0x40", {1, 1, 0x40});
}

TEST(FunctionReader, MalformedBytesWinOverInvalidOnes) {
  expect_error(kVoid, {0x6a, 0xff, kEnd}, "malformed: illegal opcode ff");
  expect_error(kVoid, {0x6a, kEnd, 0x01}, "malformed: section size mismatch");
  expect_error(kVoid, {0x6a, 0x05, kEnd}, "malformed: misplaced ELSE opcode");
  expect_error(kVoid, {0x6a, kEnd}, "invalid: type mismatch");
  // And over all the functions of a module.
  Bytes bytes = header() + section(1, vec({kVoid})) + section(3, {3, 0, 0, 0}) +
                section(10, vec({body({0x6a, kEnd}), body({kEnd}), body({0xff, kEnd})}));
  EXPECT_NE(error_of(bytes).find("illegal opcode ff, at offset 0x20, in function 2"), std::string::npos)
      << error_of(bytes);
}

TEST(FunctionReader, TypeMismatches) {
  expect_error(kVoid, {0x6a, kEnd},
               "invalid: type mismatch: i32.add expects i32, found nothing on the stack, at offset 0x17");
  expect_error(kVoid, {0x41, 0, 0x42, 0, 0x6a, 0x1a, kEnd},
               "type mismatch: i32.add expects i32, found i64, at offset 0x1b");
  expect_error(kVoid, {0x42, 0, 0x41, 0, 0x6a, 0x1a, kEnd}, "type mismatch: i32.add expects i32, found i64");
  expect_error(kVoid, {0x43, 0, 0, 0, 0, 0x45, 0x1a, kEnd}, "type mismatch: i32.eqz expects i32, found f32");
  expect_error(kToI32, {kEnd}, "type mismatch: end expects i32, found nothing");
  expect_error(kToI32, {0x42, 0, kEnd}, "type mismatch: end expects i32, found i64");
  expect_error(kVoid, {0x41, 0, kEnd},
               "type mismatch: end finds 1 values too many on the stack, the block has 0 results");
  expect_error(kVoid, {0x1a, kEnd}, "type mismatch: drop expects a value");
  expect_error(kVoid, {0x41, 0, 0x41, 0, 0x42, 0, 0x1b, 0x1a, kEnd}, "type mismatch: select expects i32, found i64");
  expect_error(kVoid, {0x41, 0, 0x42, 0, 0x41, 0, 0x1b, 0x1a, kEnd}, "type mismatch: select expects i32, found i64");
  expect_error(kVoid, {0xd0, 0x70, 0xd0, 0x70, 0x41, 0, 0x1b, 0x1a, kEnd},
               "type mismatch: select without a type expects numbers or vectors, found funcref");
  expect_error(kVoid, {0x1c, 0, kEnd}, "invalid: invalid result arity");
  expect_error(kVoid, {0x41, 0, 0xd1, 0x1a, kEnd}, "type mismatch: ref.is_null expects a reference, found i32");
  expect_error(kToI32, {0x41, 1, 0x04, 0x7f, 0x41, 1, kEnd, kEnd}, "type mismatch: end of an if without else");
  expect_error(kToI32, {0x41, 1, 0x04, 0x7f, 0x41, 1, 0x05, kEnd, kEnd},
               "type mismatch: end expects i32, found nothing");
  expect_error(kToI32, {0x41, 1, 0x04, 0x7f, 0x05, 0x41, 1, kEnd, kEnd},
               "type mismatch: else expects i32, found nothing");
  expect_error(kVoid, {0x02, 0x40, 0x41, 0, 0x02, 0x40, 0x1a, kEnd, 0x1a, kEnd, kEnd},
               "type mismatch: drop expects a value");
  expect_error(kI32ToI32, {0x02, 0x40, 0x0c, 1, kEnd, 0x41, 0, kEnd}, "type mismatch: br expects i32, found nothing");
  expect_error(kI32ToI32, {0x42, 0, 0x0f, kEnd}, "type mismatch: return expects i32, found i64");
  expect_error(kI32ToI32, {0x42, 0, 0x10, 0, kEnd}, "type mismatch: call expects i32, found i64");
}

TEST(FunctionReader, UnknownIndices) {
  expect_error(kI32ToI32, {0x20, 2, kEnd}, "invalid: unknown local 2: there are 2, at offset", {1, 1, 0x7f});
  expect_error(kVoid, {0x41, 0, 0x21, 0, kEnd}, "invalid: unknown local 0");
  expect_error(kVoid, {0x23, 0, kEnd}, "invalid: unknown global 0: global.get names it, there are 0");
  expect_error(kVoid, {0x10, 1, kEnd}, "invalid: unknown function 1");
  expect_error(kVoid, {0x0c, 1, kEnd}, "invalid: unknown label 1");
  expect_error(kVoid, {0x41, 0, 0x0e, 1, 7, 0, kEnd}, "invalid: unknown label 7");
  expect_error(kVoid, {0x02, 5, kEnd, kEnd}, "invalid: unknown type 5");
  expect_error(kVoid, {0x41, 0, 0x11, 0, 0, kEnd}, "invalid: unknown table 0");
  expect_error(kVoid, {0x41, 0, 0x28, 0, 0, 0x1a, kEnd}, "invalid: unknown memory 0");
  expect_error(kVoid, {0x3f, 0, 0x1a, kEnd}, "invalid: unknown memory 0");
  expect_error(kVoid, {0xfc, 0x0d, 0, kEnd}, "invalid: unknown elem segment 0");
  expect_error(kVoid, {0xfc, 0x09, 0, kEnd}, "invalid: unknown data segment 0", {0}, section(12, {0}));
  expect_error(kVoid, {0xd2, 0, 0x1a, kEnd}, "invalid: undeclared function reference 0");
  expect_valid(kVoid, {0xd2, 0, 0x1a, kEnd}, {0}, section(7, vec({name_bytes("f") + Bytes{0, 0}})));
}

TEST(FunctionReader, Memories) {
  Bytes memory = section(5, vec({{0, 1}, {4, 1}}));
  expect_valid(kVoid, {0x41, 0, 0x28, 2, 0, 0x1a, kEnd}, {0}, memory);
  expect_valid(kVoid, {0x42, 0, 0x28, 0x42, 1, 0, 0x1a, kEnd}, {0}, memory);
  expect_error(kVoid, {0x41, 0, 0x28, 3, 0, 0x1a, kEnd},
               "invalid: alignment must not be larger than natural: i32.load has 2^3, its natural alignment is 2^2",
               {0}, memory);
  expect_error(kVoid, {0x42, 0, 0x28, 2, 0, 0x1a, kEnd}, "type mismatch: i32.load expects i32, found i64", {0}, memory);
  expect_error(kVoid, {0x41, 0, 0x28, 0x42, 1, 0, 0x1a, kEnd}, "type mismatch: i32.load expects i64, found i32", {0},
               memory);
  expect_error(kVoid, {0x41, 0, 0x28, 0x42, 2, 0, 0x1a, kEnd}, "invalid: unknown memory 2", {0}, memory);
  Bytes far = {0xff, 0xff, 0xff, 0xff, 0x1f};
  expect_error(kVoid, Bytes{0x41, 0, 0x28, 2} + far + Bytes{0x1a, kEnd}, "invalid: offset out of range", {0}, memory);
  expect_valid(kVoid, Bytes{0x42, 0, 0x28, 0x42, 1} + far + Bytes{0x1a, kEnd}, {0}, memory);
  expect_error(kVoid, {0x42, 0, 0x28, 0x42, 1, 0, 0x1a, kEnd}, "malformed: malformed memop flags 0x42", {0},
               section(5, vec({{0, 1}})), Features().with(Feature::MultiMemory, false));
  expect_valid(kVoid, {0x41, 0, 0x42, 0, 0x41, 0, 0xfc, 0x0a, 0, 1, kEnd}, {0}, memory);
  expect_error(kVoid, {0x41, 0, 0x42, 0, 0x42, 0, 0xfc, 0x0a, 0, 1, kEnd}, "memory.copy expects i32, found i64", {0},
               memory);
}

TEST(FunctionReader, Globals) {
  Bytes globals = section(6, vec({{0x7f, 0, 0x41, 0, kEnd}, {0x7f, 1, 0x41, 0, kEnd}}));
  expect_valid(kVoid, {0x23, 0, 0x24, 1, kEnd}, {0}, globals);
  expect_error(kVoid, {0x41, 0, 0x24, 0, kEnd}, "invalid: immutable global 0", {0}, globals);
}

TEST(FunctionReader, DeadCodeIsPolymorphic) {
  expect_valid(kToI32, {0x00, kEnd});
  expect_valid(kToI32, {0x00, 0x6a, kEnd});
  expect_valid(kToI32, {0x00, 0x41, 1, 0x6a, kEnd});
  expect_valid(kToI32, {0x00, 0x1b, kEnd});           // select of unknown type
  expect_valid(kToI32, {0x00, 0x41, 1, 0x1b, kEnd});  // only the condition is known
  expect_valid(kVoid, {0x00, 0xd1, 0x1a, kEnd});      // ref.is_null of bottom
  expect_valid(kVoid, {0x00, 0x1b, 0xd1, 0x1a, kEnd});
  expect_valid(kToI32, {0x02, 0x7f, 0x41, 0, 0x0c, 0, 0x02, 0x40, kEnd, kEnd, kEnd});
  expect_valid(kToI32, {0x00, 0x02, 0x7f, 0x00, kEnd, kEnd});
  expect_error(kToI32, {0x00, 0x42, 0, kEnd}, "type mismatch: end expects i32, found i64");
  expect_error(kToI32, {0x00, 0x42, 0, 0x6a, kEnd}, "type mismatch: i32.add expects i32, found i64");
  expect_error(kVoid, {0x00, 0x41, 0, kEnd}, "type mismatch: end finds 1 values too many");
  expect_error(kVoid, {0x00, 0x02, 0x40, 0x6a, 0x1a, kEnd, kEnd}, "type mismatch: i32.add expects i32, found nothing");
  expect_error(kVoid, {0x00, 0x41, 0, 0x42, 0, 0x41, 0, 0x1b, 0x1a, kEnd}, "type mismatch: select");
  expect_error(kVoid, {0x00, 0x20, 0, kEnd}, "invalid: unknown local 0");
}

TEST(FunctionReader, BranchTables) {
  // Labels of different types with as many values: fine when the operands are unknown.
  Bytes two = {0x02, 0x7f, 0x02, 0x7d, 0x00, 0x41, 0, 0x0e, 1, 0, 1, kEnd, 0x1a, 0x41, 0, kEnd, kEnd};
  expect_valid(kToI32, two);
  Bytes typed = {0x02, 0x7f, 0x02, 0x7d, 0x41, 0, 0x41, 0, 0x0e, 1, 0, 1, kEnd, 0x1a, 0x41, 0, kEnd, kEnd};
  expect_error(kToI32, typed, "type mismatch: br_table expects f32, found i32");
  Bytes arity = {0x02, 0x7f, 0x02, 0x40, 0x00, 0x41, 0, 0x0e, 1, 0, 1, kEnd, 0x41, 0, kEnd, kEnd};
  expect_error(kToI32, arity, "type mismatch: br_table has targets of 0 and 1 values");
  auto table = [](uint32_t targets) {
    return Bytes{0x41, 0, 0x0e} + leb(targets) + Bytes(targets, 0) + Bytes{0, kEnd};
  };
  expect_valid(kVoid, table(kMaxBrTableTargets));
  expect_error(kVoid, table(kMaxBrTableTargets + 1), "limit: too many branch table targets: 65521, the limit is 65520");
}

TEST(FunctionReader, BlocksWithParameters) {
  Bytes bytes = header() + section(1, vec({kVoid, {0x60, 2, 0x7f, 0x7e, 1, 0x7e}, {0x60, 1, 0x7f, 1, 0x7f}})) +
                section(3, {1, 0});
  auto with = [&](const Bytes& operators) { return error_of(bytes + section(10, vec({body(operators)}))); };
  EXPECT_EQ(with({0x41, 0, 0x42, 0, 0x02, 1, 0x21, 0, kEnd, 0x1a, kEnd}).find("invalid: unknown local"), 0u);
  EXPECT_EQ(with({0x41, 0, 0x42, 0, 0x02, 1, 0x1a, 0x1a, 0x42, 1, kEnd, 0x1a, kEnd}), "");
  EXPECT_EQ(
      with({0x41, 0, 0x03, 2, 0x0d, 0, 0x41, 0, kEnd, 0x1a, kEnd}).find("invalid: type mismatch: br_if expects i32"),
      0u);
  EXPECT_EQ(with({0x41, 0, 0x03, 2, 0x41, 1, 0x0d, 0, kEnd, 0x1a, kEnd}), "");
  EXPECT_EQ(with({0x41, 0, 0x41, 1, 0x04, 2, kEnd, 0x1a, kEnd}), "");  // [i32] -> [i32] needs no else
  EXPECT_NE(with({0x42, 0, 0x02, 2, kEnd, 0x1a, kEnd}), "");
}

TEST(FunctionReader, TailCalls) {
  expect_valid(kI32ToI32, {0x20, 0, 0x12, 0, kEnd});
  expect_error(kI32ToI32, {0x42, 0, 0x12, 0, kEnd}, "type mismatch: return_call expects i32, found i64");
  Bytes bytes = header() + section(1, vec({kVoid, kToI32})) + section(3, {2, 0, 1}) +
                section(10, vec({body({0x12, 1, kEnd}), body({0x00, kEnd})}));
  EXPECT_NE(error_of(bytes).find("type mismatch: return_call calls a function that returns [i32], this one returns []"),
            std::string::npos);
  expect_error(
      kI32ToI32, {0x20, 0, 0x12, 0, kEnd},
      "unsupported: return_call needs the feature 'tail-call', which is off; turn it on with -W tail-call, at offset",
      {0}, {}, Features().with(Feature::TailCall, false));
}

TEST(FunctionReader, TablesAndSegments) {
  Bytes tables = section(4, vec({{0x70, 0, 1}, {0x6f, 0, 1}}));
  expect_valid(kVoid, {0x41, 0, 0x11, 0, 0, kEnd}, {0}, tables);
  expect_error(kVoid, {0x41, 0, 0x11, 0, 1, kEnd}, "type mismatch: call_indirect needs a table of functions", {0},
               tables);
  expect_error(kVoid, {0x41, 0, 0x41, 0, 0x41, 0, 0xfc, 0x0e, 0, 1, kEnd},
               "type mismatch: table.copy expects funcref, found externref", {0}, tables);
  expect_valid(kVoid, {0x41, 0, 0xd0, 0x6f, 0x26, 1, kEnd}, {0}, tables);
  expect_error(kVoid, {0x41, 0, 0xd0, 0x70, 0x26, 1, kEnd}, "type mismatch: table.set expects externref, found funcref",
               {0}, tables);
  expect_valid(kVoid, {0xd0, 0x70, 0x41, 1, 0xfc, 0x0f, 0, 0x1a, kEnd}, {0}, tables);
}

TEST(FunctionReader, WhatIsNotImplementedNamesItsFeature) {
  expect_error(kVoid, {0xfb, 0, 0, kEnd},
               "unsupported: struct.new needs the feature 'gc', which this version does not implement, at offset 0x17");
  expect_error(kVoid, {0x14, 0, kEnd}, "unsupported: call_ref needs the feature 'function-references'");
  expect_error(kVoid, {0x08, 0, kEnd}, "unsupported: throw needs the feature 'exceptions'");
  expect_error(kVoid, {0xfe, 3, 0, kEnd}, "malformed: illegal opcode fe: atomic.fence needs the feature 'threads'");
  expect_error(kVoid, {0xfc, 0x13, kEnd}, "i64.add128 needs the feature 'wide-arithmetic'");
  expect_error(kVoid, {0x06, 0x40, kEnd, kEnd}, "malformed: illegal opcode 06");
}

TEST(FunctionReader, FiftyThousandLocals) {
  auto locals = [](uint32_t n) { return Bytes{1} + leb(n) + Bytes{0x7e}; };
  auto get = [](uint32_t index) { return Bytes{0x20} + leb(index) + Bytes{0x1a, kEnd}; };
  expect_valid(kI32ToI32, Bytes{0x20, 0, 0x1a} + Bytes{0x20} + leb(49'999) + Bytes{0xa7, kEnd}, locals(kMaxLocals - 1));
  expect_error(kI32ToI32, {kEnd}, "limit: too many locals: 50001, the limit is 50000", locals(kMaxLocals));
  expect_error(kVoid, get(50'000), "invalid: unknown local 50000: there are 50000", locals(kMaxLocals));
  // A run of each local, of alternating types.
  Bytes many = leb(2000);
  for (int i = 0; i < 1000; ++i) many = many + Bytes{1, 0x7f, 1, 0x7e};
  for (uint32_t index : {0u, 511u, 512u, 1999u}) {
    uint8_t test = index % 2 ? 0x50 : 0x45;  // i64.eqz, i32.eqz
    expect_valid(kVoid, Bytes{0x20} + leb(index) + Bytes{test, 0x1a, kEnd}, many);
  }
}

TEST(FunctionReader, DeepNesting) {
  for (uint32_t depth : {10'000u, 1'000'000u}) {
    Bytes deep;
    for (uint32_t i = 0; i < depth; ++i) deep.insert(deep.end(), {0x02, 0x40});
    deep.insert(deep.end(), depth + 1, kEnd);
    expect_valid(kVoid, deep);
    deep.pop_back();
    expect_error(kVoid, deep, "malformed: unexpected end");
  }
}

TEST(FunctionReader, AWideStack) {
  Bytes wide;
  for (int i = 0; i < 100'000; ++i) wide.insert(wide.end(), {0x41, 1});
  wide.insert(wide.end(), 100'000, 0x1a);
  wide.push_back(kEnd);
  expect_valid(kVoid, wide);
}

TEST(FunctionReader, CallsPushMoreThanTheyHaveBytes) {
  // A function of 1000 results, called often: the operand stack has to grow beyond the bytes of the body.
  Bytes type = Bytes{0x60, 0} + leb(kMaxResults) + Bytes(kMaxResults, 0x7f);
  Bytes operators;
  for (int i = 0; i < 500; ++i) operators.insert(operators.end(), {0x10, 0});
  operators.insert(operators.end(), {0x00, kEnd});
  expect_valid(type, operators);
  // But not without bound: two bytes would be four kilobytes.
  Bytes many;
  for (int i = 0; i < 10'000; ++i) many.insert(many.end(), {0x10, 0});
  expect_error(type, many + Bytes{0x00, kEnd}, "limit: operand stack is too high, the limit is 8000000 values");
}

TEST(ValidateModule, NamesTheFirstBadFunctionWhateverTheThreads) {
  constexpr uint32_t kCount = 1000;
  Bytes bodies = leb(kCount);
  for (uint32_t i = 0; i < kCount; ++i) {
    bodies = bodies + (i == 333 || i == 334 || i == 900 ? body({0x1a, kEnd}) : body({0x01, kEnd}));
  }
  Bytes names = name_bytes("name") + section(1, vec({leb(333) + name_bytes("bad")}));
  Bytes bytes = header() + section(1, vec({kVoid})) + section(3, leb(kCount) + Bytes(kCount, 0)) + section(10, bodies) +
                section(0, names);
  auto module = read_module(bytes);
  ASSERT_TRUE(module);
  for (unsigned workers : {1u, 2u, 4u}) {
    WorkerPool pool(workers);
    auto valid = validate_module(*module, {}, &pool);
    ASSERT_FALSE(valid);
    EXPECT_NE(valid.error().message().find("in function 333, named \"bad\""), std::string::npos)
        << valid.error().message();
  }
  EXPECT_TRUE(validate_function(*module, {}, 0));
  EXPECT_FALSE(validate_function(*module, {}, 900));
}

}  // namespace
}  // namespace vitrine::wasm
