// All compiled code of the process, by address: which module does a pc belong to?
//
// A table by page of the address space, two levels deep. Readers take no lock and may be signal handlers. A module that
// goes waits for the readers of that very module, so neither coming nor going depends on how many modules and threads
// there are; both are O(pages of code).
#pragma once

#include <cstdint>

namespace vitrine::runtime {

class CompiledModule;
struct CodeSlot;

/// False if the system has no room for the table.
[[nodiscard]] bool register_code(const CompiledModule& module);
void unregister_code(const CompiledModule& module);

/// Holds the module found while it lives, so that it cannot go away under a reader that does not own it. Keep it short:
/// the module's end waits for it. Async-signal-safe.
class CodeLookup {
 public:
  explicit CodeLookup(uintptr_t pc);
  ~CodeLookup();
  CodeLookup(const CodeLookup&) = delete;
  CodeLookup& operator=(const CodeLookup&) = delete;
  /// Null if no module's code has the pc.
  const CompiledModule* module() const { return module_; }

 private:
  CodeSlot* slot_ = nullptr;
  const CompiledModule* module_ = nullptr;
};

}  // namespace vitrine::runtime
