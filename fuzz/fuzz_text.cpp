// Any text as a module and as a test script. What the parser makes of a module is read as a binary: text that parses
// may be invalid, but what comes out is always well formed, unless the module was given as bytes or quotes.
#include <fmt/format.h>

#include <cstdlib>
#include <string_view>

#include "text/wast_parser.hpp"
#include "text/wat_parser.hpp"
#include "wasm/reader.hpp"
#include "wasm/validator.hpp"

using namespace vitrine;

namespace {

void read_back(const std::vector<uint8_t>& bytes, bool from_text) {
  auto module = wasm::read_module(bytes);
  if (module) {
    (void)wasm::validate_module(*module, {});
  } else if (from_text && !wasm::is_module(bytes)) {
    fmt::print(stderr, "text became no module: {}\n", module.error().message());
    std::abort();
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  std::string_view source(reinterpret_cast<const char*>(data), size);
  const wasm::Features features;
  if (auto bytes = text::parse_wat(source, features)) {
    read_back(*bytes,
              source.find("binary") == std::string_view::npos && source.find("quote") == std::string_view::npos);
  }
  auto script = text::parse_wast(source);
  if (!script) return 0;
  (void)text::count_commands(*script);
  for (const text::Command& command : script->commands) {
    using Form = text::ScriptModule::Form;
    if (!command.module || command.module->form == Form::Instance || command.module->form == Form::Component) continue;
    if (auto bytes = text::encode_module(*script, *command.module, features)) {
      read_back(*bytes, command.module->form == Form::Text);
    }
  }
  return 0;
}
