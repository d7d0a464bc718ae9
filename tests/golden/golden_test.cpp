// Golden tests: every .wat file below the folder given says what is to be shown of it and what that has to be.
//
//   ;;! target = "x86_64"
//   ;;! show = "asm"            ;; ir | opt | vcode | asm
//   (module ...)
//   ;; f:
//   ;;   lea eax, [rdi + rsi*4]
//   ;;   ret
//
// Other directives: `opt-level`, `cpu` (features, separated by spaces; by default all that the code generator knows,
// whatever CPU this runs on), `functions` (names, separated by spaces; all by default), and any boolean or number of
// abi/settings.def under its own name.
// Machine code is shown without addresses: jumps go to labels, calls to names, constants are shown by value, and what
// an instruction traps with stands behind it. With VITRINE_BLESS=1 in the environment the expectations are rewritten.
//
//   golden_test FOLDER [PART-OF-PATH]
#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <map>
#include <optional>
#include <regex>
#include <set>
#include <sstream>
#include <string>

#include "base/result.hpp"
#include "cli/disassembler.hpp"
#include "compiler/compiler.hpp"
#include "text/wat_parser.hpp"
#include "wasm/names.hpp"
#include "wasm/reader.hpp"

using namespace vitrine;

namespace {

struct Test {
  std::map<std::string, std::string> directives;
  std::string input;                  // with the directives
  std::vector<std::string> expected;  // lines behind ";; "
};

std::vector<std::string> lines_of(const std::string& text) {
  std::vector<std::string> lines;
  std::istringstream in(text);
  for (std::string line; std::getline(in, line);) lines.push_back(line);
  return lines;
}

Result<Test> read_test(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  std::stringstream whole;
  whole << in.rdbuf();
  auto lines = lines_of(whole.str());
  size_t end = lines.size();
  while (end > 0 && lines[end - 1].starts_with(";;") && !lines[end - 1].starts_with(";;!")) --end;
  Test test;
  static const std::regex kDirective(R"re(^;;! *([a-z_-]+) *= *"?([^"]*?)"? *(;;.*)?$)re");
  for (size_t i = 0; i < end; ++i) {
    test.input += lines[i] + "\n";
    if (!lines[i].starts_with(";;!")) continue;
    std::smatch match;
    if (!std::regex_match(lines[i], match, kDirective)) {
      return fail(fmt::format("line {}: expected `;;! key = value`, found `{}`", i + 1, lines[i]));
    }
    test.directives[match[1]] = match[2];
  }
  for (size_t i = end; i < lines.size(); ++i) {
    test.expected.push_back(lines[i].size() > 3 ? lines[i].substr(3) : "");
  }
  return test;
}

/// The settings that the directives ask for.
Result<abi::CodegenSettings> settings_of(std::map<std::string, std::string> directives) {
  abi::CodegenSettings settings;
  for (const abi::CpuFeatureInfo& feature : abi::kCpuFeatures) settings.cpu_features |= feature.bit;
  auto take = [&](const char* key) -> std::optional<std::string> {
    auto at = directives.find(key);
    if (at == directives.end()) return std::nullopt;
    std::string value = at->second;
    directives.erase(at);
    return value;
  };
  if (auto target = take("target"); target && *target != "x86_64") return fail("no such target: " + *target);
  (void)take("show");
  (void)take("functions");
  if (auto level = take("opt-level")) settings.opt_level = static_cast<uint8_t>(std::atoi(level->c_str()));
  if (auto cpu = take("cpu")) {
    settings.cpu_features = 0;
    std::istringstream names(*cpu);
    for (std::string name; names >> name;) {
      auto found = std::ranges::find(abi::kCpuFeatures, name, &abi::CpuFeatureInfo::name);
      if (found == std::end(abi::kCpuFeatures)) return fail("no such CPU feature: " + name);
      settings.cpu_features |= found->bit;
    }
  }
#define SETTING(type, name, default_value, summary)                                                            \
  if (auto value = take(#name)) {                                                                              \
    settings.name = *value == "true" ? type{1} : static_cast<type>(std::strtoull(value->c_str(), nullptr, 0)); \
  }
#include "abi/settings.def"
#undef SETTING
  if (!directives.empty()) return fail("unknown directive: " + directives.begin()->first);
  return settings;
}

const char* trap_name(uint32_t code) {
  switch (code) {
#define TRAP(name, number, message) \
  case number:                      \
    return #name;
#include <vitrine/traps.def>
#undef TRAP
    default:
      return "?";
  }
}

/// The constant that an instruction reads at `offset` of the code, or the place where none can be.
std::string constant_at(const abi::CodeUnit& f, uint64_t offset, const std::string& text) {
  auto bits = [&](size_t size) {
    uint64_t v = 0;
    if (offset + size <= f.text.size()) std::memcpy(&v, f.text.data() + offset, size);
    return v;
  };
  if (text.find("xmmword") != std::string::npos) {
    uint64_t low = bits(8);
    offset += 8;
    return fmt::format("[const {:#x}:{:#x}]", bits(8), low);
  }
  if (text.find("qword") != std::string::npos) return fmt::format("[const {:#x}]", bits(8));
  if (text.find("dword") != std::string::npos) return fmt::format("[const {:#x}]", bits(4));
  return "[const]";
}

std::string show_asm(const abi::CodeUnit& f, const std::vector<std::string>& names) {
  auto disassembled = cli::disassemble(std::span(f.text).first(abi::UnitView(f).frame().size), 0);
  if (!disassembled) return disassembled.error().message();
  const auto& insts = *disassembled;
  static const std::regex kJump(R"(^(j[a-z]+) 0x([0-9a-f]+)$|^(j[a-z]+) ([0-9]+)$)");
  static const std::regex kRip(R"(\[rip ([+-]) (0x[0-9a-f]+|[0-9]+)\])");
  std::map<uint64_t, std::string> labels;
  std::set<uint64_t> targets;
  auto relocated = [&](const cli::DisassembledInst& inst) -> const abi::Reloc* {
    for (const abi::Reloc& r : f.relocs) {
      if (r.offset >= inst.address && r.offset < inst.address + inst.bytes.size()) return &r;
    }
    return nullptr;
  };
  auto target_of = [&](const cli::DisassembledInst& inst) -> std::optional<uint64_t> {
    std::smatch match;
    if (relocated(inst) || !std::regex_match(inst.text, match, kJump)) return std::nullopt;
    return match[2].matched ? std::stoull(match[2], nullptr, 16) : std::stoull(match[4]);
  };
  auto rip_target = [&](const cli::DisassembledInst& inst, std::smatch& match) -> std::optional<uint64_t> {
    if (!std::regex_search(inst.text, match, kRip)) return std::nullopt;
    int64_t distance = std::stoll(match[2], nullptr, 0);
    return inst.address + inst.bytes.size() + static_cast<uint64_t>(match[1] == "-" ? -distance : distance);
  };
  for (const auto& inst : insts) {
    std::smatch match;
    if (auto target = target_of(inst)) targets.insert(*target);
    if (auto target = rip_target(inst, match); target && *target < abi::UnitView(f).frame().size)
      targets.insert(*target);
  }
  for (uint64_t t : targets) labels[t] = fmt::format("L{}", labels.size());
  std::string out;
  size_t trap = 0;
  for (const auto& inst : insts) {
    if (auto label = labels.find(inst.address); label != labels.end()) out += label->second + ":\n";
    std::string text = inst.text;
    std::smatch match;
    if (auto target = target_of(inst)) {
      text = text.substr(0, text.find(' ') + 1) + labels[*target];
    } else if (const abi::Reloc* r = relocated(inst)) {
      std::string name = r->symbol < names.size() ? names[r->symbol] : fmt::format("symbol{}", r->symbol);
      text = text.substr(0, text.find(' ') + 1) + name;
    } else if (auto rip = rip_target(inst, match)) {
      std::string place = *rip < abi::UnitView(f).frame().size ? "[" + labels[*rip] + "]" : constant_at(f, *rip, text);
      text = match.prefix().str() + place + match.suffix().str();
    }
    std::string traps;
    for (; trap < f.tables.traps.size() && f.tables.traps[trap].offset < inst.address + inst.bytes.size(); ++trap) {
      if (f.tables.traps[trap].offset != inst.address) traps += " (misplaced)";
      traps += fmt::format("{}{}", traps.empty() ? "" : ", ", trap_name(f.tables.traps[trap].code));
    }
    out += traps.empty() ? "  " + text + "\n" : fmt::format("  {:<40} ; trap: {}\n", text, traps);
  }
  return out;
}

/// Without what changes with every edit of the input: places in the module.
std::string without_places(const std::string& text) {
  static const std::regex kPlace(R"( @0x[0-9a-f]+)");
  return std::regex_replace(text, kPlace, "");
}

Result<std::string> show(const Test& test) {
  abi::CodegenSettings settings = TRY(settings_of(test.directives));
  auto at = test.directives.find("show");
  if (at == test.directives.end()) return fail("the directive `show` is missing");
  const std::string what = at->second;
  if (what != "ir" && what != "opt" && what != "vcode" && what != "asm") return fail("cannot show " + what);
  const auto features = wasm::Features::all();
  auto bytes = TRY(text::parse_wat(test.input, features));
  wasm::Module module = TRY(wasm::read_module(bytes, features));
  auto module_names = wasm::Names::read(module);
  std::vector<std::string> names;
  for (uint32_t i = 0; i < module.imported_functions + module.code.size(); ++i) {
    std::string name(module_names.function(i));
    for (const wasm::Export& e : module.exports) {
      if (name.empty() && e.kind == wasm::ExternKind::Func && e.index == i) name = e.name;
    }
    names.push_back(name.empty() ? fmt::format("function[{}]", i) : name);
  }
  std::set<std::string> wanted;
  if (auto functions = test.directives.find("functions"); functions != test.directives.end()) {
    std::istringstream list(functions->second);
    for (std::string name; list >> name;) wanted.insert(name);
  }
  std::string out;
  for (uint32_t i = module.imported_functions; i < names.size(); ++i) {
    if (!wanted.empty() && !wanted.contains(names[i])) continue;
    std::string text;
    compiler::Dump dump;
    dump.function = i;
    dump.show = [&](std::string_view stage, std::string_view shown) {
      if (stage == what) text = shown;
    };
    dump.code = [&](const abi::CodeUnit& code) {
      if (what == "asm") text = show_asm(code, names);
    };
    compiler::CompileOptions options;
    options.dump = &dump;
    TRY(compiler::compile_module(module, bytes, features, settings, options));
    out += names[i] + ":\n" + without_places(text);
    if (!out.ends_with('\n')) out += '\n';
  }
  if (out.empty()) return fail("nothing to show: no function has such a name");
  return out;
}

void bless(const std::string& path, const Test& test, const std::vector<std::string>& actual) {
  std::string text = test.input;
  for (const std::string& line : actual) text += line.empty() ? ";;\n" : ";; " + line + "\n";
  std::ofstream(path, std::ios::binary) << text;
}

void print_difference(const std::vector<std::string>& expected, const std::vector<std::string>& actual) {
  // Longest common subsequence: these texts are short.
  size_t n = expected.size(), m = actual.size();
  std::vector<std::vector<uint32_t>> common(n + 1, std::vector<uint32_t>(m + 1));
  for (size_t i = n; i-- > 0;) {
    for (size_t j = m; j-- > 0;) {
      common[i][j] = expected[i] == actual[j] ? common[i + 1][j + 1] + 1 : std::max(common[i + 1][j], common[i][j + 1]);
    }
  }
  for (size_t i = 0, j = 0; i < n || j < m;) {
    if (i < n && j < m && expected[i] == actual[j]) {
      fmt::print("    {}\n", expected[i]);
      ++i, ++j;
    } else if (i < n && (j == m || common[i + 1][j] >= common[i][j + 1])) {
      fmt::print("  - {}\n", expected[i++]);
    } else {
      fmt::print("  + {}\n", actual[j++]);
    }
  }
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 2) {
    fmt::print(stderr, "usage: golden_test FOLDER [PART-OF-PATH]\n");
    return 2;
  }
  const char* blessing = std::getenv("VITRINE_BLESS");
  bool blesses = blessing && *blessing && *blessing != '0';
  std::vector<std::string> paths;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(argv[1])) {
    std::string path = entry.path();
    if (path.ends_with(".wat") && (argc < 3 || path.find(argv[2]) != std::string::npos)) paths.push_back(path);
  }
  std::ranges::sort(paths);
  int passed = 0, failed = 0;
  for (const std::string& path : paths) {
    auto test = read_test(path);
    auto shown = test ? show(*test) : std::unexpected(std::move(test).error());
    if (!shown) {
      fmt::print("{}: {}\n", path, shown.error().message());
      ++failed;
      continue;
    }
    auto actual = lines_of(*shown);
    if (actual == test->expected) {
      ++passed;
    } else if (blesses) {
      bless(path, *test, actual);
      fmt::print("{}: rewritten\n", path);
      ++passed;
    } else {
      fmt::print("{}:\n", path);
      print_difference(test->expected, actual);
      ++failed;
    }
  }
  if (paths.empty()) ++failed;
  fmt::print("{} passed, {} failed, 0 skipped\n", passed, failed);
  return failed ? 1 : 0;
}
