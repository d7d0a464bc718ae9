#include "cli/arguments.hpp"

#include <fmt/format.h>

#include <CLI/CLI.hpp>

#include "base/closest.hpp"
#include "cli/report.hpp"

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
  app.add_option("--config", options.config_file,
                 "TOML file with the same keys, in the tables [optimize] [codegen] [debug] [wasm] [wasi]")
      ->type_name("FILE");
  app.add_option("--target", options.target,
                 "compile for any CPU of this target (x86_64-unknown-linux-gnu), not for this one")
      ->type_name("TRIPLE");
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
  names.push_back("--version");
  std::string remedy;
  if (arg[1] == '-') remedy = did_you_mean(name, names);
  if (closest(name, names) == "--version") remedy = "; `vitrine --version` prints the version";
  return fmt::format("there is no option '{}'{}", name, remedy);
}

std::optional<int> parse_args(CLI::App& app, const std::vector<std::string>& args) {
  std::vector<std::string> reversed(args.rbegin(), args.rend());
  try {
    app.parse(reversed);
  } catch (const CLI::CallForHelp&) {
    std::string help = app.help();
    for (size_t at; (at = help.find("\n\n\n")) != std::string::npos;) help.erase(at, 1);
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
  for (size_t g = 0; g < 5; ++g) {
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

}  // namespace vitrine::cli
