#include "text/wast_parser.hpp"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <bit>

namespace vitrine::text {
namespace {

using Kind = Command::Kind;

Script parse(std::string_view text) {
  auto script = parse_wast(text);
  EXPECT_TRUE(script.has_value()) << script.error().message();
  return script ? std::move(*script) : Script();
}

Command one(std::string_view text) {
  Script script = parse(text);
  EXPECT_EQ(script.commands.size(), 1u) << text;
  return script.commands.empty() ? Command() : script.commands[0];
}

TEST(Wast, CommandsWithLines) {
  Script script = parse(R"((module $m)
    ;; comment
    (register "r" $m) (invoke "f")
    (assert_return (get $m "g")
      (i32.const 1)))");
  ASSERT_EQ(script.commands.size(), 4u);
  EXPECT_EQ(script.commands[0].kind, Kind::Module);
  EXPECT_EQ(script.commands[0].module->name, "m");
  EXPECT_EQ(script.commands[1].kind, Kind::Register);
  EXPECT_EQ(script.commands[1].name, "r");
  EXPECT_EQ(script.commands[1].instance, "m");
  EXPECT_EQ(script.commands[2].kind, Kind::Action);
  EXPECT_EQ(script.commands[2].line, 3u);
  EXPECT_EQ(script.commands[3].line, 4u);
  EXPECT_EQ(script.commands[3].action->kind, Action::Kind::Get);
  EXPECT_EQ(script.commands[3].action->instance, "m");
  EXPECT_EQ(script.commands[3].action->name, "g");
}

TEST(Wast, FormsOfModules) {
  EXPECT_EQ(one("(module binary \"\\00asm\" \"\\01\")").module->bytes, std::string("\0asm\1", 5));
  EXPECT_EQ(one("(module quote \"(func\" \")\")").module->bytes, "(func)");
  Command definition = one("(module definition $D (func))");
  EXPECT_TRUE(definition.module->is_definition);
  EXPECT_EQ(definition.module->name, "D");
  EXPECT_EQ(definition.module->form, ScriptModule::Form::Text);
  Command instance = one("(module instance $I $D)");
  EXPECT_EQ(instance.module->form, ScriptModule::Form::Instance);
  EXPECT_EQ(instance.module->name, "I");
  EXPECT_EQ(instance.module->definition, "D");
  EXPECT_EQ(one("(module instance $D)").module->definition, "D");
  EXPECT_EQ(one("(module instance)").module->definition, "");
  EXPECT_EQ(one("(component binary \"x\")").module->form, ScriptModule::Form::Component);
  EXPECT_EQ(one("(component binary \"x\")").kind, Kind::Component);
  EXPECT_EQ(one("(component instance $i $C)").module->form, ScriptModule::Form::Component);
}

TEST(Wast, AModuleThatDoesNotParseFailsOnlyItself) {
  Script script = parse("(module (func (foo]) [)) (invoke \"f\")");
  ASSERT_EQ(script.commands.size(), 2u);
  auto bytes = encode_module(script, *script.commands[0].module, wasm::Features());
  ASSERT_FALSE(bytes.has_value());
  EXPECT_EQ(bytes.error().kind(), ErrorKind::Malformed);
}

TEST(Wast, ModulesAreEncodedFromTheirSpans) {
  Script script = parse("\n\n  (module definition $m (func\n (bad)))");
  auto bytes = encode_module(script, *script.commands[0].module, wasm::Features());
  ASSERT_FALSE(bytes.has_value());
  EXPECT_EQ(bytes.error().message().substr(0, 4), "4:3:");  // lines are the script's
  Script quote = parse("(module quote \"(func)\")");
  EXPECT_TRUE(encode_module(quote, *quote.commands[0].module, wasm::Features()).has_value());
}

TEST(Wast, BareFieldsAreOneModule) {
  Script script = parse("(func) (memory 0) (func (export \"f\"))");
  ASSERT_EQ(script.commands.size(), 1u);
  EXPECT_TRUE(encode_module(script, *script.commands[0].module, wasm::Features()).has_value());
}

TEST(Wast, Assertions) {
  EXPECT_EQ(one("(assert_trap (invoke \"f\") \"boom\")").message, "boom");
  EXPECT_TRUE(one("(assert_trap (module) \"boom\")").module.has_value());
  EXPECT_EQ(one("(assert_exhaustion (invoke \"f\") \"m\")").kind, Kind::AssertExhaustion);
  EXPECT_EQ(one("(assert_exception (invoke \"f\"))").kind, Kind::AssertException);
  EXPECT_EQ(one("(assert_suspension (invoke \"f\") \"m\")").kind, Kind::AssertSuspension);
  EXPECT_EQ(one("(assert_invalid (module) \"m\")").kind, Kind::AssertInvalid);
  EXPECT_EQ(one("(assert_malformed (module quote \"x\") \"m\")").kind, Kind::AssertMalformed);
  EXPECT_EQ(one("(assert_unlinkable (module) \"m\")").kind, Kind::AssertUnlinkable);
  EXPECT_EQ(one("(assert_uninstantiable (module) \"m\")").kind, Kind::AssertUninstantiable);
  EXPECT_EQ(one("(assert_invalid_custom (module) \"m\")").kind, Kind::AssertInvalidCustom);
  EXPECT_EQ(one("(assert_malformed_custom (module quote \"\") \"m\")").kind, Kind::AssertMalformedCustom);
  EXPECT_EQ(one("(assert_invalid (component) \"m\")").module->form, ScriptModule::Form::Component);
}

TEST(Wast, Arguments) {
  Command command = one(R"((invoke "f" (i32.const -1) (i64.const 2) (f32.const 0.5) (f64.const -inf)
      (v128.const i16x8 1 2 3 4 5 6 7 -1) (ref.null extern) (ref.extern 7) (ref.host 8)
      (ref.null (shared any)) (u8.const 3)))");
  const auto& args = command.action->args;
  ASSERT_EQ(args.size(), 10u);
  EXPECT_EQ(args[0].kind, Const::Kind::I32);
  EXPECT_EQ(args[0].bits, 0xffff'ffffu);
  EXPECT_EQ(args[1].bits, 2u);
  EXPECT_EQ(args[2].bits, 0x3f00'0000u);
  EXPECT_EQ(args[3].bits, 0xfff0'0000'0000'0000u);
  EXPECT_EQ(args[4].v128[0], 1);
  EXPECT_EQ(args[4].v128[15], 0xff);
  EXPECT_EQ(args[5].kind, Const::Kind::RefNull);
  EXPECT_EQ(args[5].heap_type, "extern");
  EXPECT_EQ(args[6].kind, Const::Kind::RefExtern);
  EXPECT_EQ(args[6].number, 7u);
  EXPECT_EQ(args[7].kind, Const::Kind::RefHost);
  EXPECT_EQ(args[8].heap_type, "(shared any)");
  EXPECT_EQ(args[9].kind, Const::Kind::Other);
}

TEST(Wast, ExpectedResults) {
  Command command = one(R"((assert_return (invoke "f") (f32.const nan:canonical) (f64.const nan:arithmetic)
      (ref.null) (ref.null func)
      (ref.func) (ref.func 3) (ref.extern) (ref.i31) (ref.eq) (ref.struct) (ref.array) (ref.exn) (ref)
      (either (i32.const 1) (i32.const 2)) (v128.const f32x4 1 nan:canonical nan:arithmetic 0)))");
  const auto& e = command.expected;
  using P = Pattern::Kind;
  std::vector<P> kinds;
  for (const Pattern& p : e) kinds.push_back(p.kind);
  EXPECT_EQ(kinds, (std::vector{P::F32, P::F64, P::RefNull, P::RefNull, P::RefFunc, P::RefFunc, P::RefExtern, P::RefI31,
                                P::RefEq, P::RefStruct, P::RefArray, P::RefExn, P::Ref, P::Either, P::V128}));
  EXPECT_TRUE(e[0].matches_bits(0xffc0'0000));
  EXPECT_FALSE(e[0].matches_bits(0x7fc0'0001));
  EXPECT_FALSE(e[0].matches_bits(0x7f80'0001));
  EXPECT_TRUE(e[1].matches_bits(0xfff8'0000'0000'0123));
  EXPECT_FALSE(e[1].matches_bits(0x7ff0'0000'0000'0001));
  EXPECT_FALSE(e[1].matches_bits(0x7ff0'0000'0000'0000));
  EXPECT_EQ(e[3].heap_type, "func");
  EXPECT_FALSE(e[4].number.has_value());
  EXPECT_EQ(e[5].number, 3u);
  EXPECT_TRUE(e[13].alternatives[1].matches_bits(2));
  uint32_t lanes[4] = {0x3f80'0000, 0xffc0'0000, 0x7fff'0000, 0};
  auto bytes = std::bit_cast<std::array<uint8_t, 16>>(lanes);
  EXPECT_TRUE(e[14].matches_v128(bytes));
  bytes[0] = 1;
  EXPECT_FALSE(e[14].matches_v128(bytes));
}

TEST(Wast, FloatsMatchByBits) {
  EXPECT_TRUE(matches_f32(NanPattern::None, 0x8000'0000, 0x8000'0000));
  EXPECT_FALSE(matches_f32(NanPattern::None, 0x8000'0000, 0));
  EXPECT_TRUE(matches_f64(NanPattern::Canonical, 0, 0x7ff8'0000'0000'0000));
}

TEST(Wast, Threads) {
  Script script =
      parse(R"((module $M) (thread $T (shared (module $M)) (register "m" $M) (thread (invoke "f"))) (wait $T))");
  ASSERT_EQ(script.commands.size(), 3u);
  EXPECT_EQ(script.commands[1].shared, std::vector<std::string>{"M"});
  ASSERT_EQ(script.commands[1].commands.size(), 2u);
  EXPECT_EQ(script.commands[2].name, "T");
  CommandCounts counts = count_commands(script);
  EXPECT_EQ(counts.commands(), 6u);
  EXPECT_EQ(counts.of(Kind::Thread), 2u);
  EXPECT_EQ(counts.assertions(), 0u);
}

TEST(Wast, MalformedCommandsDoNotStopAScript) {
  Script script = parse("(frobnicate 1 (2)) (register) (assert_return (invoke \"f\" (i32.const x))) (module)");
  ASSERT_EQ(script.commands.size(), 4u);
  for (int i = 0; i < 3; ++i) EXPECT_EQ(script.commands[i].kind, Kind::Malformed);
  EXPECT_NE(script.commands[0].message.find("1:2: unexpected token 'frobnicate'"), std::string::npos);
  EXPECT_EQ(script.commands[3].kind, Kind::Module);
  EXPECT_EQ(count_commands(script).commands(), 1u);
}

TEST(Wast, BrokenStructureFailsAsAWhole) {
  for (std::string_view text : {"(module", "(module))", "module", "(module) x", "(module \"", "(module \x01)"}) {
    EXPECT_FALSE(parse_wast(text).has_value()) << text;
  }
  std::string many;
  for (int i = 0; i < 100'000; ++i) many += "(x)\n";
  EXPECT_FALSE(parse_wast(many).has_value());
}

TEST(Wast, NestingIsBounded) {
  std::string threads, either = "(assert_return (invoke \"f\") ";
  for (int i = 0; i < 100'000; ++i) threads += "(thread ", either += "(either ";
  threads += std::string(100'000, ')');
  either += std::string(100'001, ')');
  EXPECT_TRUE(parse_wast(threads).has_value());
  EXPECT_EQ(one(either).kind, Kind::Malformed);
}

}  // namespace
}  // namespace vitrine::text
