// `vitrine wast FILE...`: runs test scripts.
#include <fmt/format.h>

#include <CLI/CLI.hpp>

#include "base/casts.hpp"
#include "cli/arguments.hpp"
#include "cli/commands.hpp"
#include "cli/engine_config.hpp"
#include "cli/files.hpp"
#include "cli/report.hpp"
#include "cli/wast/runner.hpp"

namespace vitrine::cli {

int wast_command(const std::vector<std::string>& args) {
  CommonOptions options;
  std::vector<std::string> files;
  RunnerOptions runner;
  bool show_skipped = false, async = false, dwarf = false;
  CLI::App app("Runs test scripts (.wast) and says how many of their commands passed.", "vitrine wast");
  app.add_option("FILE", files, "the scripts")->required();
  app.add_flag("--ignore-error-messages", runner.ignore_messages, "do not compare the messages of traps");
  app.add_flag("--async", async, "run on fibers (no: there are none in this version)");
  app.add_flag("--generate-dwarf", dwarf, "line numbers of the script in backtraces (no: not in this version)");
  app.add_flag("--skipped", show_skipped, "say why commands were skipped");
  add_groups(app, options);
  if (auto status = parse_args(app, args)) return *status;
  if (auto status = resolve_groups(options)) return *status;
  if (async) return report_usage("--async is not in this version of Vitrine: there are no fibers");
  if (dwarf) return report_usage("--generate-dwarf is not in this version of Vitrine: modules get no DWARF");
  auto config = make_config(options, false);
  if (!config) return report_error(config.error().message());
  // Small modules, thousands of them: threads would cost more than they bring.
  config->parallel_compilation(false);
  auto engine = Engine::make(*config);
  if (!engine) return report_error(engine.error().message());

  ScriptResult all;
  for (const std::string& file : files) {
    auto bytes = read_input(file);
    if (!bytes) return report_error(bytes.error().message());
    const std::string_view source = text_of(*bytes);
    ScriptResult one = run_script(*engine, file, source, runner);
    for (const std::string& failure : one.failures) show("{}\n", failure);
    std::fflush(stdout);
    all.passed += one.passed;
    all.failed += one.failed;
    all.skipped += one.skipped;
    for (auto& [reason, count] : one.skip_reasons) all.skip_reasons[reason] += count;
  }
  if (show_skipped) {
    for (auto& [reason, count] : all.skip_reasons) show("skipped {}: {}\n", count, reason);
  }
  show("{} passed, {} failed, {} skipped\n", all.passed, all.failed, all.skipped);
  return all.failed == 0 ? 0 : 1;
}

}  // namespace vitrine::cli
