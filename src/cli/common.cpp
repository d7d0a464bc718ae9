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

#include "base/closest.hpp"
#include "base/result.hpp"
#include "cli/report.hpp"
#include "cli/toml.hpp"
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

namespace {

/// Options of Wasmtime that this version has not, and why.
constexpr std::pair<std::string_view, std::string_view> kMissingOptions[] = {
    {"-g", "there is no guest debugger yet"},
    {"--gdbstub", "there is no guest debugger yet"},
    {"-R", "runs are not recorded"},
    {"--record", "runs are not recorded"},
    {"--emit-clif", "its own IR is not Cranelift's; `vitrine explore` and `vitrine objdump` show the code"},
    {"--precompile-save", "scripts are compiled as they run"},
    {"--precompile-load", "scripts are compiled as they run"},
    {"--wasmtime-builtins", "the module `wasmtime` is for GC and components"},
};

std::string as_typed(const CLI::Option& option) {
  return option.get_lnames().empty() ? "-" + option.get_snames().front() : "--" + option.get_lnames().front();
}

/// The last argument wanted a value behind it: which option it was, by the name it was called.
std::optional<std::string> missing_value(const CLI::App& app, const std::vector<std::string>& args) {
  if (args.empty()) return std::nullopt;
  const CLI::Option* option = app.get_option_no_throw(args.back());
  if (!option) return std::nullopt;
  return fmt::format("{} needs a value: {} {}", args.back(), args.back(), option->get_type_name());
}

}  // namespace

std::string unexpected(const CLI::App& app, const std::string& arg) {
  if (arg.size() < 2 || arg[0] != '-') {
    std::vector<std::string> owned;
    for (const CLI::App* sub : app.get_subcommands([](const CLI::App*) { return true; }))
      owned.push_back(sub->get_name());
    if (owned.empty() || !app.get_subcommands().empty()) return fmt::format("'{}' is one argument too many", arg);
    std::vector<std::string_view> names(owned.begin(), owned.end());
    return fmt::format("there is no subcommand '{}'{}", arg, did_you_mean(arg, names));
  }
  std::string name = arg[1] == '-' ? arg.substr(0, arg.find('=')) : arg.substr(0, 2);
  for (auto& [missing, why] : kMissingOptions) {
    if (name == missing) return fmt::format("{} is not in this version of Vitrine: {}", name, why);
  }
  std::vector<std::string> owned;
  for (const CLI::Option* o : app.get_options()) {
    if (!o->get_positional()) owned.push_back(as_typed(*o));
  }
  std::vector<std::string_view> names(owned.begin(), owned.end());
  return fmt::format("there is no option '{}'{}", name, arg[1] == '-' ? did_you_mean(name, names) : "");
}

std::optional<int> parse_args(CLI::App& app, const std::vector<std::string>& args) {
  std::vector<std::string> reversed(args.rbegin(), args.rend());
  try {
    app.parse(reversed);
  } catch (const CLI::CallForHelp&) {
    std::string help = app.help();
    // A prefix command has no positional that would show in its usage.
    const std::string usage = app.get_name() + " [OPTIONS]\n";
    if (size_t at = help.find(usage); at != std::string::npos && app.get_prefix_command())
      help.insert(at + usage.size() - 1, " FILE [ARGS...]");
    write_out(help);
    return 0;
  } catch (const CLI::ArgumentMismatch& e) {
    return report_usage(missing_value(app, args).value_or(e.what()));
  } catch (const CLI::RequiredError& e) {
    if (auto unknown = app.remaining(true); !unknown.empty()) return report_usage(unexpected(app, unknown[0]));
    return report_usage(e.what());
  } catch (const CLI::ExtrasError&) {
    return report_usage(unexpected(app, app.remaining(true).front()));
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
        show("{}", group_help(group, text == "help-long"));
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

/// Keys of Wasmtime's [cache] that mean nothing to this cache: it compresses nothing and has no worker.
constexpr std::string_view kIdleCacheKeys[] = {"worker-event-queue-size",
                                               "baseline-compression-level",
                                               "optimized-compression-level",
                                               "optimized-compression-usage-counter-threshold",
                                               "cleanup-interval",
                                               "optimizing-compression-task-timeout",
                                               "allowed-clock-drift-for-files-from-future",
                                               "file-count-soft-limit",
                                               "file-count-limit-percent-if-deleting",
                                               "files-total-size-limit-percent-if-deleting"};

Result<CacheConfig> cache_config(const GroupOptions& groups) {
  CacheConfig cache;
  if (auto directory = home_directory("XDG_CACHE_HOME", "/.cache")) cache.directory = *directory + "/modules";
  auto file = groups.text(Group::Codegen, "cache-config");
  if (!file) {
    auto standard = home_directory("XDG_CONFIG_HOME", "/.config");
    if (standard && access((*standard + "/config.toml").c_str(), R_OK) == 0) file = *standard + "/config.toml";
  }
  if (file) {
    auto parsed = TRY(read_toml(*file));
    for (auto&& [key, value] : parsed) {
      if (key.str() != "cache" || !value.is_table())
        return fail(fmt::format("{}: '{}' is not the table [cache]", *file, key.str()));
    }
    std::string idle;
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
      } else if (std::ranges::find(kIdleCacheKeys, key.str()) != std::end(kIdleCacheKeys)) {
        idle += fmt::format("{}{}", idle.empty() ? "" : ", ", key.str());
      } else {
        constexpr std::string_view kKeys[] = {"directory", "files-total-size-soft-limit"};
        return fail(
            fmt::format("{}: there is no key '{}' in [cache]{}", *file, key.str(), did_you_mean(key.str(), kKeys)));
      }
    }
    if (!idle.empty()) warn(fmt::format("{}: this version's cache has no use for {}", *file, idle));
  }
  return cache;
}

}  // namespace

namespace {

constexpr uint64_t kMaxBacktrace = 10000;

/// Inlining is part of optimising: asking for it goes along with that, or is refused.
Result<void> check_inlining(bool wanted, bool optimised) {
  if (wanted == optimised) return {};
  return fail(optimised ? "-C inlining=n is not possible at opt-level 1 and 2; -O opt-level=0 compiles without inlining"
                        : "-C inlining=y is not possible at opt-level 0",
              ErrorKind::Unsupported);
}

}  // namespace

Result<Config> make_config(const CommonOptions& options, bool with_cache) {
  const GroupOptions& g = options.groups;
  Config config;
  if (auto level = g.text(Group::Optimize, "opt-level"))
    config.opt_level(*level == "s" ? 2 : static_cast<uint8_t>((*level)[0] - '0'));
  if (g.text(Group::Codegen, "compiler") == "winch") {
    if (auto level = g.text(Group::Optimize, "opt-level"); level && *level != "0")
      return fail(
          fmt::format("-C compiler=winch compiles as -O opt-level=0 does, and -O opt-level={} was given", *level));
    config.opt_level(0);
  }
  if (auto inlining = g.flag(Group::Codegen, "inlining")) TRY(check_inlining(*inlining, config.opt_level() != 0));
  config.single_pass_regalloc(g.text(Group::Optimize, "regalloc-algorithm") == "single-pass");
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
  if (auto n = g.number(Group::Debug, "max-backtrace")) {
    if (*n > kMaxBacktrace) return fail(fmt::format("-D max-backtrace: {} is over {}", *n, kMaxBacktrace));
    config.max_backtrace_frames(static_cast<uint32_t>(*n));
  }
  config.nan_canonicalization(g.flag_or(Group::Wasm, "nan-canonicalization", false));
  config.consume_fuel(g.number(Group::Wasm, "fuel").has_value());
  // A timeout needs no check in the guest where a signal may end it.
  config.epoch_interruption(g.flag_or(Group::Wasm, "epoch-interruption", false) ||
                            (g.duration(Group::Wasm, "timeout") && !config.signals_based_traps()));
  if (auto n = g.number(Group::Wasm, "max-wasm-stack")) config.max_wasm_stack(*n);
  for (auto& [name, on] : g.features()) TRY(config.feature(name, on));
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

namespace {

/// `path` opened for reading; standard input for "-".
Result<os::FileDescriptor> open_input(const std::string& path) {
  if (path.empty()) return fail("the name of the file is empty", ErrorKind::Io);
  os::FileDescriptor file(path == "-" ? fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 3)
                                      : open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!file.valid()) return fail(fmt::format("cannot open {}: {}", path, std::strerror(errno)), ErrorKind::Io);
  return file;
}

/// The rest of `file`, behind what `bytes` holds of it already.
Result<void> read_rest(const std::string& path, const os::FileDescriptor& file, uint64_t limit,
                       std::vector<uint8_t>& bytes) {
  auto too_large = [&] {
    return fail(fmt::format("{} is too large: over {} MiB", path, limit >> 20), ErrorKind::Limit);
  };
  struct stat st;
  if (fstat(file.get(), &st) == 0 && S_ISREG(st.st_mode)) {
    if (static_cast<uint64_t>(st.st_size) > limit) return too_large();
    bytes.reserve(static_cast<size_t>(st.st_size) + 1);
  }
  for (;;) {
    size_t old = bytes.size();
    bytes.resize(std::max(bytes.capacity(), old + 65536));
    ssize_t n = read(file.get(), bytes.data() + old, bytes.size() - old);
    int error = errno;
    bytes.resize(old + static_cast<size_t>(std::max<ssize_t>(n, 0)));
    if (n == 0) return {};
    if (n < 0 && error != EINTR)
      return fail(fmt::format("cannot read {}: {}", path, std::strerror(error)), ErrorKind::Io);
    if (bytes.size() > limit) return too_large();
  }
}

}  // namespace

Result<std::vector<uint8_t>> read_input(const std::string& path, uint64_t limit) {
  auto file = TRY(open_input(path));
  std::vector<uint8_t> bytes;
  TRY(read_rest(path, file, limit, bytes));
  return bytes;
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

namespace {

/// An image that does not fit here has a module that it was made of.
Result<Module> with_remedy(Result<Module> loaded) {
  if (loaded || loaded.error().kind() != ErrorKind::Incompatible) return loaded;
  return fail(fmt::format("{}; compile the module again, with `vitrine compile` and the options of this run",
                          loaded.error().message()),
              ErrorKind::Incompatible);
}

Result<Module> deserialize(const Engine& engine, std::span<const uint8_t> image, const std::string& path) {
  return TRY_IN(Module::deserialize(engine, image), "in " + (path == "-" ? "standard input" : path));
}

}  // namespace

Result<Module> load_module(const Engine& engine, const std::string& path, Precompiled precompiled) {
  auto file = TRY(open_input(path));
  // The first bytes say what it is. An image is mapped, not read, and may be larger than any module.
  std::vector<uint8_t> bytes(4096);
  size_t have = 0;
  while (have < bytes.size()) {
    ssize_t n = read(file.get(), bytes.data() + have, bytes.size() - have);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return fail(fmt::format("cannot read {}: {}", path, std::strerror(errno)), ErrorKind::Io);
    if (n == 0) break;
    have += static_cast<size_t>(n);
  }
  bytes.resize(have);
  if (bytes.empty())
    return fail(fmt::format("{} is empty: expected a WebAssembly module, binary or text", path), ErrorKind::Malformed);
  if (Engine::is_precompiled(bytes)) {
    if (precompiled == Precompiled::Pointless)
      return fail(fmt::format("{} is compiled already: `vitrine run --allow-precompiled` runs it", path));
    if (precompiled == Precompiled::Refused) {
      return fail(
          fmt::format("{} is a precompiled module, whose code runs unchecked; if you trust where it comes from, add "
                      "--allow-precompiled",
                      path));
    }
    struct stat st;
    if (path != "-" && fstat(file.get(), &st) == 0 && S_ISREG(st.st_mode))
      return with_remedy(Module::deserialize_file(engine, path));
    TRY(read_rest(path, file, kMaxImage, bytes));
    return with_remedy(deserialize(engine, bytes, path));
  }
  if (std::string_view(reinterpret_cast<const char*>(bytes.data()), bytes.size())
          .starts_with("\x7f"
                       "ELF"))
    return fail(fmt::format("{} is an ELF file, but not one that vitrine made", path), ErrorKind::Incompatible);
  TRY(read_rest(path, file, kMaxInput, bytes));
  constexpr uint8_t kComponent[] = {0, 'a', 's', 'm', 0x0d, 0, 1, 0};
  if (bytes.size() >= 8 && std::memcmp(bytes.data(), kComponent, 8) == 0) {
    return fail(fmt::format("{} is a component, which this version does not run yet: it runs core modules", path),
                ErrorKind::Unsupported);
  }
  return TRY_IN(Module::compile(engine, bytes), "in " + path);
}

}  // namespace vitrine::cli
