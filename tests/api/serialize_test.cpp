// Precompiled images in memory and in files, and the code cache: that they work, and that nothing damaged runs.
#include <elf.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <vitrine/inspect.hpp>

#include <algorithm>
#include <cstring>
#include <random>

#include "testing.hpp"

namespace vitrine::testing {
namespace {

namespace fs = std::filesystem;

constexpr const char* kModule = R"((module $m (memory (export "mem") 1) (data (i32.const 8) "image")
  (table 2 funcref) (elem (i32.const 0) $one) (global $g (mut i64) (i64.const 9))
  (func $one (export "one") (result i32) (i32.const 1))
  (func (export "fib") (param i32) (result i32) (local i32 i32 i32)
    (local.set 2 (i32.const 1))
    (block (loop (br_if 1 (i32.eqz (local.get 0)))
      (local.set 3 (i32.add (local.get 1) (local.get 2))) (local.set 1 (local.get 2)) (local.set 2 (local.get 3))
      (local.set 0 (i32.sub (local.get 0) (i32.const 1))) (br 0)))
    (local.get 1))
  (func $bad (export "bad") (unreachable))))";

void expect_works(const Engine& engine, const Module& module) {
  Store store(engine);
  Instance instance = unwrap(Instance::make(store, module, {}));
  EXPECT_EQ(unwrap(unwrap(instance.typed<int32_t(int32_t)>("fib"))(20)), 6765);
  EXPECT_EQ(unwrap(instance.memory("mem")).data()[9], 'm');
  auto bad = unwrap(instance.typed<void()>("bad"))();
  expect_trap(bad, TrapCode::Unreachable);
  EXPECT_CONTAINS(bad.error().trap()->backtrace(), "m!bad");
  EXPECT_EQ(module.name(), "m");
  EXPECT_EQ(module.exports().size(), 4u);
}

TEST(Serialize, CustomSections) {
  Engine engine = make_engine();
  Module module = compile(engine, R"((module (@custom "a" "first") (@custom "b" "other") (@custom "a" "second")))");
  for (const Module& m : {module, unwrap(Module::deserialize(engine, unwrap(module.serialize())))}) {
    auto found = m.custom_sections("a");
    ASSERT_EQ(found.size(), 2u);
    EXPECT_EQ(std::string(found[0].begin(), found[0].end()), "first");
    EXPECT_EQ(std::string(found[1].begin(), found[1].end()), "second");
    EXPECT_TRUE(m.custom_sections("none").empty());
  }
}

TEST(Serialize, MemoryAndFile) {
  for (uint8_t level : {0, 2}) {
    Config config;
    config.opt_level(level);
    std::vector<uint8_t> image = unwrap(compile(make_engine(config), kModule).serialize());
    EXPECT_TRUE(Engine::is_precompiled(image));
    Engine engine = make_engine(config);
    expect_works(engine, unwrap(Module::deserialize(engine, image)));
    TemporaryFolder folder;
    write_file(folder / "m.cwasm", image);
    Module from_file = unwrap(Module::deserialize_file(engine, folder / "m.cwasm"));
    fs::remove(folder / "m.cwasm");  // it stays mapped
    expect_works(engine, from_file);
    EXPECT_EQ(unwrap(from_file.serialize()), image);
  }
}

TEST(Serialize, IsDeterministic) {
  std::string text = "(module";
  for (int i = 0; i < 500; ++i) {
    std::string n = std::to_string(i);
    text += "(func (param i32) (result i32) (i32.add (i32.mul (local.get 0) (i32.const " + n + ")) (call " +
            std::to_string((i * 7) % 500) + " (local.get 0))))";
  }
  text += ")";
  auto one = unwrap(compile(make_engine(Config().parallel_compilation(false)), text).serialize());
  for (int i = 0; i < 3; ++i) EXPECT_EQ(unwrap(compile(make_engine(), text).serialize()), one);
}

TEST(Serialize, OtherConfigurationsAreRefusedWithTheReason) {
  auto image = unwrap(compile(make_engine(), kModule).serialize());
  auto refused = [&](const Config& config) {
    auto result = Module::deserialize(make_engine(config), image);
    if (result) return std::string("accepted");
    EXPECT_EQ(result.error().kind(), ErrorKind::Incompatible);
    return result.error().message();
  };
  for (const OtherOption& option : other_options()) {
    if (option.name == "perf_map") continue;  // it leaves a file
    const bool is_compared = option.effect == OtherOption::Effect::Code;
    std::string expected = is_compared ? "setting " + option.name + " is" : "accepted";
    EXPECT_CONTAINS(refused(option.config), expected) << option.name;
  }
  EXPECT_EQ(refused(Config().opt_level(1)), "accepted") << "the same code as level 2";
}

bool cpu_has(std::string_view feature) {
  auto all = codegen_settings(make_engine());
  return std::ranges::any_of(all, [&](auto& s) { return s.name == feature && s.value == "true"; });
}

TEST(Serialize, CodeForOlderCpusRunsInEveryEngine) {
  auto image = unwrap(compile(make_engine(Config().cpu_level(CpuLevel::Baseline)), kModule).serialize());
  for (CpuLevel level : {CpuLevel::Host, CpuLevel::Baseline, CpuLevel::Avx, CpuLevel::Avx2, CpuLevel::Avx512}) {
    Engine engine = make_engine(Config().cpu_level(level));
    expect_works(engine, unwrap(Module::deserialize(engine, image)));
  }
}

TEST(Serialize, CodeForCpusThatThisIsNoneOfIsCompiledButNotRun) {
  const struct {
    CpuLevel level;
    std::string feature;
  } kLevels[] = {{CpuLevel::Avx, "avx"}, {CpuLevel::Avx2, "avx2"}, {CpuLevel::Avx512, "avx512"}};
  for (const auto& [level, feature] : kLevels) {
    Config config;
    config.cpu_level(level);
    Engine engine = make_engine(config), plain = make_engine();
    Module module = compile(engine, kModule);
    auto image = unwrap(module.serialize());
    if (cpu_has("has_" + feature)) {
      expect_works(engine, module);
      expect_works(plain, unwrap(Module::deserialize(plain, image)));
      continue;
    }
    Store store(engine);
    auto refused = [&](const auto& result) {
      ASSERT_FALSE(result.has_value());
      EXPECT_EQ(result.error().kind(), ErrorKind::Incompatible);
      EXPECT_CONTAINS(result.error().message(), "needs CPU feature ");
      EXPECT_CONTAINS(result.error().message(), feature + ", which is not there");
    };
    refused(Instance::make(store, module, {}));
    refused(Linker(engine).instantiate(store, module));
    refused(Instance::make(store, unwrap(Module::deserialize(engine, image)), {}));
    refused(Module::deserialize(plain, image));
    EXPECT_EQ(module.exports().size(), 4u) << "it can be looked at";
  }
}

TEST(Serialize, DamageIsRefused) {
  Engine engine = make_engine();
  auto image = unwrap(compile(engine, kModule).serialize());
  std::mt19937 random(7);
  for (int i = 0; i < 400; ++i) {
    auto damaged = image;
    damaged[random() % damaged.size()] ^= static_cast<uint8_t>(1u << random() % 8);
    auto result = Module::deserialize(engine, damaged);
    ASSERT_FALSE(result.has_value());
    ASSERT_GT(result.error().message().size(), 10u);
  }
  for (size_t n = 0; n < image.size(); n += 1 + n / 8) {
    auto result = Module::deserialize(engine, std::span(image).first(n));
    ASSERT_FALSE(result.has_value()) << n;
  }
  auto longer = image;
  longer.push_back(0);
  EXPECT_FALSE(Module::deserialize(engine, longer).has_value());
}

TEST(Serialize, WithoutTheChecksumDamageDoesNotCrashTheLoader) {
  // Whatever the side tables say, loading reads nothing outside of the file. Nothing of it is run here.
  Engine engine = make_engine(Config().verify_images(false));
  auto image = unwrap(compile(engine, kModule).serialize());
  std::mt19937 random(11);
  for (int i = 0; i < 1500; ++i) {
    auto damaged = image;
    for (int n = 0; n < 3; ++n) damaged[random() % damaged.size()] = static_cast<uint8_t>(random());
    auto module = Module::deserialize(engine, damaged);
    if (module) {
      (void)module->exports();
      (void)module->imports();
      (void)module->name();
    }
  }
}

// Code that is the last thing in a file, and does not end with a page.
TEST(Serialize, CodeThatEndsTheFileIsRefused) {
  Engine engine = make_engine(Config().verify_images(false));
  std::vector<uint8_t> image = unwrap(compile(engine, kModule).serialize());
  const uint64_t size = image.size();
  Elf64_Ehdr elf;
  std::memcpy(&elf, image.data(), sizeof elf);
  image.resize((image.size() + 4095) & ~size_t{4095});
  for (size_t i = 0; i < elf.e_shnum; ++i) {
    const size_t at = elf.e_shoff + i * sizeof(Elf64_Shdr);
    Elf64_Shdr section;
    std::memcpy(&section, image.data() + at, sizeof section);
    if ((section.sh_flags & SHF_EXECINSTR) == 0) continue;
    const std::vector<uint8_t> code(image.begin() + static_cast<ptrdiff_t>(section.sh_offset),
                                    image.begin() + static_cast<ptrdiff_t>(section.sh_offset + section.sh_size));
    ASSERT_NE(code.size() % 4096, 0u);
    section.sh_offset = image.size();
    std::memcpy(image.data() + at, &section, sizeof section);
    image.insert(image.end(), code.begin(), code.end());
    break;
  }
  ASSERT_NE(image.size() % 4096, 0u);
  // The header says how long the file is.
  const uint64_t now = image.size();
  bool found = false;
  for (size_t at = 0; at < 1024; at += 8) {
    if (std::memcmp(image.data() + at, &size, sizeof size) != 0) continue;
    std::memcpy(image.data() + at, &now, sizeof now);
    found = true;
  }
  ASSERT_TRUE(found);
  auto result = Module::deserialize(engine, image);
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().kind(), ErrorKind::Incompatible);
  EXPECT_CONTAINS(result.error().message(), "end with a page");
}

TEST(Serialize, WhatIsNoImageIsSaid) {
  Engine engine = make_engine();
  const uint8_t text[] = {'(', 'm', 'o', 'd', 'u', 'l', 'e', ')'};
  auto result = Module::deserialize(engine, text);
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().kind(), ErrorKind::Incompatible);
  auto image = unwrap(compile(engine, "(module)").serialize());
  EXPECT_CONTAINS(message_of(Module::compile(engine, image)), "deserialize");
  EXPECT_CONTAINS(message_of(Module::deserialize_file(engine, "/no/such/file.cwasm")), "/no/such/file.cwasm");
  auto other_elf = read_file("/proc/self/exe");
  EXPECT_CONTAINS(message_of(Module::deserialize(engine, other_elf)), "ELF");
  EXPECT_FALSE(Engine::is_precompiled(other_elf));
  EXPECT_FALSE(Engine::is_precompiled(text));
  EXPECT_TRUE(Engine::is_precompiled(image));
  EXPECT_TRUE(Engine::is_precompiled(std::span(image).first(4096)));
}

TEST(Serialize, ForeignVersionsAreNamed) {
  Engine engine = make_engine();
  auto image = unwrap(compile(engine, "(module)").serialize());
  std::string_view bytes(reinterpret_cast<const char*>(image.data()), image.size());
  size_t at = bytes.find(version());
  ASSERT_NE(at, std::string_view::npos);
  image[at] = '9';
  std::string message = message_of(Module::deserialize(engine, image));
  EXPECT_CONTAINS(message, "9.1.0");
  EXPECT_CONTAINS(message, version());
}

struct Cache : ::testing::Test {
  TemporaryFolder folder;
  std::vector<std::string> warnings;
  Config config(uint64_t limit = 512ull << 20) {
    Config c;
    c.cache(CacheConfig{folder / "cache", limit}).warning([this](const std::string& w) { warnings.push_back(w); });
    return c;
  }
  std::vector<fs::path> entries() {
    std::vector<fs::path> found;
    std::error_code missing;
    for (auto& e : fs::directory_iterator(folder / "cache", missing)) {
      if (e.path().filename() != "CACHEDIR.TAG") found.push_back(e.path());
    }
    return found;
  }
};

TEST_F(Cache, Hits) {
  size_t compiled = 0;
  Config counting = config();
  counting.progress([&](size_t, size_t) { ++compiled; });
  Engine engine = make_engine(counting);
  expect_works(engine, compile(engine, kModule));
  EXPECT_GT(compiled, 0u);
  ASSERT_EQ(entries().size(), 1u);
  compiled = 0;
  Engine again = make_engine(counting);
  expect_works(again, compile(again, kModule));
  EXPECT_EQ(compiled, 0u);
  // Text and binary of the same module are one entry; another configuration is another.
  Engine other = make_engine(config().opt_level(0));
  expect_works(other, compile(other, kModule));
  EXPECT_EQ(entries().size(), 2u);
  EXPECT_TRUE(warnings.empty());
}

TEST_F(Cache, EachLevelOfCpusHasItsEntry) {
  size_t compiled = 0;
  auto compiles = [&](CpuLevel level) {
    compiled = 0;
    Config c = config();
    c.cpu_level(level).progress([&](size_t, size_t) { ++compiled; });
    Engine engine = make_engine(c);
    compile(engine, kModule);
    return compiled > 0;
  };
  const CpuLevel levels[] = {CpuLevel::Baseline, CpuLevel::Avx, CpuLevel::Avx2, CpuLevel::Avx512};
  for (CpuLevel level : levels) EXPECT_TRUE(compiles(level)) << name_of(level);
  // Also of code that cannot run here.
  for (CpuLevel level : levels) EXPECT_FALSE(compiles(level)) << name_of(level);
  EXPECT_EQ(entries().size(), 4u);
}

TEST_F(Cache, DamagedEntriesAreCompiledAgain) {
  Engine engine = make_engine(config());
  compile(engine, kModule);
  auto good = read_file(entries().at(0));
  std::vector<std::vector<uint8_t>> bad = {{}, {1, 2, 3}, {good.begin(), good.begin() + 1000}, good};
  bad[3][good.size() / 2] ^= 1;
  for (auto& bytes : bad) {
    write_file(entries().at(0), bytes);
    expect_works(engine, compile(engine, kModule));
    EXPECT_EQ(read_file(entries().at(0)), good);
  }
}

TEST_F(Cache, WhatOthersCouldHaveWrittenIsNotRun) {
  size_t compiled = 0;
  Config counting = config();
  counting.progress([&](size_t, size_t) { ++compiled; });
  auto compiles = [&] {
    compiled = 0;
    Engine engine = make_engine(counting);
    expect_works(engine, compile(engine, kModule));
    return compiled > 0;
  };
  EXPECT_TRUE(compiles());
  EXPECT_EQ(fs::status(folder / "cache").permissions(), fs::perms::owner_all);
  const fs::path entry = entries().at(0);
  EXPECT_EQ(fs::status(entry).permissions(), fs::perms::owner_read | fs::perms::owner_write);
  EXPECT_FALSE(compiles());
  fs::permissions(entry, fs::perms::group_write, fs::perm_options::add);
  EXPECT_TRUE(compiles());
  EXPECT_FALSE(compiles()) << "replaced by one of our own";
  // A link, a pipe, a directory in its place.
  fs::rename(entry, folder / "elsewhere");
  fs::create_symlink(folder / "elsewhere", entry);
  EXPECT_TRUE(compiles());
  fs::remove(entry);
  ASSERT_EQ(mkfifo(entry.c_str(), 0600), 0);
  EXPECT_TRUE(compiles());
  EXPECT_FALSE(compiles());
  EXPECT_TRUE(warnings.empty());
  // A directory that anybody may write to is neither read nor written.
  fs::permissions(folder / "cache", fs::perms::others_write, fs::perm_options::add);
  EXPECT_TRUE(compiles());
  EXPECT_TRUE(compiles());
  ASSERT_EQ(warnings.size(), 2u);
  EXPECT_CONTAINS(warnings[0], "others than its owner");
  if (geteuid() != 0) return;  // only root can give files away
  fs::permissions(folder / "cache", fs::perms::others_write, fs::perm_options::remove);
  EXPECT_FALSE(compiles());
  ASSERT_EQ(chown(entry.c_str(), 65534, 65534), 0);
  EXPECT_TRUE(compiles());
}

TEST_F(Cache, UnwritableWarnsAndWorks) {
  write_file(folder / "cache", std::span<const uint8_t>());  // a file where the directory should be
  Engine engine = make_engine(config());
  expect_works(engine, compile(engine, kModule));
  ASSERT_EQ(warnings.size(), 1u);
  EXPECT_CONTAINS(warnings[0], folder / "cache");
}

TEST_F(Cache, FullDiskWarnsAndWorks) {
  fs::create_directories(folder / "cache");
  Config c = config();
  c.cache(CacheConfig{"/dev/full", 1 << 20});
  Engine engine = make_engine(c);
  expect_works(engine, compile(engine, kModule));
  EXPECT_EQ(warnings.size(), 1u);
}

TEST_F(Cache, IsBounded) {
  Engine engine = make_engine(config());
  compile(engine, "(module (func (result i32) (i32.const 0)))");
  uint64_t one = fs::file_size(entries().at(0));
  Engine small = make_engine(config(one * 10));
  for (int i = 1; i < 40; ++i) {
    compile(small, "(module (func (result i32) (i32.const " + std::to_string(i) + ")))");
    uint64_t total = 0;
    for (auto& e : entries()) total += fs::file_size(e);
    EXPECT_LE(total, one * 10);
  }
  EXPECT_GE(entries().size(), 5u);
  EXPECT_TRUE(warnings.empty());
}

TEST_F(Cache, TheOldestGoFirst) {
  Engine engine = make_engine(config());
  compile(engine, "(module (func (result i32) (i32.const -1)))");
  fs::path old = entries().at(0);
  uint64_t one = fs::file_size(old);
  fs::last_write_time(old, fs::file_time_type::clock::now() - std::chrono::hours(5));
  Engine small = make_engine(config(one * 3));
  for (int i = 1; i < 4; ++i) compile(small, "(module (func (result i32) (i32.const " + std::to_string(i) + ")))");
  EXPECT_FALSE(fs::exists(old));
  EXPECT_GE(entries().size(), 1u);
}

TEST_F(Cache, DeletesOnlyItsOwn) {
  const std::string tail(64, 'a');
  const std::vector<std::string> foreign = {
      "thesis.tmp",    "other.cwasm", tail + ".cwasm.bak", ".0123456789abcdef.tmp", ".0123456789abcdef.1.2.txt",
      tail + "a.cwasm"};
  const std::string left_behind = ".0123456789abcdef.17.0.tmp";
  const auto long_ago = fs::file_time_type::clock::now() - std::chrono::hours(5);
  Engine engine = make_engine(config());
  compile(engine, "(module (func (result i32) (i32.const -1)))");
  uint64_t one = fs::file_size(entries().at(0));
  std::vector<uint8_t> bytes(one);
  for (const std::string& name : foreign) write_file(folder / "cache/" + name, bytes);
  write_file(folder / "cache/" + left_behind, bytes);
  for (auto& e : entries()) fs::last_write_time(e, long_ago);
  fs::create_directory(folder / "cache/" + std::string(64, 'b') + ".cwasm");
  Engine small = make_engine(config(one * 2));
  for (int i = 1; i < 5; ++i) compile(small, "(module (func (result i32) (i32.const " + std::to_string(i) + ")))");
  for (const std::string& name : foreign) EXPECT_TRUE(fs::exists(folder / "cache/" + name)) << name;
  EXPECT_TRUE(fs::exists(folder / "cache/" + std::string(64, 'b') + ".cwasm"));
  EXPECT_FALSE(fs::exists(folder / "cache/" + left_behind));
  EXPECT_LE(entries().size(), foreign.size() + 3) << "entries of its own are evicted as ever";
  EXPECT_TRUE(warnings.empty());
}

TEST_F(Cache, WantsADirectoryOfItsOwn) {
  fs::create_directories(folder / "cache");
  write_file(folder / "cache/thesis.tmp", std::vector<uint8_t>{1});
  fs::last_write_time(folder / "cache/thesis.tmp", fs::file_time_type::clock::now() - std::chrono::hours(5));
  Engine engine = make_engine(config());
  expect_works(engine, compile(engine, kModule));
  EXPECT_EQ(entries().size(), 1u) << "nothing is written, nothing deleted";
  ASSERT_EQ(warnings.size(), 1u);
  EXPECT_CONTAINS(warnings[0], "thesis.tmp");
  EXPECT_CONTAINS(warnings[0], "Config::cache");
  // Another program's cache is not ours either.
  fs::remove(folder / "cache/thesis.tmp");
  write_file(folder / "cache/CACHEDIR.TAG", std::vector<uint8_t>{'S', 'i', 'g'});
  compile(engine, kModule);
  EXPECT_EQ(entries().size(), 0u);
  ASSERT_EQ(warnings.size(), 2u);
  EXPECT_CONTAINS(warnings[1], "CACHEDIR.TAG");
}

TEST_F(Cache, LeavesADamagedFileWhereItMarkedNothing) {
  Engine engine = make_engine(config());
  compile(engine, kModule);
  const fs::path entry = entries().at(0);
  fs::resize_file(entry, 100);
  write_file(folder / "cache/CACHEDIR.TAG", std::vector<uint8_t>{'S', 'i', 'g'});
  expect_works(engine, compile(engine, kModule));
  ASSERT_TRUE(fs::exists(entry));
  EXPECT_EQ(fs::file_size(entry), 100u);
}

TEST_F(Cache, OneOfAnEarlierVersionIsTakenOver) {
  // Those had no mark. What is in them has names of the cache's alone.
  fs::create_directories(folder / "cache");
  fs::path old = folder / "cache/" + std::string(64, '0') + ".cwasm";
  write_file(old, std::vector<uint8_t>(1000));
  fs::last_write_time(old, fs::file_time_type::clock::now() - std::chrono::hours(5));
  Engine engine = make_engine(config());
  compile(engine, kModule);
  EXPECT_TRUE(fs::exists(folder / "cache/CACHEDIR.TAG"));
  EXPECT_EQ(entries().size(), 2u);
  uint64_t both = fs::file_size(entries().at(0)) + fs::file_size(entries().at(1));
  Engine small = make_engine(config(both));
  compile(small, "(module (func (result i32) (i32.const 1)))");
  EXPECT_FALSE(fs::exists(old));
  EXPECT_TRUE(warnings.empty());
}

TEST_F(Cache, ProcessesShareIt) {
  std::vector<pid_t> children;
  for (int i = 0; i < 6; ++i) {
    pid_t child = fork();
    if (child == 0) {
      // No gtest here: the exit status is the answer.
      bool good = true;
      for (int round = 0; round < 10; ++round) {
        auto engine = Engine::make(config());
        auto module = Module::compile(*engine, std::string_view(kModule));
        if (!module) _exit(2);
        Store store(*engine);
        auto instance = Instance::make(store, *module, {});
        auto fib = instance ? instance->typed<int32_t(int32_t)>("fib") : fail("no instance");
        auto result = fib ? (*fib)(20) : fail("no fib");
        good = good && result && *result == 6765;
        if (round % 3 == 2) {
          for (auto& e : entries()) {
            if (e.extension() == ".cwasm") unlink(e.c_str());  // not what others are writing
          }
        }
      }
      _exit(good && warnings.empty() ? 0 : 1);
    }
    children.push_back(child);
  }
  for (pid_t child : children) {
    int status = 0;
    waitpid(child, &status, 0);
    EXPECT_EQ(status, 0);
  }
  for (auto& e : entries()) EXPECT_TRUE(e.filename().string().ends_with(".cwasm")) << e;
}

TEST_F(Cache, AnotherUsersIsLeftAlone) {
  if (geteuid() != 0) GTEST_SKIP() << "only root can make a directory another user's";
  fs::create_directories(folder / "cache");
  fs::permissions(folder / "cache", fs::perms::owner_all);
  ASSERT_EQ(chown((folder / "cache").c_str(), 12345, 12345), 0);
  Engine engine = make_engine(config());
  expect_works(engine, compile(engine, kModule));
  ASSERT_EQ(warnings.size(), 1u);
  EXPECT_CONTAINS(warnings[0], "another user's");
  EXPECT_TRUE(fs::is_empty(folder / "cache"));
}

}  // namespace
}  // namespace vitrine::testing
