// `vitrine compile FILE`: compiles ahead of time.
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <CLI/CLI.hpp>

#include "cli/arguments.hpp"
#include "cli/commands.hpp"
#include "cli/engine_config.hpp"
#include "cli/files.hpp"
#include "cli/report.hpp"

namespace vitrine::cli {

namespace {

bool is_same_file(const std::string& input, const std::string& output) {
  struct stat in, out;
  return (input == "-" ? fstat(STDIN_FILENO, &in) : stat(input.c_str(), &in)) == 0 && stat(output.c_str(), &out) == 0 &&
         S_ISREG(in.st_mode) && in.st_dev == out.st_dev && in.st_ino == out.st_ino;
}

}  // namespace

int compile_command(const std::vector<std::string>& args) {
  CommonOptions options;
  std::string input, output;
  CLI::App app(
      "Compiles a WebAssembly module to a .cwasm file, which `vitrine run --allow-precompiled` starts without "
      "compiling.",
      "vitrine compile");
  app.add_option("FILE", input, "the module (.wasm or .wat); - is standard input")->required();
  app.add_option("-o,--output", output, "where to; by default the input's name with .cwasm, in the current directory")
      ->type_name("FILE");
  add_groups(app, options);
  if (auto status = parse_args(app, args)) return *status;
  if (auto status = resolve_groups(options)) return *status;
  if (output.empty()) {
    std::string base = input.substr(input.rfind('/') + 1);
    if (input == "-") return report_usage("with standard input as FILE, -o must say where to write");
    output = base.substr(0, base.rfind('.')) + ".cwasm";
  }
  auto config = make_config(options, false);
  if (!config) return report_error(config.error().message());
  Progress progress;
  config->progress([&](size_t done, size_t total) { progress.update(done, total); });
  auto engine = Engine::make(*config);
  if (!engine) return report_error(engine.error().message());
  auto module = load_module(*engine, input, Precompiled::Pointless);
  progress.clear();
  if (!module) return report_error(module.error().message());
  if (is_same_file(input, output))
    return report_usage(
        fmt::format("{} is the module itself, which compiling it would replace: -o names another file", output));
  auto image = module->serialize();
  if (!image) return report_error(image.error().message());
  if (auto ok = write_output(output, *image); !ok) return report_error(ok.error().message());
  return 0;
}

}  // namespace vitrine::cli
