// Assertions: a failed one is a bug of ours, never of the guest. `VITRINE_ASSERT` is checked in every build (it guards
// invariants whose violation would be a sandbox hole); `VITRINE_DCHECK` in builds with assertions.
#pragma once

namespace vitrine {
[[noreturn]] void assert_failed(const char* expr, const char* file, int line);
}

#define VITRINE_ASSERT(expr) \
  (__builtin_expect(!!(expr), 1) ? void() : ::vitrine::assert_failed(#expr, __FILE_NAME__, __LINE__))
#ifdef NDEBUG
#define VITRINE_DCHECK(expr) (void)sizeof(!!(expr))
#else
#define VITRINE_DCHECK(expr) VITRINE_ASSERT(expr)
#endif
