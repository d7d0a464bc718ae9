// Every module of the specification's scripts, translated in both modes and under every setting that changes what is
// built; all IR is verified. The folder is VITRINE_CONFORMANCE, by default ../shared/conformance beside the source
// tree.
#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "compiler/translate/testing.hpp"
#include "text/wast_parser.hpp"
#include "wasm/validator.hpp"

namespace vitrine::translate {
namespace {

namespace fs = std::filesystem;

fs::path conformance_folder() {
  if (const char* folder = std::getenv("VITRINE_CONFORMANCE")) return folder;
  return fs::path(VITRINE_SOURCE_DIR).parent_path() / "shared" / "conformance";
}

uint32_t translate_all(const fs::path& file, const abi::CodegenSettings& settings) {
  std::ifstream in(file, std::ios::binary);
  std::string source{std::istreambuf_iterator<char>(in), {}};
  auto script = text::parse_wast(source);
  if (!script) return 0;
  uint32_t functions = 0;
  for (const text::Command& command : script->commands) {
    if (command.kind != text::Command::Kind::Module) continue;
    if (command.module->form == text::ScriptModule::Form::Instance) continue;
    auto bytes = text::encode_module(*script, *command.module, wasm::Features::all());
    if (!bytes) continue;
    auto module = wasm::read_module(*bytes, wasm::Features::all());
    // What needs features that are not there yet is refused by the reader or the validator.
    if (!module || !wasm::validate_module(*module, wasm::Features::all())) continue;
    TestModule m(*bytes, settings);
    for (uint32_t i = 0; i < m.module->code.size(); ++i) {
      SCOPED_TRACE(fs::relative(file, conformance_folder()).string() + ":" + std::to_string(command.line) +
                   " function " + std::to_string(i));
      m.translate(i, mode_of(settings));
      ++functions;
    }
  }
  return functions;
}

TEST(Conformance, EveryFunctionIsValidIr) {
  fs::path folder = conformance_folder() / "spec" / "core";
  if (!fs::exists(folder)) GTEST_SKIP() << "no conformance scripts at " << folder << "; set VITRINE_CONFORMANCE";
  std::vector<abi::CodegenSettings> all(4);
  all[1].opt_level = 0;
  all[2].consume_fuel = all[2].epoch_interruption = true;
  all[3].opt_level = 0;
  all[3].consume_fuel = all[3].nan_canonicalization = true;
  all[3].signals_based_traps = false;
  all[3].memory_reservation = 0;
  all[3].indirect_local_calls = true;
  for (const abi::CodegenSettings& settings : all) {
    uint32_t functions = 0;
    for (const auto& entry : fs::recursive_directory_iterator(folder)) {
      if (entry.path().extension() == ".wast") functions += translate_all(entry.path(), settings);
    }
    EXPECT_GT(functions, 3'000u);
  }
}

}  // namespace
}  // namespace vitrine::translate
