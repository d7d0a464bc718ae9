// Files that a command is given: reading, writing, and modules in whatever form they come.
#pragma once

#include <vitrine/vitrine.hpp>

#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace vitrine::cli {

/// No module is larger (the limit of the JavaScript API); an image may be, as machine code takes more room.
inline constexpr uint64_t kMaxInput = 1ull << 30, kMaxImage = 16ull << 30;
/// A file's bytes, at most `limit`; "-" is standard input. The error names the file.
Result<std::vector<uint8_t>> read_input(const std::string& path, uint64_t limit = kMaxInput);
/// Writes all or nothing: to a temporary file beside it, then renamed. "-" is standard output.
Result<> write_output(const std::string& path, std::span<const uint8_t> bytes);

/// What to do about a precompiled image: run it, ask for permission, or say that there is nothing to compile.
enum class Precompiled : uint8_t { Allowed, Refused, Pointless };
/// Compiles (module or text) or, if allowed, loads a precompiled image; told apart by content.
Result<Module> load_module(const Engine& engine, const std::string& path, Precompiled precompiled);

}  // namespace vitrine::cli
