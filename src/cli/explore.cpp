// `vitrine explore FILE`: an HTML page with the wasm of each function beside the machine code made of it; pointing at
// either side lights up the other.
#include <fmt/format.h>
#include <vitrine/inspect.hpp>

#include <CLI/CLI.hpp>
#include <map>

#include "base/casts.hpp"
#include "base/result.hpp"
#include "cli/arguments.hpp"
#include "cli/commands.hpp"
#include "cli/disassembler.hpp"
#include "cli/engine_config.hpp"
#include "cli/files.hpp"
#include "cli/report.hpp"
#include "text/operator_text.hpp"
#include "text/wat_parser.hpp"
#include "wasm/function_reader.hpp"
#include "wasm/reader.hpp"

namespace vitrine::cli {

namespace {

struct WasmLine {
  uint32_t offset;
  unsigned depth;
  std::string text;
};

/// A consumer of operators that writes them down.
struct Lister {
  std::vector<WasmLine> lines;
  unsigned depth = 1;

  void begin(uint32_t, const wasm::FuncType&, std::span<const wasm::LocalRun> locals) {
    std::string text;
    for (const auto& run : locals) text += fmt::format(" {} x {}", run.count, to_string(run.type));
    if (!text.empty()) lines.push_back({0, 1, "(locals" + text + ")"});
  }
  void op(const wasm::Operator& op, const wasm::OperandInfo&) {
    bool closes = op.op == wasm::Op::End || op.op == wasm::Op::Else;
    if (closes && depth) --depth;
    lines.push_back({op.offset, std::min(depth, 40u), text::operator_text(op)});
    bool opens =
        op.op == wasm::Op::Block || op.op == wasm::Op::Loop || op.op == wasm::Op::If || op.op == wasm::Op::Else;
    if (opens) ++depth;
  }
  void finish() {}
};

std::string escaped(std::string_view text) {
  std::string out;
  for (char c : text) {
    switch (c) {
      case '<':
        out += "&lt;";
        break;
      case '>':
        out += "&gt;";
        break;
      case '&':
        out += "&amp;";
        break;
      case '"':
        out += "&quot;";
        break;
      default:
        out += c;
    }
  }
  return out;
}

constexpr std::string_view kHead = R"(<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>{}</title><style>
body {{ font: 13px/1.45 ui-monospace, monospace; margin: 0 1em; background: #fff; color: #1b1b1b }}
h1 {{ font-size: 1.2em }} h2 {{ font-size: 1em; margin: 1.5em 0 .3em; border-top: 1px solid #ccc; padding-top: .6em }}
.pair {{ display: grid; grid-template-columns: 1fr 1fr; gap: 1em }}
.pair > div {{ overflow-x: auto; white-space: pre }}
span[data-o] {{ display: block; border-left: 4px solid hsl(var(--h) 70% 70%); padding-left: .5em }}
span.on {{ background: hsl(var(--h) 90% 88%) }}
i {{ color: #777; font-style: normal }}
@media (prefers-color-scheme: dark) {{ body {{ background: #16181d; color: #ddd }} span.on {{ background: hsl(var(--h) 40% 28%) }} }}
</style></head><body><h1>{}</h1>
)";

constexpr std::string_view kTail = R"(<script>
document.addEventListener('mouseover', event => {
  const at = event.target.closest('span[data-o]');
  for (const span of document.querySelectorAll('span.on')) span.classList.remove('on');
  if (!at) return;
  for (const span of document.querySelectorAll(`span[data-o="${at.dataset.o}"]`)) span.classList.add('on');
});
</script></body></html>
)";

/// A colour that differs between neighbours and is the same on both sides.
unsigned hue(uint32_t offset) {
  return offset * 137 % 360;
}

std::string wasm_side(const std::vector<WasmLine>& lines) {
  std::string html;
  for (const WasmLine& line : lines) {
    html += fmt::format("<span data-o=\"{0}\" style=\"--h:{1}\"><i>{0:6x}</i> {2:{3}}{4}</span>", line.offset,
                        hue(line.offset), "", line.depth * 2, escaped(line.text));
  }
  return html;
}

Result<std::string> native_side(const CodeView& view, const CodeFunction& f) {
  std::string html;
  auto next = std::ranges::lower_bound(view.addresses(), f.address, {}, &CodeAddress::address);
  uint32_t offset = 0;
  for (const DisassembledInst& inst : TRY(disassemble(f.code, f.address))) {
    for (; next != view.addresses().end() && next->address <= inst.address; ++next) offset = next->module_offset;
    html += fmt::format("<span data-o=\"{}\" style=\"--h:{}\"><i>{:6x}</i>  {}</span>", offset, hue(offset),
                        inst.address, escaped(inst.text));
  }
  return html;
}

Result<std::string> page(const Engine& engine, const std::string& name, std::span<const uint8_t> bytes) {
  wasm::Features features = wasm::Features::core_only();
  for (auto& [key, on] : engine.config().features()) {
    if (auto f = wasm::find_feature(key)) features.set(*f, on);
  }
  std::vector<uint8_t> from_text;
  if (!wasm::is_module(bytes)) {
    from_text = TRY(text::parse_wat(text_of(bytes), features));
    bytes = from_text;
  }
  Module module = TRY(Module::compile(engine, bytes));
  wasm::Module declarations = TRY(wasm::read_module(bytes, features));
  CodeView view = CodeView::of(module);
  std::map<uint32_t, const CodeFunction*> by_index;
  for (const CodeFunction& f : view.functions()) {
    if (f.kind == CodeFunction::Kind::Wasm) by_index[f.index] = &f;
  }
  wasm::FunctionReader<Lister> reader(declarations, features);
  std::string html = fmt::format(fmt::runtime(kHead), escaped(name), escaped(name));
  for (auto& [index, code] : by_index) {
    Lister lister;
    TRY(reader.read(index, lister));
    html += fmt::format("<h2>function {} {}</h2><div class=\"pair\"><div>{}</div><div>{}</div></div>\n", index,
                        escaped(code->name), wasm_side(lister.lines), TRY(native_side(view, *code)));
  }
  return html + std::string(kTail);
}

}  // namespace

int explore_command(const std::vector<std::string>& args) {
  CommonOptions options;
  std::string input, output;
  CLI::App app("Writes an HTML page that shows wasm beside the machine code made of it.", "vitrine explore");
  app.add_option("FILE", input, "the module (.wasm or .wat); - is standard input")->required();
  app.add_option("-o,--output", output, "where to; by default FILE with .explore.html in place of its ending")
      ->type_name("FILE");
  add_groups(app, options);
  if (auto status = parse_args(app, args)) return *status;
  if (auto status = resolve_groups(options)) return *status;
  if (output.empty()) {
    if (input == "-") return report_usage("with standard input as FILE, -o must say where to write");
    size_t slash = input.rfind('/'), dot = input.rfind('.');
    bool has_ending = dot != std::string::npos && (slash == std::string::npos || dot > slash);
    output = (has_ending ? input.substr(0, dot) : input) + ".explore.html";
  }
  auto config = make_config(options, false);
  if (!config) return report_error(config.error().message());
  auto engine = Engine::make(*config);
  if (!engine) return report_error(engine.error().message());
  auto bytes = read_input(input);
  if (!bytes) return report_error(bytes.error().message());
  if (Engine::is_precompiled(*bytes))
    return report_error(fmt::format("{} is compiled already: explore wants the module, objdump shows this", input));
  auto html = page(*engine, input, *bytes);
  if (!html) return report_error(fmt::format("{}: {}", input, html.error().message()));
  if (auto ok = write_output(output, bytes_of(*html)); !ok) {
    return report_error(ok.error().message());
  }
  if (output != "-") show("Exploration written to {}\n", output);
  return 0;
}

}  // namespace vitrine::cli
