// The command line: picks the subcommand. Without one, `run`.
#include <fcntl.h>
#include <fmt/format.h>
#include <vitrine/engine.hpp>

#include <algorithm>
#include <exception>
#include <new>
#include <optional>
#include <utility>

#include "base/closest.hpp"
#include "cli/commands.hpp"
#include "cli/report.hpp"

namespace {

using namespace vitrine;
using namespace vitrine::cli;

/// Subcommands of Wasmtime that a user may look for here.
constexpr std::pair<std::string_view, std::string_view> kMissing[] = {
    {"serve", "it serves HTTP by components, which this version does not run"},
    {"wizer", "it snapshots a module that has initialised itself"},
    {"hot-blocks", "`vitrine run --profile perfmap` gives `perf` the names of functions"},
    {"replay", "nothing is recorded that could be replayed"},
};

const Subcommand* find_subcommand(std::string_view name) {
  auto found = std::ranges::find(kSubcommands, name, &Subcommand::name);
  return found == std::end(kSubcommands) ? nullptr : found;
}

std::optional<int> refuse_missing(std::string_view name) {
  auto found = std::ranges::find(kMissing, name, [](auto& row) { return row.first; });
  if (found == std::end(kMissing)) return std::nullopt;
  return report_usage(
      fmt::format("there is no `vitrine {0}` in this version: {1}; a file called {0} runs with "
                  "`vitrine run {0}`",
                  name, found->second));
}

/// A closed standard stream becomes /dev/null: the next file opened would take its number, and the guest's output would
/// go into it.
void reserve_standard_streams() {
  for (int fd = 0; fd < 3; ++fd) {
    if (fcntl(fd, F_GETFD) < 0 && open("/dev/null", fd == 0 ? O_RDONLY : O_WRONLY) < 0) return;
  }
}

void print_help() {
  show(
      "Vitrine runs WebAssembly in a sandbox that grants nothing by itself.\n\n"
      "Usage: vitrine [SUBCOMMAND] [OPTIONS] ...\n"
      "       vitrine [OPTIONS] FILE [ARGS...]     the same as vitrine run\n\n"
      "Subcommands:\n");
  for (const Subcommand& s : kSubcommands) show("  {:<12} {}\n", s.name, s.summary);
  show(
      "\n`vitrine SUBCOMMAND --help` says more.\n\n"
      "Options:\n  -h, --help     prints this\n  -V, --version  prints the version\n");
}

int main_of(const std::vector<std::string>& args) {
  if (args.empty()) {
    print_help();
    return kUsageError;
  }
  const std::string first = args[0];
  if (first == "-V" || first == "--version") {
    show("vitrine {}\n", version());
    return 0;
  }
  if (first == "-h" || first == "--help" || (first == "help" && args.size() == 1)) {
    print_help();
    return 0;
  }
  if (first == "help") {
    if (const Subcommand* s = find_subcommand(args[1])) return s->main({"--help"});
    if (auto status = refuse_missing(args[1])) return *status;
    std::vector<std::string_view> names;
    for (const Subcommand& s : kSubcommands) names.push_back(s.name);
    return report_usage(fmt::format("there is no subcommand '{}'{}", args[1], did_you_mean(args[1], names)));
  }
  if (const Subcommand* s = find_subcommand(first)) return s->main({args.begin() + 1, args.end()});
  if (auto status = refuse_missing(first)) return *status;
  return run_command(args);
}

}  // namespace

int main(int argc, char** argv) {
  reserve_standard_streams();
  try {
    return finish_output(main_of({argv + 1, argv + argc}));
  } catch (const std::bad_alloc&) {
    return report_error("out of memory");
  } catch (const std::exception& e) {  // of a library we use
    return report_error(e.what());
  }
}
