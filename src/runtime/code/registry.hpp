// All compiled code of the process, by address: which module does a pc belong to?
//
// Readers take no lock and may be signal handlers: they look into an immutable sorted snapshot behind an atomic
// pointer. Writers replace the snapshot and free the old one when no reader is inside. Finding is O(log modules).
#pragma once

#include <cstdint>

namespace vitrine::runtime {

class CompiledModule;

void register_code(const CompiledModule& module);
void unregister_code(const CompiledModule& module);

/// Holds the registry still while it lives, so that the module found cannot go away under a reader that does not own
/// it. Keep it short: writers wait for it. Async-signal-safe.
class CodeLookup {
 public:
  explicit CodeLookup(uintptr_t pc);
  ~CodeLookup();
  CodeLookup(const CodeLookup&) = delete;
  CodeLookup& operator=(const CodeLookup&) = delete;
  /// Null if no module's code has the pc.
  const CompiledModule* module() const { return module_; }

 private:
  const CompiledModule* module_ = nullptr;
};

}  // namespace vitrine::runtime
