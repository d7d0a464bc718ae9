// `vitrine settings`: what the code generator can be told, and what it found here.
#include <fmt/format.h>
#include <vitrine/inspect.hpp>

#include <CLI/CLI.hpp>

#include "cli/arguments.hpp"
#include "cli/commands.hpp"
#include "cli/engine_config.hpp"
#include "cli/report.hpp"

namespace vitrine::cli {

namespace {

constexpr const char* kTriple = "x86_64-unknown-linux-gnu";

/// The groups of Wasmtime's JSON: booleans, numbers and choices apart.
void print_json(const std::vector<CodegenSetting>& settings) {
  auto is_bool = [](const CodegenSetting& s) { return s.value == "true" || s.value == "false"; };
  auto is_number = [](const CodegenSetting& s) { return s.value.find_first_not_of("0123456789") == std::string::npos; };
  auto group = [&](const char* name, auto&& belongs, bool quoted) {
    show("  \"{}\": {{", name);
    const char* separator = "";
    for (const CodegenSetting& s : settings) {
      if (!belongs(s)) continue;
      show("{}\n    \"{}\": {}", separator, s.name, quoted ? fmt::format("\"{}\"", s.value) : s.value);
      separator = ",";
    }
    show("\n  }},\n");
  };
  show("{{\n  \"triple\": \"{}\",\n", kTriple);
  group("enums", [&](auto& s) { return !is_bool(s) && !is_number(s); }, true);
  group("nums", is_number, false);
  group("bools", [&](auto& s) { return is_bool(s) && !s.name.starts_with("has_"); }, false);
  show("  \"presets\": [],\n  \"inferred\": [");
  const char* separator = "";
  for (const CodegenSetting& s : settings) {
    if (!s.name.starts_with("has_") || s.value != "true") continue;
    show("{}\"{}\"", separator, s.name);
    separator = ", ";
  }
  show("]\n}}\n");
}

}  // namespace

int settings_command(const std::vector<std::string>& args) {
  CommonOptions options;
  bool json = false;
  CLI::App app("Lists the settings of the code generator and the CPU features it uses here.", "vitrine settings");
  app.add_flag("--json", json, "as JSON");
  add_groups(app, options);
  if (auto status = parse_args(app, args)) return *status;
  if (auto status = resolve_groups(options)) return *status;
  auto config = make_config(options, false);
  if (!config) return report_error(config.error().message());
  auto engine = Engine::make(*config);
  if (!engine) return report_error(engine.error().message());
  auto settings = codegen_settings(*engine);
  if (json) {
    print_json(settings);
    return 0;
  }
  show("Settings of the code generator for {}:\n", kTriple);
  for (const CodegenSetting& s : settings) show("  {:<26} {:<12} {}\n", s.name, s.value, s.description);
  return 0;
}

}  // namespace vitrine::cli
