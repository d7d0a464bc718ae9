// `vitrine objdump FILE`: disassembles a compiled module, with what the side tables say of each instruction.
#include <fmt/format.h>
#include <unistd.h>
#include <vitrine/inspect.hpp>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <charconv>
#include <optional>
#include <set>

#include "base/result.hpp"
#include "cli/arguments.hpp"
#include "cli/commands.hpp"
#include "cli/disassembler.hpp"
#include "cli/files.hpp"
#include "cli/report.hpp"

namespace vitrine::cli {

namespace {

struct ObjdumpOptions {
  bool addresses = false, address_jumps = false, bytes = false, addrmap = false, traps = true;
  std::vector<std::string> kinds;
  std::string filter;
  std::string color = "auto";
  unsigned address_width = 10;
};

/// As Wasmtime's objdump has it.
const char* trap_name(TrapCode code) {
  return code == TrapCode::Unreachable ? "UnreachableCodeReached" : name_of(code);
}

bool is_jump(const std::string& text) {
  return text.starts_with("j") || text.starts_with("call");
}

/// Where "jb 0x1764" goes.
std::optional<uint64_t> target_of(const std::string& text) {
  const size_t at = text.find(" 0x");
  uint64_t target = 0;
  if (!is_jump(text) || at == std::string::npos) return std::nullopt;
  auto [end, error] = std::from_chars(text.data() + at + 3, text.data() + text.size(), target, 16);
  return error == std::errc() && end == text.data() + text.size() ? std::optional(target) : std::nullopt;
}

Result<> dump(const CodeView& view, const CodeFunction& f, const ObjdumpOptions& o, bool color) {
  std::string name = f.name.empty() ? fmt::format("function[{}]", f.index) : printable(f.name);
  std::string title = f.kind == CodeFunction::Kind::Wasm
                          ? fmt::format("wasm[0]::function[{}]{}", f.index, f.name.empty() ? "" : "::" + name)
                          : fmt::format("wasm[0]::{}_trampoline[{}]", f.name, f.index);
  show("{}{}{}:\n", color ? "\033[1;32m" : "", title, color ? "\033[0m" : "");
  auto next_map = std::ranges::lower_bound(view.addresses(), f.address, {}, &CodeAddress::address);
  auto next_trap = std::ranges::lower_bound(view.traps(), f.address, {}, &CodeTrap::address);
  const auto insts = TRY(disassemble(f.code, f.address));
  std::set<uint64_t> targets;
  for (const DisassembledInst& inst : insts) {
    if (auto to = target_of(inst.text)) targets.insert(*to);
  }
  for (const DisassembledInst& inst : insts) {
    std::string line;
    if (o.addresses || targets.contains(inst.address) || (o.address_jumps && is_jump(inst.text))) {
      line += fmt::format("{:>{}x}: ", inst.address, o.address_width);
    } else {
      line += std::string(o.address_width + 2, ' ');
    }
    if (o.bytes) {
      std::string bytes;
      for (uint8_t b : inst.bytes) bytes += fmt::format("{:02x} ", b);
      line += fmt::format("{:<33}", bytes);
    }
    show("{}{}\n", line, inst.text);
    std::string indent(o.address_width + 2, ' ');
    for (; next_map != view.addresses().end() && next_map->address <= inst.address; ++next_map) {
      if (o.addrmap && next_map->module_offset)
        show("{}\u2570\u2500\u256f addrmap: {:#x}\n", indent, next_map->module_offset);
    }
    for (; next_trap != view.traps().end() && next_trap->address <= inst.address; ++next_trap) {
      if (o.traps) show("{}\u2570\u2500\u256f trap: {}\n", indent, trap_name(next_trap->code));
    }
  }
  show("\n");
  return {};
}

}  // namespace

int objdump_command(const std::vector<std::string>& args) {
  CommonOptions options;
  ObjdumpOptions o;
  std::string file = "-";
  bool stack_maps = true, exception_tables = true, frame_tables = true;
  CLI::App app("Disassembles a compiled module (.cwasm).", "vitrine objdump");
  app.add_option("CWASM", file, "the file; - is standard input");
  app.add_flag("--addresses", o.addresses, "an address on every line, not only where a jump goes");
  app.add_flag("--address-jumps", o.address_jumps, "an address on jumps and calls");
  app.add_flag("--bytes", o.bytes, "the bytes of every instruction");
  app.add_option("--funcs", o.kinds, "which functions: all, wasm, trampoline, builtin, libcall (wasm)")
      ->check(CLI::IsMember({"all", "wasm", "trampoline", "builtin", "libcall"}).description(""))
      ->type_name("KIND")
      ->allow_extra_args(false);
  app.add_option("--filter", o.filter, "only functions whose name contains this")->type_name("STR");
  app.add_option("--color", o.color, "auto, always or never")
      ->check(CLI::IsMember({"auto", "always", "always-ansi", "never"}).description(""))
      ->type_name("WHEN");
  app.add_option("--address-width", o.address_width, "characters of an address, 1 to 32")
      ->check(CLI::Range(1, 32).description(""))
      ->type_name("N");
  app.add_flag("--addrmap", o.addrmap, "wasm offsets (no)");
  app.add_flag("--traps", o.traps, "trap codes (yes)");
  app.add_flag("--stack-maps", stack_maps, "stack maps (yes; there are none without GC)");
  app.add_flag("--exception-tables", exception_tables, "exception tables (yes; there are none without exceptions)");
  app.add_flag("--frame-tables", frame_tables, "frame tables (yes; there are none without guest debugging)");
  if (auto status = parse_args(app, args)) return *status;
  if (o.kinds.empty()) o.kinds = {"wasm"};

  auto bytes = read_input(file, kMaxImage);
  if (!bytes) return report_error(bytes.error().message());
  if (!Engine::is_precompiled(*bytes))
    return report_error(fmt::format("{} is no compiled module: `vitrine compile` makes one", file));
  auto view = CodeView::of_image(*bytes);
  if (!view) return report_error(fmt::format("{}: {}", file, view.error().message()));
  bool color = o.color == "always" || o.color == "always-ansi" || (o.color == "auto" && use_color(STDOUT_FILENO));
  auto wanted = [&](const CodeFunction& f) {
    const char* kind = f.kind == CodeFunction::Kind::Wasm ? "wasm" : "trampoline";
    bool of_kind = std::ranges::any_of(o.kinds, [&](const std::string& k) { return k == "all" || k == kind; });
    return of_kind && (o.filter.empty() || f.name.find(o.filter) != std::string::npos);
  };
  size_t shown = 0;
  for (const CodeFunction& f : view->functions()) {
    if (!wanted(f)) continue;
    if (auto ok = dump(*view, f, o, color); !ok) return report_error(ok.error().message());
    ++shown;
  }
  if (!shown) note("no function matches");
  return 0;
}

}  // namespace vitrine::cli
