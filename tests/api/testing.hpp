// What the tests of this folder share: unwrapping results, compiling text, temporary folders.
#pragma once

#include <gtest/gtest.h>
#include <vitrine/vitrine.hpp>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

namespace vitrine::testing {

/// The value, or the end of the test program with the message: for what a test relies on.
template <class T>
T unwrap(Result<T> result) {
  if (!result) {
    ADD_FAILURE() << result.error().message();
    std::abort();
  }
  if constexpr (!std::is_void_v<T>) return std::move(*result);
}

template <class T>
std::string message_of(const Result<T>& result) {
  return result ? "no error" : result.error().message();
}

inline Engine make_engine(const Config& config = Config()) {
  return unwrap(Engine::make(config));
}

inline Module compile(const Engine& engine, std::string_view wat) {
  return unwrap(Module::compile(engine, wat));
}

/// The default configuration but for one option.
struct OtherOption {
  enum class Effect : uint8_t { Host, Cpu, Code };
  std::string name;
  Config config;
  Effect effect;
  bool changes_code() const { return effect != Effect::Host; }
};
/// One for each option.
inline std::vector<OtherOption> other_options() {
  auto other = []<class T>(T value) {
    if constexpr (std::is_same_v<T, CpuLevel>) {
      return CpuLevel::Baseline;
    } else {
      return static_cast<T>(std::is_same_v<T, bool> ? !value : value / 4);
    }
  };
  std::vector<OtherOption> all;
#define OPTION(type, name, default_value, effect, summary) \
  all.push_back({#name, Config().name(other(Config().name())), OtherOption::Effect::effect});
#include <vitrine/config.def>
#undef OPTION
  return all;
}

/// A store with an instance of a module without imports.
struct World {
  explicit World(std::string_view wat, const Config& config = Config())
      : engine(make_engine(config)), store(engine), module(compile(engine, wat)), instance(make()) {}
  template <class S>
  TypedFunc<S> typed(std::string_view name) {
    return unwrap(instance.typed<S>(name));
  }
  Engine engine;
  Store store;
  Module module;
  Instance instance;

 private:
  Instance make() { return unwrap(Instance::make(store, module, {})); }
};

inline void expect_trap(const Error& error, TrapCode code) {
  EXPECT_EQ(error.kind(), ErrorKind::Trap) << error.message();
  ASSERT_NE(error.trap(), nullptr) << error.message();
  ASSERT_TRUE(error.trap()->code().has_value());
  EXPECT_EQ(static_cast<int>(*error.trap()->code()), static_cast<int>(code)) << error.message();
}

template <class T>
void expect_trap(const Result<T>& result, TrapCode code) {
  ASSERT_FALSE(result.has_value());
  expect_trap(result.error(), code);
}

#define EXPECT_CONTAINS(text, part) \
  EXPECT_NE(std::string(text).find(part), std::string::npos) << "in: " << (text) << "\nlooked for: " << (part)

/// A folder that goes with the test.
class TemporaryFolder {
 public:
  TemporaryFolder() {
    std::string name = (std::filesystem::temp_directory_path() / "vitrine-test-XXXXXX").string();
    path_ = mkdtemp(name.data());
  }
  ~TemporaryFolder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  TemporaryFolder(const TemporaryFolder&) = delete;
  std::string operator/(std::string_view name) const { return path_ + "/" + std::string(name); }
  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

inline std::vector<uint8_t> read_file(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}
inline void write_file(const std::string& path, std::span<const uint8_t> bytes) {
  std::ofstream(path, std::ios::binary)
      .write(reinterpret_cast<const char*>(bytes.data()), static_cast<std::streamsize>(bytes.size()));
}

}  // namespace vitrine::testing
