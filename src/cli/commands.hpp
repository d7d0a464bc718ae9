// The subcommands. Each takes its arguments (without its name) and answers the exit status.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace vitrine::cli {

struct Subcommand {
  std::string_view name;
  int (*main)(const std::vector<std::string>& args);
  std::string_view summary;
};

int run_command(const std::vector<std::string>& args);
int compile_command(const std::vector<std::string>& args);
int wast_command(const std::vector<std::string>& args);
int explore_command(const std::vector<std::string>& args);
int objdump_command(const std::vector<std::string>& args);
int settings_command(const std::vector<std::string>& args);
int config_command(const std::vector<std::string>& args);
int completion_command(const std::vector<std::string>& args);

inline constexpr Subcommand kSubcommands[] = {
    {"run", run_command, "runs a module (the default)"},
    {"compile", compile_command, "compiles a module ahead of time"},
    {"wast", wast_command, "runs test scripts"},
    {"explore", explore_command, "shows wasm beside the machine code made of it, as HTML"},
    {"objdump", objdump_command, "disassembles a compiled module"},
    {"settings", settings_command, "lists the settings of the code generator"},
    {"config", config_command, "makes a configuration file"},
    {"completion", completion_command, "prints a shell's completion script"},
};

}  // namespace vitrine::cli
