// The command line: picks the subcommand. Without one, `run`.
#include <fmt/format.h>
#include <vitrine/engine.hpp>

#include <algorithm>

#include "base/closest.hpp"
#include "cli/commands.hpp"
#include "cli/report.hpp"

namespace {

using namespace vitrine;
using namespace vitrine::cli;

const Subcommand* find_subcommand(std::string_view name) {
  auto found = std::ranges::find(kSubcommands, name, &Subcommand::name);
  return found == std::end(kSubcommands) ? nullptr : found;
}

void print_help() {
  fmt::print(
      "Vitrine runs WebAssembly in a sandbox that grants nothing by itself.\n\n"
      "Usage: vitrine [SUBCOMMAND] [OPTIONS] ...\n"
      "       vitrine [OPTIONS] FILE [ARGS...]     the same as vitrine run\n\n"
      "Subcommands:\n");
  for (const Subcommand& s : kSubcommands) fmt::print("  {:<12} {}\n", s.name, s.summary);
  fmt::print(
      "\n`vitrine SUBCOMMAND --help` says more.\n\n"
      "Options:\n  -h, --help     prints this\n  -V, --version  prints the version\n");
}

int main_of(std::vector<std::string> args) {
  if (args.empty()) {
    print_help();
    return kUsageError;
  }
  const std::string first = args[0];
  if (first == "-V" || first == "--version") {
    fmt::print("vitrine {}\n", version());
    return 0;
  }
  if (first == "-h" || first == "--help" || (first == "help" && args.size() == 1)) {
    print_help();
    return 0;
  }
  if (first == "help") {
    if (const Subcommand* s = find_subcommand(args[1])) return s->main({"--help"});
    std::vector<std::string_view> names;
    for (const Subcommand& s : kSubcommands) names.push_back(s.name);
    return report_usage(fmt::format("there is no subcommand '{}'{}", args[1], did_you_mean(args[1], names)));
  }
  if (const Subcommand* s = find_subcommand(first)) return s->main({args.begin() + 1, args.end()});
  if (first == "--") args.erase(args.begin());
  return run_command(args);
}

}  // namespace

int main(int argc, char** argv) {
  return main_of({argv + 1, argv + argc});
}
