// A Module: validated and compiled, immutable, shared by stores and threads.
#pragma once

#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "vitrine/engine.hpp"
#include "vitrine/export.hpp"
#include "vitrine/types.hpp"

namespace vitrine {

struct ModuleImpl;

class VITRINE_API Module {
 public:
  /// Compiles a module from its binary or text form (told apart by content). Uses the engine's code cache if it has
  /// one.
  static Result<Module> compile(const Engine& engine, std::span<const uint8_t> wasm_or_wat);
  static Result<Module> compile(const Engine& engine, std::string_view wat);
  /// Decodes and validates only.
  static Result<> validate(const Engine& engine, std::span<const uint8_t> wasm);
  /// Loads a precompiled image. Its code runs with the rights of this process: trust it as you would a shared object.
  /// Errors of kind Incompatible say what differs.
  static Result<Module> deserialize(const Engine& engine, std::span<const uint8_t> image);
  /// The same from a file, mapped and used in place.
  static Result<Module> deserialize_file(const Engine& engine, const std::string& path);

  /// The precompiled image: what `deserialize` takes and `vitrine compile` writes.
  Result<std::vector<uint8_t>> serialize() const;

  std::vector<ImportType> imports() const;
  std::vector<ExportType> exports() const;
  /// The module's own name, or empty.
  std::string name() const;
  /// The contents of its custom sections of this name, in order. They live as long as the module. Of very large ones
  /// (in all more than 64 MiB) not all are kept.
  std::vector<std::span<const uint8_t>> custom_sections(std::string_view name) const;
  const Engine& engine() const;

 private:
  friend struct detail::Access;
  explicit Module(std::shared_ptr<ModuleImpl> impl) : impl_(std::move(impl)) {}
  std::shared_ptr<ModuleImpl> impl_;
};

}  // namespace vitrine
