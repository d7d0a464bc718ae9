#include <vitrine/inspect.hpp>

#include <fmt/format.h>

#include <algorithm>

#include "api/impl.hpp"
#include "base/result.hpp"
#include "wasm/names.hpp"
#include "wasm/reader.hpp"

namespace vitrine {

namespace {

/// A function's name, or that of an export.
std::string function_name(const wasm::Module& module, const wasm::Names& names, uint32_t function) {
  if (auto name = names.function(function); !name.empty()) return std::string(name);
  for (const wasm::Export& e : module.exports) {
    if (e.kind == wasm::ExternKind::Func && e.index == function) return std::string(e.name);
  }
  return {};
}

std::vector<CodeFunction> list_functions(const abi::ImageView& image, const wasm::Module& module,
                                         const wasm::Names& names) {
  std::vector<CodeFunction> all;
  uint32_t index = module.imported_functions;
  for (const abi::CodeRange& r : image.functions()) {
    all.push_back({CodeFunction::Kind::Wasm, index, function_name(module, names, index), r.offset,
                   image.text().subspan(r.offset, r.size)});
    ++index;
  }
  uint32_t type = 0;
  for (const abi::Trampolines& t : image.trampolines()) {
    for (auto [offset, what] : {std::pair{t.array_call, "array_to_wasm"}, {t.host_call, "wasm_to_host"}}) {
      if (offset != ~0u) all.push_back({CodeFunction::Kind::Trampoline, type, what, offset, {}});
    }
    ++type;
  }
  std::ranges::stable_sort(all, {}, &CodeFunction::address);
  for (size_t i = 0; i < all.size(); ++i) {
    if (all[i].kind != CodeFunction::Kind::Trampoline) continue;
    // The image does not record the sizes of trampolines: each ends where the next piece begins.
    size_t end = i + 1 < all.size() ? all[i + 1].address : image.text().size();
    all[i].code = image.text().subspan(all[i].address, end - all[i].address);
  }
  return all;
}

std::vector<CodeAddress> list_addresses(const abi::ImageView& image) {
  std::vector<CodeAddress> all;
  for (const abi::AddressEntry& a : image.addresses().decode()) all.push_back({a.offset, a.srcloc});
  return all;
}

std::vector<CodeTrap> list_traps(const abi::ImageView& image) {
  std::vector<CodeTrap> all;
  for (const abi::TrapEntry& t : image.traps()) all.push_back({t.offset, static_cast<TrapCode>(t.code - 1)});
  return all;
}

}  // namespace

CodeView CodeView::of(const Module& module) {
  const runtime::CompiledModule& compiled = *detail::Access::impl(module)->compiled;
  CodeView view;
  view.functions_ = list_functions(compiled.image(), compiled.module(), compiled.names());
  view.addresses_ = list_addresses(compiled.image());
  view.traps_ = list_traps(compiled.image());
  return view;
}

Result<CodeView> CodeView::of_image(std::span<const uint8_t> bytes) {
  auto settings = TRY(abi::ImageView::settings_of(bytes));
  auto image = TRY(abi::ImageView::open(bytes, settings, true));
  auto module = TRY(wasm::read_module(image.module(), wasm::Features::all(), {.declarations_only = true}));
  CodeView view;
  view.functions_ = list_functions(image, module, wasm::Names::read(module));
  view.addresses_ = list_addresses(image);
  view.traps_ = list_traps(image);
  return view;
}

std::vector<CodegenSetting> codegen_settings(const Engine& engine) {
  const abi::CodegenSettings& s = detail::Access::impl(engine)->runtime->settings();
  std::vector<CodegenSetting> all;
  abi::for_each_setting(s, [&](const char* name, auto value, const char* summary) {
    all.push_back({name, fmt::format("{}", value), summary});
  });
  const Config& config = engine.config();
#define SHOW_Code(name, summary)
#define SHOW_Cpu(name, summary) all.push_back({#name, name_of(config.name()), summary});
#define SHOW_Host(name, summary)
#define OPTION(type, name, default_value, effect, summary) SHOW_##effect(name, summary)
#include <vitrine/config.def>
#undef OPTION
#undef SHOW_Host
#undef SHOW_Cpu
#undef SHOW_Code
  for (const abi::CpuFeatureInfo& f : abi::kCpuFeatures) {
    std::string name = fmt::format("has_{}", f.name);
    std::erase(name, '.');
    all.push_back({name, (s.cpu_features & f.bit) ? "true" : "false", "CPU feature that code may use"});
  }
  return all;
}

}  // namespace vitrine
