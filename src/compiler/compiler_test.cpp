#include "compiler/compiler.hpp"

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <set>

#include "abi/image.hpp"
#include "abi/trap.hpp"
#include "base/bytes.hpp"
#include "compiler/targets/targets.hpp"
#include "text/wat_parser.hpp"
#include "wasm/limits.hpp"
#include "wasm/reader.hpp"

namespace vitrine::compiler {
namespace {

abi::CodegenSettings host_settings(uint8_t opt_level = 2) {
  abi::CodegenSettings settings;
  settings.opt_level = opt_level;
  settings.cpu_features = *host_target().host_cpu_features();
  return settings;
}

std::vector<uint8_t> parse(std::string_view text) {
  auto bytes = text::parse_wat(text, wasm::Features::all());
  if (!bytes) ADD_FAILURE() << bytes.error().message();
  return bytes ? std::move(*bytes) : std::vector<uint8_t>();
}

Result<std::vector<uint8_t>> compile(std::span<const uint8_t> bytes, const abi::CodegenSettings& settings,
                                     const CompileOptions& options = {}) {
  auto module = TRY(wasm::read_module(bytes));
  return compile_module(module, bytes, {}, settings, options);
}

/// An image with what it stands on.
struct Compiled {
  explicit Compiled(std::string_view text, const abi::CodegenSettings& settings = host_settings()) {
    auto done = compile(parse(text), settings);
    if (!done) {
      ADD_FAILURE() << done.error().message();
      return;
    }
    image = std::move(*done);
    auto opened = abi::ImageView::open(image, settings, true);
    if (opened) {
      view = *opened;
    } else {
      ADD_FAILURE() << opened.error().message();
    }
  }
  std::vector<uint8_t> image;
  abi::ImageView view;
};

constexpr std::string_view kCalls = R"((module
  (type $t (func (param i32) (result i32))) (type $same (func (param i32) (result i32))) (type $other (func))
  (memory 1)
  (func $a (type $t) (call $b (i32.load (local.get 0))))
  (func $b (type $same) (call $c) (i32.div_s (i32.const 7) (local.get 0)))
  (func $c (type $other) (loop (br_if 0 (call $a (i32.const 3)))))))";

TEST(Compiler, TablesAreInOrderAndInsideTheText) {
  for (uint8_t level : {0, 1, 2}) {
    Compiled c(kCalls, host_settings(level));
    ASSERT_EQ(c.view.functions().size(), 3u);
    uint32_t end = 0;
    for (const abi::CodeRange& f : c.view.functions()) {
      EXPECT_EQ(f.offset % 16, 0u);
      EXPECT_GE(f.offset, end);
      EXPECT_GT(f.size, 0u);
      end = f.offset + f.size;
    }
    EXPECT_LE(end, c.view.text().size());
    EXPECT_TRUE(std::ranges::is_sorted(c.view.traps(), {}, &abi::TrapEntry::offset));
    EXPECT_TRUE(std::ranges::is_sorted(c.view.addresses().decode(), {}, &abi::AddressEntry::offset));
    std::set<uint32_t> codes;
    for (const abi::TrapEntry& t : c.view.traps()) codes.insert(t.code);
    EXPECT_TRUE(codes.contains(static_cast<uint32_t>(abi::TrapCode::MemoryOutOfBounds)));
    EXPECT_TRUE(codes.contains(static_cast<uint32_t>(abi::TrapCode::IntegerDivisionByZero)));
  }
}

TEST(Compiler, EqualTypesShareTrampolines) {
  Compiled c(kCalls);
  auto t = c.view.trampolines();
  ASSERT_EQ(t.size(), 3u);
  EXPECT_EQ(t[0].array_call, t[1].array_call);
  EXPECT_EQ(t[0].host_call, t[1].host_call);
  std::set<uint32_t> distinct = {t[0].array_call, t[0].host_call, t[2].array_call, t[2].host_call};
  EXPECT_EQ(distinct.size(), 4u);
  for (uint32_t offset : distinct) EXPECT_LT(offset, c.view.text().size());
}

/// A module of `count` functions that call each other, of many sizes.
std::string many_functions(int count) {
  std::string text = "(module (memory 1)";
  for (int i = 0; i < count; ++i) {
    text += fmt::format("(func $f{} (param i32) (result i32) (local i32)", i);
    for (int j = 0; j < i % 37; ++j) text += fmt::format("(local.set 1 (i32.load offset={} (local.get 1)))", j);
    text += fmt::format("(if (result i32) (local.get 1) (then (call $f{} (local.get 0))) (else (i32.const {}))))",
                        (i * 7) % count, i);
  }
  return text + ")";
}

TEST(Compiler, OutputIsTheSameWhateverTheNumberOfThreads) {
  auto bytes = parse(many_functions(300));
  for (uint8_t level : {0, 2}) {
    auto one = compile(bytes, host_settings(level));
    ASSERT_TRUE(one.has_value()) << one.error().message();
    for (unsigned workers : {2u, 5u}) {
      WorkerPool pool(workers);
      auto many = compile(bytes, host_settings(level), {.pool = &pool});
      ASSERT_TRUE(many.has_value());
      EXPECT_TRUE(*one == *many) << workers << " threads, level " << int{level};
    }
  }
}

TEST(Compiler, TheFirstErrorIsReported) {
  std::string text = "(module ";
  for (int i = 0; i < 200; ++i) text += i % 50 == 49 ? "(func (result i32) (i64.const 1))" : "(func)";
  auto bytes = parse(text + ")");
  std::string first;
  for (unsigned workers : {1u, 2u, 7u}) {
    WorkerPool pool(workers);
    auto done = compile(bytes, host_settings(), {.pool = &pool});
    ASSERT_FALSE(done.has_value());
    EXPECT_EQ(done.error().kind(), ErrorKind::Invalid);
    EXPECT_NE(done.error().message().find("49"), std::string::npos) << done.error().message();
    if (first.empty()) first = done.error().message();
    EXPECT_EQ(done.error().message(), first);
  }
}

TEST(Compiler, ProgressReachesTheEnd) {
  auto bytes = parse(many_functions(100));
  size_t last = 0, total = 0;
  WorkerPool pool(2);
  CompileOptions options{.pool = &pool, .progress = [&](size_t done, size_t of) {
                           EXPECT_GE(done, last);
                           last = done;
                           total = of;
                         }};
  ASSERT_TRUE(compile(bytes, host_settings(), options).has_value());
  EXPECT_EQ(last, 100u);
  EXPECT_EQ(total, 100u);
}

TEST(Compiler, DumpShowsEveryStage) {
  std::vector<std::string> stages;
  Dump dump{.function = 1, .show = [&](std::string_view stage, std::string_view text) {
              stages.emplace_back(stage);
              EXPECT_FALSE(text.empty()) << stage;
            }};
  ASSERT_TRUE(compile(parse(kCalls), host_settings(), {.dump = &dump}).has_value());
  EXPECT_EQ(stages.front(), "ir");
  EXPECT_EQ(stages.back(), "vcode");
  EXPECT_TRUE(std::ranges::find(stages, "opt") != stages.end());
  EXPECT_GT(stages.size(), 4u);
}

TEST(Compiler, AnInlinedTrapKnowsItsFrames) {
  // $outer has $middle's body, and that $inner's; the division is $inner's.
  Compiled c(R"((module
    (func $inner (param i32) (result i32) (i32.div_u (i32.const 7) (local.get 0)))
    (func $middle (param i32) (result i32) (i32.add (call $inner (local.get 0)) (i32.const 1)))
    (func $outer (export "f") (param i32) (result i32) (i32.mul (call $middle (local.get 0)) (i32.const 3)))))");
  auto sites = c.view.inline_sites();
  ASSERT_FALSE(sites.empty());
  // Some code of $outer (function 2) is a copy of $middle's (1), called in $outer itself.
  auto [offset, size] = c.view.functions()[2];
  std::set<uint32_t> copied;
  for (const abi::AddressEntry& a : c.view.addresses().decode()) {
    if (a.offset < offset || a.offset >= offset + size || a.inline_site == 0) continue;
    EXPECT_EQ(a.srcloc & 1u << 31, 0u);
    const abi::InlineSite& site = sites[a.inline_site - 1];
    copied.insert(site.function);
    EXPECT_NE(site.call_srcloc, 0u);
    EXPECT_EQ(site.call_srcloc & 1u << 31, 0u);
  }
  EXPECT_TRUE(copied.contains(1));
}

TEST(Compiler, SymbolsCanBeLeftOut) {
  auto bytes = parse("(module (func $with_a_name) (func))");
  auto with = compile(bytes, host_settings(), {.symbols = true});
  auto without = compile(bytes, host_settings(), {.symbols = false});
  ASSERT_TRUE(with.has_value() && without.has_value());
  auto has = [](const std::vector<uint8_t>& image, std::string_view text) {
    return std::search(image.begin(), image.end(), text.begin(), text.end()) != image.end();
  };
  EXPECT_TRUE(has(*with, "wasm[0]::function[0]::with_a_name"));
  EXPECT_TRUE(has(*with, "wasm[0]::function[1]"));
  EXPECT_FALSE(has(*without, "wasm[0]::function[0]"));
}

TEST(Compiler, EmptyModule) {
  Compiled c("(module)");
  EXPECT_TRUE(c.view.functions().empty());
}

/// A module of functions (i32) -> () with these bodies (local declarations, operators, `end`).
std::vector<uint8_t> module_of(const std::vector<std::vector<uint8_t>>& bodies) {
  ByteWriter module, functions, code;
  for (uint8_t b : {0, 0x61, 0x73, 0x6d, 1, 0, 0, 0, 1, 5, 1, 0x60, 1, 0x7f, 0}) module.u8(b);
  functions.uleb(bodies.size());
  code.uleb(bodies.size());
  for (const std::vector<uint8_t>& body : bodies) {
    functions.u8(0);
    code.uleb(body.size());
    code.append(body);
  }
  module.u8(3);
  module.uleb(functions.size());
  module.append(functions.view());
  module.u8(10);
  module.uleb(code.size());
  module.append(code.view());
  return module.take();
}

TEST(Compiler, FiftyThousandFunctions) {
  constexpr uint32_t kCount = 50'000;
  auto module = module_of(std::vector<std::vector<uint8_t>>(kCount, {0, 0x0b}));
  for (uint8_t level : {0, 2}) {
    auto done = compile(module, host_settings(level));
    ASSERT_TRUE(done.has_value()) << done.error().message();
    auto view = abi::ImageView::open(*done, host_settings(level), false);
    ASSERT_TRUE(view.has_value());
    EXPECT_EQ(view->functions().size(), kCount);
  }
}

/// Ten bytes that declare 49,999 locals, of which a loop reads one.
TEST(Compiler, LocalsThatNobodyTouchesCostNothing) {
  const std::vector<uint8_t> body = {1, 0xcf, 0x86, 3, 0x7f, 0x03, 0x40, 0x20, 5, 0x0d, 0, 0x0b, 0x0b};
  for (uint32_t count : {20u, 1500u}) {
    auto module = module_of(std::vector(count, body));
    for (uint8_t level : {0, 2}) {
      auto done = compile(module, host_settings(level));
      ASSERT_TRUE(done.has_value()) << done.error().message();
      auto view = abi::ImageView::open(*done, host_settings(level), false);
      ASSERT_TRUE(view.has_value());
      for (const abi::CodeRange& f : view->functions()) EXPECT_LE(f.size, 80u) << "level " << int{level};
      EXPECT_LE(done->size(), 40'000 + count * 250);
    }
  }
}

/// All of them are touched behind the entry, so each is zeroed there: still linear in the body.
TEST(Compiler, LocalsThatAreTouchedAreZeroedOnce) {
  ByteWriter body;
  for (uint8_t b : {1, 0xcf, 0x86, 3, 0x7f, 0x03, 0x40}) body.u8(b);
  for (uint32_t local = 1; local < 50'000; ++local) {
    body.u8(0x20);
    body.uleb(local);
    body.u8(0x1a);
  }
  body.u8(0x0b);
  body.u8(0x0b);
  for (uint8_t level : {0, 2}) {
    auto done = compile(module_of({body.bytes()}), host_settings(level));
    ASSERT_TRUE(done.has_value()) << done.error().message();
    EXPECT_LE(done->size(), 40'000 + body.size() * 12) << "level " << int{level};
  }
}

/// What no image can hold is not compiled to the end: the last function would be an error.
TEST(Compiler, CodeSizeIsLookedAtOnTheWay) {
  std::vector<std::vector<uint8_t>> bodies(100, {0, 0x20, 0, 0x10, 0, 0x0b});
  bodies.push_back({0, 0x6a, 0x0b});
  auto bytes = module_of(bodies);
  CompileOptions options;
  auto whole = compile(bytes, host_settings(), options);
  ASSERT_FALSE(whole.has_value());
  EXPECT_EQ(whole.error().kind(), ErrorKind::Invalid);
  options.max_code_size = 1000;
  auto cut = compile(bytes, host_settings(), options);
  ASSERT_FALSE(cut.has_value());
  EXPECT_EQ(cut.error().kind(), ErrorKind::Limit) << cut.error().message();
}

#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)  // they have their own memory beside each byte
/// How much memory compiling `module` needs, bytes, seen from a process of its own. `compiles`: whether it has to.
size_t peak_of_compiling(const std::vector<uint8_t>& module, uint8_t level, bool compiles, unsigned workers = 4) {
  pid_t child = fork();
  if (child == 0) {
    WorkerPool pool(workers);
    auto done = compile(module, host_settings(level), {.pool = &pool});
    bool as_expected = done.has_value() == compiles && (done || done.error().kind() == ErrorKind::Limit);
    if (!as_expected) fmt::print(stderr, "{}\n", done ? "it compiled" : done.error().message());
    _exit(as_expected ? 0 : 1);
  }
  int status = 0;
  struct rusage usage{};
  EXPECT_EQ(wait4(child, &status, 0, &usage), child);
  EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 0);
  return static_cast<size_t>(usage.ru_maxrss) << 10;
}

using Bytes = std::vector<uint8_t>;

/// `head`, `count` times `open`, then as often `close`.
Bytes nest(Bytes head, uint32_t count, const Bytes& open, const Bytes& close = {}) {
  for (uint32_t i = 0; i < count; ++i) head.insert(head.end(), open.begin(), open.end());
  for (uint32_t i = 0; i < count; ++i) head.insert(head.end(), close.begin(), close.end());
  head.push_back(0x0b);
  return head;
}
/// `open` ... `close` until the body has about `size` bytes.
Bytes giant(const Bytes& head, const Bytes& open, const Bytes& close = {}, size_t size = 5'500'000) {
  const size_t count = (size - head.size() - 4) / (open.size() + close.size());
  return nest(head, static_cast<uint32_t>(count), open, close);
}
/// The same with a value left at the end, which is dropped.
Bytes dropped(Bytes body) {
  body.insert(body.end() - 1, 0x1a);
  return body;
}
Bytes nested_ifs(uint32_t depth) {
  return nest({0}, depth, {0x20, 0, 0x04, 0x40}, {0x0b});
}

#if VITRINE_VERIFY
constexpr size_t kMostMemory = 600ull << 20;  // the verifiers keep a piece in other forms
#else
constexpr size_t kMostMemory = 512ull << 20;
#endif

TEST(CompilerMemory, BodyThatIsAllBlocks) {
  for (uint8_t level : {0, 2})
    EXPECT_LT(peak_of_compiling(module_of({nested_ifs(1'100'000)}), level, true), kMostMemory);
}

struct Giant {
  const char* name;
  Bytes body;
};
std::vector<Giant> giants() {
  const Bytes none = {0}, one_i32 = {1, 1, 0x7f};
  Bytes table = {0x20, 0, 0x0e, 200, 1};  // local.get 0, br_table
  for (int i = 0; i < 200; ++i) table.push_back(static_cast<uint8_t>(i % 3));
  table.push_back(0);
  const Bytes block = {0x02, 0x40};
  Bytes in_blocks = block;
  in_blocks.insert(in_blocks.end(), table.begin(), table.end());
  in_blocks.push_back(0x0b);
  Bytes two_more = none;
  two_more.insert(two_more.end(), {0x02, 0x40, 0x02, 0x40});
  Bytes tables = giant(two_more, in_blocks);
  tables.insert(tables.end(), {0x0b, 0x0b});
  return {
      {"ifs", giant(none, {0x20, 0, 0x04, 0x40}, {0x0b})},
      {"if else", giant(none, {0x20, 0, 0x04, 0x40}, {0x05, 0x0b})},
      {"blocks", giant(none, {0x02, 0x40}, {0x0b})},
      {"blocks left", giant(none, {0x02, 0x40, 0x20, 0, 0x0d, 0}, {0x0b})},
      {"loops", giant(none, {0x03, 0x40}, {0x0b})},
      {"loops gone round", giant(none, {0x03, 0x40}, {0x20, 0, 0x0d, 0, 0x0b})},
      {"branches out", giant(none, {0x20, 0, 0x0d, 0})},
      {"br_table", tables},
      {"adds", giant(one_i32, {0x20, 0, 0x20, 1, 0x6a, 0x21, 0})},
      {"counting", dropped(giant({0, 0x20, 0}, {0x67}))},
      {"pushes", giant(none, {0x41, 1}, {0x1a})},
      {"calls", giant(none, {0x20, 0, 0x10, 0})},
  };
}

/// Of few kinds of operators each. (Open blocks cost most: a body of nothing else that is as large as bodies may be,
/// 7.6 MB, needs up to 570 MiB.)
TEST(CompilerMemory, GiantBodies) {
  for (const Giant& g : giants()) {
    SCOPED_TRACE(g.name);
    const size_t peak = peak_of_compiling(module_of({g.body}), 2, true);
    EXPECT_LT(peak, kMostMemory);
    if (std::getenv("VITRINE_SHOW")) fmt::print("{}: {} MiB\n", g.name, peak >> 20);
  }
}

/// Each of them needs a lot, and there are more threads than one.
TEST(CompilerMemory, ManyGiantBodies) {
  for (uint32_t depth : {240'000u, 100'000u, 52'000u}) {
    std::vector<std::vector<uint8_t>> bodies(8, nested_ifs(depth));
    EXPECT_LT(peak_of_compiling(module_of(bodies), 2, true), kMostMemory) << depth;
  }
}

/// Just short enough to be compiled whole, and all of them at once if nothing kept them from it.
TEST(CompilerMemory, ManyLargeBodies) {
  const Bytes none = {0}, calls = {0x10, 0};
  const std::vector<Giant> kinds = {
      {"ifs", nested_ifs(208'000)},
      {"loops", giant(none, {0x03, 0x40}, {0x0b}, 1'040'000)},
      {"calls", giant(none, {0x20, 0, 0x10, 0}, {}, 1'040'000)},
      {"divisions", giant(none, {0x20, 0, 0x20, 0, 0x6d, 0x21, 0}, {}, 1'040'000)},
      {"conversions", dropped(giant({0, 0x20, 0}, {0xb2, 0xa8}, {}, 100'000))},
      {"ifs of 200 KiB", nested_ifs(40'960)},
  };
  for (const Giant& kind : kinds) {
    SCOPED_TRACE(kind.name);
    const size_t count = std::min<size_t>(16, 4'200'000 / kind.body.size());
    for (unsigned workers : {4u, 16u}) {
      const size_t peak = peak_of_compiling(module_of(std::vector(count, kind.body)), 2, true, workers);
      EXPECT_LT(peak, kMostMemory) << workers << " workers";
      if (std::getenv("VITRINE_SHOW")) fmt::print("{}, {} workers: {} MiB\n", kind.name, workers, peak >> 20);
    }
  }
}

/// Calls of a function that takes a thousand values and gives back a thousand: few operators, and few bytes.
TEST(CompilerMemory, CallsOfManyValues) {
  auto module = [](int calls, int bodies) {
    std::string values;
    for (int i = 0; i < 1'000; ++i) values += " i64";
    std::string text = fmt::format("(module (import \"\" \"f\" (func $f (param{}) (result{})))\n", values, values);
    for (int b = 0; b < bodies; ++b) {
      text += "(func";
      for (int i = 0; i < 1'000; ++i) text += "(i64.const 0)";
      for (int i = 0; i < calls; ++i) text += "(call $f)";
      for (int i = 0; i < 1'000; ++i) text += "(drop)";
      text += ")\n";
    }
    return parse(text + ")");
  };
  for (uint8_t level : {0, 2}) {
    EXPECT_LT(peak_of_compiling(module(7'900, 1), level, false), kMostMemory);
    EXPECT_LT(peak_of_compiling(module(400, 8), level, true, 16), kMostMemory);
  }
}

/// Branches that take a thousand values along.
TEST(CompilerMemory, BranchesOfManyValues) {
  for (const char* value : {"(i64.const 1)", "(i64.extend_i32_u (i32.add (local.get 0) (i32.const 1)))"}) {
    std::string text = "(module (func (param i32) (block (result";
    for (int i = 0; i < 1'000; ++i) text += " i64";
    text += ")";
    for (int i = 0; i < 1'000; ++i) text += value;
    for (int i = 0; i < 5'000; ++i) text += "(br_if 0 (local.get 0))";
    for (int i = 0; i < 1'000; ++i) text += "(drop)";
    for (int i = 0; i < 1'000; ++i) text += "(i64.const 2)";
    text += ")";
    for (int i = 0; i < 1'000; ++i) text += "(drop)";
    text += "))";
    for (uint8_t level : {0, 2}) EXPECT_LT(peak_of_compiling(parse(text), level, true), kMostMemory);
  }
}

/// One table of many labels that each want a thousand values moved.
TEST(CompilerMemory, BranchTableOfManyValues) {
  std::string text = "(module (type $t (func (result";
  for (int i = 0; i < 1'000; ++i) text += " i64";
  text += "))) (func (param i32)";
  for (int i = 0; i < 1'900; ++i) text += "(block (type $t) (i64.const 7)";
  for (int i = 0; i < 1'000; ++i) text += "(i64.const 1)";
  text += "(br_table";
  for (int i = 0; i < 1'900; ++i) text += fmt::format(" {}", i);
  text += " (local.get 0))";
  for (int i = 0; i < 1'900; ++i) text += ")(drop)";
  for (int i = 0; i < 999; ++i) text += "(drop)";
  text += "))";
  for (uint8_t level : {0, 2}) EXPECT_LT(peak_of_compiling(parse(text), level, true), kMostMemory);
}

/// Nothing but conversions that trap, of a byte each: their code is too much.
TEST(CompilerMemory, BodyWithTooMuchCodeIsRefused) {
  const Bytes body = dropped(giant({0, 0x20, 0}, {0xb2, 0xa8}, {}, wasm::kMaxFunctionSize));
  EXPECT_LT(peak_of_compiling(module_of({body}), 2, false), kMostMemory);
}
#endif

TEST(Compiler, KeyTellsSettingsApart) {
  std::set<std::string> keys;
  abi::CodegenSettings base;
  keys.insert(settings_key({}, base));
  keys.insert(settings_key(wasm::Features::core_only(), base));
  auto with = [&](auto change) {
    abi::CodegenSettings s;
    change(s);
    keys.insert(settings_key({}, s));
  };
  with([](auto& s) { s.opt_level = 0; });
  with([](auto& s) { s.consume_fuel = true; });
  with([](auto& s) { s.memory_guard_size = 65536; });
  with([](auto& s) { s.cpu_features = abi::kAvx2; });
  EXPECT_EQ(keys.size(), 6u);
  EXPECT_EQ(settings_key({}, base), settings_key({}, base));
  EXPECT_NE(settings_key({}, base).find(fmt::format("build={:016x}", abi::build_hash())), std::string::npos);
}

}  // namespace
}  // namespace vitrine::compiler
