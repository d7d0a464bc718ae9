// The compiler's driver: from a module to its image.
//
// Functions are validated, translated, optimised and lowered one by one on several threads; each thread keeps one
// function's IR at a time, and what is kept of a finished function is its code and side tables. The image does not
// depend on the number of threads; where several functions are invalid, the error is that of the first one.
#pragma once

#include <functional>
#include <span>
#include <string>
#include <vector>

#include "abi/image.hpp"
#include "abi/settings.hpp"
#include "base/parallel.hpp"
#include "base/result.hpp"
#include "compiler/function_compiler.hpp"
#include "compiler/image_assembler.hpp"
#include "wasm/features.hpp"
#include "wasm/module.hpp"

namespace vitrine::compiler {

struct CompileOptions {
  /// Whose threads help the caller's; none: it compiles alone.
  WorkerPool* pool = nullptr;
  /// Called now and then on the caller's thread: how many functions are done, of how many.
  std::function<void(size_t done, size_t total)> progress;
  /// Compilation ends with an error as soon as the functions' code is longer than this; an image holds no more.
  uint64_t max_code_size = kMaxCodeSize;
  /// Names of functions in the image, for debuggers and objdump.
  bool symbols = true;
  /// For tests: every function is compiled in pieces of about so many instructions; 0: very large ones are.
  uint32_t piece_insts = 0;
  /// Shows how one function is compiled. Called on any of the threads, by one at a time.
  const Dump* dump = nullptr;
};

/// Compiles `module`, which was read from `bytes`, into an image, and answers which of the bytes it keeps. Errors are
/// those of validation, Limit, or what `memory` answers.
Result<wasm::KeptBytes> compile_module(const wasm::Module& module, std::span<const uint8_t> bytes,
                                       const wasm::Features& features, const abi::CodegenSettings& settings,
                                       const CompileOptions& options, const abi::ImageMemory& memory);
/// The same, into a vector.
Result<std::vector<uint8_t>> compile_module(const wasm::Module& module, std::span<const uint8_t> bytes,
                                            const wasm::Features& features, const abi::CodegenSettings& settings,
                                            const CompileOptions& options = {});

/// A text that differs wherever the same module would compile to other code, or to code for another build's runtime:
/// part of a cache's key. The options do not count.
std::string settings_key(const wasm::Features& features, const abi::CodegenSettings& settings);

}  // namespace vitrine::compiler
