// `vitrine run [OPTIONS] FILE [ARGS...]`: runs a module as a command, or one function of it.
#include <fmt/format.h>
#include <unistd.h>
#include <vitrine/trap.hpp>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <cstring>

#include "base/closest.hpp"
#include "base/result.hpp"
#include "base/utf8.hpp"
#include "cli/arguments.hpp"
#include "cli/commands.hpp"
#include "cli/engine_config.hpp"
#include "cli/files.hpp"
#include "cli/report.hpp"
#include "cli/values.hpp"
#include "cli/wasi_words.hpp"
#include "os/descriptors.hpp"

extern char** environ;

namespace vitrine::cli {

namespace {

struct RunOptions {
  CommonOptions common;
  std::optional<std::string> invoke;
  std::vector<std::string> preload;
  std::string argv0;
  std::vector<std::string> directories, env;
  std::vector<std::string> command;  // FILE ARGS...
};

/// "NAME=PATH"
struct Preload {
  std::string name, path;
};

Result<std::vector<Preload>> parse_preloads(const std::vector<std::string>& texts) {
  std::vector<Preload> all;
  for (const std::string& text : texts) {
    size_t equals = text.find('=');
    if (equals == std::string::npos || equals + 1 == text.size())
      return fail(fmt::format("--preload {}: expected NAME=PATH", text));
    all.push_back({text.substr(0, equals), text.substr(equals + 1)});
  }
  return all;
}

/// Grants a variable; one granted before under the same name goes, as programs look no further than the first.
Result<> set_variable(WasiConfig& wasi, std::string_view name, std::string_view value) {
  if (!is_utf8(name) || !is_utf8(value))
    return fail(fmt::format("the environment variable {} is no UTF-8, which WASI's strings have to be", name));
  auto same = std::ranges::find(wasi.env, name, &std::pair<std::string, std::string>::first);
  if (same != wasi.env.end()) {
    same->second = value;
  } else {
    wasi.env.emplace_back(name, value);
  }
  return {};
}

Result<WasiConfig> wasi_config(const RunOptions& options) {
  const GroupOptions& g = options.common.groups;
  WasiConfig wasi;
  const std::string& file = options.command[0];
  wasi.args.push_back(!options.argv0.empty() ? options.argv0 : file.substr(file.rfind('/') + 1));
  wasi.args.insert(wasi.args.end(), options.command.begin() + 1, options.command.end());
  if (g.flag_or(Group::Wasi, "inherit-env", false)) {
    for (char** e = environ; *e; ++e) {
      std::string_view variable = *e;
      size_t equals = variable.find('=');
      if (equals != std::string_view::npos && equals != 0)
        TRY(set_variable(wasi, variable.substr(0, equals), variable.substr(equals + 1)));
    }
  }
  for (const std::string& variable : options.env) {
    size_t equals = variable.find('=');
    if (equals == 0 || variable.empty()) return fail(fmt::format("--env {}: the variable's name is missing", variable));
    if (equals != std::string::npos) {
      TRY(set_variable(wasi, variable.substr(0, equals), variable.substr(equals + 1)));
    } else if (const char* value = std::getenv(variable.c_str())) {
      TRY(set_variable(wasi, variable, value));
    }
  }
  for (const std::string& text : options.directories) wasi.directories.push_back(TRY(parse_directory(text)));
  wasi.listen = g.list(Group::Wasi, "tcplisten");
  if (g.flag_or(Group::Wasi, "inherit-stdin", true)) wasi.in = WasiStream::inherited(0);
  if (g.flag_or(Group::Wasi, "inherit-stdout", true)) wasi.out = WasiStream::inherited(1);
  if (g.flag_or(Group::Wasi, "inherit-stderr", true)) wasi.err = WasiStream::inherited(2);
  wasi.clocks = g.flag_or(Group::Wasi, "clocks", true);
  wasi.random = g.flag_or(Group::Wasi, "random", true);
  return wasi;
}

/// How a run ended.
struct Ending {
  Ending(int status) : status(status) {}  // NOLINT(google-explicit-constructor): most are no more than that
  int status;
  bool gave_up = false;  // the guest ended itself, as for want of something
};

/// Says on exit what the guest lacked, where it can be known.
void explain_denials(const std::optional<Wasi>& wasi, bool gave_up) {
  if (!wasi) return;
  std::vector<WasiDenial> looks;
  for (const WasiDenial& d : wasi->denials()) {
    if (d.certain) {
      note(explain(d));
    } else {
      looks.push_back(d);
    }
  }
  if (uint64_t more = wasi->unlisted_denials()) note(fmt::format("the sandbox refused {} more", more));
  if (gave_up && !looks.empty()) note(explain_looks(looks));
}

/// What the option was that ended the guest.
void explain_trap(const Error& error, const RunOptions& options) {
  const GroupOptions& g = options.common.groups;
  if (!error.trap() || !error.trap()->code()) return;
  switch (*error.trap()->code()) {
    case TrapCode::Interrupt:
      if (auto timeout = g.duration(Group::Wasm, "timeout"))
        note(fmt::format("it ran longer than -W timeout={}ms", timeout->count() / 1'000'000));
      break;
    case TrapCode::OutOfFuel:
      note(fmt::format("-W fuel={} was what it had", *g.number(Group::Wasm, "fuel")));
      break;
    case TrapCode::StackOverflow:
      note("-W max-wasm-stack=BYTES gives it more");
      break;
    default:
      break;
  }
}

/// The status for the guest's end.
Ending status_of(const std::string& what, const Error& error, const RunOptions& options) {
  Ending ending = 0;
  if (error.kind() == ErrorKind::Exit) {
    int32_t status = error.exit_status();
    ending = status >= 0 && status < 126
                 ? status
                 : report_failure(
                       what, Error(fmt::format("invalid exit status {}: a command may end with 0 to 125", status)));
    ending.gave_up = status != 0;
  } else {
    ending = report_failure(what, error);
    ending.gave_up = error.trap() && error.trap()->code() == TrapCode::Unreachable;
    explain_trap(error, options);
  }
  return ending;
}

Ending invoke(const Instance& instance, const std::string& name, const RunOptions& options) {
  auto func = instance.func(name);
  if (!func) return report_error(fmt::format("cannot invoke `{}`: {}", name, func.error().message()));
  auto known = func->type();
  if (!known) return report_error(fmt::format("cannot invoke `{}`: {}", name, known.error().message()));
  const FuncType& type = *known;
  auto args = parse_values(type, {options.command.begin() + 1, options.command.end()});
  if (!args) return report_error(fmt::format("cannot invoke `{}`: {}", name, args.error().message()));
  if (!type.params.empty())
    warn("using `--invoke` with a function that takes arguments is experimental and may break in the future");
  if (!type.results.empty())
    warn("using `--invoke` with a function that returns values is experimental and may break in the future");
  auto results = func->call(*args);
  if (!results) return status_of(fmt::format("failed to invoke `{}`", name), results.error(), options);
  for (const Val& v : *results) show("{}\n", print_value(v));
  return finish_output(0);
}

/// Runs `_initialize`, then what was asked for, or the default entry.
Ending run_instance(const Instance& instance, const RunOptions& options) {
  const std::string& file = options.command[0];
  std::string failed = fmt::format("failed to run main module `{}`", file);
  if (auto init = instance.typed<void()>("_initialize")) {
    if (auto ok = (*init)(); !ok) return status_of(failed, ok.error(), options);
  }
  if (options.invoke) return invoke(instance, *options.invoke, options);
  for (const char* entry : {"", "_start"}) {
    if (!instance.get(entry)) continue;
    auto func = instance.func(entry);
    if (!func) return report_failure(failed, func.error());
    auto type = func->type();
    if (!type) return report_failure(failed, type.error());
    if (!type->params.empty()) {
      return report_error(fmt::format("{}: the entry \"{}\" takes arguments: {}", failed, entry, to_string(*type)));
    }
    auto results = func->call({});
    if (!results) return status_of(failed, results.error(), options);
    return 0;
  }
  return 0;
}

/// "; did you mean `vitrine compile`?" for a word that is no file and nearly a subcommand.
std::string meant_subcommand(const std::string& file) {
  if (access(file.c_str(), F_OK) == 0) return {};
  std::vector<std::string_view> names;
  for (const Subcommand& s : kSubcommands) names.push_back(s.name);
  auto found = closest(file, names);
  return found ? fmt::format("; did you mean `vitrine {}`?", *found) : std::string();
}

/// What asked for a setting that an image has not, where no option of that name did.
std::string why_set(const std::string& message, const GroupOptions& g) {
  const bool is_timeouts = g.duration(Group::Wasm, "timeout") && !g.flag(Group::Wasm, "epoch-interruption");
  if (!is_timeouts || message.find("epoch_interruption") == std::string::npos) return {};
  return " (-W timeout needs -W epoch-interruption where signals-based-traps=n)";
}

int run_module(RunOptions& options) {
  // A reader that goes away is the guest's EPIPE, to be handled as it likes; as our SIGPIPE it would end us without a
  // word, and to fence it off by each write would cost three more system calls.
  std::signal(SIGPIPE, SIG_IGN);
  // A process begins with a limit that programs of the last century can live with; what a guest may have is set apart.
  os::raise_open_file_limit();
  const GroupOptions& g = options.common.groups;
  auto config = make_config(options.common, true);
  if (!config) return report_error(config.error().message());
  Progress progress;
  config->progress([&](size_t done, size_t total) { progress.update(done, total); });
  auto engine = Engine::make(*config);
  if (!engine) return report_error(engine.error().message());

  // What was asked for is looked at before anything is compiled, which may take a while.
  auto preloads = parse_preloads(options.preload);
  if (!preloads) return report_usage(preloads.error().message());
  std::optional<Wasi> wasi;
  if (g.flag(Group::Wasi, "cli") && g.flag(Group::Wasi, "common"))
    return report_usage("-S common is the old name of -S cli: give one of them");
  if (g.flag_or(Group::Wasi, "cli", g.flag_or(Group::Wasi, "common", true))) {
    auto wanted = wasi_config(options);
    if (!wanted) return report_usage(wanted.error().message());
    auto made = Wasi::make(*wanted);
    if (!made) return report_error(made.error().message());
    wasi = *made;
  }
  if (!g.flag_or(Group::Wasi, "cli-exit-with-code", true))
    warn("-S cli-exit-with-code=n has no effect: the guest's exit status is always passed on");

  auto precompiled = options.common.allow_precompiled ? Precompiled::Allowed : Precompiled::Refused;
  auto module = load_module(*engine, options.command[0], precompiled);
  progress.clear();
  if (!module) {
    const std::string& message = module.error().message();
    return report_error(message + why_set(message, g) + meant_subcommand(options.command[0]));
  }

  Store store(*engine);
  store.limits(store_limits(options.common));
  if (auto fuel = g.number(Group::Wasm, "fuel")) (void)store.set_fuel(*fuel);
  store.set_epoch_deadline(1);

  Linker linker(*engine);
  linker.allow_shadowing(true);
  if (wasi) {
    auto names = g.flag_or(Group::Wasi, "preview0", true) ? Wasi::Names::WithUnstable : Wasi::Names::Preview1;
    if (auto ok = Wasi::define(linker, names); !ok) return report_error(ok.error().message());
    if (auto ok = wasi->attach(store); !ok) return report_error(ok.error().message());
  }

  if (auto timeout = g.duration(Group::Wasm, "timeout")) {
    if (auto ok = store.cancel_after(*timeout); !ok) return report_error(ok.error().message());
  }

  for (const auto& [name, path] : *preloads) {
    auto preloaded = load_module(*engine, path, precompiled);
    progress.clear();
    if (!preloaded) return report_error(preloaded.error().message());
    auto instance = linker.instantiate(store, *preloaded);
    std::string failed = fmt::format("failed to instantiate preloaded module `{}`", path);
    if (!instance) return status_of(failed, instance.error(), options).status;
    if (auto init = instance->typed<void()>("_initialize")) {
      if (auto ok = (*init)(); !ok) return status_of(failed, ok.error(), options).status;
    }
    if (auto ok = linker.instance(name, *instance); !ok) return report_failure(failed, ok.error());
  }
  if (g.flag_or(Group::Wasm, "unknown-imports-trap", false)) (void)linker.unknown_imports_trap(*module);
  if (g.flag_or(Group::Wasm, "unknown-imports-default", false)) {
    if (auto ok = linker.unknown_imports_default(store, *module); !ok) return report_error(ok.error().message());
  }

  auto instance = linker.instantiate(store, *module);
  Ending ending = instance ? run_instance(*instance, options)
                           : status_of(fmt::format("failed to run main module `{}`", options.command[0]),
                                       instance.error(), options);
  explain_denials(wasi, ending.gave_up);
  return ending.status;
}

}  // namespace

int run_command(const std::vector<std::string>& args) {
  RunOptions options;
  CLI::App app("Runs a WebAssembly module. It can reach only what the options grant.", "vitrine run");
  app.prefix_command();
  app.footer(
      "FILE is a module (.wasm), its text (.wat) or, with --allow-precompiled, a compiled one (.cwasm); - is standard "
      "input.\n"
      "ARGS go to the program; or to the function of --invoke: integers decimal or 0x, floats decimal, a v128 as one "
      "integer of 128 bits or by lanes (i32x4:1,-2,0x3,4; also i8x16, i16x8, i64x2, f32x4, f64x2).\n"
      "The exit status is the program's, 0 to 125; or 1 after an error, 2 for a wrong command line, 134 after a trap.");
  app.add_option("--invoke", options.invoke, "call this export instead of the default entry; ARGS are its arguments")
      ->type_name("FUNC");
  app.add_option("--dir", options.directories, "grant a directory; RIGHTS: " + directory_rights_help())
      ->type_name("HOST[::GUEST[::RIGHTS]]")
      ->allow_extra_args(false);
  app.add_option("--env", options.env, "grant an environment variable; NAME alone copies this process's")
      ->type_name("NAME[=VAL]")
      ->allow_extra_args(false);
  app.add_option("--argv0", options.argv0, "the program's name as it sees it")->type_name("STR");
  app.add_option("--preload", options.preload, "instantiate a module first and let FILE import from it")
      ->type_name("NAME=PATH")
      ->allow_extra_args(false);
  app.add_flag("--allow-precompiled", options.common.allow_precompiled, "run compiled modules: trust their code");
  app.add_option("--profile", options.common.profile, "perfmap: names for `perf`")->type_name("perfmap");
  add_groups(app, options.common);
  if (auto status = parse_args(app, args)) return *status;
  options.command = app.remaining();
  if (auto status = resolve_groups(options.common)) return *status;
  if (auto& profile = options.common.profile; !profile.empty() && profile != "perfmap") {
    bool known = profile == "jitdump" || profile == "vtune" || profile == "pulley" || profile.starts_with("guest");
    return report_usage(known ? fmt::format("--profile {} is not in this version of Vitrine; it has perfmap", profile)
                              : fmt::format("--profile: there is no profiler '{}'; there is perfmap", profile));
  }
  bool named = !options.command.empty() && options.command[0] == "--";  // what follows is a file, whatever its name
  if (named) options.command.erase(options.command.begin());
  if (options.command.empty()) return report_usage("which file? vitrine run [OPTIONS] FILE [ARGS...]");
  const std::string& file = options.command[0];
  if (!named && file.size() > 1 && file[0] == '-') return report_usage(unexpected(app, file));
  return run_module(options);
}

}  // namespace vitrine::cli
