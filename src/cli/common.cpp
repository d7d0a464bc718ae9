#include "cli/common.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>

#define TOML_EXCEPTIONS 0
#include <toml++/toml.h>

#include "base/result.hpp"
#include "cli/report.hpp"
#include "os/fd.hpp"

namespace vitrine::cli {

void add_groups(CLI::App& app, CommonOptions& options) {
  auto group = [&](const char* names, Group g, const char* help) {
    app.add_option(names, options.raw[static_cast<size_t>(g)], help)
        ->type_name("KEY[=VAL][,..]")
        ->allow_extra_args(false)
        ->group("Option groups (-X help lists the keys)");
  };
  group("-O,--optimize", Group::Optimize, "optimisation and memory");
  group("-C,--codegen", Group::Codegen, "code generation and cache");
  group("-D,--debug", Group::Debug, "debugging");
  group("-W,--wasm", Group::Wasm, "WebAssembly features and limits");
  group("-S,--wasi", Group::Wasi, "WASI");
  app.add_option("--config", options.config_file, "TOML file with the same keys")->type_name("FILE");
  app.add_option("--target", options.target, "compile for this target (x86_64-unknown-linux-gnu)")->type_name("TRIPLE");
}

std::optional<int> parse_args(CLI::App& app, const std::vector<std::string>& args) {
  std::vector<std::string> reversed(args.rbegin(), args.rend());
  try {
    app.parse(reversed);
  } catch (const CLI::CallForHelp&) {
    fmt::print("{}", app.help());
    return 0;
  } catch (const CLI::ParseError& e) {
    return report_usage(e.what());
  }
  return std::nullopt;
}

std::optional<int> resolve_groups(CommonOptions& options) {
  for (size_t g = 0; g < 5; g++) {
    for (const std::string& text : options.raw[g]) {
      auto group = static_cast<Group>(g);
      if (text == "help" || text == "help-long") {
        fmt::print("{}", group_help(group));
        return 0;
      }
      if (auto ok = options.groups.parse(group, text); !ok) return report_usage(ok.error().message());
    }
  }
  if (!options.config_file.empty()) {
    if (auto ok = options.groups.load(options.config_file); !ok) return report_error(ok.error().message());
  }
  if (!options.target.empty() && options.target != "x86_64-unknown-linux-gnu" && options.target != "x86_64") {
    return report_error(
        fmt::format("there is no code generator for '{}': this version has x86_64-unknown-linux-gnu", options.target));
  }
  return std::nullopt;
}

namespace {

std::optional<std::string> home_directory(const char* variable, const char* below_home) {
  const char* given = std::getenv(variable);
  if (given && *given == '/') return std::string(given) + "/vitrine";
  const char* home = std::getenv("HOME");
  if (!home || *home != '/') return std::nullopt;
  return std::string(home) + below_home + "/vitrine";
}

/// "512Mi", "1G", "1000".
std::optional<uint64_t> parse_bytes(std::string_view text) {
  struct Unit {
    std::string_view suffix;
    uint64_t factor;
  };
  constexpr Unit kUnits[] = {{"Ki", 1ull << 10}, {"Mi", 1ull << 20}, {"Gi", 1ull << 30},
                             {"K", 1000},        {"M", 1000000},     {"G", 1000000000}};
  uint64_t factor = 1;
  for (const Unit& u : kUnits) {
    if (text.ends_with(u.suffix)) {
      text.remove_suffix(u.suffix.size());
      factor = u.factor;
      break;
    }
  }
  auto n = parse_uint(text);
  if (!n || *n > UINT64_MAX / factor) return std::nullopt;
  return *n * factor;
}

Result<CacheConfig> cache_config(const GroupOptions& groups) {
  CacheConfig cache;
  if (auto directory = home_directory("XDG_CACHE_HOME", "/.cache")) cache.directory = *directory + "/modules";
  auto file = groups.text(Group::Codegen, "cache-config");
  if (!file) {
    auto standard = home_directory("XDG_CONFIG_HOME", "/.config");
    if (standard && access((*standard + "/config.toml").c_str(), R_OK) == 0) file = *standard + "/config.toml";
  }
  if (file) {
    auto parsed = toml::parse_file(*file);
    if (!parsed) {
      auto& e = parsed.error();
      return fail(fmt::format("{}:{}:{}: {}", *file, e.source().begin.line, e.source().begin.column, e.description()),
                  ErrorKind::Io);
    }
    for (auto&& [key, value] : parsed["cache"].as_table() ? *parsed["cache"].as_table() : toml::table()) {
      auto text = value.value<std::string>();
      if (key.str() == "directory") {
        if (!text || !text->starts_with('/'))
          return fail(fmt::format("{}: cache.directory must be an absolute path", *file));
        cache.directory = *text;
      } else if (key.str() == "files-total-size-soft-limit") {
        std::optional<uint64_t> size;
        if (text) {
          size = parse_bytes(*text);
        } else if (auto n = value.value<int64_t>().value_or(-1); n >= 0) {
          size = static_cast<uint64_t>(n);
        }
        if (!size) return fail(fmt::format("{}: cache.files-total-size-soft-limit is no size like \"512Mi\"", *file));
        cache.size_limit = size.value_or(0);
      }
    }
  }
  return cache;
}

}  // namespace

Result<Config> make_config(const CommonOptions& options, bool with_cache) {
  const GroupOptions& g = options.groups;
  Config config;
  if (auto level = g.text(Group::Optimize, "opt-level"))
    config.opt_level(*level == "s" ? 2 : static_cast<uint8_t>((*level)[0] - '0'));
  if (auto compiler = g.text(Group::Codegen, "compiler")) {
    if (*compiler == "winch") {
      config.opt_level(0);
    } else if (*compiler != "cranelift" && *compiler != "auto") {
      return fail(
          fmt::format("-C compiler: there is no compiler '{}' (cranelift: optimising, winch: fast)", *compiler));
    }
  }
  if (auto allocator = g.text(Group::Optimize, "regalloc-algorithm")) {
    if (*allocator != "backtracking" && *allocator != "single-pass") {
      return fail(fmt::format("-O regalloc-algorithm: '{}' is not backtracking or single-pass", *allocator));
    }
    config.single_pass_regalloc(*allocator == "single-pass");
  }
  // Old names win over new ones, as they do in Wasmtime.
  for (const char* key : {"memory-reservation", "static-memory-maximum-size"}) {
    if (auto n = g.number(Group::Optimize, key)) config.memory_reservation(*n);
  }
  for (const char* key : {"memory-guard-size", "static-memory-guard-size", "dynamic-memory-guard-size"}) {
    if (auto n = g.number(Group::Optimize, key)) config.memory_guard_size(*n);
  }
  for (const char* key : {"memory-reservation-for-growth", "dynamic-memory-reserved-for-growth"}) {
    if (auto n = g.number(Group::Optimize, key)) config.memory_reservation_for_growth(*n);
  }
  config.memory_may_move(
      !g.flag_or(Group::Optimize, "static-memory-forced", !g.flag_or(Group::Optimize, "memory-may-move", true)));
  config.memory_init_cow(g.flag_or(Group::Optimize, "memory-init-cow", true));
  config.signals_based_traps(g.flag_or(Group::Optimize, "signals-based-traps", true));
  config.parallel_compilation(g.flag_or(Group::Codegen, "parallel-compilation", true));
  config.symbols(g.flag_or(Group::Debug, "symbols", true));
  if (auto n = g.number(Group::Debug, "max-backtrace"))
    config.max_backtrace_frames(static_cast<uint32_t>(std::min<uint64_t>(*n, 10000)));
  config.nan_canonicalization(g.flag_or(Group::Wasm, "nan-canonicalization", false));
  config.consume_fuel(g.number(Group::Wasm, "fuel").has_value());
  config.epoch_interruption(g.flag_or(Group::Wasm, "epoch-interruption", false) || g.duration(Group::Wasm, "timeout"));
  if (auto n = g.number(Group::Wasm, "max-wasm-stack")) config.max_wasm_stack(*n);
  if (g.flag_or(Group::Wasm, "all-proposals", false)) {
    for (auto& [name, on] : config.features()) (void)config.feature(name, true);
  }
  for (auto& [name, on] : g.features()) TRY_IN(config.feature(name, on), "as -W asks");
  config.perf_map(options.profile == "perfmap");
  if (g.flag_or(Group::Codegen, "cache", with_cache)) {
    CacheConfig cache = TRY(cache_config(g));
    if (!cache.directory.empty()) config.cache(std::move(cache));
  }
  config.warning([](const std::string& message) { warn(message); });
  return config;
}

StoreLimits store_limits(const CommonOptions& options) {
  const GroupOptions& g = options.groups;
  StoreLimits limits;
  limits.memory_bytes = g.number(Group::Wasm, "max-memory-size");
  limits.table_elements = g.number(Group::Wasm, "max-table-elements");
  if (auto n = g.number(Group::Wasm, "max-instances")) limits.instances = *n;
  if (auto n = g.number(Group::Wasm, "max-memories")) limits.memories = *n;
  if (auto n = g.number(Group::Wasm, "max-tables")) limits.tables = *n;
  limits.trap_on_grow_failure = g.flag_or(Group::Wasm, "trap-on-grow-failure", false);
  return limits;
}

Result<std::vector<uint8_t>> read_input(const std::string& path) {
  os::FileDescriptor file;
  int fd = STDIN_FILENO;
  if (path != "-") {
    file = os::FileDescriptor(open(path.c_str(), O_RDONLY | O_CLOEXEC));
    if (!file.valid()) return fail(fmt::format("cannot open {}: {}", path, std::strerror(errno)), ErrorKind::Io);
    fd = file.get();
  }
  std::vector<uint8_t> bytes;
  struct stat st;
  if (fstat(fd, &st) == 0 && S_ISREG(st.st_mode)) bytes.reserve(static_cast<size_t>(st.st_size) + 1);
  for (;;) {
    size_t old = bytes.size();
    bytes.resize(std::max(bytes.capacity(), old + 65536));
    ssize_t n = read(fd, bytes.data() + old, bytes.size() - old);
    if (n < 0 && errno == EINTR)
      n = 0, bytes.resize(old);
    else if (n < 0)
      return fail(fmt::format("cannot read {}: {}", path, std::strerror(errno)), ErrorKind::Io);
    else if (n == 0)
      return bytes.resize(old), bytes;
    bytes.resize(old + static_cast<size_t>(n));
  }
}

Result<void> write_output(const std::string& path, std::span<const uint8_t> bytes) {
  bool to_stdout = path == "-";
  // What is no file (a device, a pipe) is written to; a rename would put a file in its place.
  struct stat st;
  bool in_place = !to_stdout && stat(path.c_str(), &st) == 0 && !S_ISREG(st.st_mode);
  std::string temporary = in_place ? path : fmt::format("{}.{}.tmp", path, getpid());
  FILE* f = to_stdout ? stdout : std::fopen(temporary.c_str(), "wbe");
  auto cannot = [&](int error) {
    if (!to_stdout && !in_place) unlink(temporary.c_str());
    return fail(fmt::format("cannot write {}: {}", path, std::strerror(error)), ErrorKind::Io);
  };
  if (!f) return cannot(errno);
  size_t written = std::fwrite(bytes.data(), 1, bytes.size(), f);
  int error = written == bytes.size() ? 0 : errno;
  if ((to_stdout ? std::fflush(f) : std::fclose(f)) != 0 && !error) error = errno;
  if (error) return cannot(error);
  if (!to_stdout && !in_place && rename(temporary.c_str(), path.c_str()) != 0) return cannot(errno);
  return {};
}

Result<Module> load_module(const Engine& engine, const std::string& path, bool allow_precompiled) {
  auto bytes = TRY(read_input(path));
  if (Engine::is_precompiled(bytes)) {
    if (!allow_precompiled) {
      return fail(
          fmt::format("{} is a precompiled module, whose code runs unchecked; if you trust where it comes from, add "
                      "--allow-precompiled",
                      path));
    }
    if (path == "-") return Module::deserialize(engine, bytes);
    bytes = {};
    return Module::deserialize_file(engine, path);
  }
  constexpr uint8_t kComponent[] = {0, 'a', 's', 'm', 0x0d, 0, 1, 0};
  if (bytes.size() >= 8 && std::memcmp(bytes.data(), kComponent, 8) == 0) {
    return fail(fmt::format("{} is a component, which this version does not run yet: it runs core modules", path),
                ErrorKind::Unsupported);
  }
  if (bytes.empty())
    return fail(fmt::format("{} is empty: expected a WebAssembly module, binary or text", path), ErrorKind::Malformed);
  return TRY_IN(Module::compile(engine, bytes), "in " + path);
}

}  // namespace vitrine::cli
