// For the tests of this folder: from text to IR.
#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <regex>
#include <string>

#include "compiler/ir/print.hpp"
#include "compiler/ir/verify.hpp"
#include "compiler/translate/translator.hpp"
#include "text/wat_parser.hpp"
#include "wasm/reader.hpp"

namespace vitrine::translate {

/// A module with all that translating it needs.
struct TestModule {
  /// `alter`: makes the module what the reader does not accept yet.
  explicit TestModule(std::vector<uint8_t> wasm, const abi::CodegenSettings& s = {},
                      void (*alter)(wasm::Module&) = nullptr)
      : bytes(std::move(wasm)), settings(s) {
    auto read = wasm::read_module(bytes, features);
    if (!read) {
      ADD_FAILURE() << read.error().message();
      return;
    }
    module = std::make_unique<wasm::Module>(std::move(*read));
    if (alter) alter(*module);
    layout = std::make_unique<abi::VMLayout>(*module);
    bool tail_calls = false;
    wasm::CallScan calls;
    for (const wasm::CodeBody& body : module->code) {
      wasm::scan_calls(body.bytes, false, calls);
      tail_calls |= calls.has_tail_calls;
    }
    env = std::make_unique<ModuleEnv>(*module, *layout, settings, tail_calls);
    translator = std::make_unique<Translator>(*env, features);
  }
  explicit TestModule(std::string_view text, const abi::CodegenSettings& s = {}, void (*alter)(wasm::Module&) = nullptr)
      : TestModule(parse(text), s, alter) {}

  static std::vector<uint8_t> parse(std::string_view text) {
    auto bytes = text::parse_wat(text, wasm::Features::all());
    if (!bytes) {
      ADD_FAILURE() << bytes.error().message();
      return {};
    }
    return std::move(*bytes);
  }

  /// Translates defined function number `n`; a failure of the test if that fails or the IR is not valid.
  Mode translate(uint32_t n, Mode mode) {
    if (!translator) return mode;  // reported already
    auto done = translator->translate(module->imported_functions + n, mode, Translator::kMaxMemory, func);
    if (!done) {
      ADD_FAILURE() << done.error().message();
      return mode;
    }
    if (auto wrong = ir::verify(func)) ADD_FAILURE() << *wrong << "\n" << ir::print(func);
    return **done;
  }

  std::vector<uint8_t> bytes;
  wasm::Features features = wasm::Features::all();
  abi::CodegenSettings settings;
  std::unique_ptr<wasm::Module> module;
  std::unique_ptr<abi::VMLayout> layout;
  std::unique_ptr<ModuleEnv> env;
  std::unique_ptr<Translator> translator;
  ir::Func func;
};

/// The blocks of the first function, without source locations and with the indentation of the tests.
inline std::string ir_of(std::string_view text, Mode mode = Mode::Ssa, const abi::CodegenSettings& settings = {},
                         void (*alter)(wasm::Module&) = nullptr) {
  TestModule m(text, settings, alter);
  m.translate(0, mode);
  std::string ir = std::regex_replace(ir::print(m.func, ir::Numbering::Dense), std::regex(" @0x[0-9a-f]+"), "");
  size_t blocks = ir.find("block0");
  return blocks == std::string::npos ? ir : "\n" + ir.substr(blocks, ir.rfind('}') - blocks);
}

}  // namespace vitrine::translate
