// `vitrine completion SHELL`: a completion script on standard output, made from the tables of subcommands and options.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <iterator>

#include "cli/arguments.hpp"
#include "cli/commands.hpp"
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
      if (name != "core" && Config().feature(name, true)) add(name);
    }
  }
  return keys;
}

/// The long options of each subcommand, but those of the groups. A test holds them against what --help says.
constexpr std::string_view kGroupOptions = "--optimize --codegen --debug --wasm --wasi --config --target";
struct SubcommandOptions {
  std::string_view subcommand, options;
  bool groups;
};
constexpr SubcommandOptions kOptions[] = {
    {"run", "--invoke --dir --env --argv0 --preload --allow-precompiled --profile", true},
    {"compile", "--output", true},
    {"wast", "--ignore-error-messages --async --generate-dwarf --skipped", true},
    {"explore", "--output", true},
    {"objdump",
     "--addresses --address-jumps --bytes --funcs --filter --color --address-width --addrmap --traps --stack-maps "
     "--exception-tables --frame-tables",
     false},
    {"settings", "--json", true},
    {"config", "", false},
    {"completion", "", false},
};
static_assert(std::size(kOptions) == std::size(kSubcommands));

std::string options_of(const SubcommandOptions& o) {
  return fmt::format("--help {}{}{}", o.options, o.groups ? " -O -C -D -W -S " : "", o.groups ? kGroupOptions : "");
}

std::string bash() {
  std::string groups, options;
  for (size_t g = 0; g < 5; ++g) {
    auto group = static_cast<Group>(g);
    groups += fmt::format("    -{}|--{}) keys=\"{}\" ;;\n", letter_of(group), name_of(group), keys_of(group));
  }
  for (const SubcommandOptions& o : kOptions)
    options += fmt::format("      {}) COMPREPLY=($(compgen -W \"{}\" -- \"$cur\")) ;;\n", o.subcommand, options_of(o));
  return fmt::format(
      "_vitrine() {{\n"
      "  local cur=${{COMP_WORDS[COMP_CWORD]}} prev=${{COMP_WORDS[COMP_CWORD-1]}} sub=run group= head= keys= word\n"
      "  for word in {0}; do [[ $COMP_CWORD -gt 1 && ${{COMP_WORDS[1]}} == $word ]] && sub=$word; done\n"
      "  group=$prev\n"
      "  case $cur in -[OCDWS]?*) group=${{cur:0:2}} head=${{cur:0:2}} cur=${{cur:2}} ;; esac\n"
      "  case $group in\n{1}"
      "    completion) COMPREPLY=($(compgen -W \"bash elvish fish powershell zsh\" -- \"$cur\")); return ;;\n"
      "    help) COMPREPLY=($(compgen -W \"{0}\" -- \"$cur\")); return ;;\n"
      "    config) COMPREPLY=($(compgen -W \"new\" -- \"$cur\")); return ;;\n"
      "  esac\n"
      "  if [[ -n $keys ]]; then\n"
      "    COMPREPLY=($(compgen -P \"$head\" -W \"$keys\" -- \"$cur\")); compopt -o nospace 2>/dev/null; return\n"
      "  fi\n"
      "  if [[ $cur == -* ]]; then\n"
      "    case $sub in\n{2}    esac\n"
      "    return\n"
      "  fi\n"
      "  COMPREPLY=($(compgen -f -- \"$cur\"))\n"
      "  if [[ $COMP_CWORD == 1 ]]; then COMPREPLY+=($(compgen -W \"help {0}\" -- \"$cur\")); fi\n"
      "}}\n"
      "complete -o filenames -F _vitrine vitrine\n",
      subcommand_names(), groups, options);
}

std::string zsh() {
  std::string subcommands, groups;
  for (const Subcommand& s : kSubcommands) subcommands += fmt::format("    '{}:{}'\n", s.name, s.summary);
  for (size_t g = 0; g < 5; ++g) {
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
  for (size_t g = 0; g < 5; ++g) {
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
  CLI::App app("Prints a completion script for a shell.", "vitrine completion");
  app.add_option("SHELL", shell, "bash, elvish, fish, powershell or zsh")
      ->required()
      ->check(CLI::IsMember({"bash", "elvish", "fish", "powershell", "zsh"}).description(""));
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
