// `vitrine completion SHELL`: a completion script on standard output, made from the tables of subcommands and options.
#include <fmt/format.h>

#include <CLI/CLI.hpp>

#include "cli/commands.hpp"
#include "cli/common.hpp"
#include "cli/report.hpp"

namespace vitrine::cli {

namespace {

std::string subcommand_names() {
  std::string names;
  for (const Subcommand& s : kSubcommands) names += fmt::format("{}{}", names.empty() ? "" : " ", s.name);
  return names;
}

/// "opt-level= memory-guard-size= ..." of a group.
std::string keys_of(Group group) {
  std::string keys;
  auto add = [&](std::string_view key) { keys += fmt::format("{}{}=", keys.empty() ? "" : " ", key); };
  for (const KeyInfo& k : option_keys()) {
    if (k.group == group && k.state != KeyState::No) add(k.key);
  }
  if (group == Group::Wasm) {
    for (auto& [name, on] : Config().features()) {
      if (name != "core") add(name);
    }
  }
  return keys;
}

constexpr const char* kRunOptions =
    "--invoke --dir --env --argv0 --preload --allow-precompiled --profile --config --target --help";

std::string bash() {
  std::string groups;
  for (size_t g = 0; g < 5; g++) {
    auto group = static_cast<Group>(g);
    groups += fmt::format("    -{}) COMPREPLY=($(compgen -W \"{}\" -- \"$cur\")); compopt -o nospace; return ;;\n",
                          letter_of(group), keys_of(group));
  }
  return fmt::format(
      "_vitrine() {{\n"
      "  local cur=${{COMP_WORDS[COMP_CWORD]}} prev=${{COMP_WORDS[COMP_CWORD-1]}}\n"
      "  case $prev in\n{}"
      "    completion) COMPREPLY=($(compgen -W \"bash elvish fish powershell zsh\" -- \"$cur\")); return ;;\n"
      "  esac\n"
      "  if [[ $cur == -* ]]; then COMPREPLY=($(compgen -W \"{} -O -C -D -W -S\" -- \"$cur\")); return; fi\n"
      "  COMPREPLY=($(compgen -f -- \"$cur\"))\n"
      "  if [[ $COMP_CWORD == 1 ]]; then COMPREPLY+=($(compgen -W \"{}\" -- \"$cur\")); fi\n"
      "}}\n"
      "complete -o filenames -F _vitrine vitrine\n",
      groups, kRunOptions, subcommand_names());
}

std::string zsh() {
  std::string subcommands, groups;
  for (const Subcommand& s : kSubcommands) subcommands += fmt::format("    '{}:{}'\n", s.name, s.summary);
  for (size_t g = 0; g < 5; g++) {
    auto group = static_cast<Group>(g);
    groups += fmt::format("    '*-{}+[{}]:key:({})' \\\n", letter_of(group), name_of(group), keys_of(group));
  }
  return fmt::format(
      "#compdef vitrine\n"
      "_vitrine() {{\n"
      "  local -a subcommands=(\n{}  )\n"
      "  _arguments -s \\\n{}"
      "    '--invoke[call this export]:function:' '*--dir[grant a directory]:directory:_files -/' '*--env[grant a "
      "variable]:variable:' \\\n"
      "    '--allow-precompiled[run compiled modules]' \\\n"
      "    '1:subcommand or file:{{_describe subcommand subcommands; _files}}' '*:file:_files'\n"
      "}}\n"
      "_vitrine \"$@\"\n",
      subcommands, groups);
}

std::string fish() {
  std::string script;
  for (const Subcommand& s : kSubcommands) {
    script += fmt::format("complete -c vitrine -n __fish_use_subcommand -a {} -d '{}'\n", s.name, s.summary);
  }
  for (size_t g = 0; g < 5; g++) {
    auto group = static_cast<Group>(g);
    script +=
        fmt::format("complete -c vitrine -s {} -x -a '{}' -d '{}'\n", letter_of(group), keys_of(group), name_of(group));
  }
  for (const char* option : {"invoke", "dir", "env", "argv0", "preload"}) {
    script += fmt::format("complete -c vitrine -l {} -r\n", option);
  }
  return script + "complete -c vitrine -l allow-precompiled\n";
}

std::string elvish() {
  return fmt::format(
      "set edit:completion:arg-completer[vitrine] = {{|@words|\n"
      "  if (== (count $words) 2) {{ put {} }}\n"
      "  edit:complete-filename $words[-1]\n"
      "}}\n",
      subcommand_names());
}

std::string powershell() {
  std::string names;
  for (const Subcommand& s : kSubcommands) names += fmt::format("{}'{}'", names.empty() ? "" : ", ", s.name);
  return fmt::format(
      "Register-ArgumentCompleter -Native -CommandName vitrine -ScriptBlock {{\n"
      "  param($word, $ast, $cursor)\n"
      "  @({}) | Where-Object {{ $_ -like \"$word*\" }} |\n"
      "    ForEach-Object {{ [System.Management.Automation.CompletionResult]::new($_) }}\n"
      "}}\n",
      names);
}

}  // namespace

int completion_command(const std::vector<std::string>& args) {
  std::string shell;
  CLI::App app("Prints a completion script for a shell", "vitrine completion");
  app.add_option("SHELL", shell, "bash, elvish, fish, powershell or zsh")
      ->required()
      ->check(CLI::IsMember({"bash", "elvish", "fish", "powershell", "zsh"}));
  if (auto status = parse_args(app, args)) return *status;
  std::string script = shell == "bash"     ? bash()
                       : shell == "zsh"    ? zsh()
                       : shell == "fish"   ? fish()
                       : shell == "elvish" ? elvish()
                                           : powershell();
  show("{}", script);
  return 0;
}

}  // namespace vitrine::cli
