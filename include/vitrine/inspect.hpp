// A look at compiled code: what `objdump` and `explore` show.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "vitrine/export.hpp"
#include "vitrine/module.hpp"
#include "vitrine/trap.hpp"

namespace vitrine {

/// A piece of machine code. Addresses count from the start of the module's code.
struct CodeFunction {
  enum class Kind : uint8_t { Wasm, Trampoline };
  Kind kind = Kind::Wasm;
  uint32_t index = 0;  ///< of the function in the module; of the type for a trampoline
  std::string name;    ///< from the name section or an export; empty if there is none
  uint32_t address = 0;
  std::span<const uint8_t> code;
};
/// Code from `address` on comes from the operator at `module_offset` of the wasm binary (0: from none).
struct CodeAddress {
  uint32_t address;
  uint32_t module_offset;
};
/// The instruction at `address` may raise `code`.
struct CodeTrap {
  uint32_t address;
  TrapCode code;
};

/// A view of a module's code. What it was made from must outlive it.
class VITRINE_API CodeView {
 public:
  /// Of a module that an engine has.
  static CodeView of(const Module& module);
  /// Of a precompiled image, whatever configuration it was compiled with; it need not be able to run here.
  [[nodiscard]] static Result<CodeView> of_image(std::span<const uint8_t> image);
  const std::vector<CodeFunction>& functions() const { return functions_; }  ///< by increasing address
  const std::vector<CodeAddress>& addresses() const { return addresses_; }   ///< likewise
  const std::vector<CodeTrap>& traps() const { return traps_; }              ///< likewise

 private:
  std::vector<CodeFunction> functions_;
  std::vector<CodeAddress> addresses_;
  std::vector<CodeTrap> traps_;
};

/// A setting of the code generator with its value in an engine.
struct CodegenSetting {
  std::string name, value, description;
};
/// What the code generator can be told, and the CPU features that it may use: by Config::cpu_level those found here.
VITRINE_API std::vector<CodegenSetting> codegen_settings(const Engine& engine);

}  // namespace vitrine
