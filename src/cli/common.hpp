// What the subcommands share: the options of every group, the engine made from them, reading input files.
#pragma once

#include <vitrine/vitrine.hpp>

#include <memory>
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
/// What the raw group texts say. Answers a status when `-X help` was asked for or something is wrong (reported).
std::optional<int> resolve_groups(CommonOptions& options);

/// The engine's configuration; `with_cache` is the subcommand's default for -C cache.
Result<Config> make_config(const CommonOptions& options, bool with_cache);
StoreLimits store_limits(const CommonOptions& options);

/// A file's bytes; "-" is standard input. The error names the file.
Result<std::vector<uint8_t>> read_input(const std::string& path);
/// Writes all or nothing: to a temporary file beside it, then renamed. "-" is standard output.
Result<void> write_output(const std::string& path, std::span<const uint8_t> bytes);

/// Compiles (module or text) or, if allowed, loads a precompiled image; told apart by content.
Result<Module> load_module(const Engine& engine, const std::string& path, bool allow_precompiled);

}  // namespace vitrine::cli
