// What an Engine is made with.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "vitrine/export.hpp"
#include "vitrine/result.hpp"

namespace vitrine {

/// Where compiled code is kept between processes. Entries are keyed by content and configuration; damaged ones are
/// compiled again.
struct CacheConfig {
  std::string directory;               ///< absolute, which Engine::make checks; created when missing
  uint64_t size_limit = 512ull << 20;  ///< bytes; the least recently used entries go when it is exceeded
};

/// What CPUs code is compiled for, each level with all that the one before has. Host is the CPU that compiles, with all
/// of it that the code generator can make use of. A module that was compiled for more than this CPU has can be
/// serialized and taken to another machine; instantiating it fails with ErrorKind::Incompatible.
enum class CpuLevel : uint8_t {
#define CPU_LEVEL(name, word) name,
#include "vitrine/cpu_levels.def"
#undef CPU_LEVEL
};
/// "host", "baseline", "avx", ...
VITRINE_API const char* name_of(CpuLevel level);

/// The configuration of an Engine: `Config().opt_level(0).consume_fuel(true)`. Combinations are checked by
/// Engine::make. One that was moved from may only be assigned to and destroyed.
class VITRINE_API Config {
 public:
  Config();
  Config(const Config&);
  Config(Config&&) noexcept;
  Config& operator=(const Config&);
  Config& operator=(Config&&) noexcept;
  ~Config();

#define OPTION(type, name, default_value, effect, summary) \
  Config& name(type value);                                \
  type name() const;
#include "vitrine/config.def"
#undef OPTION

  /// Turns a WebAssembly proposal on or off by its name, as `-W` spells it ("multi-memory"). Fails for an unknown name.
  [[nodiscard]] Result<> feature(std::string_view name, bool on);
  /// All proposal names with whether they are on.
  std::vector<std::pair<std::string, bool>> features() const;
  /// Keeps compiled code on disk. None by default.
  Config& cache(std::optional<CacheConfig> cache);
  const std::optional<CacheConfig>& cache() const;
  /// Called now and then from the compiling thread with functions done and in all.
  Config& progress(std::function<void(size_t done, size_t total)> callback);
  const std::function<void(size_t, size_t)>& progress() const;
  /// Called with what went wrong but did not stop anything (a cache that cannot be written).
  Config& warning(std::function<void(const std::string&)> callback);
  const std::function<void(const std::string&)>& warning() const;

 private:
  friend class Engine;
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace vitrine
