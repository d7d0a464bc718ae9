// The command line: the options that the compiling subcommands share, and what is said of arguments that are wrong.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "cli/options.hpp"

namespace CLI {
class App;
}

namespace vitrine::cli {

/// Options that every compiling subcommand takes.
struct CommonOptions {
  GroupOptions groups;
  std::string config_file;
  std::string target;
  std::vector<std::string> raw[5];  // as given, by Group
  bool allow_precompiled = false;
  std::string profile;
};

/// Adds -O -C -D -W -S, --config and --target.
void add_groups(CLI::App& app, CommonOptions& options);
/// Parses argv by `app`; answers an exit status when the command is done already (help, or an error it has reported).
std::optional<int> parse_args(CLI::App& app, const std::vector<std::string>& args);
/// What to say of an argument that `app` does not take: that it is a misspelt option, one of Wasmtime's that is not in
/// this version, or too many.
std::string unexpected(const CLI::App& app, const std::string& arg);
/// What the raw group texts say. Answers a status when `-X help` was asked for or something is wrong (reported).
std::optional<int> resolve_groups(CommonOptions& options);

}  // namespace vitrine::cli
