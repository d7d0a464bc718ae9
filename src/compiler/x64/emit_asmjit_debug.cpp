// AsmJit's debug hooks, ours in place of the library's.
//
// Debian ships AsmJit as a static library whose globals.cpp, and no other object, refers to `stderr` in a way that a
// shared library cannot hold. With these three defined here the linker never takes that object, and libvitrine.so can
// be linked.
#include <asmjit/core.h>

#include <cstdio>
#include <cstdlib>

ASMJIT_BEGIN_NAMESPACE

const char* DebugUtils::errorAsString(Error) noexcept {
  return "AsmJit error";
}

void DebugUtils::debugOutput(const char* text) noexcept {
  std::fputs(text, stderr);
}

void DebugUtils::assertionFailed(const char* file, int line, const char* message) noexcept {
  std::fprintf(stderr, "vitrine: internal error: %s:%d: %s\n", file, line, message);
  std::abort();
}

ASMJIT_END_NAMESPACE
