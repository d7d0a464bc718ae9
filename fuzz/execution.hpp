// Runs a module and writes down all that can be seen of it, so that two ways of compiling it can be compared.
//
// Values are written as bits. A trap is written as its class (traps that V8 does not tell apart are one class). After a
// stack overflow or the end of the fuel nothing can be compared: frames are of different sizes, and where the fuel is
// counted is the compiler's choice.
#pragma once

#include <vitrine/vitrine.hpp>

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace vitrine::fuzz {

struct Trace {
  std::vector<std::string> lines;
  bool comparable = true;
};

/// For modules of `generate_module`: calls every "runN", then writes down "state", memories and the calls of "mix". The
/// same lines as tests/diff/trace.js writes.
Result<Trace> trace_generated(const Engine& engine, const Module& module);

/// For any module: imports are zeros, every exported function is called with fixed arguments. The engine has to have
/// fuel; every call gets `fuel`.
Result<Trace> trace_any(const Engine& engine, const Module& module, uint64_t fuel);

/// The first difference, if there is one.
std::optional<std::string> difference(const Trace& a, const Trace& b);

}  // namespace vitrine::fuzz
