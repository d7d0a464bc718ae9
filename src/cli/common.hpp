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
/// What to say of an argument that `app` does not take: that it is a misspelt option, one of Wasmtime's that is not in
/// this version, or too many.
std::string unexpected(const CLI::App& app, const std::string& arg);
/// What the raw group texts say. Answers a status when `-X help` was asked for or something is wrong (reported).
std::optional<int> resolve_groups(CommonOptions& options);

/// The engine's configuration; `with_cache` is the subcommand's default for -C cache.
Result<Config> make_config(const CommonOptions& options, bool with_cache);
StoreLimits store_limits(const CommonOptions& options);

/// No module is larger (the limit of the JavaScript API); an image may be, as machine code takes more room.
inline constexpr uint64_t kMaxInput = 1ull << 30, kMaxImage = 16ull << 30;
/// A file's bytes, at most `limit`; "-" is standard input. The error names the file.
Result<std::vector<uint8_t>> read_input(const std::string& path, uint64_t limit = kMaxInput);
/// Writes all or nothing: to a temporary file beside it, then renamed. "-" is standard output.
Result<void> write_output(const std::string& path, std::span<const uint8_t> bytes);

/// What to do about a precompiled image: run it, ask for permission, or say that there is nothing to compile.
enum class Precompiled : uint8_t { Allowed, Refused, Pointless };
/// Compiles (module or text) or, if allowed, loads a precompiled image; told apart by content.
Result<Module> load_module(const Engine& engine, const std::string& path, Precompiled precompiled);

}  // namespace vitrine::cli
