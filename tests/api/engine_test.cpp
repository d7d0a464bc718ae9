// Engines and modules: configurations, compiling from binary and text, what is refused and how it is said.
#include <vitrine/inspect.hpp>

#include <algorithm>
#include <map>
#include <set>

#include "testing.hpp"

namespace vitrine::testing {
namespace {

TEST(Engine, OptionsAreReadBack) {
  Config config;
  config.opt_level(0).consume_fuel(true).max_wasm_stack(100'000);
  EXPECT_EQ(config.opt_level(), 0);
  EXPECT_TRUE(config.consume_fuel());
  Config copy = config;
  EXPECT_EQ(copy.max_wasm_stack(), 100'000u);
  EXPECT_FALSE(Config().consume_fuel());
  EXPECT_EQ(make_engine(copy).config().max_wasm_stack(), 100'000u);
}

TEST(Engine, ImpossibleOptionsAreRefused) {
  EXPECT_CONTAINS(message_of(Engine::make(Config().opt_level(3))), "opt_level 3");
  EXPECT_CONTAINS(message_of(Engine::make(Config().max_wasm_stack(100))), "16384");
  EXPECT_CONTAINS(message_of(Engine::make(Config().max_wasm_stack(1ull << 40))), "max_wasm_stack");
  EXPECT_CONTAINS(message_of(Engine::make(Config().memory_reservation(UINT64_MAX))), "memory_reservation");
  EXPECT_EQ(message_of(Engine::make(Config().cpu_level(static_cast<CpuLevel>(9)))),
            "cpu_level 9 is none of host, baseline, avx, avx2, avx512");
  for (uint32_t signal : {9u, 11u, 32u, 33u, 64u, 1000u}) {
    EXPECT_CONTAINS(message_of(Engine::make(Config().cancel_signal(signal))),
                    "cancel_signal " + std::to_string(signal));
  }
}

TEST(Engine, TheCacheIsInAnAbsoluteDirectory) {
  for (const char* directory : {"cache", ""}) {
    EXPECT_CONTAINS(message_of(Engine::make(Config().cache(CacheConfig{.directory = directory}))), "no absolute path");
  }
}

TEST(Engine, FeaturesByName) {
  Config config;
  EXPECT_CONTAINS(message_of(config.feature("no-such-thing", true)), "no-such-thing");
  EXPECT_CONTAINS(message_of(config.feature("gc", true)), "not implemented");
  EXPECT_TRUE(config.feature("gc", false).has_value());
  unwrap(config.feature("multi-value", false));
  bool seen = false;
  for (auto& [name, on] : config.features()) {
    if (name == "multi-value") {
      seen = true;
      EXPECT_FALSE(on);
    }
  }
  EXPECT_TRUE(seen);
  auto refused = Module::compile(make_engine(config), "(module (func (result i32 i32) i32.const 1 i32.const 2))");
  ASSERT_FALSE(refused);
  EXPECT_CONTAINS(refused.error().message(), "multi-value");
}

TEST(Engine, HashesTellApartWhatChangesCode) {
  const uint64_t plain = make_engine().compatibility_hash();
  EXPECT_EQ(plain, make_engine().compatibility_hash());
  for (const OtherOption& option : other_options()) {
    EXPECT_EQ(plain != make_engine(option.config).compatibility_hash(), option.changes_code()) << option.name;
  }
}

TEST(Engine, SettingsAreTheOptionsThatChangeCode) {
  auto settings_of = [](const Config& config) {
    std::map<std::string, std::string> values;
    for (const CodegenSetting& s : codegen_settings(make_engine(config))) {
      EXPECT_FALSE(s.description.empty()) << s.name;
      EXPECT_TRUE(values.emplace(s.name, s.value).second) << s.name;
    }
    return values;
  };
  const auto plain = settings_of(Config());
  for (const OtherOption& option : other_options()) {
    EXPECT_EQ(plain.contains(option.name), option.changes_code()) << option.name;
    EXPECT_EQ(plain != settings_of(option.config), option.changes_code()) << option.name;
  }
}

std::set<std::string> cpu_features(CpuLevel level) {
  std::set<std::string> features;
  for (const CodegenSetting& s : codegen_settings(make_engine(Config().cpu_level(level)))) {
    if (s.name.starts_with("has_") && s.value == "true") features.insert(s.name.substr(4));
  }
  return features;
}

TEST(Engine, ALevelOfCpusHasAllOfTheOnesBefore) {
  const std::set<std::string> baseline = {"sse41", "sse42", "popcnt"};
  std::set<std::string> avx = baseline, avx2, avx512;
  avx.insert("avx");
  avx2 = avx;
  avx2.insert({"avx2", "fma", "bmi1", "bmi2", "lzcnt"});
  avx512 = avx2;
  avx512.insert("avx512");
  EXPECT_EQ(cpu_features(CpuLevel::Baseline), baseline);
  EXPECT_EQ(cpu_features(CpuLevel::Avx), avx);
  EXPECT_EQ(cpu_features(CpuLevel::Avx2), avx2);
  // What only some of the highest level have is not there, whatever this one has.
  const auto host = cpu_features(CpuLevel::Host);
  EXPECT_EQ(cpu_features(CpuLevel::Avx512), avx512);
  EXPECT_TRUE(std::ranges::includes(host, baseline));
  EXPECT_STREQ(name_of(CpuLevel::Host), "host");
  EXPECT_STREQ(name_of(CpuLevel::Avx512), "avx512");
}

TEST(Engine, HasAVersion) {
  EXPECT_STREQ(version(), "0.1.0");
}

constexpr uint8_t kAdd[] = {0, 'a', 's', 'm', 1, 0,   0, 0, 1,  7, 1, 0x60, 2, 0x7f, 0x7f, 1,    0x7f, 3,    2,   1,
                            0, 7,   5,   1,   1, 'f', 0, 0, 10, 9, 1, 7,    0, 0x20, 0,    0x20, 1,    0x6a, 0x0b};

TEST(Module, CompilesBinaryAndText) {
  Engine engine = make_engine();
  for (bool text : {false, true}) {
    Module module = text ? compile(engine, R"((module (func (export "f") (param i32 i32) (result i32)
                                             (i32.add (local.get 0) (local.get 1)))))")
                         : unwrap(Module::compile(engine, std::span<const uint8_t>(kAdd)));
    Store store(engine);
    Instance instance = unwrap(Instance::make(store, module, {}));
    EXPECT_EQ(unwrap(unwrap(instance.typed<int32_t(int32_t, int32_t)>("f"))(40, 2)), 42);
  }
}

TEST(Module, TextIsToldFromBinaryByContent) {
  Engine engine = make_engine();
  std::string text = "(module)";
  std::span<const uint8_t> bytes(reinterpret_cast<const uint8_t*>(text.data()), text.size());
  EXPECT_TRUE(Module::compile(engine, bytes).has_value());
  EXPECT_TRUE(Module::validate(engine, std::span<const uint8_t>(kAdd)).has_value());
}

TEST(Module, WhatIsNoneIsSaid) {
  Engine engine = make_engine();
  for (std::string_view nothing : {std::string_view(), std::string_view("")}) {
    auto result = Module::compile(engine, nothing);
    ASSERT_FALSE(result.has_value());
    EXPECT_EQ(result.error().kind(), ErrorKind::Malformed);
    EXPECT_CONTAINS(result.error().message(), "empty");
  }
  auto other = Module::compile(engine, " \n%PDF");
  EXPECT_EQ(message_of(other),
            "it is no WebAssembly module: it begins with 20 0a 25 50, where \\0asm or text is expected");
  EXPECT_TRUE(Module::compile(engine, " \r\n\t;; nothing").has_value());
  auto component = Module::compile(engine, std::string_view("\0asm\x0d\0\1\0", 8));
  ASSERT_FALSE(component.has_value());
  EXPECT_EQ(component.error().kind(), ErrorKind::Unsupported);
  EXPECT_CONTAINS(component.error().message(), "component");
}

TEST(Module, ErrorsSayWhere) {
  Engine engine = make_engine();
  auto text = Module::compile(engine, "(module\n  (func (result i32)\n    (i32.ad (i32.const 1))))");
  ASSERT_FALSE(text);
  EXPECT_EQ(text.error().kind(), ErrorKind::Malformed);
  EXPECT_CONTAINS(text.error().message(), "3:");
  auto type = Module::compile(engine, "(module (func $blur (result i32) (i64.const 1)))");
  ASSERT_FALSE(type);
  EXPECT_EQ(type.error().kind(), ErrorKind::Invalid);
  EXPECT_CONTAINS(type.error().message(), "type mismatch");
  EXPECT_CONTAINS(type.error().message(), "0x");
  auto cut = Module::compile(engine, std::span<const uint8_t>(kAdd).first(30));
  ASSERT_FALSE(cut);
  EXPECT_EQ(cut.error().kind(), ErrorKind::Malformed);
  EXPECT_CONTAINS(cut.error().message(), "0x");
}

TEST(Module, EveryTruncationIsRefused) {
  Engine engine = make_engine();
  // A module may end between sections: these prefixes are modules of their own, or lack bodies.
  size_t accepted = 0;
  for (size_t n = 0; n < sizeof kAdd; ++n) {
    accepted += Module::validate(engine, std::span<const uint8_t>(kAdd).first(n)).has_value();
  }
  EXPECT_EQ(accepted, 2u);  // just the header; with the types
  EXPECT_TRUE(Module::compile(engine, std::string_view("\n")).has_value());
  EXPECT_FALSE(Module::validate(engine, std::span<const uint8_t>()).has_value());
}

TEST(Module, TheFirstInvalidFunctionIsReportedWhateverTheThreads) {
  std::string text = "(module";
  for (int i = 0; i < 200; ++i) {
    text += i == 60 || i == 150 ? "(func (result i32) (f32.const 1))" : "(func (result i32) (i32.const 1))";
  }
  text += ")";
  std::string first = message_of(Module::compile(make_engine(Config().parallel_compilation(false)), text));
  EXPECT_CONTAINS(first, "60");
  for (int i = 0; i < 5; ++i) EXPECT_EQ(message_of(Module::compile(make_engine(), text)), first);
}

TEST(Module, KnowsItsImportsExportsAndName) {
  Module module = compile(make_engine(), R"((module $shop
    (import "env" "f" (func (param i32 f64) (result i64)))
    (import "env" "m" (memory 1 2))
    (import "env" "t" (table 3 funcref))
    (import "env" "g" (global (mut f32)))
    (func (export "run"))
    (export "m2" (memory 0))))");
  EXPECT_EQ(module.name(), "shop");
  auto imports = module.imports();
  ASSERT_EQ(imports.size(), 4u);
  EXPECT_EQ(imports[0].module, "env");
  EXPECT_EQ(to_string(imports[0].type), "func (i32, f64) -> (i64)");
  EXPECT_EQ(std::get<MemoryType>(imports[1].type), (MemoryType{1, 2, false}));
  EXPECT_EQ(std::get<TableType>(imports[2].type), (TableType{ValKind::FuncRef, 3, std::nullopt, false}));
  EXPECT_EQ(std::get<GlobalType>(imports[3].type), (GlobalType{ValKind::F32, true}));
  auto exports = module.exports();
  ASSERT_EQ(exports.size(), 2u);
  EXPECT_EQ(exports[0].name, "run");
  EXPECT_EQ(exports[1].name, "m2");
}

TEST(Module, OutlivesWhatItWasMadeFrom) {
  std::optional<Module> module;
  {
    std::string text = R"((module (memory (export "m") 1) (data (i32.const 3) "abc") (func (export "f"))))";
    module = compile(make_engine(), text);
    std::fill(text.begin(), text.end(), ' ');
  }
  Store store(module->engine());
  Instance instance = unwrap(Instance::make(store, *module, {}));
  EXPECT_EQ(unwrap(instance.memory("m")).data()[4], 'b');
}

TEST(Module, ProgressIsReported) {
  std::string text = "(module";
  for (int i = 0; i < 3000; ++i) text += "(func (result i32) (i32.const 1))";
  size_t calls = 0, last = 0, all = 0;
  Config config;
  config.progress([&](size_t done, size_t total) {
    ++calls;
    last = done;
    all = total;
  });
  compile(make_engine(config), text + ")");
  EXPECT_GT(calls, 0u);
  EXPECT_EQ(last, 3000u);
  EXPECT_EQ(all, 3000u);
}

}  // namespace
}  // namespace vitrine::testing
