// The "name" custom section: what the producer called the module, its functions, locals and so on.
//
// Names only serve messages, so nothing in them can be an error: a malformed section, subsection or entry ends the
// reading of it, and what was read before counts. Reading indexes functions and leaves the names of locals as bytes
// until asked for.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "wasm/module.hpp"

namespace vitrine::wasm {

/// Views of the module's bytes; immutable after reading.
class Names {
 public:
  Names() = default;
  /// Reads the name section of `module`, if there is one. Cost: linear in the names of functions, types and so on.
  static Names read(const Module& module);

  /// All answer "" for what has no name.
  std::string_view module() const { return module_; }
  std::string_view function(uint32_t index) const { return find(functions_, index); }
  std::string_view global(uint32_t index) const { return find(globals_, index); }
  std::string_view table(uint32_t index) const { return find(tables_, index); }
  std::string_view memory(uint32_t index) const { return find(memories_, index); }
  std::string_view type(uint32_t index) const { return find(types_, index); }
  std::string_view data(uint32_t index) const { return find(datas_, index); }
  std::string_view elem(uint32_t index) const { return find(elems_, index); }
  std::string_view tag(uint32_t index) const { return find(tags_, index); }
  /// Parameters come first. Cost: linear in the names of the function's locals.
  std::string_view local(uint32_t function, uint32_t index) const;

 private:
  struct Entry {
    uint32_t index;
    std::string_view name;
  };
  struct Locals {
    uint32_t function;
    std::span<const uint8_t> bytes;  // a name map
  };
  static std::vector<Entry> read_map(std::span<const uint8_t> bytes);
  static std::string_view find(const std::vector<Entry>& entries, uint32_t index);
  void read_locals(std::span<const uint8_t> bytes);

  std::string_view module_;
  std::vector<Entry> functions_, types_, tables_, memories_, globals_, elems_, datas_, tags_;  // sorted by index
  std::vector<Locals> locals_;                                                                 // sorted by function
};

/// What to call a function in a message: its name, else an export's or import's, else "function[3]".
std::string describe_function(const Module& module, const Names& names, uint32_t index);

}  // namespace vitrine::wasm
